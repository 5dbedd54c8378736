/*
 * Where a protocol sends: a ring of frame descriptors. The protocol writes descriptors from `end` on and submits them;
 * the adapter moves `next` when it has placed them in a transmit queue, and completes them in ring order when the NIC is
 * done. A full ring is back-pressure, not an error: `room` says how many descriptors fit.
 */

import type { BufferPool } from '@netcx/buffers';
import type { Ring } from '@netcx/rings';
import { i32 } from '@netcx/dma/memory';
import { AdapterError } from '../adapter-error.ts';
import { FrameDescriptor } from './frame-descriptor.ts';

/** A transmit queue, seen from the protocol above. */
export class TransmitEdge {
  /** Number of the queue. */
  readonly id: number;
  /** The descriptors: `FrameDescriptor` elements. The protocol fills them and moves nothing by itself. */
  readonly ring: Ring;
  /** Buffers that this queue's NIC reaches: a frame in one of them is sent from where it lies. */
  readonly pool: BufferPool;
  readonly #notify: () => void;
  #open = true;
  #paused = 0;

  /**
   * @param id - number of the queue
   * @param ring - the descriptors
   * @param pool - buffers that the NIC reaches
   * @param notify - wakes the queue
   */
  constructor(id: number, ring: Ring, pool: BufferPool, notify: () => void) {
    this.id = id;
    this.ring = ring;
    this.pool = pool;
    this.#notify = notify;
  }

  /** Whether it takes frames: until the queue stops. */
  get open(): boolean {
    return this.#open;
  }

  /** Descriptors that can be written and submitted now; 0 once the queue stops. */
  get room(): number {
    return this.#open ? this.ring.freeCount : 0;
  }

  /** Descriptors that were submitted and have not completed. */
  get pending(): number {
    return this.ring.driverCount;
  }

  /**
   * Hands `count` descriptors to the adapter, from `ring.endIndex` on. A buffer that a descriptor names goes with it: it
   * is released when the frame is sent. Memory of the protocol's own stays untouched until the frame has completed.
   *
   * @param count - up to `room`, whole frames only
   * @throws RingError `RANGE_EXCEEDED` for more than there is room for; AdapterError `FRAME_INCOMPLETE` when the last
   * descriptor says `more`, `EDGE_CLOSED` once the adapter stops. Nothing is submitted then
   */
  submit(count: number): void {
    if (!this.#open)
      throw new AdapterError(
        'EDGE_CLOSED',
        `transmit edge ${String(this.id)}: the adapter stops and takes no more frames`,
      );
    if (count > 0 && FrameDescriptor.more.get(i32, this.ring.at(this.ring.endIndex + count - 1)) !== 0) {
      throw new AdapterError(
        'FRAME_INCOMPLETE',
        `transmit edge ${String(this.id)}: the last of ${String(count)} descriptors says that its frame goes on; whole frames only`,
      );
    }
    this.ring.publish(count);
    this.#notify();
  }

  /**
   * Descriptors that completed without having been sent, because the adapter stopped before the driver was handed them: the
   * last so many of those that `sent` is told of. 0 until the adapter stops.
   */
  get paused(): number {
    return this.#paused;
  }

  /**
   * The adapter stops, and gives up what it had not placed yet.
   *
   * @param count - descriptors
   */
  pause(count: number): void {
    this.#paused += count;
  }

  /** The adapter stops: nothing more is taken. */
  close(): void {
    this.#open = false;
  }
}
