/*
 * The core of a data-buffer ring's element: a buffer that the system allocated and that the driver may attach to a
 * fragment, by copying the handle into the fragment's data-buffer extension. The third ring of NetAdapterCx 2.1 and later,
 * for queues whose buffers the system allocates and the driver attaches (reference netadaptercx §1.3, §4.4). Its contents
 * are the framework's: a driver moves indices and reads.
 */

import { defineStruct, u64 } from '@netcx/layout';

/**
 * A buffer on offer. Where it lies stands in extensions of level `buffer`.
 *
 * @example
 * ```ts
 * const options = { name: 'rx 0', packets: 8, fragments: 8, packetStride: 12, fragmentStride: 8, dataBuffers: 8 };
 * const rings = RingCollection.create(hostPages.allocate(RingCollection.bytes(options)), options);
 * const buffers = rings.dataBuffers!;
 * SystemBuffer.handle.set(m, buffers.at(buffers.endIndex), 7);
 * buffers.publish(1); // the framework offers one
 * SystemBuffer.handle.get(m, buffers.at(buffers.beginIndex)); // 7
 * buffers.complete(1); // the driver took it
 * ```
 */
// prettier-ignore
export const SystemBuffer = defineStruct('SystemBuffer', 8, {
  handle: u64(0), // names the buffer; only the framework knows what it means
});

/**
 * Bytes of the data-buffer core: where the first extension may start.
 *
 * @example
 * ```ts
 * const element = { level: 'buffer', coreSize: SYSTEM_BUFFER_BYTES, coreAlignment: 8 } as const;
 * element.coreSize; // 8
 * ```
 */
export const SYSTEM_BUFFER_BYTES = 8;
