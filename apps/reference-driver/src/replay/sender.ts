/*
 * The sending protocol of a replay: copies frames into buffers that the NIC reaches and submits them in batches. A frame
 * that no buffer holds goes down all the same, from memory of its own, so that it is the adapter who refuses it.
 */

import type { NetAdapter } from '@netcx/adapter';
import { FrameDescriptor, type TransmitEdge } from '@netcx/adapter/edge';
import { NO_BUFFER } from '@netcx/buffers';
import { hostPages } from '@netcx/dma';
import { i32, u8 } from '@netcx/dma/memory';

/** Frames that are submitted together. */
const BATCH = 32;
/** Bytes of host memory for frames that no buffer holds: more than any NIC sends. What is longer still is shown this long. */
const SPARE_BYTES = 128 * 1024;

/** Sends frames through an adapter. */
export class ReplaySender {
  readonly #edge: TransmitEdge;
  /** Host offset of memory for frames that no buffer holds; nobody reads it, since they are refused. */
  #spare: number | undefined;
  #written = 0;

  /**
   * @param adapter - started, with one transmit queue at least
   */
  constructor(adapter: NetAdapter) {
    const queue = adapter.transmitQueues[0];
    if (queue === undefined) throw new RangeError(`${adapter.name} has no transmit queue: it is not started`);
    this.#edge = queue.edge;
  }

  /** Descriptors that were submitted and are not completed. */
  get pending(): number {
    return this.#edge.pending + this.#written;
  }

  /**
   * @param bytes - a frame
   * @returns false when there is no room for it now: let time pass, then try again
   */
  trySend(bytes: Uint8Array): boolean {
    const { ring, pool } = this.#edge;
    if (this.#written >= this.#edge.room) return this.#later();
    const fits = bytes.length > 0 && bytes.length <= pool.capacity;
    const buffer = fits ? pool.take() : NO_BUFFER;
    if (fits && buffer === NO_BUFFER) return this.#later();
    const shown = fits ? bytes : bytes.subarray(0, SPARE_BYTES);
    const address = fits ? pool.address(buffer) : this.#spareMemory();
    u8.set(shown, address);
    const at = ring.at(ring.endIndex + this.#written);
    i32.fill(0, at, at + ring.stride);
    FrameDescriptor.address.set(i32, at, address);
    FrameDescriptor.length.set(i32, at, shown.length);
    FrameDescriptor.buffer.set(i32, at, buffer);
    this.#written++;
    if (this.#written === BATCH) this.flush();
    return true;
  }

  #later(): false {
    this.flush();
    return false;
  }

  #spareMemory(): number {
    return (this.#spare ??= hostPages.allocate(SPARE_BYTES, { owner: 'replay: frames too long to send' }));
  }

  /** Submits what was written. */
  flush(): void {
    if (this.#written === 0) return;
    this.#edge.submit(this.#written);
    this.#written = 0;
  }

  /** Gives memory back. */
  close(): void {
    if (this.#spare !== undefined) hostPages.free(this.#spare);
    this.#spare = undefined;
  }
}
