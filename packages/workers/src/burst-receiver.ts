/*
 * The receiving end of a burst ring. What a descriptor says was written by another thread, and is checked before anybody believes
 * it: the frames lie in the ring's memory, fill the burst, and none is longer than a frame can be.
 *
 * @hot
 */

import * as memory from '@netcx/dma/memory';
import * as wire from '@netcx/hardware/wire';
import * as rings from '@netcx/rings';
import * as bursts from './burst-ring.ts';
import * as errors from './worker-error.ts';

const { i32: m } = memory;
const { i32: w, Frame, FRAME_HEADER_BYTES } = wire;
const { RingConsumer } = rings;
const { Burst } = bursts;
const { WorkerError } = errors;
/** Longest frame that anything here sends: 64 KiB, as the lengths of IP have it. */
const LONGEST_FRAME = 65_535;

/** Receives bursts from another thread. */
export class BurstReceiver {
  /** Of the burst that `next` found: byte offset of its first frame's header in wire memory. */
  offset = 0;
  /** Of the same: bytes that its frames take. */
  bytes = 0;
  /** Of the same: how many. */
  frames = 0;
  /** Of the same: when it was sent, nanoseconds of its sender's clock. */
  time = 0;
  readonly #name: string;
  readonly #consumer: rings.RingConsumer;
  readonly #start: number;
  readonly #end: number;

  /**
   * @param place - where the ring lies
   * @param name - for messages
   * @throws RingError when no ring lies there, or memory is not shared
   */
  constructor(place: bursts.BurstRingPlace, name: string) {
    this.#name = name;
    this.#consumer = RingConsumer.attach(place.ring, name);
    this.#start = place.data;
    this.#end = place.data + place.capacity;
  }

  /**
   * Looks at the first burst that is not done: `offset`, `bytes`, `frames` and `time` tell of it.
   *
   * @returns false when there is none
   * @throws WorkerError `BAD_BURST`, RingError `INDEX_ASTRAY`: the other side has written what cannot be
   */
  next(): boolean {
    const consumer = this.#consumer;
    if (consumer.postCount === 0) return false;
    const at = consumer.at(consumer.nextIndex);
    this.offset = Burst.offset.get(m, at);
    this.bytes = Burst.bytes.get(m, at);
    this.frames = Burst.frames.get(m, at);
    this.time = Burst.time.get(m, at);
    this.#check();
    return true;
  }

  /**
   * The burst is done with; its memory is the sender's again.
   *
   * @returns whether the other side waits for room and must be told
   */
  done(): boolean {
    return this.#consumer.complete(1);
  }

  /**
   * Asks to be told of the next burst.
   *
   * @returns false when there is one already
   */
  arm(): boolean {
    return this.#consumer.arm();
  }

  #check(): void {
    const { offset, bytes, frames } = this;
    if (offset < this.#start || offset % 8 !== 0 || offset + bytes > this.#end || frames === 0)
      this.#refuse(`expected frames from ${String(this.#start)} to ${String(this.#end)}`);
    const end = (offset + bytes) | 0;
    let at = offset | 0;
    for (let left = frames; left > 0; left--) {
      const length = at + FRAME_HEADER_BYTES <= end ? Frame.length.get(w, at >> 2) : 0;
      if (length === 0 || length > LONGEST_FRAME)
        this.#refuse(`frame ${String(frames - left)} has ${String(length)} bytes`);
      at = (at + FRAME_HEADER_BYTES + length + 7) & ~7;
    }
    if (at !== end) this.#refuse(`its frames end at ${String(at)}`);
  }

  #refuse(reason: string): never {
    const { offset, bytes, frames } = this;
    throw new WorkerError(
      'BAD_BURST',
      `${this.#name}: ${String(frames)} frames in ${String(bytes)} bytes at ${String(offset)}; ${reason}`,
    );
  }
}
