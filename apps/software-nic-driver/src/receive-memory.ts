/*
 * The NIC's own receive buffers: slots of one run of host memory. A slot is free, or holds a frame that has arrived and was
 * not shown, or is lent to the protocols above; it becomes free again when the framework says that nobody holds it.
 */

import { hostPages } from '@netcx/dma';

/** Bytes of each buffer: what the longest frame needs, and more. */
export const SLOT_BYTES = 2048;

/** A frame that has arrived. */
export interface ArrivedFrame {
  /** Number of the buffer that it lies in. */
  readonly slot: number;
  /** Its bytes. */
  readonly length: number;
}

/** Buffers that a driver allocates itself. */
export class ReceiveMemory {
  readonly #start: number;
  readonly #free: number[];
  readonly #arrived: ArrivedFrame[] = [];

  /**
   * @param slots - how many frames the NIC can hold, those included that the protocols above hold
   * @param owner - for leak reports
   */
  constructor(slots: number, owner: string) {
    this.#start = hostPages.allocate(slots * SLOT_BYTES, { owner });
    this.#free = Array.from({ length: slots }, (_, slot) => slot);
  }

  /**
   * @param slot - a buffer's number
   * @returns host offset of its first byte
   */
  address(slot: number): number {
    return this.#start + slot * SLOT_BYTES;
  }

  /** Host offset of the buffer that the next frame goes to; 0 = all are in use. */
  get next(): number {
    const slot = this.#free.at(-1);
    return slot === undefined ? 0 : this.address(slot);
  }

  /**
   * A frame was written to `next`.
   *
   * @param length - its bytes
   */
  arrive(length: number): void {
    const slot = this.#free.pop();
    if (slot !== undefined) this.#arrived.push({ slot, length });
  }

  /** @returns the frame that has waited longest, its buffer lent from now on; `undefined` when none waits */
  lend(): ArrivedFrame | undefined {
    return this.#arrived.shift();
  }

  /**
   * @param slot - a buffer that was lent and that nobody holds any more
   */
  takeBack(slot: number): void {
    this.#free.push(slot);
  }

  /** Gives the memory back to the host; nothing may be lent. */
  close(): void {
    hostPages.free(this.#start);
  }
}
