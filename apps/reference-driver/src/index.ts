/*
 * A client driver for Intel's 82576, and the machine to run it on. Reading order: driver.ts, device.ts, tx-queue.ts,
 * rx-queue.ts, interrupt.ts, then the rest; README.md has the landmarks.
 */

export { ReferenceDriver, type DriverCounters, type DriverOptions } from './driver.ts';
export { DriverError, type DriverErrorCode } from './driver-error.ts';
export { buildMachine, buildStation, type Machine, type MachineOptions, type Station } from './machine.ts';
