/*
 * The straight line of the transmit engine: descriptors that are whole frames in plain sight, plain ones or with checksums to
 * insert, as far as they lie in a row. It stops at the first that is anything else. Data is here before its descriptor says
 * that it is done.
 *
 * @hot
 */

import * as memory from '@netcx/dma/memory';
import * as wire from '@netcx/hardware/wire';
import * as layout from '@netcx/layout';
import * as checksums from './checksum.ts';
import * as tallies from './frame-tally.ts';
import * as registers from './registers/index.ts';

const { i32: m, u8: m8 } = memory;
const { i32: w, copyFromHost, Frame, FRAME_HEADER_BYTES } = wire;
const { defineStruct, u32, u64 } = layout;
const { insertChecksums, insertsUsual } = checksums;
const { countFrames, countGroup } = tallies;
const { DESCRIPTOR_BYTES, TX_COMMAND, TX_CONTEXTS, TX_DESCRIPTOR_TYPE_MASK, TX_STATUS, TxData, TxWriteBack } =
  registers;

const HEADER_WORDS = FRAME_HEADER_BYTES / 4;
const DESCRIPTOR_WORDS = DESCRIPTOR_BYTES / 4;
/** Shorter frames take the other way: they may have to be padded. */
const SHORTEST = 60;
const PLAIN = TX_COMMAND.DEXT | TX_COMMAND.DTYP_DATA | TX_COMMAND.EOP | TX_COMMAND.IFCS | 0;
const PLAIN_MASK = PLAIN | TX_DESCRIPTOR_TYPE_MASK | TX_COMMAND.TSE | TX_COMMAND.VLE | TX_COMMAND.MAC_TIMESTAMP | 0;
const SUMS = TX_STATUS.IXSM | TX_STATUS.TXSM;

/** What the line works with, in device memory. */
// prettier-ignore
export const TransmitRow = defineStruct('TransmitRow', 96, {
  at:       u32(0),  // byte offset of the next frame's header; moved on
  tally:    u32(4),  // byte offset of the tally of what is sent
  near:     u32(8),  // below this, and not at 0, any frame is in plain sight
  longest:  u32(12), // bytes of the longest frame there is
  plain:    u64(16), // command and status of a descriptor that is a whole frame and asks for nothing special,
  mask:     u64(24), // in the bits that matter
  marks:    u32(32), // which bit of a descriptor's command asks for DD; 0: none gets it
  commands: u32(36), // all bits of the commands of frames that were sent
  contexts: u32(40), // byte offset of the queue's contexts
  // Sixteen bytes of 255, in front of them and behind as many of 0: from n bytes further left or right on they mask n bytes.
  ones:     u64(64),
  moreOnes: u64(72),
});
/** Bytes of it. */
export const TRANSMIT_ROW_BYTES = 96;

/**
 * Writes what never changes.
 *
 * @param row - byte offset of a `TransmitRow` in device memory, all 0
 * @param tally - byte offset of the tally of what is sent
 * @param longest - bytes of the longest frame
 */
export function prepareTransmitRow(row: number, tally: number, longest: number): void {
  TransmitRow.tally.set(w, row >> 2, tally);
  TransmitRow.longest.set(w, row >> 2, longest);
  TransmitRow.plain.low.set(w, row >> 2, PLAIN);
  TransmitRow.plain.high.set(w, row >> 2, 0);
  TransmitRow.mask.low.set(w, row >> 2, PLAIN_MASK);
  TransmitRow.mask.high.set(w, row >> 2, TX_STATUS.IPSEC);
  for (const half of [TransmitRow.ones, TransmitRow.moreOnes]) {
    half.low.set(w, row >> 2, -1);
    half.high.set(w, row >> 2, -1);
  }
}

/**
 * Sends by typed arrays alone: what runs where WebAssembly does not reach the memory, and what the kernel is tested against.
 *
 * @param row - byte offset of a `TransmitRow` in device memory
 * @param first - byte offset of the first descriptor
 * @param end - byte offset behind the last
 * @returns byte offset of the first descriptor that it did not use
 */
export function transmitByWords(row: number, first: number, end: number): number {
  const tally = TransmitRow.tally.get(w, row >> 2) | 0;
  const near = TransmitRow.near.get(w, row >> 2) >>> 0;
  const longest = TransmitRow.longest.get(w, row >> 2) | 0;
  const marks = TransmitRow.marks.get(w, row >> 2) | 0;
  const contexts = TransmitRow.contexts.get(w, row >> 2) >> 2;
  const limit = end >> 2;
  let at = TransmitRow.at.get(w, row >> 2) >> 2;
  let d = first >> 2;
  let commands = 0;
  let usual = 0;
  let since = d;
  while (d < limit) {
    const command = TxData.command.get(m, d) | 0;
    const status = TxData.status.get(m, d) | 0;
    const address = TxData.bufferAddress.low.get(m, d) | 0;
    const length = command & 0xffff;
    const special = ((command ^ PLAIN) & PLAIN_MASK) | (status & TX_STATUS.IPSEC);
    const odd = special | TxData.bufferAddress.high.get(m, d);
    if (odd !== 0 || length < SHORTEST || length > longest || (address - 1) >>> 0 >= near) break;
    const wanted = status & SUMS;
    const context = (contexts + (TxData.idx.get(m, d) % TX_CONTEXTS) * DESCRIPTOR_WORDS) | 0;
    if (wanted !== 0 && !insertsUsual(length, wanted, context)) break;
    Frame.length.set(w, at, length);
    Frame.status.set(w, at, 0);
    copyFromHost((at + HEADER_WORDS) << 2, address, length);
    if (wanted !== 0) insertChecksums((at + HEADER_WORDS) << 2, length, wanted, context);
    if (length !== usual) {
      if (d !== since) countFrames(tally, usual, (d - since) >> 2);
      usual = length;
      since = d;
    }
    if ((m8[address]! & 1) !== 0) countGroup(tally, w[(at + HEADER_WORDS) | 0]!);
    commands |= command;
    if ((command & marks) !== 0) TxWriteBack.dd.set(m, d, 1);
    at = (at + HEADER_WORDS + (((length + 7) >>> 3) << 1)) | 0;
    d = (d + DESCRIPTOR_WORDS) | 0;
  }
  if (d !== since) countFrames(tally, usual, (d - since) >> 2);
  TransmitRow.at.set(w, row >> 2, at << 2);
  TransmitRow.commands.set(w, row >> 2, commands);
  return d << 2;
}
