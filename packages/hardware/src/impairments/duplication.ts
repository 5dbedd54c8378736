/*
 * Frames that arrive twice, the second right behind the first.
 */

import { within } from './check.ts';
import type { Impairment } from './impairment.ts';

/**
 * @param probability - chance that a frame arrives twice, 0 to 1
 * @returns the impairment `duplicate`, which counts `duplicated`
 * @throws HardwareError `BAD_IMPAIRMENT` for any other probability
 */
export function duplicate(probability: number): Impairment {
  within('duplicate', probability, 0, 1);
  return {
    name: 'duplicate',
    start: ({ random }, next) => {
      let duplicated = 0;
      return {
        held: 0,
        take: (frame) => {
          next(frame);
          if (!random.chance(probability)) return;
          duplicated++;
          next(frame);
        },
        clear: () => undefined,
        counters: () => ({ duplicated }),
      };
    },
  };
}
