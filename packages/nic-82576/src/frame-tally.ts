/*
 * A tally: good frames of one direction by length and destination, and their octets. It lies in device memory, where the row
 * kernel counts as well, and the statistics take over what it holds when somebody looks. Counts are doubles, so that none is
 * lost below 2^53 and WebAssembly and TypeScript read the same. Frames of one length mostly come in a row, which is counted
 * at once.
 *
 * @hot
 */

import * as wire from '@netcx/hardware/wire';
import * as registers from './registers/index.ts';

const { buffer, allocateWire, freeWire } = wire;
const { FCS_BYTES } = registers;

const counts = new Float64Array(buffer);

/** Where a tally has its octets, its frames by length, and those to group addresses: indices of its counts. */
export const TALLY = { octets: 0, lengths: 1, broadcasts: 7, multicasts: 8 } as const;
/** How many lengths are told apart: up to 64 bytes on the wire, 127, 255, 511, 1023, and above. */
export const TALLY_LENGTHS = 6;
const TALLY_BYTES = 9 * 8;
/** The first four bytes of the broadcast address; they tell it from all but a handful of never used addresses. */
const BROADCAST = -1;

/**
 * @returns byte offset in device memory of a tally of nothing
 */
export const allocateTally = (): number => allocateWire(TALLY_BYTES);

/**
 * @param tally - what `allocateTally` returned
 */
export const freeTally = (tally: number): void => freeWire(tally, TALLY_BYTES);

/**
 * Counts good frames.
 *
 * @param tally - byte offset of the tally
 * @param length - bytes of each, without frame check sequence
 * @param frames - how many
 */
export function countFrames(tally: number, length: number, frames: number): void {
  const at = tally >>> 3;
  const bytes = length + FCS_BYTES;
  // 64 bytes are with the shorter ones; from there on lengths double.
  const of = Math.min(26 - Math.clz32((bytes - (bytes <= 64 ? 1 : 0)) | 32), TALLY_LENGTHS - 1);
  counts[at] = counts[at]! + bytes * frames;
  counts[at + TALLY.lengths + of] = counts[at + TALLY.lengths + of]! + frames;
}

/**
 * Counts one of those frames as sent to a group address.
 *
 * @param tally - byte offset of the tally
 * @param firstWord - its first four bytes, as a signed little-endian word
 */
export function countGroup(tally: number, firstWord: number): void {
  const at = (tally >>> 3) + (firstWord === BROADCAST ? TALLY.broadcasts : TALLY.multicasts);
  counts[at] = counts[at]! + 1;
}

/**
 * @param tally - byte offset of the tally
 * @param index - which count
 * @returns what was counted since it was last taken
 */
export function takeCount(tally: number, index: number): number {
  const at = (tally >>> 3) + index;
  const count = counts[at]!;
  counts[at] = 0;
  return count;
}
