/*
 * A driver for a NIC without DMA that brings its own receive buffers. Reading order: main.ts, driver.ts, tx-queue.ts,
 * rx-queue.ts, receive-memory.ts, wire.ts.
 */

export { SoftwareNicDriver, type SoftwareNicOptions } from './driver.ts';
export { WireEnd, type Port } from './wire.ts';
