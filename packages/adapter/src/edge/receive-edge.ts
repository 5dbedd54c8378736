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
