/*
 * VLAN tags that the chip inserts (nic-82576 reference §3): four bytes behind the source address, or behind an outer tag
 * when CTRL_EXT says that every frame has one. Checksums are computed before: a tag is no part of them.
 */

import { u8 as bytes } from '@netcx/hardware/wire';
import { putWord16, word16 } from './internet-sum.ts';
import { VLAN_TAG_BYTES } from './registers/index.ts';

/** Bytes of both addresses. */
const ADDRESSES = 12;

/**
 * Puts a tag into a frame that has `VLAN_TAG_BYTES` bytes free in front of it; it begins there afterwards.
 *
 * @param data - byte offset of the frame in device memory
 * @param length - its bytes
 * @param type - what the tag begins with (VET)
 * @param tag - priority and VLAN
 * @param outer - what an outer tag begins with, behind which this one goes; -1 for none
 * @returns the frame's bytes with the tag; a frame that is too short for addresses and a type gets none
 */
export function insertTag(data: number, length: number, type: number, tag: number, outer: number): number {
  const doubled = length >= ADDRESSES + VLAN_TAG_BYTES + 2 && word16(data + ADDRESSES) === outer;
  const place = doubled ? ADDRESSES + VLAN_TAG_BYTES : ADDRESSES;
  const fits = length >= place + 2;
  bytes.copyWithin(data - VLAN_TAG_BYTES, data, data + (fits ? place : length));
  if (!fits) return length;
  putWord16(data - VLAN_TAG_BYTES + place, type);
  putWord16(data - VLAN_TAG_BYTES + place + 2, tag);
  return length + VLAN_TAG_BYTES;
}
