/*
 * Packet buffers: pools, who holds what, and how many there are. Reading order: buffer.ts, buffer-pool.ts, sizing.ts.
 */

export {
  BufferEntry,
  BUFFER_WORDS,
  NO_BUFFER,
  OWNER_NIC,
  OWNER_POOL,
  OWNER_PROTOCOL,
  OWNER_TRANSMIT,
  Pool,
  POOL_WORDS,
} from './buffer.ts';
export {
  BufferPool,
  bufferBytes,
  releaseBuffer,
  settleFree,
  type BufferPoolOptions,
  type PoolCensus,
} from './buffer-pool.ts';
export { domainNumber } from './domain-number.ts';
export { defaultSizing, type Granted, type QueueSizes, type RingSizing, type SizingInput } from './sizing.ts';
export { BufferError, type BufferErrorCode } from './buffer-error.ts';
