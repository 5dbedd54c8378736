/*
 * Sleep and waking (nic-82576 reference §2: WUC, WUFC, WUS; PCI power management). Asleep, the chip keeps its link and its
 * address filter, writes nothing to memory, and asks its host to wake up when a frame comes that it was told to look for.
 */

import { CapabilityId, enableDevice, findCapability, PowerManagement } from '@netcx/bus';
import { REGISTERS } from '@netcx/nic-82576/registers';
import type { Device } from './device.ts';
import { DriverError } from './driver-error.ts';

const { WUC, WUFC, WUPL, WUPM, WUS } = REGISTERS;
const { PM_CTRL } = PowerManagement;
const D0 = 0;
const D3 = 3;
/** Bytes of the frame that woke the host which the chip keeps. */
const KEPT_BYTES = 128;

/** What wakes the host. */
export interface WakeOn {
  /** A magic packet for this station. */
  readonly magicPacket?: boolean;
  /** A link that comes or goes. */
  readonly linkChange?: boolean;
  /** Any frame to the station's own address. */
  readonly directed?: boolean;
  /** Any frame to a group that the filter lets in. */
  readonly multicast?: boolean;
  /** Any broadcast. */
  readonly broadcast?: boolean;
}

/** Why the host woke up. */
export interface WakeReason {
  /** What had come; all false when something else woke the host. */
  readonly on: Required<WakeOn>;
  /** The frame that came, up to 128 bytes of it; empty when there was none. */
  readonly packet: Uint8Array;
}

const FILTERS: Readonly<Record<keyof WakeOn, number>> = {
  magicPacket: WUFC.MAG.mask,
  linkChange: WUFC.LNKC.mask,
  directed: WUFC.EX.mask,
  multicast: WUFC.MC.mask,
  broadcast: WUFC.BC.mask,
};

/**
 * The chip goes to sleep: none of its registers can be reached until it is awake again.
 *
 * @param device - the device, whose queues are stopped and whose address filter is set up
 * @param on - what wakes the host; nothing does when it is empty
 * @throws DriverError `NO_POWER_MANAGEMENT`, or `DEVICE_GONE` when nothing answers; nothing was changed
 */
export function fallAsleep(device: Device, on: WakeOn): void {
  const control = powerControl(device);
  let filters = 0;
  for (const [what, mask] of Object.entries(FILTERS)) if (on[what as keyof WakeOn] === true) filters |= mask;
  device.write(WUS, 0xffff_ffff);
  device.write(WUFC, filters);
  device.write(WUC, filters === 0 ? 0 : WUC.PME_EN.mask);
  const enable = PM_CTRL.PME_ENABLE.set(0, filters === 0 ? 0 : 1);
  // Writing the status bit clears what an earlier waking left.
  device.slot.function.writeConfig(control, 2, PM_CTRL.STATE.set(enable, D3) | PM_CTRL.PME_STATUS.mask);
}

/**
 * The chip wakes up, in its reset state but for what says why.
 *
 * @param device - the device, asleep
 * @returns why
 * @throws DriverError `NO_POWER_MANAGEMENT`, or `DEVICE_GONE` when nothing answers
 */
export function wakeUp(device: Device): WakeReason {
  const fn = device.slot.function;
  fn.writeConfig(powerControl(device), 2, PM_CTRL.STATE.set(0, D0) | PM_CTRL.PME_STATUS.mask);
  enableDevice(fn);
  const found = device.read(WUS);
  // Never trust the device: no more of a frame than there are registers for.
  const packet = new Uint8Array(Math.min(device.read(WUPL), KEPT_BYTES));
  const words = new DataView(new ArrayBuffer(KEPT_BYTES));
  for (let word = 0; word < WUPM.count; word++) words.setUint32(4 * word, device.read(WUPM, word), true);
  packet.set(new Uint8Array(words.buffer, 0, packet.length));
  device.write(WUS, 0xffff_ffff);
  device.write(WUFC, 0);
  device.write(WUC, WUC.PME_STATUS.mask);
  if (device.removed) throw nobody(device); // all ones are no reason
  const on = (what: keyof WakeOn): boolean => (found & FILTERS[what]) !== 0;
  return {
    on: {
      magicPacket: on('magicPacket'),
      linkChange: on('linkChange'),
      directed: on('directed'),
      multicast: on('multicast'),
      broadcast: on('broadcast'),
    },
    packet: found === 0 ? new Uint8Array(0) : packet,
  };
}

function powerControl(device: Device): number {
  const capability = findCapability(device.slot.function, CapabilityId.powerManagement);
  if (capability !== undefined) return capability + PM_CTRL.offset;
  // A function that was pulled out has no capability either. In its sleep it still has a configuration space.
  if (device.removed) throw nobody(device);
  throw new DriverError('NO_POWER_MANAGEMENT', `${device.name}: the function cannot sleep`);
}

const nobody = (device: Device): DriverError => new DriverError('DEVICE_GONE', `${device.name}: nothing answers`);
