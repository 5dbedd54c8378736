/*
 * How long an execution context's rounds and the driver's callbacks in them took, and who else wants to know. A context has
 * one only if it is watched.
 */

import { Histogram, type HistogramSummary } from './histogram.ts';
import type { TraceSink } from './trace-sink.ts';

/** What a watch measures by, and whom it tells. */
export interface WatchOptions {
  /** @returns the adapter's time, in nanoseconds: when something happens */
  readonly now: () => number;
  /** @returns nanoseconds, from any beginning: how long something takes. In virtual time nothing takes any */
  readonly stopwatch: () => number;
  /** Whether durations are kept in histograms. */
  readonly histograms: boolean;
  /** Who is told; `undefined` = nobody. */
  readonly sink: TraceSink | undefined;
}

/** What the histograms of a context say in short, in nanoseconds. */
export interface ContextTimesSummary {
  /** Rounds of polling, idle ones included. */
  readonly poll: HistogramSummary;
  /** Calls to the drivers of the queues that are polled here. */
  readonly callback: HistogramSummary;
}

/** The times of one execution context. */
export class ContextTimes {
  /** Nanoseconds of each round. */
  readonly poll = new Histogram();
  /** Nanoseconds of each call to a driver. */
  readonly callback = new Histogram();
  readonly #options: WatchOptions;
  readonly #track: number;

  /**
   * @param adapter - whose context
   * @param name - the context's
   * @param options - stopwatch and sink
   */
  constructor(adapter: string, name: string, options: WatchOptions) {
    this.#options = options;
    this.#track = options.sink?.openContext(adapter, name) ?? 0;
  }

  /** @returns what the stopwatch says, for `pollEnded` */
  began(): number {
    return this.#options.stopwatch();
  }

  /**
   * @param start - what `began` returned
   * @param work - how many packets moved
   */
  pollEnded(start: number, work: number): void {
    const { now, stopwatch, histograms, sink } = this.#options;
    const duration = stopwatch() - start;
    if (histograms) this.poll.record(duration);
    sink?.poll(this.#track, now() - (stopwatch === now ? duration : 0), duration, work);
  }

  /** @returns both histograms in short */
  summary(): ContextTimesSummary {
    return { poll: this.poll.summary(), callback: this.callback.summary() };
  }
}
