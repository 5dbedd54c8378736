/*
 * Counting frames by length and destination for the statistics registers. Frames of one length mostly come in a row, so
 * an engine counts such a row at once.
 */

import { FCS_BYTES } from './registers/index.ts';
import type { Statistics } from './statistics.ts';

/**
 * Counts frames that were sent.
 *
 * @param to - the counters
 * @param length - bytes of each, without frame check sequence
 * @param frames - how many
 */
export function countTransmitted(to: Statistics, length: number, frames: number): void {
  const bytes = length + FCS_BYTES;
  to.GPTC += frames;
  to.GOTC += bytes * frames;
  if (bytes <= 64) to.PTC64 += frames;
  else if (bytes <= 127) to.PTC127 += frames;
  else if (bytes <= 255) to.PTC255 += frames;
  else if (bytes <= 511) to.PTC511 += frames;
  else if (bytes <= 1023) to.PTC1023 += frames;
  else to.PTC1522 += frames;
}

/**
 * Counts good frames that were received.
 *
 * @param to - the counters
 * @param length - bytes of each, without frame check sequence
 * @param frames - how many
 */
export function countReceived(to: Statistics, length: number, frames: number): void {
  const bytes = length + FCS_BYTES;
  to.GPRC += frames;
  to.TPR += frames;
  to.GORC += bytes * frames;
  to.TOR += bytes * frames;
  if (bytes <= 64) to.PRC64 += frames;
  else if (bytes <= 127) to.PRC127 += frames;
  else if (bytes <= 255) to.PRC255 += frames;
  else if (bytes <= 511) to.PRC511 += frames;
  else if (bytes <= 1023) to.PRC1023 += frames;
  else to.PRC1522 += frames;
}

/** The first four bytes of the broadcast address; they tell it from all but a handful of never used addresses. */
const BROADCAST = -1;

/**
 * Counts a frame to a group address that was sent.
 *
 * @param to - the counters
 * @param firstWord - its first four bytes, as a signed little-endian word
 */
export function countTransmittedGroup(to: Statistics, firstWord: number): void {
  if (firstWord === BROADCAST) to.BPTC += 1;
  else to.MPTC += 1;
}

/**
 * Counts a frame to a group address that was received.
 *
 * @param to - the counters
 * @param firstWord - its first four bytes, as a signed little-endian word
 */
export function countReceivedGroup(to: Statistics, firstWord: number): void {
  if (firstWord === BROADCAST) to.BPRC += 1;
  else to.MPRC += 1;
}
