/*
 * A client driver for Intel's 82576, and the machine to run it on. Reading order: driver.ts, device.ts, tx-queue.ts,
 * rx-queue.ts, interrupt.ts, then the rest; README.md has the landmarks.
 */

export { ReferenceDriver } from './driver.ts';
export type { DriverOptions } from './settings.ts';
export type { DriverCounters } from './driver-counters.ts';
export type { RxQueueCounters } from './rx-queue.ts';
export type { TxQueueCounters } from './tx-surroundings.ts';
export type { HardwareCounters } from './statistics.ts';
export type { FlowControlMode } from './flow-control.ts';
export type { InterruptKind } from './interrupt.ts';
export type { InterruptInterval } from './moderation.ts';
export type { WakeOn, WakeReason } from './power.ts';
export type { HardwareClock } from './timestamp.ts';
export { DriverError, type DriverErrorCode } from './driver-error.ts';
export { buildMachine, buildStation, type Machine, type MachineOptions, type Station } from './machine.ts';
