/*
 * The driver's end of a ring whose framework runs in another worker: it posts and completes. What it reads of an element
 * was written before the `end` that it loaded; what it writes into one is seen by whoever loads the `begin` that it stores
 * afterwards. This end alone moves `next` and `begin` and keeps them in fields, and the `end` that it last saw with them: each
 * look at that takes a cache line from the framework's core.
 *
 * @hot
 */

import * as memory from '@netcx/dma/memory';
import * as header from './ring-header.ts';
import * as producer from './ring-producer.ts';
import * as ringModule from './ring.ts';
import * as wait from './ring-wait.ts';

const { i32: m } = memory;
const { RingHeader } = header;
const { astray, DEFAULT_POLLS, exceeded, requireShared } = producer;
const { Ring } = ringModule;
const { arm, sleepWhile, wakeArmed } = wait;

const END = RingHeader.endIndex.location.byteOffset >>> 2;
const BEGIN = RingHeader.beginIndex.location.byteOffset >>> 2;
const NEXT = RingHeader.nextIndex.location.byteOffset >>> 2;
const FRAMEWORK_ARMED = RingHeader.frameworkArmed.location.byteOffset >>> 2;
const DRIVER_ARMED = RingHeader.driverArmed.location.byteOffset >>> 2;

/**
 * The driver's end of a shared ring. There must be one at a time, and one {@link RingProducer}.
 *
 * @example
 * ```ts
 * const producer = RingProducer.attach(ring.offset, 'tx 0');
 * m[producer.at(producer.endIndex)] = 42;
 * producer.publish(1);
 * // in the other worker
 * const consumer = RingConsumer.attach(ring.offset, 'tx 0');
 * const count = consumer.wait(1000); // sleeps until there is something
 * m[consumer.at(consumer.nextIndex)]; // 42
 * consumer.post(count);
 * consumer.complete(consumer.drainCount); // one atomic store; wakes a framework that sleeps
 * producer.reapCount; // 1
 * ```
 */
export class RingConsumer {
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
  #begin: number;
  #next: number;
  /** The framework's `end` as it was last seen, and found to be where it may. */
  #end: number;

  private constructor(ring: ringModule.Ring, polls: number) {
    this.name = ring.name;
    this.header = ring.header;
    this.base = ring.base;
    this.stride = ring.stride;
    this.elements = ring.elements;
    this.mask = ring.mask;
    this.#polls = polls;
    this.#begin = ring.beginIndex;
    this.#next = ring.nextIndex;
    this.#end = this.#next;
  }

  /**
   * Opens the driver's end. The ring must lie there already, and nobody else may have this end.
   *
   * @param offset - host offset of its header
   * @param name - for messages
   * @param options - how it waits
   * @returns the end, with its indices where the ring has them
   * @throws RingError `RING_HEADER` when no ring lies there, `RING_NOT_SHARED` when no other worker can see this memory
   */
  static attach(offset: number, name: string, options: producer.SharedRingOptions = {}): RingConsumer {
    requireShared(name);
    return new RingConsumer(Ring.attach(offset, name), options.polls ?? DEFAULT_POLLS);
  }

  /** First element that is the driver's. */
  get beginIndex(): number {
    return this.#begin;
  }

  /** First element that the driver has not posted. */
  get nextIndex(): number {
    return this.#next;
  }

  /**
   * Elements that the driver may post. One atomic load: ask once a burst. Throws `INDEX_ASTRAY` when the framework's index
   * lies where no framework can have moved it.
   */
  get postCount(): number {
    const end = Atomics.load(m, this.header + END);
    const count = (end - this.#next) & this.mask;
    if (count + this.drainCount > this.mask) {
      astray(this.name, 'end', end, this.#next, (this.#begin - 1) & this.mask);
    }
    this.#end = end;
    return count;
  }

  /** Elements that the driver has posted and may drain. Nothing is loaded for it. */
  get drainCount(): number {
    return (this.#next - this.#begin) & this.mask;
  }

  /** All that are the driver's. One atomic load. */
  get driverCount(): number {
    return this.drainCount + this.postCount;
  }

  /**
   * @param index - an element's index; bits beyond the mask are dropped
   * @returns its word index in the host memory. For loops, hoist `base`, `stride` and `mask` instead
   */
  at(index: number): number {
    return (this.base + Math.imul(index & this.mask, this.stride)) | 0;
  }

  /**
   * The driver has handed `count` more elements to its device.
   *
   * @param count - elements from `nextIndex` on, up to `postCount`
   * @throws RingError `RANGE_EXCEEDED`; nothing moves
   */
  post(count: number): void {
    const next = this.#next;
    if (count >>> 0 !== count || (count > ((this.#end - next) & this.mask) && count > this.postCount))
      exceeded(this.name, 'post', count, this.postCount);
    const moved = (next + count) & this.mask;
    this.#next = moved;
    m[this.header + NEXT] = moved; // for whoever describes the ring; the framework's end never reads it
  }

  /**
   * Gives `count` elements back, and wakes the framework if it has armed itself. A driver that does not use `next` finds
   * it moved along.
   *
   * @param count - elements from `beginIndex` on, up to `driverCount`
   * @returns whether the framework had armed itself: one that does not block in `wait` must be called by other means
   * @throws RingError `RANGE_EXCEEDED`; nothing moves
   */
  complete(count: number): boolean {
    const begin = this.#begin;
    const posted = this.drainCount;
    if (count >>> 0 !== count || (count > ((this.#end - begin) & this.mask) && count > this.driverCount))
      exceeded(this.name, 'complete', count, this.driverCount);
    const moved = (begin + count) & this.mask;
    if (count > posted) {
      this.#next = moved;
      m[this.header + NEXT] = moved;
    }
    this.#begin = moved;
    Atomics.store(m, this.header + BEGIN, moved);
    return wakeArmed(this.header + FRAMEWORK_ARMED);
  }

  /**
   * Sleeps, blocking the worker, until the framework has published something, for a time at most. It may return early:
   * call it in a loop.
   *
   * @param timeout - milliseconds; for ever when left out
   * @returns `postCount`
   */
  wait(timeout = Infinity): number {
    const { header } = this;
    sleepWhile(header + DRIVER_ARMED, header + END, this.#next, this.#polls, timeout);
    return this.postCount;
  }

  /**
   * Asks to be told of the next elements that come: the framework's `publish` then returns `true`, once. For an end that
   * waits for an event of its own, through a clock or for a message, and must not block.
   *
   * @returns whether it may go to wait; `false` when there is something to post already
   */
  arm(): boolean {
    return arm(this.header + DRIVER_ARMED, this.header + END, this.#next);
  }
}
