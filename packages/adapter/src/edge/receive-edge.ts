/*
 * Where a protocol receives: a ring of frame descriptors that the adapter fills. Each names a buffer, which is the
 * protocol's from the moment it is shown; the bytes stay where the NIC wrote them, and nothing is copied. The buffer goes
 * back by `release`, or on with the frame when the protocol sends it.
 */

import { releaseBuffer } from '@netcx/buffers';
import type { Ring } from '@netcx/rings';
import { AdapterError } from '../adapter-error.ts';

/** A receive queue, seen from the protocol above. */
export class ReceiveEdge {
  /** Number of the queue. */
  readonly id: number;
  /** The descriptors: `FrameDescriptor` elements from `beginIndex` to `endIndex` are the protocol's. */
  readonly ring: Ring;
  #times = 0;
  #timestampDeltas = 0;
  readonly #notify: () => void;
  /** Whether the queue waits for room in the ring: only then is it worth waking. */
  #starved = false;
  #open = true;

  /**
   * @param id - number of the queue
   * @param ring - the descriptors
   * @param notify - wakes the queue
   */
  constructor(id: number, ring: Ring, notify: () => void) {
    this.id = id;
    this.ring = ring;
    this.#notify = notify;
  }

  /**
   * Host offset of a hardware timestamp for each element of `ring`: eight bytes, nanoseconds of the NIC's clock, 0 = none
   * was taken. 0 when the queue has no such timestamps.
   */
  get times(): number {
    return this.#times;
  }

  /**
   * Host offset of a word for each element of `ring`: last less first TCP timestamp of the segments that were coalesced
   * into the frame. 0 when the queue has none.
   */
  get timestampDeltas(): number {
    return this.#timestampDeltas;
  }

  /**
   * Says what stands beside the descriptors; the queue's part, before anything is shown.
   *
   * @param times - host offset of 8 bytes for each element; 0 = none
   * @param timestampDeltas - host offset of 4 bytes for each element; 0 = none
   */
  provide(times: number, timestampDeltas: number): void {
    this.#times = times;
    this.#timestampDeltas = timestampDeltas;
  }

  /**
   * The protocol has taken over the buffers of `count` descriptors, whose places are free from now on.
   *
   * @param count - from `ring.beginIndex` on
   * @throws RingError `RANGE_EXCEEDED`; nothing moves. AdapterError `EDGE_CLOSED` once the queue has stopped
   */
  complete(count: number): void {
    if (!this.#open)
      throw new AdapterError(
        'EDGE_CLOSED',
        `receive edge ${String(this.id)}: the queue has stopped, and its ring is gone`,
      );
    this.ring.complete(count);
    this.ring.reap(count);
    if (!this.#starved) return;
    this.#starved = false;
    this.#notify();
  }

  /**
   * Gives a received buffer back; good after the queue has stopped, too.
   *
   * @param handle - a buffer of a descriptor that was shown here, once for each
   */
  release(handle: number): void {
    releaseBuffer(handle);
  }

  /** The queue has found no room: the adapter says so, to be woken when there is some. */
  starve(): void {
    this.#starved = true;
  }

  /** The queue has stopped: its ring is gone. */
  close(): void {
    this.#open = false;
  }
}
