/*
 * A buffer whose frame goes on unseen comes back to the place in the receive ring that it was taken from: nothing is given to the
 * pool and taken from it again. DPDK calls it recycling (`rte_eth_recycle_mbufs`). Places and frames are told apart by how many
 * there are alone, so all must be in order: the places follow the receive ring's end, first those whose buffers are back, then those
 * whose frames are on their way, and no other is free; the frames follow each other in one transmit queue. Where that does not
 * hold, a frame completes like any other, and its buffer goes to the pool.
 *
 * @hot
 */

import * as memory from '@netcx/dma/memory';
import * as buffers from '@netcx/buffers';
import type { BufferPool } from '@netcx/buffers';
import type { Ring } from '@netcx/rings';
import * as frames from '../edge/frame-descriptor.ts';
import * as sources from '../rx-source.ts';
import type { RxSourceQueue } from '../rx-source.ts';

const { i32: m } = memory;
const { OWNER_NIC, releaseBuffer } = buffers;
const { FrameDescriptor } = frames;
const { attachBuffer } = sources;
/** Runs that lend nothing after frames have stayed away for too long: to settle costs as much as a few runs gain. */
const REST = 64;
/** Runs whose bytes are known together; a power of two. */
const RUNS = 8;

/** A transmit queue, as far as it knows whose buffers it sends. */
export interface Borrower {
  readonly send: Ring;
  /** Whose buffers come home from here; `undefined` when nobody's do. */
  lender: Recycler | undefined;
}

/** The places of one receive queue that wait for their buffers. */
export class Recycler {
  /** Places whose buffers are back, but not the driver's yet: the first behind the ring's end. */
  home = 0;
  /** Places behind them whose frames are on their way. */
  away = 0;
  /** Where the first of these frames stands in the transmit queue's send ring. */
  first = 0;
  /**
   * 1 while there is a buffer for the place that a ring always leaves free. As the ring turns, each place is that one at times, and
   * without a buffer of its own it would have one less than it needs: nothing is lent as long as this is 0.
   */
  spare = 0;
  /** Runs that still lend nothing, since frames stayed away for too long. */
  #resting = 0;
  /** Frames of each run that are away, and their bytes. */
  readonly #frames: number[] = new Array<number>(RUNS).fill(0);
  readonly #bytes: number[] = new Array<number>(RUNS).fill(0);
  /** Where the oldest of the runs stands, and the newest. */
  #oldest = 0;
  #newest = 0;
  #borrower: Borrower | undefined = undefined;
  readonly #fragments: Ring;
  readonly #pool: BufferPool;
  /** Where the queue's buffers are. */
  readonly queue: RxSourceQueue;

  /**
   * @param pool - the queue's buffers
   * @param queue - where they are
   */
  constructor(pool: BufferPool, queue: RxSourceQueue) {
    this.#fragments = queue.fragments;
    this.#pool = pool;
    this.queue = queue;
  }

  /**
   * Frames have gone on, and their places are free, restored to what they were.
   *
   * @param to - where they went, the last ones there
   * @param count - how many
   * @param bytes - in them
   */
  lend(to: Borrower, count: number, bytes: number): void {
    const { send } = to;
    const { away } = this;
    if (this.#fragments.freeCount !== this.home + away + count) return;
    if (this.#borrower !== to && !this.#meet(to)) return;
    if (this.#resting > 0) {
      this.#resting--;
      return;
    }
    if (this.spare === 0 && !this.#takeSpare()) return;
    const first = (send.endIndex - count) & send.mask;
    if (away === 0) this.first = first;
    else if (((this.first + away) & send.mask) !== first) return;
    this.away = (away + count) | 0;
    this.#note(away === 0, count, bytes);
  }

  /** A run more; where there is no place for it, the one before it is longer. */
  #note(first: boolean, count: number, bytes: number): void {
    const next = (this.#newest + 1) & (RUNS - 1);
    if (first) this.#oldest = this.#newest = next;
    else if (next !== this.#oldest) this.#newest = next;
    else {
      this.#frames[this.#newest]! += count;
      this.#bytes[this.#newest]! += bytes;
      return;
    }
    this.#frames[next] = count;
    this.#bytes[next] = bytes;
  }

  /** Whether neither has to do with anybody else. */
  #meet(to: Borrower): boolean {
    const { lender } = to;
    if (this.away > 0 || (lender !== undefined && lender.away > 0)) return false;
    if (this.#borrower !== undefined) this.#borrower.lender = undefined;
    if (lender !== undefined) lender.#borrower = undefined;
    this.#borrower = to;
    to.lender = this;
    return true;
  }

  /** A buffer for the place behind the ring's end; all others are the driver's, or hold what it gave back. */
  #takeSpare(): boolean {
    if (this.#pool.free === 0) return false;
    attachBuffer(this.queue, this.#fragments.endIndex, this.#pool.take(OWNER_NIC), this.#pool);
    this.spare = 1;
    return true;
  }

  /**
   * @param send - where the frames stand
   * @param count - how many have completed, from 1 up to `away`
   * @returns bytes in them
   */
  takeBack(send: Ring, count: number): number {
    let bytes = 0;
    for (let left = count; left > 0;) {
      const run = this.#frames[this.#oldest]!;
      const some = Math.min(left, run);
      const part = some === run ? this.#bytes[this.#oldest]! : lengths(send, this.first + count - left, some);
      this.#frames[this.#oldest] = run - some;
      this.#bytes[this.#oldest]! -= part;
      if (some === run) this.#oldest = (this.#oldest + 1) & (RUNS - 1);
      bytes += part;
      left -= some;
    }
    this.away = (this.away - count) | 0;
    this.home = (this.home + count) | 0;
    this.first = (this.first + count) & send.mask;
    return bytes;
  }

  /**
   * Hands places over to the driver whose buffers are back.
   *
   * @returns how many
   */
  publish(): number {
    const { home } = this;
    this.home = 0;
    this.#fragments.publish(home);
    return home;
  }

  /**
   * Frames that are on their way complete like any other from now on, and their places are free for whatever buffer there is: all
   * that are back are the driver's, and so is the spare one, since more places are free than it is for.
   *
   * @param rest - whether frames would soon be away for too long again, so that for a while nothing is lent
   * @returns how many places were handed over
   */
  settle(rest: boolean): number {
    if (rest) this.#resting = REST;
    if (this.#fragments.freeCount > this.home) {
      this.home += this.spare;
      this.spare = 0;
    }
    this.away = 0;
    return this.publish();
  }

  /** The queue stops: what is back goes to the pool. */
  close(): void {
    for (const buffer of this.heldBuffers()) releaseBuffer(buffer);
    this.away = 0;
    this.home = 0;
    this.spare = 0;
  }

  /** @returns every buffer that is back and lies in the queue */
  heldBuffers(): readonly number[] {
    const { endIndex, mask } = this.#fragments;
    const shadow = this.queue.shadow >>> 2;
    const held = new Array<number>(this.home + this.spare);
    for (let index = 0; index < held.length; index++) held[index] = m[shadow + ((endIndex + index) & mask)]!;
    return held;
  }
}

/** Bytes of frames in a row. */
function lengths(send: Ring, first: number, count: number): number {
  let bytes = 0;
  for (let index = 0; index < count; index++)
    bytes += FrameDescriptor.lengthAndFlags.get(m, send.at(first + index)) | 0; // nobody has set a flag
  return bytes;
}
