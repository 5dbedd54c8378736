/*
 * The adapter framework: what a driver creates for its NIC, and what polls its queues.
 * Reading order: net-adapter.ts, capabilities.ts, packet-queue.ts, execution-context.ts, tx-translator.ts, tx-decision.ts,
 * tx-placement.ts, rx-translator.ts, rx-source.ts; the upper edge is `@netcx/adapter/edge`.
 */

export { NetAdapter, type NetAdapterOptions } from './net-adapter.ts';
export type { AdapterCallbacks } from './queue-creation.ts';
export {
  dmaCapabilities,
  RxCapabilities,
  TxCapabilities,
  type DmaCapabilities,
  type ReturnRxBuffer,
} from './capabilities.ts';
export { checkDatapathCapabilities } from './capability-check.ts';
export { OfferedBuffer, OFFERED_BUFFER_BYTES } from './offered-source.ts';
export {
  decideFrame,
  type BounceReason,
  type FrameFacts,
  type FrameLimits,
  type RefusalReason,
  type RetryReason,
  type TxDecision,
} from './tx-decision.ts';
export type { OffloadCapabilities, RxChecksumCapabilities, TxChecksumCapabilities } from './offload-capabilities.ts';
export { DISCONNECTED, type LinkState } from './link-state.ts';
export type { PacketQueue, PacketQueueCallbacks, QueueInit, RxQueue, TxQueue } from './packet-queue.ts';
export { ExecutionContext, type PollClient } from './execution-context.ts';
export type { TransmitQueue } from './transmit-queue.ts';
export type { ReceiveQueue } from './receive-queue.ts';
export type { AdapterStatistics } from './statistics.ts';
export { AdapterError, type AdapterErrorCode } from './adapter-error.ts';
export { OwnExtensions, type ExtensionUse } from './own-extensions.ts';
