/*
 * Counting the frames of a burst: by length for the PRC and PTC registers, and by destination. An engine counts a burst
 * into these few words, and the statistics take them over at its end; one burst is counted at a time.
 */

import type { Statistics } from './statistics.ts';

/** Six size classes, then frames to a group address, then frames to the broadcast address. */
const t = new Int32Array(8);

/** Starts a burst. */
export function clearTally(): void {
  // Written out: a call of fill() costs more than these eight words.
  t[0] = 0;
  t[1] = 0;
  t[2] = 0;
  t[3] = 0;
  t[4] = 0;
  t[5] = 0;
  t[6] = 0;
  t[7] = 0;
}

/**
 * Counts a frame.
 *
 * @param firstWord - its first four bytes, as a little-endian word
 * @param length - its bytes without frame check sequence
 */
export function tally(firstWord: number, length: number): void {
  tallyLength(length, 1);
  if ((firstWord & 1) !== 0) tallyGroup(firstWord);
}

/**
 * Counts frames by their length; frames of one length mostly come in a row.
 *
 * @param length - bytes of each, without frame check sequence
 * @param frames - how many
 */
export function tallyLength(length: number, frames: number): void {
  // Bytes with frame check sequence: 64 | 65-127 | 128-255 | 256-511 | 512-1023 | 1024 and more.
  const sizeClass = length <= 60 ? 0 : Math.min(26 - Math.clz32(length + 4), 5) | 0;
  t[sizeClass] = (t[sizeClass]! + frames) | 0;
}

/**
 * Counts a frame to a group address by its destination.
 *
 * @param firstWord - its first four bytes, as a little-endian word
 */
export function tallyGroup(firstWord: number): void {
  const group = firstWord === -1 ? 7 : 6; // the first four bytes tell all but a handful of never used addresses apart
  t[group] = (t[group]! + 1) | 0;
}

/**
 * Hands a burst of sent frames over.
 *
 * @param to - the counters
 * @param frames - how many frames
 * @param bytes - their bytes without frame check sequences
 */
export function countTransmitted(to: Statistics, frames: number, bytes: number): void {
  to.GPTC += frames;
  to.GOTC += bytes + 4 * frames;
  to.PTC64 += t[0]!;
  to.PTC127 += t[1]!;
  to.PTC255 += t[2]!;
  to.PTC511 += t[3]!;
  to.PTC1023 += t[4]!;
  to.PTC1522 += t[5]!;
  to.MPTC += t[6]!;
  to.BPTC += t[7]!;
}

/**
 * Hands a burst of received frames over.
 *
 * @param to - the counters
 * @param frames - how many frames
 * @param bytes - their bytes without frame check sequences
 */
export function countReceived(to: Statistics, frames: number, bytes: number): void {
  to.GPRC += frames;
  to.GORC += bytes + 4 * frames;
  to.TPR += frames;
  to.TOR += bytes + 4 * frames;
  to.PRC64 += t[0]!;
  to.PRC127 += t[1]!;
  to.PRC255 += t[2]!;
  to.PRC511 += t[3]!;
  to.PRC1023 += t[4]!;
  to.PRC1522 += t[5]!;
  to.MPRC += t[6]!;
  to.BPRC += t[7]!;
}
