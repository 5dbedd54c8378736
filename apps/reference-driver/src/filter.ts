/*
 * Which frames the chip lets through: its own address, broadcasts, and either all multicasts and everything else or none
 * of it. Follows nic-82576 reference §5.
 */

import { FCS_BYTES, REGISTERS } from '@netcx/nic-82576/registers';
import type { Device } from './device.ts';

const { MTA, RAH, RAL, RCTL, RLPML, UTA, VFTA } = REGISTERS;
const VLAN_TAG_BYTES = 4;
/** Longest frame that passes without RCTL.LPE, with its check sequence. */
const STANDARD_FRAME = 1518;

/**
 * Clears every table, then sets the station address.
 *
 * @param device - the device, after reset
 * @param address - the station address, 6 bytes
 */
export function setStationAddress(device: Device, address: Uint8Array): void {
  const byte = (index: number): number => address[index] ?? 0;
  for (let entry = 1; entry < RAL.count; entry++) {
    device.write(RAH, 0, entry);
    device.write(RAL, 0, entry);
  }
  for (const table of [MTA, UTA, VFTA]) for (let entry = 0; entry < table.count; entry++) device.write(table, 0, entry);
  device.write(RAL, (byte(0) | (byte(1) << 8) | (byte(2) << 16) | (byte(3) << 24)) >>> 0, 0);
  device.write(RAH, (byte(4) | (byte(5) << 8) | RAH.AV.mask) >>> 0, 0);
}

/**
 * Starts receiving: frame check sequences stripped, broadcasts let through.
 *
 * @param device - the device, with its queues set up
 * @param mtu - payload of the longest frame
 * @param promiscuous - whether every good frame passes, whoever it is for
 */
export function enableReceive(device: Device, mtu: number, promiscuous: boolean): void {
  const longest = mtu + 14 + VLAN_TAG_BYTES + FCS_BYTES;
  const long = longest > STANDARD_FRAME + VLAN_TAG_BYTES;
  device.write(RLPML, longest);
  const everything = promiscuous ? RCTL.UPE.mask | RCTL.MPE.mask : 0;
  device.write(RCTL, RCTL.EN.mask | RCTL.BAM.mask | RCTL.SECRC.mask | everything | (long ? RCTL.LPE.mask : 0));
}

/**
 * Stops receiving; what is in the chip's packet buffer is lost.
 *
 * @param device - the device
 */
export function disableReceive(device: Device): void {
  device.write(RCTL, 0);
}
