/*
 * The framework's end of a ring whose driver runs in another worker: it publishes and reaps. Elements are written with
 * plain stores; then `end` is stored once for the burst, atomically, and whoever loads that value sees all that was
 * written before. This end alone moves `end` and `processed` and keeps them in fields, so nothing that the other worker
 * writes can move them. It keeps the `begin` that it last saw as well: each look takes a cache line from the driver's core.
 *
 * @hot
 */

import * as memory from '@netcx/dma/memory';
import * as error from './ring-error.ts';
import * as header from './ring-header.ts';
import * as ringModule from './ring.ts';
import * as wait from './ring-wait.ts';

const { i32: m } = memory;
const { RingError } = error;
const { RingHeader } = header;
const { Ring } = ringModule;
const { arm, sleepWhile, wakeArmed } = wait;

const END = RingHeader.endIndex.location.byteOffset >>> 2;
const PROCESSED = RingHeader.processedIndex.location.byteOffset >>> 2;
const BEGIN = RingHeader.beginIndex.location.byteOffset >>> 2;
const FRAMEWORK_ARMED = RingHeader.frameworkArmed.location.byteOffset >>> 2;
const DRIVER_ARMED = RingHeader.driverArmed.location.byteOffset >>> 2;

/**
 * How an end of a shared ring waits.
 *
 * @example
 * ```ts
 * const patient: SharedRingOptions = { polls: 10_000 }; // on a core of its own
 * RingProducer.attach(ring.offset, 'tx 0', patient).freeCount; // 7
 * ```
 */
export interface SharedRingOptions {
  /** How often to look at the other side's index before sleeping; 1000 when left out, about what a wake-up takes. */
  readonly polls?: number;
}

/** How often an end looks before it sleeps. */
export const DEFAULT_POLLS = 1000;

/**
 * The framework's end of a shared ring. There must be one at a time, and one {@link RingConsumer}.
 *
 * @example
 * ```ts
 * // in the worker that made the ring; the other one is handed `ring.offset` and the memory
 * const producer = RingProducer.attach(ring.offset, 'tx 0');
 * for (let count = 0; count < 3; count++) m[producer.at(producer.endIndex + count)] = count;
 * producer.publish(3); // one atomic store; wakes a driver that sleeps
 * producer.freeCount; // 4
 * // later: what the driver gave back
 * producer.wait(0);
 * producer.reap(producer.reapCount);
 * ```
 */
export class RingProducer {
  /** For messages. */
  readonly name: string;
  /** Word index of the header. */
  readonly header: number;
  /** Word index of element 0. */
  readonly base: number;
  /** Words from one element to the next. */
  readonly stride: number;
  /** Number of elements, a power of two. */
  readonly elements: number;
  /** `elements - 1`: what an index is masked with. */
  readonly mask: number;
  readonly #polls: number;
  #end: number;
  #processed: number;
  /** The driver's `begin` as it was last seen, and found to be where it may. */
  #begin: number;

  private constructor(ring: ringModule.Ring, polls: number) {
    this.name = ring.name;
    this.header = ring.header;
    this.base = ring.base;
    this.stride = ring.stride;
    this.elements = ring.elements;
    this.mask = ring.mask;
    this.#polls = polls;
    this.#end = ring.endIndex;
    this.#processed = ring.processedIndex;
    this.#begin = this.#processed;
  }

  /**
   * Opens the framework's end. The ring must lie there already, and nobody else may have this end.
   *
   * @param offset - host offset of its header
   * @param name - for messages
   * @param options - how it waits
   * @returns the end, with its indices where the ring has them
   * @throws RingError `RING_HEADER` when no ring lies there, `RING_NOT_SHARED` when no other worker can see this memory
   */
  static attach(offset: number, name: string, options: SharedRingOptions = {}): RingProducer {
    requireShared(name);
    return new RingProducer(Ring.attach(offset, name), options.polls ?? DEFAULT_POLLS);
  }

  /** One past the last element that is the driver's: the next one to fill. */
  get endIndex(): number {
    return this.#end;
  }

  /** First element that was given back and is not reaped. */
  get processedIndex(): number {
    return this.#processed;
  }

