/*
 * The adapter framework: what a driver creates for its NIC, and what polls its queues.
 * Reading order: net-adapter.ts, capabilities.ts, packet-queue.ts, execution-context.ts, tx-translator.ts, tx-decision.ts,
 * tx-placement.ts, rx-translator.ts, rx-source.ts; the upper edge is `@netcx/adapter/edge`.
 */

export { NetAdapter } from './net-adapter.ts';
export type { NetAdapterOptions } from './net-adapter-options.ts';
export type { AdapterCallbacks } from './queue-creation.ts';
export {
  dmaCapabilities,
  RxCapabilities,
  TxCapabilities,
  type DmaCapabilities,
  type ReturnRxBuffer,
  type RxWishes,
  type TxWishes,
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
export {
  Layer3Flags,
  Layer4Flags,
  type GsoOffload,
  type Ieee8021qTagOffload,
  type LayerFlags,
  type OffloadCapabilities,
  type RscOffload,
  type RxChecksumCapabilities,
  type RxChecksumOffload,
  type TxChecksumCapabilities,
  type TxChecksumOffload,
} from './offload-capabilities.ts';
export { Offloads, type OffloadPort, type OffloadsOptions, type SegmentationRange } from './offload/offloads.ts';
export type {
  ChecksumSwitches,
  CoalescingSwitches,
  OffloadChange,
  OffloadName,
  OffloadSet,
  SegmentationSwitches,
  TagSwitches,
} from './offload/offload-set.ts';
export { TransmitOffloads, type SoftwareOffloads } from './offload/transmit-offloads.ts';
export type {
  ChecksumLimits,
  FrameHeaders,
  SegmentationLimits,
  SoftwareReason,
  TrafficLimits,
} from './offload/offload-decision.ts';
export { DISCONNECTED, type LinkState } from './link-state.ts';
export type {
  PacketQueue,
  PacketQueueCallbacks,
  QueueInit,
  QueueSide,
  RxQueue,
  SharedQueueCallbacks,
  TxQueue,
} from './packet-queue.ts';
export {
  ExecutionContext,
  PollPriority,
  type ExecutionContextConfig,
  type ExitCounters,
  type PollClient,
} from './execution-context.ts';
export { ExecutionContextTask } from './execution/context-task.ts';
export type { NotificationCounters, NotificationMode } from './execution/notification.ts';
export type { CompletePollBudget, PollBudget } from './execution/poll-budget.ts';
export type { PollingOptions } from './execution/polling-options.ts';
export type { PowerReference } from './power-reference.ts';
export { TxDemux, type TxDemuxConfig, type TxDemuxCounters } from './tx-demux/tx-demux.ts';
export { ReceiveFilter } from './receive-filter/receive-filter.ts';
export {
  PacketFilterFlags,
  USUAL_PACKET_FILTER,
  usualReceiveFilter,
  type ReceiveFilterCapabilities,
  type ReceiveFilterView,
} from './receive-filter/packet-filter.ts';
export {
  ReceiveScaling,
  type ReceiveAffinity,
  type ReceiveScalingParameters,
} from './receive-scaling/receive-scaling.ts';
export {
  ReceiveScalingEncapsulationType,
  ReceiveScalingHashType,
  ReceiveScalingProtocolType,
  type IndirectionEntry,
  type ReceiveScalingCapabilities,
} from './receive-scaling/scaling-capabilities.ts';
export { HASH_SECRET_KEY_BYTES, Toeplitz } from './receive-scaling/toeplitz.ts';
export type { TransmitQueue } from './transmit-queue.ts';
export type { ReceiveQueue } from './receive-queue.ts';
export type { AdapterStatistics, RxOffloadCounters } from './statistics.ts';
export type { TxOffloadCounters } from './tx-translator-options.ts';
export type { ContextStatistics, QueueStatistics } from './statistics/queue-statistics.ts';
export type { ContextTimes, ContextTimesSummary } from './statistics/context-times.ts';
export { Histogram, type HistogramBucket, type HistogramSummary } from './statistics/histogram.ts';
export type { Traffic, TrafficCount, TrafficCounter } from './statistics/traffic.ts';
export type { TransmitTally } from './statistics/transmit-tally.ts';
export { TracedCallback, type TracedQueue, type TraceSink } from './statistics/trace-sink.ts';
export type { DescribedPacket, PacketPart } from './statistics/described-packet.ts';
export type { AdapterFacts, AdapterInspection, QueueInspection } from './inspection/adapter-inspection.ts';
export type { ElementInspection, ElementOwner, RingInspection } from './inspection/ring-inspection.ts';
export { AdapterError, type AdapterErrorCode } from './adapter-error.ts';
export { OwnExtensions, type ExtensionUse } from './own-extensions.ts';
export { violation, ViolationError, type ViolationDetails } from './verifier/violation.ts';
export { RULES, ruleOf, type Rule, type Standing, type ViolationCode } from './verifier/codes.ts';
export { AutoNegotiationFlags, type PauseFunctions } from './link-state.ts';
export { NetDevice } from './device/net-device.ts';
export type { NetDeviceOptions, PowerDownOptions } from './device/net-device-options.ts';
export type { DeviceCallbacks } from './device/device-callbacks.ts';
export type { PowerDownTarget, PowerState, SleepState } from './device/power-state.ts';
export {
  DEVICE_PNP_POWER,
  type DevicePnpPowerAction,
  type DevicePnpPowerEvent,
  type DevicePnpPowerState,
} from './device/device-pnp-power.ts';
export {
  ADAPTER_PNP_POWER,
  type AdapterPnpPowerAction,
  type AdapterPnpPowerEvent,
  type AdapterPnpPowerState,
} from './device/adapter-pnp-power.ts';
export { ADAPTER_STATES, type AdapterAction, type AdapterEvent, type AdapterState } from './device/adapter-states.ts';
export {
  DEVICE_RESET_STATES,
  type DeviceResetAction,
  type DeviceResetEvent,
  type DeviceResetState,
} from './device/device-reset-states.ts';
export type { StateRow, StateTable } from './device/state-machine.ts';
export type { AdapterLife, StartRequestor } from './device/adapter-life.ts';
export type { DeviceResetOutcome } from './device/device-reset.ts';
export {
  explainReset,
  MAXIMUM_RESET_DIAGNOSTICS,
  RESET_DIAGNOSTICS_LIMIT,
  type ResetKind,
  type ResetReport,
} from './device/reset-diagnostics.ts';
export { Configuration, type ConfigurationTree } from './configuration/configuration.ts';
export {
  binaryKeyword,
  integerKeyword,
  KeywordError,
  linkLayerAddressKeyword,
  multiStringKeyword,
  stringKeyword,
  type BinaryOptions,
  type IntegerOptions,
  type Keyword,
  type KeywordValue,
  type LinkLayerAddressOptions,
  type MultiStringOptions,
  type StringOptions,
} from './configuration/keyword.ts';
export { StandardKeywords } from './configuration/standard-keywords.ts';
export { type PowerPolicy, type WakeSwitches } from './power/power-policy.ts';
export type {
  ArpOffload,
  NsOffload,
  PowerOffload,
  PowerOffloadCapabilities,
  PowerOffloadRequest,
} from './power/power-offloads.ts';
export type { TransitionList } from './power/transition-list.ts';
export { WakePatternId, type WakePacket, type WakeReason } from './power/wake-reason.ts';
export {
  bitmapMatches,
  type BitmapPattern,
  type BitmapWakeSource,
  type WakeCapabilities,
  type WakeSource,
} from './power/wake-sources.ts';
export { NetAdapterInit } from './device/net-adapter-init.ts';
export {
  MobileBroadbandWakeUpFlags,
  WifiPowerOffloadFlags,
  WifiWakeUpFlags,
  type MediaExtension,
} from './power/media-extension.ts';
export type { VerifierOptions } from './verifier/adapter-verifier.ts';
export type { ReceiveOffloads } from './receive-offload/receive-offloads.ts';
export type { ReceiveStage, ReceiveStageCounters } from './receive-offload/receive-stage.ts';
export type { CoalescingCounters } from './receive-offload/coalescer.ts';
