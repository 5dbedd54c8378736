/*
 * How a device is made, and how it is put to sleep. What its place does for it (time, and a reset from outside) is handed in
 * here; a device reaches nothing by itself.
 */

import type { Clock } from '@netcx/clock';
import type { Configuration } from '../configuration/configuration.ts';
import type { DeviceCallbacks } from './device-callbacks.ts';
import type { DevicePnpPowerState } from './device-pnp-power.ts';
import type { ResetKind } from './reset-diagnostics.ts';

/** How a device is made. */
export interface NetDeviceOptions {
  /** For messages. */
  readonly name: string;
  /** Counts the seconds of a reset. */
  readonly clock: Clock;
  /** The driver's side. */
  readonly callbacks?: DeviceCallbacks;
  /** The device's keywords; the empty configuration when left out. */
  readonly configuration?: Configuration;
  /**
   * How the place that the device sits in resets it, while it is down. Left out, or when it throws, a reset is a restart.
   *
   * @param kind - what shall be reset
   */
  readonly reset?: (kind: ResetKind) => void | Promise<void>;
  /**
   * For whoever watches.
   *
   * @param state - each state that the device enters, those that it passes through as well
   */
  readonly stateEntered?: (state: DevicePnpPowerState) => void;
}

/** How a device is put to sleep. */
export interface PowerDownOptions {
  /** Whether it shall wake the machine: `armWake` is called, and `disarmWake` when it works again. */
  readonly wake?: boolean;
}
