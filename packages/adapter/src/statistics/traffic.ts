/*
 * Frames and bytes by whom they are for: one station, a group, everybody. Counted where descriptors lie together in the
 * edge's ring, a burst at a time, so no other loop has to know. Follows reference netadaptercx §5.9.
 *
 * @hot
 */

import * as memory from '@netcx/dma/memory';
import type { Ring } from '@netcx/rings';
import * as frames from '../edge/frame-descriptor.ts';

const { i32: m, u8 } = memory;
const { FrameDescriptor, FRAME_DESCRIPTOR_BYTES } = frames;
const DESCRIPTOR_SHIFT = Math.log2(FRAME_DESCRIPTOR_BYTES / 4) | 0;
/** `length` and `more` in a descriptor's length word. */
const LENGTH = 0x3ff_ffff;
const MORE = 1 << 26;
const ADDRESS_BYTES = 6;
const UNICAST = 0;
const MULTICAST = 1;
const BROADCAST = 2;

/** Frames and bytes of one kind. */
export interface TrafficCount {
  readonly packets: number;
  readonly bytes: number;
}

/** Traffic by whom it is for. */
export interface Traffic {
  /** For one station. */
  readonly unicast: TrafficCount;
  /** For a group of stations. */
  readonly multicast: TrafficCount;
  /** For everybody. */
  readonly broadcast: TrafficCount;
}

/** Counts the frames of one queue. */
export class TrafficCounter {
  #unicastPackets = 0;
  #unicastBytes = 0;
  #multicastPackets = 0;
  #multicastBytes = 0;
  #broadcastPackets = 0;
  #broadcastBytes = 0;

  /**
   * @param ring - frame descriptors, of whole frames
   * @param first - index of the first
   * @param count - how many
   * @param sign - 1 counts them, -1 takes back that they were counted
   */
  count(ring: Ring, first: number, count: number, sign: 1 | -1 = 1): void {
    const base = ring.base | 0;
    const mask = ring.mask | 0;
    let packets = 0;
    let bytes = 0;
    let index = first | 0;
    let fresh = true;
    let kind = UNICAST;
    for (let left = count | 0; left > 0; left = (left - 1) | 0) {
      const d = (base + (index << DESCRIPTOR_SHIFT)) | 0;
      const word = FrameDescriptor.lengthAndFlags.get(m, d) | 0;
      const address = FrameDescriptor.address.get(m, d) | 0;
      if (fresh) kind = (u8[address]! & 1) === 0 ? UNICAST : this.#groupAt(ring, index);
      fresh = (word & MORE) === 0;
      if (kind === UNICAST) {
        bytes = bytes + (word & LENGTH);
        if (fresh) packets = (packets + 1) | 0;
      } else {
        this.#countGroup(kind, word & LENGTH, fresh, sign);
      }
      index = (index + 1) & mask;
    }
    this.#unicastPackets += sign * packets;
    this.#unicastBytes += sign * bytes;
  }

  #countGroup(kind: number, bytes: number, last: boolean, sign: number): void {
    if (kind === BROADCAST) {
      this.#broadcastBytes += sign * bytes;
      if (last) this.#broadcastPackets += sign;
    } else {
      this.#multicastBytes += sign * bytes;
      if (last) this.#multicastPackets += sign;
    }
  }

  /** Whether the frame that starts here begins with six bytes of ones, in however many parts, or is for some only. */
  #groupAt(ring: Ring, index: number): number {
    let seen = 0;
    for (let part = index; ; part++) {
      const d = ring.at(part);
      const word = FrameDescriptor.lengthAndFlags.get(m, d);
      const address = FrameDescriptor.address.get(m, d);
      for (let byte = 0; byte < (word & LENGTH) && seen < ADDRESS_BYTES; byte++, seen++)
        if (u8[address + byte] !== 0xff) return MULTICAST;
      if (seen === ADDRESS_BYTES) return BROADCAST;
      if ((word & MORE) === 0) return MULTICAST;
    }
  }

  /** @returns what was counted so far */
  counts(): Traffic {
    return {
      unicast: { packets: this.#unicastPackets, bytes: this.#unicastBytes },
      multicast: { packets: this.#multicastPackets, bytes: this.#multicastBytes },
      broadcast: { packets: this.#broadcastPackets, bytes: this.#broadcastBytes },
    };
  }
}

const sum = (all: readonly TrafficCount[]): TrafficCount => ({
  packets: all.reduce((total, one) => total + one.packets, 0),
  bytes: all.reduce((total, one) => total + one.bytes, 0),
});

/**
 * @param all - the traffic of several queues
 * @returns their sum
 */
export const sumTraffic = (all: readonly Traffic[]): Traffic => ({
  unicast: sum(all.map((one) => one.unicast)),
  multicast: sum(all.map((one) => one.multicast)),
  broadcast: sum(all.map((one) => one.broadcast)),
});
