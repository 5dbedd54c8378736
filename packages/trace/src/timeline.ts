/*
 * What an adapter did when, for chrome://tracing and Perfetto: polls, callbacks, interrupts, doorbells and bursts of packets,
 * a track for each execution context and each queue. The last events are kept, as many as there is room for; recording one
 * allocates nothing.
 */

import { TracedCallback, type TracedQueue, type TraceSink } from '@netcx/adapter';
import type { ChromeEvent, ChromeTrace } from './chrome-trace.ts';
import { checkedNumber, TraceError } from './trace-error.ts';

/** What is kept. */
export interface TimelineOptions {
  /** Events to keep, the newest ones; 65,536 when left out. 40 bytes each. */
  readonly events?: number;
  /** Whether rounds of polling that found nothing to do are kept; false when left out. */
  readonly idlePolls?: boolean;
}

const EVENTS = 65_536;
const MOST_EVENTS = 2 ** 24;

/** Kinds of events; callbacks have theirs behind these. */
const POLL = 0;
const INTERRUPT = 1;
const DOORBELL = 2;
const AT_EDGE = 3;
const AT_DRIVER = 4;
const CALLBACK = 5;
const INSTANTS = ['poll', 'interrupt', 'doorbell', 'frames at the edge', 'packets at the driver'] as const;
const CALLBACKS = Object.keys(TracedCallback);

/** One event: kind, track, time, duration, count. */
const FIELDS = 5;
const MICROSECOND = 1000;

interface Track {
  readonly adapter: string;
  readonly name: string;
}

/**
 * Keeps the last events of one or more adapters.
 *
 * @example
 * ```ts
 * const timeline = new Timeline();
 * const adapter = new NetAdapter({ name: 'nic', clock, callbacks, trace: timeline, histograms: stopwatch });
 * // ... later:
 * fs.writeFileSync('timeline.json', JSON.stringify(timeline.toChromeTrace()));
 * ```
 */
export class Timeline implements TraceSink {
  readonly #events: Float64Array;
  readonly #capacity: number;
  readonly #idlePolls: boolean;
  readonly #tracks: Track[] = [];
  /** Events since the beginning. */
  #recorded = 0;

  /**
   * @param options - how much is kept
   * @throws TraceError `OPTION`
   */
  constructor(options: TimelineOptions = {}) {
    const { events = EVENTS, idlePolls = false } = options;
    this.#capacity = checkedNumber('events', events, 1, MOST_EVENTS);
    this.#events = new Float64Array(this.#capacity * FIELDS);
    this.#idlePolls = idlePolls;
  }

  /** Events that were recorded. */
  get recorded(): number {
    return this.#recorded;
  }

  /** Events that had to go for newer ones. */
  get dropped(): number {
    return Math.max(0, this.#recorded - this.#capacity);
  }

  openContext(adapter: string, context: string): number {
    return this.#track(
      adapter,
      context.startsWith(`${adapter} `) ? `${context.slice(adapter.length + 1)} polls` : context,
    );
  }

  openQueue({ adapter, direction, id }: TracedQueue): number {
    return this.#track(adapter, `${direction === 'transmit' ? 'tx' : 'rx'} ${String(id)}`);
  }

  /** A queue that comes again, after a stop and a start, goes on with the track that it had. */
  #track(adapter: string, name: string): number {
    const known = this.#tracks.findIndex((track) => track.adapter === adapter && track.name === name);
    return known >= 0 ? known : this.#tracks.push({ adapter, name }) - 1;
  }

  closeQueue(): void {
    // Its events stay, and no event looks at its rings.
  }

  poll(context: number, time: number, duration: number, work: number): void {
    if (work > 0 || this.#idlePolls) this.#record(POLL, context, time, duration, work);
  }

  callback(queue: number, which: number, time: number, duration: number): void {
    this.#record(CALLBACK + which, queue, time, duration, 0);
  }

  interrupt(queue: number, time: number): void {
    this.#record(INTERRUPT, queue, time, 0, 0);
  }

  doorbell(queue: number, time: number, count: number): void {
    this.#record(DOORBELL, queue, time, 0, count);
  }

  atEdge(queue: number, time: number, _first: number, count: number): void {
    this.#record(AT_EDGE, queue, time, 0, count);
  }

  atDriver(queue: number, time: number, _first: number, count: number): void {
    this.#record(AT_DRIVER, queue, time, 0, count);
  }

  #record(kind: number, track: number, time: number, duration: number, count: number): void {
    if (this.#tracks[track] === undefined)
      throw new TraceError('UNKNOWN_TRACK', `no track ${String(track)} in this timeline`);
    const events = this.#events;
    const at = (this.#recorded++ % this.#capacity) * FIELDS;
    events[at] = kind;
    events[at + 1] = track;
    events[at + 2] = time;
    events[at + 3] = duration;
    events[at + 4] = count;
  }

  /** @returns what is kept, oldest first, as JSON for chrome://tracing and Perfetto; times in microseconds */
  toChromeTrace(): ChromeTrace {
    const adapters = [...new Set(this.#tracks.map(({ adapter }) => adapter))];
    const pid = (adapter: string): number => adapters.indexOf(adapter) + 1;
    const names: ChromeEvent[] = [
      ...adapters.map((name): ChromeEvent => ({
        name: 'process_name',
        ph: 'M',
        pid: pid(name),
        tid: 0,
        args: { name },
      })),
      ...this.#tracks.map(({ adapter, name }, tid): ChromeEvent => ({
        name: 'thread_name',
        ph: 'M',
        pid: pid(adapter),
        tid: tid + 1,
        args: { name },
      })),
    ];
    const kept = Math.min(this.#recorded, this.#capacity);
    const events = Array.from({ length: kept }, (_, index) => this.#chromeEvent(this.#recorded - kept + index, pid));
    return {
      displayTimeUnit: 'ns',
      traceEvents: [...names, ...events],
      otherData: { recorded: this.#recorded, dropped: this.dropped },
    };
  }

  #chromeEvent(number: number, pid: (adapter: string) => number): ChromeEvent {
    const at = (number % this.#capacity) * FIELDS;
    const [kind = 0, track = 0, time = 0, duration = 0, count = 0] = this.#events.subarray(at, at + FIELDS);
    const place = { pid: pid(this.#tracks[track]?.adapter ?? ''), tid: track + 1, ts: time / MICROSECOND };
    const args = { count };
    if (kind === POLL) return { name: 'poll', cat: 'poll', ph: 'X', dur: duration / MICROSECOND, args, ...place };
    if (kind >= CALLBACK) {
      const name = CALLBACKS[kind - CALLBACK] ?? `callback ${String(kind - CALLBACK)}`;
      return { name, cat: 'callback', ph: 'X', dur: duration / MICROSECOND, ...place };
    }
    const name = INSTANTS[kind] ?? 'event';
    const cat = kind >= AT_EDGE ? 'packets' : 'device';
    return { name, cat, ph: 'i', s: 't', ...(kind === INTERRUPT ? {} : { args }), ...place };
  }
}
