/*
 * Receive buffers that the system allocates and the driver attaches: they are on offer in the queue's data-buffer ring, and
 * the driver puts the handle of one into each fragment that it gives back. A buffer may be attached to several fragments,
 * as long as its place in the ring is not given back; it is free once that is and every fragment was released. Follows
 * reference netadaptercx §4.4; every handle is checked before it is believed.
 */

import {
  BufferEntry,
  handOver,
  OWNER_NIC,
  OWNER_PROTOCOL,
  releaseBuffer,
  retainBuffer,
  type BufferPool,
} from '@netcx/buffers';
import { i32 as m } from '@netcx/dma/memory';
import { DataBuffer, VirtualAddress } from '@netcx/extensions';
import { defineStruct, u64 } from '@netcx/layout';
import { Fragment, type Ring } from '@netcx/rings';
import { clearFragment, type RxSource, type RxSourceQueue } from './rx-source.ts';

/**
 * An element of the data-buffer ring: a buffer on offer, and where it lies. The driver reads it, and moves the ring's indices.
 *
 * @example
 * ```ts
 * const { dataBuffers } = queue.rings;
 * const offer = dataBuffers.at(dataBuffers.nextIndex);
 * OfferedBuffer.logicalAddress.low.get(i32, offer); // for the NIC's descriptor
 * OfferedBuffer.handle.get(i32, offer); // for the fragment's data-buffer extension, when a frame has come
 * ```
 */
// prettier-ignore
export const OfferedBuffer = defineStruct('OfferedBuffer', 24, {
  handle:         u64(0),  // the system buffer's own: what the driver writes into a fragment's data-buffer extension
  hostOffset:     u64(8),  // where the buffer begins for the driver
  logicalAddress: u64(16), // and for its NIC
});

/** Bytes of an element of the data-buffer ring. */
export const OFFERED_BUFFER_BYTES = 24;

/** The system's buffers, on offer. */
export class OfferedSource implements RxSource {
  readonly inspects = true;
  readonly #pool: BufferPool;
  readonly #queue: RxSourceQueue;
  readonly #offers: Ring;
  readonly #dataBuffer: number;
  /** Handles by their place in the ring: what lies there the driver may have written over. */
  readonly #handles: Int32Array;
  /** First fragment that was given back and not looked at. */
  #adopted = 0;

  /**
   * @param pool - the buffers
   * @param queue - the fragments
   * @param offers - the data-buffer ring
   * @param dataBuffer - byte offset of the data-buffer extension in a fragment element
   */
  constructor(pool: BufferPool, queue: RxSourceQueue, offers: Ring, dataBuffer: number) {
    this.#pool = pool;
    this.#queue = queue;
    this.#offers = offers;
    this.#dataBuffer = dataBuffer;
    this.#handles = new Int32Array(offers.elements);
  }

  get starved(): boolean {
    return this.#offers.freeCount > 0 && this.#pool.free === 0;
  }

  attach(): number {
    const { fragments, shadow } = this.#queue;
    const offers = this.#offers;
    const { headroom } = this.#pool;
    const offered = Math.min(offers.freeCount, this.#pool.free);
    for (let index = 0; index < offered; index++) {
      const buffer = this.#pool.take(OWNER_NIC); // throws, in a checked pool, when somebody wrote to it
      const e = offers.at(offers.endIndex);
      this.#handles[offers.endIndex] = buffer;
      OfferedBuffer.handle.set(m, e, buffer);
      OfferedBuffer.hostOffset.set(m, e, BufferEntry.address.get(m, buffer) + headroom);
      OfferedBuffer.logicalAddress.low.set(m, e, BufferEntry.logicalLow.get(m, buffer) + headroom);
      OfferedBuffer.logicalAddress.high.set(m, e, BufferEntry.logicalHigh.get(m, buffer));
      offers.publish(1);
    }
    const places = fragments.freeCount;
    for (let index = 0; index < places; index++) clearFragment(fragments, fragments.endIndex + index, shadow);
    fragments.publish(places);
    return offered + places;
  }

  adopt(): void {
    const { fragments, virtualAddress, shadow } = this.#queue;
    const { beginIndex, mask } = fragments;
    for (let index = this.#adopted; index !== beginIndex; index = (index + 1) & mask) {
      const f = fragments.at(index);
      const buffer = DataBuffer.buffer.get(m, f, this.#dataBuffer);
      // A handle that is not on offer, or a capacity that the buffer has not: the packet that refers to it is dropped.
      if (!this.#onOffer(buffer) || Fragment.capacity.get(m, f) > this.#pool.capacity - this.#pool.headroom) continue;
      retainBuffer(buffer);
      VirtualAddress.address.set(m, f, virtualAddress, BufferEntry.address.get(m, buffer) + this.#pool.headroom);
      m[(shadow >>> 2) + index] = buffer;
    }
    this.#adopted = beginIndex;
    this.#withdraw(this.#offers.reapCount);
  }

  #onOffer(buffer: number): boolean {
    return this.#pool.isHeld(buffer) && BufferEntry.owner.get(m, buffer) === OWNER_NIC;
  }

  /** The driver is done with the oldest offers: what hangs on fragments lives on there. */
  #withdraw(count: number): void {
    const offers = this.#offers;
    for (let index = 0; index < count; index++) {
      const at = (offers.processedIndex + index) & offers.mask;
      const buffer = this.#handles[at]!;
      const e = offers.at(at);
      m.fill(0, e, e + offers.stride);
      handOver(buffer, OWNER_PROTOCOL);
      releaseBuffer(buffer);
    }
    offers.reap(count);
  }

  awaitBuffers(notify: () => void): void {
    if (this.starved) this.#pool.awaitBuffer(notify);
  }

  /** @yields the buffers on offer */
  *heldBuffers(): Generator<number> {
    const { processedIndex, endIndex, mask } = this.#offers;
    for (let index = processedIndex; index !== endIndex; index = (index + 1) & mask) yield this.#handles[index]!;
  }

  stop(): void {
    this.#withdraw(this.#offers.reapCount);
  }
}
