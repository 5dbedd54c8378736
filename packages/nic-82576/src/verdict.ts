/*
 * What becomes of a received frame that is not simply good and for us (nic-82576 reference §2 RCTL, §5): damaged, short
 * and long frames are dropped or, with RCTL.SBP, stored all the same. Judging counts nothing, since a frame that waits
 * for a descriptor is judged again; each frame is counted once, when it is dealt with.
 */

import { Frame, FRAME_BAD_FCS, FRAME_HEADER_BYTES, i32 as words } from '@netcx/hardware/wire';
import type { Filter } from './filter.ts';
import { FCS_BYTES, MAXIMUM_FRAME, RX_STATUS } from './registers/index.ts';
import type { Statistics } from './statistics.ts';

/** Shortest frame that is one: what is shorter on the wire than 64 bytes is an undersized frame. */
export const SHORTEST = 60;
/** Longest frame that is stored at all. */
const LONGEST = MAXIMUM_FRAME - FCS_BYTES;

/** A bit of `Frame.status` that the receive side sets: the MAC has dealt with the frame itself, nobody else gets it. */
export const FRAME_TAKEN = 0x4000_0000;
/** A bit of `Frame.status` that the receive side sets: its arrival was stamped. */
export const FRAME_STAMPED = 0x2000_0000;

/** A good frame. */
export const SOUND = 0;
const BAD_FCS = 1;
const SHORT = 2;
const LONG = 3;
/** Short or long, and damaged. */
const FRAGMENT = 4;
const JABBER = 5;
const WRONG = 7;
/** A verdict from here on: the driver does not get the frame. */
export const UNWANTED = 8;
/** The filter does not let it pass; or it does, but the frame is a bad one. */
const FILTERED = UNWANTED;
const DISCARDED = 16;

/**
 * @param filter - which addresses, VLANs and lengths the MAC takes
 * @param storeBad - whether damaged, short and long frames are stored
 * @param at - byte offset of the frame's header in device memory
 * @param length - its bytes, without frame check sequence
 * @returns what is wrong with it, 0 for nothing; `UNWANTED` or more is added when the driver does not get it
 */
export function judge(filter: Filter, storeBad: boolean, at: number, length: number): number {
  const data = at + FRAME_HEADER_BYTES;
  const status = Frame.status.get(words, at >> 2);
  const wrong = faultOf(filter, at, length, status);
  const passes =
    (status & FRAME_TAKEN) === 0 &&
    filter.accepts(words[data >> 2]!, words[(data >> 2) + 1]! & 0xffff) &&
    (!filter.vlan.filters || filter.vlan.accepts(data, length));
  if (!passes) return wrong + FILTERED;
  return wrong === SOUND || (storeBad && length <= LONGEST) ? wrong : wrong + DISCARDED;
}

function faultOf(filter: Filter, at: number, length: number, status: number): number {
  const damaged = (status & FRAME_BAD_FCS) !== 0;
  if (length < SHORTEST) return damaged ? FRAGMENT : SHORT;
  if (length > filter.longest && !filter.acceptsLong(at + FRAME_HEADER_BYTES, length)) return damaged ? JABBER : LONG;
  return damaged ? BAD_FCS : SOUND;
}

/**
 * Counts a frame that is no good one, or that the driver does not get.
 *
 * @param statistics - the counters
 * @param verdict - what `judge` returned
 * @param length - its bytes, without frame check sequence
 */
export function countOther(statistics: Statistics, verdict: number, length: number): void {
  const wrong = verdict & WRONG;
  if (wrong === BAD_FCS) statistics.CRCERRS += 1;
  else if (wrong === SHORT) statistics.RUC += 1;
  else if (wrong === LONG) statistics.ROC += 1;
  else if (wrong === FRAGMENT) statistics.RFC += 1;
  else if (wrong === JABBER) statistics.RJC += 1;
  if ((wrong === SHORT || wrong === LONG) && (verdict & FILTERED) === 0) statistics.RLEC += 1;
  statistics.TPR += 1;
  statistics.TOR += length + FCS_BYTES;
}

/**
 * @param verdict - of a frame that is stored
 * @returns the error bits of its descriptor
 */
export function errorsOf(verdict: number): number {
  const wrong = verdict & WRONG;
  return wrong === BAD_FCS || wrong >= FRAGMENT ? RX_STATUS.CE : 0;
}
