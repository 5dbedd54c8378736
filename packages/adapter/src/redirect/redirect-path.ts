/*
 * Has the frames of one receive queue leave by a transmit queue that its protocol names, without showing them: straight from
 * rings to rings where that can be, and else by the edge's ring, which nobody looks at on the way. Frames leave in the order
 * in which they came. One that finds no room waits where it is, and the NIC keeps what comes behind it.
 */

import { releaseBuffer } from '@netcx/buffers';
import { i32 as m } from '@netcx/dma/memory';
import type { Ring } from '@netcx/rings';
import { forwardFrame } from '../edge/forwarding.ts';
import { FrameDescriptor } from '../edge/frame-descriptor.ts';
import type { ReceiveEdge } from '../edge/receive-edge.ts';
import type { TransmitEdge } from '../edge/transmit-edge.ts';
import type { ReceivePath } from '../receive-offload/receive-path.ts';
import type { TrafficCount } from '../statistics/traffic.ts';
import { Redirection, type RedirectSource } from './redirection.ts';
import { inletOf, type TransmitInlet } from './transmit-inlet.ts';

/** A receive queue, as its frames are redirected. */
export interface RedirectPathOptions {
  readonly edge: ReceiveEdge;
  /** Its rings; `undefined` where each frame needs a closer look. */
  readonly source: RedirectSource | undefined;
  /** Number of the DMA domain that its buffers belong to. */
  readonly domain: number;
  /**
   * Shows frames at the edge's ring, without telling the protocol.
   *
   * @param limit - most packets
   * @returns descriptors that were published
   */
  readonly show: (limit: number) => number;
  /** Its way to the edge: while it is diverted, frames cannot go straight anywhere else. */
  readonly path: ReceivePath;
  /** The packet ring. */
  readonly packets: Ring;
  /** Wakes the queue. */
  readonly wake: () => void;
}

/** Where a queue's frames go unseen. */
export class RedirectPath implements TrafficCount {
  /** Descriptors at the edge that no protocol was told of: frames that wait to go on. */
  owed = 0;
  /** Frames that went straight, each for one station, and their bytes. */
  packets = 0;
  bytes = 0;
  #to: TransmitEdge | undefined;
  #inlet: TransmitInlet | undefined;
  #straight: Redirection | undefined;
  readonly #packets: Ring;
  readonly #path: ReceivePath;
  readonly #options: RedirectPathOptions;

  /**
   * @param options - the queue
   */
  constructor(options: RedirectPathOptions) {
    this.#packets = options.packets;
    this.#path = options.path;
    this.#options = options;
  }

  /**
   * Sends on what the driver gave back.
   *
   * @param to - the transmit queue's edge, open
   * @param limit - most packets
   * @returns descriptors that left the edge's ring; what went straight shows in the queue's rings alone
   */
  run(to: TransmitEdge, limit: number): number {
    if (to !== this.#to) this.#aim(to);
    const moved = this.owed === 0 ? this.#goStraight(limit) : 0;
    const taken = this.#packets.beginIndex === this.#packets.processedIndex;
    const done = moved === limit || (taken && this.owed === 0 && this.#path.waiting !== true);
    return done ? 0 : this.#goOn(to, limit - moved);
  }

  /** The straight line; returns how many it took. */
  #goStraight(limit: number): number {
    const straight = this.#straight;
    if (straight === undefined || this.#path.diverted === true) return 0;
    const moved = straight.run(limit);
    if (moved === 0) return 0;
    straight.recycle(moved);
    this.packets += moved;
    this.bytes += straight.bytes;
    this.#inlet?.wake();
    return moved;
  }

  /** What stopped the line, one by one, and what follows it. */
  #goOn(to: TransmitEdge, limit: number): number {
    const { edge, show } = this.#options;
    // The protocol may take whatever stands at the edge, told of it or not.
    const before = Math.min(this.owed, edge.ring.driverCount);
    this.owed = before;
    let shown = 0;
    let left = limit;
    while (left > 0 && this.#sendShown(to)) {
      const moved = this.#goStraight(left);
      left -= Math.max(moved, 1);
      if (moved > 0) continue;
      const count = show(1);
      if (count === 0) break;
      this.owed += count;
      shown += count;
    }
    return before + shown - this.owed;
  }

  #aim(to: TransmitEdge): void {
    const { source, domain } = this.#options;
    const inlet = inletOf(to);
    const near = source !== undefined && inlet?.redirectTarget !== undefined && inlet.redirectDomain === domain;
    this.#to = to;
    this.#inlet = inlet;
    this.#straight = near ? new Redirection(source, inlet.redirectTarget) : undefined;
  }

  /** Whether nothing waits at the edge any more. */
  #sendShown(to: TransmitEdge): boolean {
    const { edge, wake } = this.#options;
    const { ring } = edge;
    while (this.owed > 0) {
      if (ring.driverCount > this.owed) {
        edge.starve(); // the protocol has not completed what it was shown before: it says when it has
        return false;
      }
      const parts = partsOf(edge);
      if (parts > to.ring.mask) this.#drop(parts);
      else if (parts > to.room) {
        this.#inlet?.awaitRoom(wake);
        return false;
      } else {
        forwardFrame(ring, ring.beginIndex, to.ring, to.ring.endIndex);
        edge.complete(parts);
        to.submit(parts);
      }
      this.owed -= parts;
    }
    if (to.room > 0) return true;
    this.#inlet?.awaitRoom(wake);
    return false;
  }

  /** A frame of more parts than the other ring could ever hold. */
  #drop(parts: number): void {
    const { edge } = this.#options;
    for (let part = 0; part < parts; part++)
      releaseBuffer(FrameDescriptor.buffer.get(m, edge.ring.at(edge.ring.beginIndex + part)));
    edge.complete(parts);
  }
}

/** Descriptors of the first frame at an edge. */
function partsOf({ ring }: ReceiveEdge): number {
  let parts = 1;
  while (FrameDescriptor.more.get(m, ring.at(ring.beginIndex + parts - 1)) !== 0) parts++;
  return parts;
}
