/*
 * Packet buffers: pools, who holds what, buffers that a driver lends, and how many there are of which size. Reading order:
 * buffer.ts, buffer-handle.ts, buffer-pool.ts, owner.ts, pool-report.ts, pool-guard.ts, lent-buffers.ts, sizing.ts,
 * settlement.ts.
 */

export { BufferEntry, BUFFER_WORDS, NO_BUFFER, Pool, POOL_WORDS, STATE_FREE, STATE_ON_RING } from './buffer.ts';
export {
  defineOwner,
  heldByRings,
  OWNER_NIC,
  OWNER_POOL,
  OWNER_PROTOCOL,
  OWNER_RECEIVED,
  OWNER_TRANSMIT,
  ownerName,
  registerHolder,
  type BufferHolder,
} from './owner.ts';
export { bufferBytes, handOver, releaseBuffer, retainBuffer, settleFree } from './buffer-handle.ts';
export { BufferPool } from './buffer-pool.ts';
export type { BufferPoolOptions } from './pool-options.ts';
export { censusOf, type Leak, type PoolCensus, type PoolEntries, type PoolStatistics } from './pool-report.ts';
export { LentBuffers, type LentBuffersOptions } from './lent-buffers.ts';
export { domainNumber } from './domain-number.ts';
export { defaultSizing, type Granted, type QueueSizes, type RingSizing, type SizingInput } from './sizing.ts';
export { BufferError, type BufferErrorCode } from './buffer-error.ts';
export { checkNeeds, type BufferSizes, type NicConstraints, type ProtocolNeeds } from './needs.ts';
export {
  explainSettlement,
  settleBuffers,
  unmetNeeds,
  type Decision,
  type Settlement,
  type SettlementInput,
} from './settlement.ts';
