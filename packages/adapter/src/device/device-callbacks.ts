/*
 * A driver's side of a device: what it does when the device comes, goes, sleeps and wakes. The order is the one of Windows'
 * driver framework, which NetAdapterCx stands on; every callback may take its time by returning a promise, and none runs
 * while another one does.
 */

import type { PowerOffload } from '../power/power-offloads.ts';
import type { BitmapWakeSource } from '../power/wake-sources.ts';
import type { NetDevice } from './net-device.ts';
import type { PowerDownTarget, SleepState } from './power-state.ts';

/** What a driver does for its device. All are optional. */
export interface DeviceCallbacks {
  /** The hardware is there: find it, say what the adapters can do, start them. When it throws, `releaseHardware` follows. */
  readonly prepareHardware?: () => void | Promise<void>;
  /** The hardware goes: give back what `prepareHardware` took. Also after a `prepareHardware` that threw. */
  readonly releaseHardware?: () => void | Promise<void>;
  /**
   * The device has power: bring it up. When it throws, the device does not start, and there is no `d0Exit`.
   *
   * @param previous - what it comes from; `D3Final` at start
   */
  readonly d0Entry?: (previous: PowerDownTarget) => void | Promise<void>;
  /**
   * The device is about to lose power: quiet it. Its queues are gone already. It is called for a device that was pulled out,
   * too.
   *
   * @param target - what it goes down to; `D3Final` when it stops
   */
  readonly d0Exit?: (target: PowerDownTarget) => void | Promise<void>;
  /** The device works for the first time since it was prepared, and has its queues. */
  readonly selfManagedIoInit?: () => void | Promise<void>;
  /** The device is about to power down; its queues are still there. */
  readonly selfManagedIoSuspend?: () => void | Promise<void>;
  /** The device works again. */
  readonly selfManagedIoRestart?: () => void | Promise<void>;
  /** The device is removed: nothing will be sent any more. */
  readonly selfManagedIoFlush?: () => void | Promise<void>;
  /** The last call: undoes `selfManagedIoInit`. */
  readonly selfManagedIoCleanup?: () => void | Promise<void>;
  /** The device was pulled out. What is still called follows the state of power that it was in. */
  readonly surpriseRemoval?: () => void | Promise<void>;
  /**
   * The device shall wake the machine: program what `device.wakeSources` and `device.powerOffloads` list. After the queues are
   * gone and before `d0Exit`.
   *
   * @param target - what it goes down to
   */
  readonly armWake?: (target: SleepState) => void | Promise<void>;
  /** It shall not any more; after `d0Entry`. `adapter.power.reportWakeReason…` says why it woke. */
  readonly disarmWake?: () => void | Promise<void>;
  /**
   * A protocol wants to wake by a pattern: can it be programmed beside the others?
   *
   * @param source - the pattern
   * @returns false when there is no room for it
   */
  readonly previewBitmapPattern?: (source: BitmapWakeSource) => boolean;
  /**
   * A protocol wants an address answered for while the device sleeps: can it be, beside the others?
   *
   * @param offload - the address and who asks
   * @returns false when there is no room for it
   */
  readonly previewPowerOffload?: (offload: PowerOffload) => boolean;
  /**
   * The device hangs and will be reset: read what can be learnt of it and call `device.storeResetDiagnostics`, once. It has
   * three seconds.
   *
   * @param device - the device
   */
  readonly collectResetDiagnostics?: (device: NetDevice) => void | Promise<void>;
}
