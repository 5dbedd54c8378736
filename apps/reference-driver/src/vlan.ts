/*
 * 802.1Q tags (nic-82576 reference §2): the chip inserts them on transmit and takes them out on receive while CTRL.VME is
 * set. What it took out stands in the packet's extension; which VLANs pass is filter.ts's matter.
 */

import { i32 as m } from '@netcx/dma/memory';
import { Ieee8021q, TxTagging } from '@netcx/extensions';
import { REGISTERS } from '@netcx/nic-82576/registers';
import type { Device } from './device.ts';

const { CTRL } = REGISTERS;
const PRIORITY_SHIFT = 13;
const IDENTIFIER = 0xfff;
const BOTH = TxTagging.PriorityRequired | TxTagging.VlanRequired;

/**
 * Tells what the chip found in a frame that it received.
 *
 * @param p - word index of the packet
 * @param offset - of its 802.1Q extension
 * @param stripped - whether the chip took a tag out
 * @param tag - the tag, as on the wire
 */
export function writeReceivedTag(p: number, offset: number, stripped: boolean, tag: number): void {
  Ieee8021q.priorityCodePoint.set(m, p, offset, stripped ? tag >>> PRIORITY_SHIFT : 0);
  Ieee8021q.vlanIdentifier.set(m, p, offset, stripped ? tag & IDENTIFIER : 0);
  // So a tag of priority 0 and VLAN 0 is told from none.
  Ieee8021q.txTagging.set(m, p, offset, stripped ? BOTH : 0);
}

/**
 * @param device - the device
 * @param enabled - whether the chip takes tags out of frames and puts them in
 */
export function handleTags(device: Device, enabled: boolean): void {
  device.write(CTRL, CTRL.VME.set(device.read(CTRL), enabled ? 1 : 0));
}
