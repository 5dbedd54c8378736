/*
 * Packet and fragment descriptors, and the rings that carry them between a framework and a driver.
 * Reading order: packet.ts, fragment.ts, ring-header.ts, ring.ts, ring-collection.ts; for two workers ring-producer.ts,
 * ring-consumer.ts, ring-wait.ts.
 */

export { Packet, PACKET_BYTES, Layer2Type, Layer3Type, Layer4Type } from './packet.ts';
export { Fragment, FRAGMENT_BYTES, FRAGMENT_MAXIMUM_LENGTH, FRAGMENT_MAXIMUM_OFFSET } from './fragment.ts';
export { SystemBuffer, SYSTEM_BUFFER_BYTES } from './system-buffer.ts';
export { RingHeader, RING_HEADER_BYTES } from './ring-header.ts';
export { Ring, type RingOptions } from './ring.ts';
export { RingCollection, type CoreShape, type RingCollectionOptions } from './ring-collection.ts';
export { RingProducer, type SharedRingOptions } from './ring-producer.ts';
export { RingConsumer } from './ring-consumer.ts';
export { RingError, type RingErrorCode } from './ring-error.ts';
