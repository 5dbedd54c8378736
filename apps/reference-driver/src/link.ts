/*
 * The link as the MAC reports it in STATUS, in the adapter's words.
 */

import { AutoNegotiationFlags, DISCONNECTED, type LinkState } from '@netcx/adapter';
import { REGISTERS } from '@netcx/nic-82576/registers';
import type { Device } from './device.ts';

const { STATUS } = REGISTERS;
/** Bits per second by STATUS.SPEED; both values above 1 mean a gigabit. */
const SPEEDS = [10e6, 100e6, 1000e6, 1000e6] as const;
/** The PHY negotiates whatever there is to agree on. */
const NEGOTIATED =
  AutoNegotiationFlags.txLinkSpeed |
  AutoNegotiationFlags.rxLinkSpeed |
  AutoNegotiationFlags.duplex |
  AutoNegotiationFlags.pause;

/**
 * @param device - the device
 * @returns its link now, but for flow control; disconnected when the device is gone
 */
export function readLinkState(device: Device): LinkState {
  const status = device.read(STATUS);
  if (status === 0xffff_ffff || STATUS.LU.get(status) === 0) return DISCONNECTED;
  const speed = SPEEDS[STATUS.SPEED.get(status) as 0 | 1 | 2 | 3];
  return {
    connected: true,
    txLinkSpeed: speed,
    rxLinkSpeed: speed,
    duplex: STATUS.FD.get(status) === 1 ? 'full' : 'half',
    autoNegotiated: NEGOTIATED,
  };
}

/**
 * @param device - the device
 * @returns whether its partner asks for silence now (flow control)
 */
export function isPaused(device: Device): boolean {
  return STATUS.TXOFF.get(device.read(STATUS)) === 1;
}
