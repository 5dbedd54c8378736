/*
 * An impairment that impairs nothing: it shows what passes at its place in the list, between two others for example.
 */

import type { Impairment, PassingFrame } from './impairment.ts';

/**
 * @param listener - is told of each frame and of the time in nanoseconds; copies nothing, since frames are never changed
 * @returns the impairment `tap`, which counts `seen`
 */
export function tap(listener: (frame: PassingFrame, time: number) => void): Impairment {
  return {
    name: 'tap',
    start: (context, next) => {
      let seen = 0;
      return {
        held: 0,
        take: (frame) => {
          seen++;
          listener(frame, context.now());
          next(frame);
        },
        clear: () => undefined,
        counters: () => ({ seen }),
      };
    },
  };
}
