/*
 * Frames that take longer than the cable is long: by the same time each, give or take some. They stay in order; for
 * disorder there is `reorder`.
 */

import { whole } from './check.ts';
import type { Impairment } from './impairment.ts';
import { ReleaseQueue } from './release-queue.ts';

/** Options of {@link delay}. */
export interface DelayOptions {
  /** Nanoseconds by which the delay is more or less, each equally likely; 0 when left out. */
  readonly jitter?: number;
  /** Bytes of frames that may be on their way; the capacity of the link when left out. What comes on top is dropped. */
  readonly limit?: number;
}

/**
 * @param duration - nanoseconds, a whole number
 * @param options - jitter, limit
 * @returns the impairment `delay`, which counts `delayed` and `dropped`
 * @throws HardwareError `BAD_IMPAIRMENT` for a duration, jitter or limit that is none
 */
export function delay(duration: number, options: DelayOptions = {}): Impairment {
  const { jitter = 0 } = options;
  whole('delay', duration, 0);
  whole('delay, jitter', jitter, 0);
  if (options.limit !== undefined) whole('delay, limit', options.limit, 1);
  return {
    name: 'delay',
    start: (context, next) => {
      const { random } = context;
      const queue = new ReleaseQueue(context, next, options.limit ?? context.limit);
      let delayed = 0;
      let last = 0;
      return {
        get held() {
          return queue.held;
        },
        take: (frame) => {
          const varied = jitter === 0 ? duration : duration + Math.round((random.fraction() * 2 - 1) * jitter);
          // None overtakes the one in front of it.
          const time = Math.max(last, context.now() + Math.max(0, varied));
          if (!queue.push(frame, time)) return;
          last = time;
          delayed++;
        },
        clear: () => queue.clear(),
        counters: () => ({ delayed, dropped: queue.dropped }),
      };
    },
  };
}
