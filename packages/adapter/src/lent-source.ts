/*
 * Receive buffers that the driver allocates and attaches: it writes virtual address, capacity and return context of each
 * fragment that it gives back, and hears of each one, once, when nobody holds it any more. Follows NetAdapterCx's
 * driver-managed mode (reference netadaptercx §2.6, §4.1, §4.5).
 */

import { NO_BUFFER, OWNER_NIC, type LentBuffers } from '@netcx/buffers';
import { i32 as m } from '@netcx/dma/memory';
import { ReturnContext, VirtualAddress } from '@netcx/extensions';
import { Fragment } from '@netcx/rings';
import { clearFragment, type RxSource, type RxSourceQueue } from './rx-source.ts';

/** The driver's own buffers. */
export class LentSource implements RxSource {
  readonly inspects = true;
  readonly #lent: LentBuffers;
  readonly #queue: RxSourceQueue;
  readonly #returnContext: number;
  /** First fragment that was given back and not looked at. */
  #adopted = 0;

  /**
   * @param lent - places for them
   * @param queue - the fragments
   * @param returnContext - byte offset of the return context in a fragment element
   */
  constructor(lent: LentBuffers, queue: RxSourceQueue, returnContext: number) {
    this.#lent = lent;
    this.#queue = queue;
    this.#returnContext = returnContext;
  }

  get starved(): boolean {
    return this.#queue.fragments.freeCount > 0 && this.#lent.free === 0;
  }

  /**
   * Each empty fragment goes out with a place for what it will bring, so that none is missing when it comes back.
   *
   * @returns how many fragments
   */
  attach(): number {
    const { fragments, shadow } = this.#queue;
    this.#lent.collect();
    const count = Math.min(fragments.freeCount, this.#lent.free);
    for (let index = 0; index < count; index++) {
      const at = (fragments.endIndex + index) & fragments.mask;
      clearFragment(fragments, at, shadow);
      m[(shadow >>> 2) + at] = this.#lent.take(OWNER_NIC);
    }
    fragments.publish(count);
    return count;
  }

  adopt(): void {
    const { fragments, virtualAddress, shadow } = this.#queue;
    const { beginIndex, mask } = fragments;
    for (let index = this.#adopted; index !== beginIndex; index = (index + 1) & mask) {
      const f = fragments.at(index);
      const place = m[(shadow >>> 2) + index]!;
      const address = VirtualAddress.address.get(m, f, virtualAddress);
      const capacity = Fragment.capacity.get(m, f);
      if (place === NO_BUFFER || (address === 0 && capacity === 0)) continue; // it brings nothing
      const { low, high } = ReturnContext.context;
      this.#lent.lend(
        place,
        address,
        capacity,
        low.get(m, f, this.#returnContext),
        high.get(m, f, this.#returnContext),
      );
      // What is not host memory has no capacity now: the packet that refers to it is dropped.
    }
    this.#adopted = beginIndex;
    this.#lent.collect();
  }

  awaitBuffers(notify: () => void): void {
    this.#lent.awaitBuffer(notify); // starved or not: the driver wants to hear
  }

  heldBuffers(): Iterable<number> {
    return [];
  }

  stop(): void {
    this.#lent.collect();
  }
}
