/*
 * Frames that never arrive: each by its own chance, or in bursts, as on a radio link, by the two states of Gilbert and
 * Elliott. A lost frame is counted and forgotten.
 */

import type { Random } from '@netcx/clock';
import { within } from './check.ts';
import type { Impairment } from './impairment.ts';

/** Loses frames for which `lose` says so. */
function losing(name: string, decide: (random: Random) => () => boolean): Impairment {
  return {
    name,
    start: ({ random }, next) => {
      const lose = decide(random);
      let lost = 0;
      return {
        held: 0,
        take: (frame) => {
          if (lose()) lost++;
          else next(frame);
        },
        clear: () => undefined,
        counters: () => ({ lost }),
      };
    },
  };
}

/**
 * Loses each frame by its own chance.
 *
 * @param probability - 0 to 1
 * @returns the impairment `loss`, which counts `lost`
 * @throws HardwareError `BAD_IMPAIRMENT` for any other probability
 */
export function loss(probability: number): Impairment {
  within('loss', probability, 0, 1);
  return losing('loss', (random) => () => random.chance(probability));
}

/** The two states of {@link gilbert}, and how often a frame finds the link changing from one to the other. */
export interface GilbertOptions {
  /** Chance before each frame that the good state ends. */
  readonly enter: number;
  /** Chance before each frame that the bad state ends. */
  readonly leave: number;
  /** Chance that a frame is lost in the bad state; 1 when left out. */
  readonly lossInBad?: number;
  /** Chance that a frame is lost in the good state; 0 when left out. */
  readonly lossInGood?: number;
}

/**
 * Loses frames in bursts: the link is good or bad, and may change before each frame (Gilbert and Elliott's model). With
 * the defaults a burst is `1 / leave` frames long on average, and `enter / (enter + leave)` of all frames are lost.
 *
 * @param options - chances, each 0 to 1
 * @returns the impairment `gilbert`, which counts `lost`
 * @throws HardwareError `BAD_IMPAIRMENT` for a chance that is none
 */
export function gilbert(options: GilbertOptions): Impairment {
  const { enter, leave, lossInBad = 1, lossInGood = 0 } = options;
  for (const [what, value] of Object.entries({ enter, leave, lossInBad, lossInGood })) {
    within(`gilbert, ${what}`, value, 0, 1);
  }
  return losing('gilbert', (random) => {
    let bad = false;
    return () => {
      if (random.chance(bad ? leave : enter)) bad = !bad;
      return random.chance(bad ? lossInBad : lossInGood);
    };
  });
}
