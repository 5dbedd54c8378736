/*
 * The sending end of a burst ring: hands out wire memory to write frames into, and sends what was written with one atomic store.
 * Which bursts are on their way is kept here, so that nothing the other side writes decides which memory is free.
 */

import { i32 as m } from '@netcx/dma/memory';
import { RingProducer } from '@netcx/rings';
import { Burst, type BurstRingPlace } from './burst-ring.ts';

/** Sends bursts to another thread. */
export class BurstSender {
  /** Bytes behind the last reservation. */
  available = 0;
  readonly #producer: RingProducer;
  readonly #start: number;
  readonly #end: number;
  /** Where each burst begins that is on its way, by its descriptor's index. */
  readonly #begins: Int32Array;
  /** Where the last burst ends. */
  #tail: number;
  #reserved = -1;

  /**
   * @param place - where the ring lies
   * @param name - for messages
   * @throws RingError when no ring lies there, or memory is not shared
   */
  constructor(place: BurstRingPlace, name: string) {
    this.#producer = RingProducer.attach(place.ring, name);
    this.#start = place.data;
    this.#end = place.data + place.capacity;
    this.#tail = place.data;
    this.#begins = new Int32Array(this.#producer.elements);
  }

  /** Whether nothing is on its way. */
  get idle(): boolean {
    const producer = this.#producer;
    producer.reap(producer.reapCount);
    return producer.freeCount === producer.mask;
  }

  /**
   * @param bytes - the least that is of use
   * @returns byte offset of a free piece of wire memory with `available` bytes, a multiple of 8; -1 when there is none
   * @throws RingError `INDEX_ASTRAY` for what the other side wrote
   */
  reserve(bytes: number): number {
    const producer = this.#producer;
    const back = producer.reapCount;
    if (back > 0) producer.reap(back);
    let at = this.#tail;
    let limit = this.#end;
    if (producer.freeCount === producer.mask) {
      at = this.#start;
    } else {
      const head = this.#begins[producer.processedIndex]!;
      if (at <= head) limit = head;
      else if (limit - at < bytes) {
        at = this.#start;
        limit = head;
      }
    }
    if (limit - at < bytes || producer.freeCount === 0) {
      this.#reserved = -1;
      this.available = 0;
      return -1;
    }
    this.#reserved = at;
    this.available = limit - at;
    return at;
  }

  /**
   * Sends what was written into the reservation.
   *
   * @param frames - how many, 1 or more
   * @param bytes - what they take, up to `available`
   * @param time - when they are sent, nanoseconds
   * @returns whether the other side sleeps and must be told
   */
  commit(frames: number, bytes: number, time: number): boolean {
    const producer = this.#producer;
    const index = producer.endIndex;
    const at = producer.at(index);
    Burst.offset.set(m, at, this.#reserved);
    Burst.bytes.set(m, at, bytes);
    Burst.frames.set(m, at, frames);
    Burst.time.set(m, at, time);
    this.#begins[index] = this.#reserved;
    this.#tail = (this.#reserved + bytes + 7) & ~7;
    this.#reserved = -1;
    return producer.publish(1);
  }

  /**
   * Asks to be told when there is more room.
   *
   * @returns false when there is already
   */
  arm(): boolean {
    return this.#producer.arm();
  }
}
