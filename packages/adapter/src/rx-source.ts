/*
 * Where the buffers of a receive queue's fragments come from, when the straight line of rx-supply.ts is not the way: pools
 * that are checked or have headroom (here), buffers of the driver's own, and the system's that a driver attaches. Whoever
 * brings them, a fragment's buffer stands in the queue's shadow by the time that it is shown, with one reference for it.
 */

import { BufferEntry, NO_BUFFER, OWNER_NIC, type BufferPool } from '@netcx/buffers';
import { i32 as m } from '@netcx/dma/memory';
import { LogicalAddress, VirtualAddress } from '@netcx/extensions';
import { Fragment, type Ring } from '@netcx/rings';

/** Brings buffers to the fragments of one receive queue. */
export interface RxSource {
  /** Whether each fragment that comes back must be looked at closely, since a driver said where it lies. */
  readonly inspects: boolean;
  /** Whether there are places for buffers and no buffers. */
  readonly starved: boolean;
  /**
   * Hands over as many fragments, and buffers, as there are.
   *
   * @returns how many
   */
  attach(): number;
  /** Takes over what a driver attached to fragments that it has given back since the last time. */
  adopt(): void;
  /**
   * Asks for one call once it may not be starved any more, or has something to tell the driver.
   *
   * @param notify - wakes the queue
   */
  awaitBuffers(notify: () => void): void;
  /** @returns buffers that it gave out and that lie in no fragment */
  heldBuffers(): Iterable<number>;
  /** The queue has stopped: whatever it gave out is taken back. */
  stop(): void;
}

/** Where a queue's fragments are, as a source needs it. */
export interface RxSourceQueue {
  readonly fragments: Ring;
  /** Byte offsets of extensions in a fragment element; 0 = absent. */
  readonly virtualAddress: number;
  readonly logicalAddress: number;
  /** Host offset of one word for each fragment element: its buffer. */
  readonly shadow: number;
}

/** The system's buffers, taken one by one: from a pool that is checked, or that leaves bytes free in front of frames. */
export class CarefulSource implements RxSource {
  readonly inspects: boolean;
  readonly #pool: BufferPool;
  readonly #queue: RxSourceQueue;

  /**
   * @param pool - the buffers
   * @param queue - the fragments
   */
  constructor(pool: BufferPool, queue: RxSourceQueue) {
    this.#pool = pool;
    this.#queue = queue;
    this.inspects = pool.checked;
  }

  get starved(): boolean {
    return this.#queue.fragments.freeCount > 0 && this.#pool.free === 0;
  }

  attach(): number {
    const { fragments } = this.#queue;
    const count = Math.min(fragments.freeCount, this.#pool.free);
    for (let index = 0; index < count; index++) {
      const buffer = this.#pool.take(OWNER_NIC); // throws, in a checked pool, when somebody wrote to it
      attachBuffer(this.#queue, fragments.endIndex, buffer, this.#pool);
      fragments.publish(1);
    }
    return count;
  }

  adopt(): void {
    // The system attached every buffer itself.
  }

  awaitBuffers(notify: () => void): void {
    if (this.starved) this.#pool.awaitBuffer(notify);
  }

  heldBuffers(): Iterable<number> {
    return [];
  }

  stop(): void {
    // Every buffer lies in a fragment.
  }
}

/**
 * @param capacity - bytes of a buffer that the NIC may write
 * @returns the first word of 64 bits of a fragment that no driver has seen: the capacity, and nothing else
 */
export const freshFragment = (capacity: number): bigint => BigInt(capacity) << BigInt(Fragment.capacity.location.low);

/**
 * Says where a buffer is, in a fragment that the driver does not have yet.
 *
 * @param queue - whose fragment
 * @param index - the fragment
 * @param buffer - what it is to have
 * @param pool - the buffer's
 */
export function attachBuffer(queue: RxSourceQueue, index: number, buffer: number, pool: BufferPool): void {
  const { fragments, virtualAddress, logicalAddress, shadow } = queue;
  const { headroom, capacity } = pool;
  const f = fragments.at(index);
  Fragment.whole.set(m, f, 0);
  Fragment.capacity.set(m, f, capacity - headroom);
  if (virtualAddress !== 0)
    VirtualAddress.address.set(m, f, virtualAddress, BufferEntry.address.get(m, buffer) + headroom);
  if (logicalAddress !== 0) {
    // A pool never crosses 4 GiB of logical addresses: the high word is the same behind the headroom.
    LogicalAddress.address.low.set(m, f, logicalAddress, BufferEntry.logicalLow.get(m, buffer) + headroom);
    LogicalAddress.address.high.set(m, f, logicalAddress, BufferEntry.logicalHigh.get(m, buffer));
  }
  m[(shadow >>> 2) + (index & fragments.mask)] = buffer;
}

/**
 * @param fragments - the fragment ring
 * @param shadow - word index of the first fragment's word: its buffer
 * @yields the buffers in fragments that the driver has, or that have come back and were not shown
 */
export function* attachedBuffers(fragments: Ring, shadow: number): Generator<number> {
  const { processedIndex, endIndex, mask } = fragments;
  for (let index = processedIndex; index !== endIndex; index = (index + 1) & mask) {
    const buffer = m[shadow + index]!;
    if (buffer !== NO_BUFFER) yield buffer;
  }
}

/**
 * Zeroes a fragment that a driver will fill, and forgets its buffer.
 *
 * @param fragments - the fragment ring
 * @param index - the fragment
 * @param shadow - host offset of the first fragment's word: its buffer
 */
export function clearFragment(fragments: Ring, index: number, shadow: number): void {
  const f = fragments.at(index);
  m.fill(0, f, f + fragments.stride);
  m[(shadow >>> 2) + (index & fragments.mask)] = NO_BUFFER;
}