  /** Elements that may be filled and published. Reaping makes more; nothing is loaded for it. */
  get freeCount(): number {
    return (this.#processed - 1 - this.#end) & this.mask;
  }

  /**
   * Elements that the driver gave back. One atomic load: ask once a burst. Throws `INDEX_ASTRAY` when the driver's index
   * lies where no driver can have moved it.
   */
  get reapCount(): number {
    const processed = this.#processed;
    const begin = Atomics.load(m, this.header + BEGIN);
    const count = (begin - processed) & this.mask;
    if (count > ((this.#end - processed) & this.mask)) astray(this.name, 'begin', begin, processed, this.#end);
    this.#begin = begin;
    return count;
  }

  /**
   * @param index - an element's index; bits beyond the mask are dropped
   * @returns its word index in the host memory. For loops, hoist `base`, `stride` and `mask` instead
   */
  at(index: number): number {
    return (this.base + Math.imul(index & this.mask, this.stride)) | 0;
  }

  /**
   * Hands `count` filled elements to the driver, and wakes it if it has armed itself.
   *
   * @param count - elements from `endIndex` on, up to `freeCount`
   * @returns whether the driver had armed itself: one that does not block in `wait` must be called by other means
   * @throws RingError `RANGE_EXCEEDED`; nothing moves
   */
  publish(count: number): boolean {
    const end = this.#end;
    if (count >>> 0 !== count || count > ((this.#processed - 1 - end) & this.mask))
      exceeded(this.name, 'publish', count, this.freeCount);
    const moved = (end + count) & this.mask;
    this.#end = moved;
    Atomics.store(m, this.header + END, moved);
    return wakeArmed(this.header + DRIVER_ARMED);
  }

  /**
   * Takes back `count` elements that the driver completed; they are free from now on.
   *
   * @param count - elements from `processedIndex` on, up to `reapCount`
   * @throws RingError `RANGE_EXCEEDED`, or `INDEX_ASTRAY` for what the driver wrote; nothing moves
   */
  reap(count: number): void {
    const processed = this.#processed;
    if (count >>> 0 !== count || (count > ((this.#begin - processed) & this.mask) && count > this.reapCount))
      exceeded(this.name, 'reap', count, this.reapCount);
    const moved = (processed + count) & this.mask;
    this.#processed = moved;
    m[this.header + PROCESSED] = moved; // for whoever describes the ring; the driver's end never reads it
  }

  /**
   * Sleeps, blocking the worker, until the driver has given something back, for a time at most. It may return early:
   * call it in a loop.
   *
   * @param timeout - milliseconds; for ever when left out
   * @returns `reapCount`
   */
  wait(timeout = Infinity): number {
    const { header } = this;
    sleepWhile(header + FRAMEWORK_ARMED, header + BEGIN, this.#processed, this.#polls, timeout);
    return this.reapCount;
  }

  /**
   * Asks to be told of the next elements that come back: the driver's `complete` then returns `true`, once. For an end
   * that waits for an event of its own, through a clock or for a message, and must not block.
   *
   * @returns whether it may go to wait; `false` when there is something to reap already
   */
  arm(): boolean {
    return arm(this.header + FRAMEWORK_ARMED, this.header + BEGIN, this.#processed);
  }
}

/**
 * @param name - whose ring
 * @throws RingError `RING_NOT_SHARED` when the host memory is this worker's alone
 */
export function requireShared(name: string): void {
  if (memory.buffer instanceof SharedArrayBuffer) return;
  throw new RingError('RING_NOT_SHARED', `${name}: the host memory is an ArrayBuffer; expected a SharedArrayBuffer`);
}

/**
 * @param name - whose ring
 * @param verb - what was asked
 * @param count - for how many elements
 * @param most - how many there are
 * @throws RingError `RANGE_EXCEEDED`
 */
export function exceeded(name: string, verb: string, count: number, most: number): never {
  throw new RingError(
    'RANGE_EXCEEDED',
    `${name}: ${verb}(${String(count)}), but at most ${String(most)} elements may move`,
  );
}

/**
 * @param name - whose ring
 * @param index - which of the other side's indices
 * @param value - what it is
 * @param from - the lowest that it may be
 * @param to - the highest, modulo the ring's size
 * @throws RingError `INDEX_ASTRAY`
 */
export function astray(name: string, index: string, value: number, from: number, to: number): never {
  throw new RingError(
    'INDEX_ASTRAY',
    `${name}: the other side's ${index} is ${String(value)}; expected ${String(from)} to ${String(to)}`,
  );
}
