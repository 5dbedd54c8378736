/*
 * A bottleneck: frames pass one behind the other at a rate, and what finds the queue full is dropped, as at a slow port
 * of a switch. A frame takes the time of its bytes on the wire, with preamble, padding, check sequence and gap.
 */

import { wireBytes } from '../burst-meter.ts';
import { whole, within } from './check.ts';
import type { Impairment } from './impairment.ts';
import { ReleaseQueue } from './release-queue.ts';

/** Options of {@link rate}. */
export interface RateOptions {
  /** Bytes of frames that may wait; the capacity of the link when left out. What comes on top is dropped. */
  readonly limit?: number;
}

/**
 * @param bitsPerSecond - 1 or more
 * @param options - limit
 * @returns the impairment `rate`, which counts `passed` and `dropped`
 * @throws HardwareError `BAD_IMPAIRMENT` for a rate or limit that is none
 */
export function rate(bitsPerSecond: number, options: RateOptions = {}): Impairment {
  within('rate', bitsPerSecond, 1, Number.MAX_SAFE_INTEGER);
  if (options.limit !== undefined) whole('rate, limit', options.limit, 1);
  const nanosecondsPerByte = 8e9 / bitsPerSecond;
  return {
    name: 'rate',
    start: (context, next) => {
      let passed = 0;
      let free = 0;
      const queue = new ReleaseQueue(
        context,
        (frame) => {
          passed++;
          next(frame);
        },
        options.limit ?? context.limit,
      );
      return {
        get held() {
          return queue.held;
        },
        take: (frame) => {
          const time = Math.max(free, context.now()) + wireBytes(frame.bytes.length) * nanosecondsPerByte;
          // Rounded only for the alarm: the rate stays exact over many frames.
          if (queue.push(frame, Math.ceil(time))) free = time;
        },
        clear: () => {
          queue.clear();
          free = 0;
        },
        counters: () => ({ passed, dropped: queue.dropped }),
      };
    },
  };
}
