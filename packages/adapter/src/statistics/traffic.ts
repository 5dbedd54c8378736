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
const DESCRIPTOR_WORDS = FRAME_DESCRIPTOR_BYTES / 4;
const DESCRIPTOR_SHIFT = Math.log2(DESCRIPTOR_WORDS) | 0;
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

/** Where nothing is counted elsewhere. */
const NONE: TrafficCount = { packets: 0, bytes: 0 };

/** Counts the frames of one queue. */
export class TrafficCounter {
  readonly #all: TrafficCount;
  #lookedAtPackets = 0;
  #lookedAtBytes = 0;
  #unicastPackets = 0;
  #unicastBytes = 0;
  #multicastPackets = 0;
  #multicastBytes = 0;
  #broadcastPackets = 0;
  #broadcastBytes = 0;

  /**
   * @param all - frames that are counted elsewhere, and are for one station each unless they were looked at; none when left
   * out
   */
  constructor(all: TrafficCount = NONE) {
    this.#all = all;
  }

  /**
   * Frames that are counted elsewhere were looked at, and `count` says which is which.
   *
   * @param packets - how many
   * @param bytes - in all of them
   */
  lookedAt(packets: number, bytes: number): void {
    this.#lookedAtPackets += packets;
    this.#lookedAtBytes += bytes;
  }

  /**
   * @param ring - frame descriptors, of whole frames
   * @param first - index of the first
   * @param count - how many
   * @param sign - 1 counts them, -1 takes back that they were counted
   */
  count(ring: Ring, first: number, count: number, sign: 1 | -1 = 1): void {
    let done = 0;
    while (done < count) {
      const index = (first + done) & ring.mask;
      const simple = this.#countSimple(ring, index, Math.min(count - done, ring.elements - index), sign);
      done += simple === 0 ? this.#countFrame(ring, index, sign) : simple;
    }
  }

  /**
   * Counts frames that are known to be for one station each.
   *
   * @param packets - how many
   * @param bytes - in all of them
   */
  addUnicast(packets: number, bytes: number): void {
    this.#unicastPackets += packets;
    this.#unicastBytes += bytes;
  }

  /** The straight line: frames of one part for one station, in a row. Stops at the first that is anything else. */
  #countSimple(ring: Ring, index: number, count: number, sign: number): number {
    const begin = ring.at(index) | 0;
    const end = (begin + (count << DESCRIPTOR_SHIFT)) | 0;
    let d = begin;
    let bytes = 0;
    while (d < end) {
      const word = FrameDescriptor.lengthAndFlags.get(m, d) | 0;
      const address = FrameDescriptor.address.get(m, d) | 0;
      if (((word & MORE) | (u8[address]! & 1)) !== 0) break;
      bytes = bytes + (word & LENGTH);
      d = (d + DESCRIPTOR_WORDS) | 0;
    }
    const packets = (d - begin) >> DESCRIPTOR_SHIFT;
    this.#unicastPackets += sign * packets;
    this.#unicastBytes += sign * bytes;
    return packets;
  }

  /** Counts one frame, of however many parts; returns how many. */
  #countFrame(ring: Ring, index: number, sign: number): number {
    const first = FrameDescriptor.address.get(m, ring.at(index));
    const kind = (u8[first]! & 1) === 0 ? UNICAST : this.#groupAt(ring, index);
    let bytes = 0;
    let parts = 0;
    let more = true;
    while (more) {
      const word = FrameDescriptor.lengthAndFlags.get(m, ring.at(index + parts)) | 0;
      more = (word & MORE) !== 0;
      bytes += word & LENGTH;
      parts++;
    }
    if (kind === UNICAST) {
      this.#unicastPackets += sign;
      this.#unicastBytes += sign * bytes;
    } else if (kind === BROADCAST) {
      this.#broadcastPackets += sign;
      this.#broadcastBytes += sign * bytes;
    } else {
      this.#multicastPackets += sign;
      this.#multicastBytes += sign * bytes;
    }
    return parts;
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
    const packets = this.#all.packets - this.#lookedAtPackets + this.#unicastPackets;
    const bytes = this.#all.bytes - this.#lookedAtBytes + this.#unicastBytes;
    return {
      unicast: { packets, bytes },
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
