/*
 * What of an adapter is watched, as it was asked for when the adapter was made: the one thing that hands out watches to
 * contexts and queues. There is none when nothing was asked for, and then nothing is measured.
 */

import type { Clock } from '@netcx/clock';
import { ContextTimes, type WatchOptions } from './context-times.ts';
import { QueueWatch, type WatchedQueue } from './queue-watch.ts';
import type { TraceSink } from './trace-sink.ts';

/** What shall be watched. */
export interface AdapterWatchOptions {
  /** For messages. */
  readonly name: string;
  readonly clock: Clock;
  /** Who is told of everything; nobody when left out. */
  readonly trace?: TraceSink;
  /** Whether durations are kept, and by which stopwatch; not when left out. */
  readonly histograms?: boolean | (() => number);
}

/** Hands out watches. */
export class AdapterWatch {
  readonly #name: string;
  readonly #options: WatchOptions;

  private constructor(name: string, options: WatchOptions) {
    this.#name = name;
    this.#options = options;
  }

  /**
   * @param options - what shall be watched
   * @returns the watch, or `undefined` when nothing shall be
   */
  static of(options: AdapterWatchOptions): AdapterWatch | undefined {
    const { name, clock, trace, histograms = false } = options;
    if (trace === undefined && histograms === false) return undefined;
    const now = (): number => clock.now();
    const stopwatch = typeof histograms === 'function' ? histograms : now;
    return new AdapterWatch(name, { now, stopwatch, histograms: histograms !== false, sink: trace });
  }

  /**
   * @param name - an execution context's
   * @returns its times
   */
  context(name: string): ContextTimes {
    return new ContextTimes(this.#name, name, this.#options);
  }

  /**
   * @param queue - a queue of this adapter, new
   * @returns its watch
   */
  queue(queue: Omit<WatchedQueue, 'adapter'>): QueueWatch {
    return new QueueWatch({ adapter: this.#name, ...queue }, this.#options);
  }
}
