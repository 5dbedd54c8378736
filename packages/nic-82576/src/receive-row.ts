/*
 * The straight line of the receive engine: good frames for us, each in one buffer in plain sight, as far as descriptors lie
 * in a row. It stops at the first that is anything else, MAC control frames among them. Data is there before its descriptor
 * says so.
 *
 * @hot
 */

import * as memory from '@netcx/dma/memory';
import * as wire from '@netcx/hardware/wire';
import * as layout from '@netcx/layout';
import type { Filter } from './filter.ts';
import * as tallies from './frame-tally.ts';
import * as registers from './registers/index.ts';
import * as verdicts from './verdict.ts';

const { i32: m } = memory;
const { i32: w, copyToHost, Frame, FRAME_HEADER_BYTES } = wire;
const { defineStruct, u32, u64 } = layout;
const { countFrames, countGroup } = tallies;
const { DESCRIPTOR_BYTES, MAXIMUM_FRAME, RX_STATUS, RxReadDescriptor, RxWriteBack } = registers;
const { SHORTEST } = verdicts;

const DONE = RX_STATUS.DD | RX_STATUS.EOP;
const HEADER_WORDS = FRAME_HEADER_BYTES / 4;
const DESCRIPTOR_WORDS = DESCRIPTOR_BYTES / 4;

/** What every receive line works with, in device memory; `setOutRow` writes the last four. */
// prettier-ignore
export const RECEIVE_FIELDS = {
  at:      u32(0),  // byte offset of the next frame; moved on
  tally:   u32(4),  // byte offset of the tally of what is received
  near:    u32(8),  // below this, and not at 0, any buffer is in plain sight
  longest: u32(12), // bytes of the longest frame that goes this way
  own:     u64(16), // the station's address, as it begins a frame
  looks:   u64(24), // which bits of a frame's first eight bytes must be as in `own`
} as const;
/** Bytes of it. */
export const RECEIVE_ROW_BYTES = 40;
/** What this line works with. */
// prettier-ignore
export const ReceiveRow = defineStruct('ReceiveRow', RECEIVE_ROW_BYTES, {
  ...RECEIVE_FIELDS,
  macControl: u32(32), // Ether type of frames that are for the MAC itself, bytes in the order of memory; -1: there are none
});

/**
 * Writes what holds for a burst.
 *
 * @param row - byte offset in device memory of a struct that begins with `RECEIVE_FIELDS`
 * @param filter - which addresses the MAC takes
 * @param direct - below this all of host memory is in plain sight
 * @param longest - bytes of the longest frame that goes this way; 0: none does
 */
export function setOutRow(row: number, filter: Filter, direct: number, longest: number): void {
  const at = row >> 2;
  // Without an address of its own the chip knows none.
  const goes = filter.everything || filter.ownHigh >= 0;
  ReceiveRow.near.set(w, at, Math.max(0, direct - MAXIMUM_FRAME));
  ReceiveRow.longest.set(w, at, goes ? Math.min(filter.longest, longest) : 0);
  ReceiveRow.own.low.set(w, at, filter.ownLow);
  ReceiveRow.own.high.set(w, at, filter.ownHigh);
  ReceiveRow.looks.low.set(w, at, filter.everything ? 0 : -1);
  ReceiveRow.looks.high.set(w, at, filter.everything ? 0 : 0xffff);
}

/**
 * Delivers by typed arrays alone: what runs where WebAssembly does not reach the memory, and what the kernel is tested against.
 *
 * @param row - byte offset of a `ReceiveRow` in device memory
 * @param first - byte offset of the first descriptor
 * @param end - byte offset behind the last
 * @returns byte offset of the first descriptor that it did not use
 */
export function receiveByWords(row: number, first: number, end: number): number {
  const tally = ReceiveRow.tally.get(w, row >> 2) | 0;
  const near = ReceiveRow.near.get(w, row >> 2) >>> 0;
  const longest = ReceiveRow.longest.get(w, row >> 2) | 0;
  const ownLow = ReceiveRow.own.low.get(w, row >> 2) | 0;
  const ownHigh = ReceiveRow.own.high.get(w, row >> 2) | 0;
  const looksLow = ReceiveRow.looks.low.get(w, row >> 2) | 0;
  const looksHigh = ReceiveRow.looks.high.get(w, row >> 2) | 0;
  const macControl = ReceiveRow.macControl.get(w, row >> 2) | 0;
  const limit = end >> 2;
  let at = ReceiveRow.at.get(w, row >> 2) >> 2;
  let d = first >> 2;
  let usual = 0;
  let since = d;
  while (d < limit) {
    const length = Frame.length.get(w, at) | 0;
    const low = w[(at + HEADER_WORDS) | 0]! | 0;
    const high = w[(at + HEADER_WORDS + 1) | 0]! | 0;
    const address = RxReadDescriptor.packetAddress.low.get(m, d) | 0;
    const stranger = ((low ^ ownLow) & looksLow) | ((high ^ ownHigh) & looksHigh);
    const odd = Frame.status.get(w, at) | RxReadDescriptor.packetAddress.high.get(m, d) | stranger;
    if (odd !== 0 || length < SHORTEST || length > longest || (address - 1) >>> 0 >= near) break;
    if ((w[(at + HEADER_WORDS + 3) | 0]! & 0xffff) === macControl) break;
    copyToHost(address, (at + HEADER_WORDS) << 2, length);
    if (length !== usual) {
      if (d !== since) countFrames(tally, usual, (d - since) >> 2);
      usual = length;
      since = d;
    }
    if ((low & 1) !== 0) countGroup(tally, low);
    RxWriteBack.information.set(m, d, 0);
    RxWriteBack.rssHash.set(m, d, 0);
    RxWriteBack.lengthTag.set(m, d, length);
    RxWriteBack.statusError.set(m, d, DONE);
    at = (at + HEADER_WORDS + (((length + 7) >>> 3) << 1)) | 0;
    d = (d + DESCRIPTOR_WORDS) | 0;
  }
  if (d !== since) countFrames(tally, usual, (d - since) >> 2);
  ReceiveRow.at.set(w, row >> 2, at << 2);
  return d << 2;
}
