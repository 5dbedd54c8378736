/*
 * Frames that are overtaken: held back until some others have passed, or for a while when no others come. What finds
 * the memory full is not held.
 */

import { MILLISECOND } from '@netcx/clock';
import { whole, within } from './check.ts';
import type { Impairment, PassingFrame } from './impairment.ts';

/** Options of {@link reorder}. */
export interface ReorderOptions {
  /** How many frames overtake a frame that is held back; 3 when left out, as many as make TCP suspect a loss. */
  readonly distance?: number;
  /** Nanoseconds after which a frame goes on although too few have passed; 10 ms when left out. */
  readonly patience?: number;
}

interface Held {
  readonly frame: PassingFrame;
  /** Frames that have yet to pass. */
  left: number;
  readonly deadline: number;
}

/**
 * @param probability - chance that a frame is held back, 0 to 1
 * @param options - by how many it is overtaken, how long it waits for them
 * @returns the impairment `reorder`, which counts `reordered`: frames that others overtook
 * @throws HardwareError `BAD_IMPAIRMENT` for options that make no sense
 */
export function reorder(probability: number, options: ReorderOptions = {}): Impairment {
  const { distance = 3, patience = 10 * MILLISECOND } = options;
  within('reorder', probability, 0, 1);
  whole('reorder, distance', distance, 1);
  whole('reorder, patience', patience, 1);
  return {
    name: 'reorder',
    start: (context, next) => {
      const { random, limit } = context;
      let held: Held[] = [];
      let bytes = 0;
      let reordered = 0;
      const alarm = context.alarm(() => release((one) => one.deadline <= context.now()));

      /** Passes on those that may go, in the order in which they came. */
      function release(mayGo: (one: Held) => boolean): void {
        const go = held.filter(mayGo);
        if (go.length > 0) held = held.filter((one) => !go.includes(one));
        const [first] = held;
        if (first === undefined) alarm.cancel();
        else alarm.at(first.deadline);
        for (const one of go) {
          bytes -= one.frame.bytes.length;
          if (one.left < distance) reordered++;
          next(one.frame);
        }
      }

      return {
        get held() {
          return held.length;
        },
        take: (frame) => {
          if (random.chance(probability) && bytes + frame.bytes.length <= limit) {
            bytes += frame.bytes.length;
            held.push({ frame, left: distance, deadline: context.now() + patience });
            if (held.length === 1) alarm.after(patience);
            return;
          }
          next(frame);
          if (held.length === 0) return;
          for (const one of held) one.left--;
          release((one) => one.left === 0);
        },
        clear: () => {
          held = [];
          bytes = 0;
          alarm.cancel();
        },
        counters: () => ({ reordered }),
      };
    },
  };
}
