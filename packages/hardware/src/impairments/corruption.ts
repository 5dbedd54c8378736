/*
 * Bits that flip, each by its own chance. Either the check sequence tells, as nearly always, or it does not, because the
 * damage was done where it was computed anew (in a switch's memory, say): then only the layers above can notice.
 */

import type { Random } from '@netcx/clock';
import { FRAME_BAD_FCS } from '../wire.ts';
import { within } from './check.ts';
import type { Impairment } from './impairment.ts';

/**
 * Flips bits. The next one is found by a draw from the geometric distribution, so that a small rate costs one draw a frame.
 *
 * @returns the damaged bytes, or `undefined` when no bit flipped
 */
function flip(bytes: Uint8Array, rate: number, random: Random): Uint8Array | undefined {
  const bits = bytes.length * 8;
  const scale = Math.log1p(-rate);
  let damaged: Uint8Array | undefined;
  for (let bit = 0; ; bit++) {
    const gap = Math.log1p(-random.fraction()) / scale;
    // No chance at all gives an infinite or undefined gap.
    if (!(gap < bits - bit)) return damaged;
    bit += Math.floor(gap);
    damaged ??= bytes.slice();
    damaged[bit >> 3]! ^= 1 << (bit & 7);
  }
}

function flipping(name: string, rate: number, status: number): Impairment {
  within(name, rate, 0, 1);
  return {
    name,
    start: ({ random }, next) => {
      let damagedFrames = 0;
      return {
        held: 0,
        take: (frame) => {
          const damaged = flip(frame.bytes, rate, random);
          if (damaged !== undefined) damagedFrames++;
          next(damaged === undefined ? frame : { bytes: damaged, status: frame.status | status });
        },
        clear: () => undefined,
        counters: () => ({ damaged: damagedFrames }),
      };
    },
  };
}

/**
 * Flips bits, and the check sequence tells: the receiver finds `FRAME_BAD_FCS`.
 *
 * @param rate - chance of each bit, 0 to 1
 * @returns the impairment `corrupt`, which counts frames as `damaged`
 * @throws HardwareError `BAD_IMPAIRMENT` for any other rate
 */
export const corrupt = (rate: number): Impairment => flipping('corrupt', rate, FRAME_BAD_FCS);

/**
 * Flips bits behind the back of the check sequence: the frame arrives as a good one.
 *
 * @param rate - chance of each bit, 0 to 1
 * @returns the impairment `mangle`, which counts frames as `damaged`
 * @throws HardwareError `BAD_IMPAIRMENT` for any other rate
 */
export const mangle = (rate: number): Impairment => flipping('mangle', rate, 0);
