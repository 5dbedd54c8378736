/*
 * Frames that go from a receive queue's rings straight to a transmit queue's, in the buffers that they came in: what a bridge
 * or a router does with most of them. A frame of one part in a buffer that the other NIC reaches costs one pass over its
 * descriptors, and nothing describes it to a protocol in between; whatever is anything else stops the line, and is shown and
 * sent on in the usual way. It stands in the transmit edge's ring like any frame that was sent, and completes like one.
 *
 * @hot
 */

import * as memory from '@netcx/dma/memory';
import * as buffers from '@netcx/buffers';
import * as extensions from '@netcx/extensions';
import * as rings from '@netcx/rings';
import type { Ring } from '@netcx/rings';
import * as frames from '../edge/frame-descriptor.ts';
import type { RxTranslatorCounters } from '../rx-translator-options.ts';
import type { Borrower, Recycler } from './recycler.ts';

const { i32: m, u8, u64: m64 } = memory;
const { BufferEntry } = buffers;
const { Checksum, VirtualAddress } = extensions;
const { Fragment, Packet } = rings;
const { FrameDescriptor, FRAME_DESCRIPTOR_BYTES } = frames;
const DESCRIPTOR_WORDS = FRAME_DESCRIPTOR_BYTES / 4;
const DESCRIPTOR_SHIFT = Math.log2(DESCRIPTOR_WORDS) | 0;
/** Words from a buffer's entry to its logical address, which both lie on 8 bytes, as they do in a fragment element. */
const LOGICAL_WORD = BufferEntry.logical.location.byteOffset >>> 2;
/** All of a packet's last word but its layout: `ignore`, what is the driver's own, what is reserved. */
const FLAGS = ~0x000f_ffff;
/** Bits of the length in a fragment's first word, below the capacity's. */
const LENGTH_BITS = Fragment.validLength.location.high + 1;

/** Where frames come from. */
export interface RedirectSource {
  readonly packets: Ring;
  readonly fragments: Ring;
  /** Word index of one word for each fragment element: its buffer. */
  readonly shadow: number;
  /** Bytes of each buffer that the NIC may write. */
  readonly capacity: number;
  readonly counters: RxTranslatorCounters;
  /** Where buffers come back to, and how a place there is restored. */
  readonly recycler: Recycler;
}

/** Where they go. Byte offsets of extensions in the queue's elements are 0 where they are absent. */
export interface RedirectTarget extends Borrower {
  readonly packets: Ring;
  readonly fragments: Ring;
  readonly checksum: number;
  readonly virtual: number;
  readonly logical: number;
  /** Longest frame that the NIC sends. */
  readonly maximumFrame: number;
}

/** The way from one receive queue to one transmit queue. */
export class Redirection {
  readonly #packets: Ring;
  readonly #fragments: Ring;
  readonly #send: Ring;
  readonly #sentPackets: Ring;
  readonly #sentFragments: Ring;
  readonly #counters: RxTranslatorCounters;
  readonly #recycler: Recycler;
  readonly #to: RedirectTarget;
  readonly #shadow: number = 0;
  /** Bytes of each buffer that frames come in, as its fragment is to say. */
  readonly #capacity: number = 0;
  /** Longest frame that comes and may go. */
  readonly #longest: number = 0;
  /** Words of 64 bits from a fragment element to its logical address, where frames come from and where they go. */
  readonly #home: number = 0;
  readonly #logical: number = 0;
  /** The three offsets behind it at once: 0 where no queue has such an extension. */
  readonly #others: number = 0;
  readonly #virtualHome: number = 0;
  readonly #checksum: number = 0;
  readonly #virtual: number = 0;
  /** Bytes in the frames of the last run. */
  bytes = 0;

  /**
   * @param from - a queue whose buffers are all the pool's, in a domain that the other NIC reaches as it is
   * @param to - a queue that takes frames from any address
   */
  constructor(from: RedirectSource, to: RedirectTarget) {
    this.#packets = from.packets;
    this.#fragments = from.fragments;
    this.#send = to.send;
    this.#sentPackets = to.packets;
    this.#sentFragments = to.fragments;
    this.#counters = from.counters;
    this.#recycler = from.recycler;
    this.#to = to;
    this.#shadow = from.shadow;
    this.#capacity = from.capacity;
    this.#longest = Math.min(from.capacity, to.maximumFrame);
    const { virtualAddress, logicalAddress } = from.recycler.queue;
    this.#home = logicalAddress >> 3;
    this.#logical = to.logical >> 3;
    this.#others = virtualAddress | to.checksum | to.virtual;
    this.#virtualHome = virtualAddress;
    this.#checksum = to.checksum;
    this.#virtual = to.virtual;
  }

  /**
   * Moves frames that are for one station, as many as there is room for. Stops at the first that is anything else, and does
   * nothing while frames that a protocol submitted are still to be placed.
   *
   * @param limit - most frames
   * @returns how many were moved
   */
  run(limit: number): number {
    const packets = this.#packets;
    const fragments = this.#fragments;
    const send = this.#send;
    const sentPackets = this.#sentPackets;
    const sentFragments = this.#sentFragments;
    const counters = this.#counters;
    this.bytes = 0;
    if (send.nextIndex !== send.endIndex) return 0;
    let moved = 0;
    // As far as no ring starts over, and behind that once more.
    while (moved < limit && packets.processedIndex !== packets.beginIndex) {
      // What a call returns may be no integer for all that V8 knows, and the least of such takes it five times as long.
      const received = Math.min((limit - moved) | 0, packets.reapRun | 0, fragments.reapRun | 0);
      const room = Math.min(send.freeRun | 0, sentPackets.freeRun | 0, sentFragments.freeRun | 0);
      const { bytes } = this;
      const count = this.#moveFragments(this.#movePackets(Math.min(received, room)) | 0) | 0;
      if (count === 0) break;
      if (this.#others !== 0) this.#writeExtensions(count);
      packets.reap(count);
      fragments.reap(count);
      counters.packets += count;
      counters.bytes += this.bytes - bytes;
      send.publish(count);
      send.post(count);
      sentFragments.publish(count);
      sentPackets.publish(count);
      moved += count;
    }
    return moved;
  }

  /**
   * Has the buffers of the last run come back to where they were, if that can be. Not a part of `run`, which with it would be more
   * than V8 inlines.
   *
   * @param count - how many frames were moved
   */
  recycle(count: number): void {
    this.#recycler.lend(this.#to, count, this.bytes);
  }

  /**
   * Copies packets of one fragment each. What is copied before it turns out to be anything else lies in a free place, where it
   * does no harm; a value that is stored at once, and not kept until all has been looked at, needs no register meanwhile.
   *
   * @param most - packets
   * @returns how many may go on, as far as packets say
   */
  #movePackets(most: number): number {
    const packets = this.#packets;
    const sentPackets = this.#sentPackets;
    const packetStride = packets.stride | 0;
    const sentPacketStride = sentPackets.stride | 0;
    let expected = this.#fragments.processedIndex | 0;
    const apart = (this.#sentFragments.endIndex - expected) | 0;
    const end = (expected + most) | 0;
    let p = packets.at(packets.processedIndex) | 0;
    let sentPacket = sentPackets.at(sentPackets.endIndex) | 0;
    while (expected < end) {
      let odd = Packet.fragmentIndex.get(m, p) ^ expected;
      Packet.fragmentIndex.set(m, sentPacket, (expected + apart) | 0);
      const layoutLow = Packet.countAndLayoutLow.get(m, p) | 0;
      Packet.countAndLayoutLow.set(m, sentPacket, layoutLow);
      odd |= (layoutLow ^ 1) & 0xffff;
      const layoutHigh = Packet.layoutHigh.get(m, p) | 0;
      Packet.layoutHigh.set(m, sentPacket, layoutHigh);
      if ((odd | (layoutHigh & FLAGS)) !== 0) break;
      p = (p + packetStride) | 0;
      expected = (expected + 1) | 0;
      sentPacket = (sentPacket + sentPacketStride) | 0;
    }
    return (expected - end + most) | 0;
  }

  /**
   * Copies the packets' fragments and describes them in the edge's ring, in the same way.
   *
   * @param most - fragments
   * @returns how many frames go on; `bytes` has grown by what is in them
   */
  #moveFragments(most: number): number {
    const fragments = this.#fragments;
    const send = this.#send;
    const sentFragments = this.#sentFragments;
    const logical = this.#logical | 0;
    const longest = this.#longest >>> 0;
    const home = this.#home | 0;
    const capacityLow = this.#capacity << LENGTH_BITS;
    const capacityHigh = this.#capacity >>> (32 - LENGTH_BITS);
    const begin = send.at(send.endIndex) | 0;
    const end = (begin + Math.imul(most, DESCRIPTOR_WORDS)) | 0;
    let d = begin;
    const fragmentStride = fragments.stride | 0;
    let f = fragments.at(fragments.processedIndex) | 0;
    let shadow = (this.#shadow + fragments.processedIndex) | 0;
    // In words of 64 bits, as the elements of a fragment ring lie.
    const sentFragmentStride = sentFragments.stride >> 1;
    let sentFragment = sentFragments.at(sentFragments.endIndex) >> 1;
    let bytes = 0;
    while (d < end) {
      const length = Fragment.whole.low.get(m, f) ^ capacityLow; // longer than any frame when the capacity is another
      FrameDescriptor.lengthAndFlags.set(m, d, length);
      const unlike = Fragment.whole.high.get(m, f) ^ capacityHigh;
      const buffer = m[shadow]! | 0;
      FrameDescriptor.buffer.set(m, d, buffer);
      // Where elements have no logical address, this is written into the fragment itself, and what follows into the same place.
      const where = m64[(buffer + LOGICAL_WORD) >> 1]!;
      m64[(sentFragment + logical) | 0] = where;
      m64[sentFragment] = m64[f >> 1]!; // all of it: length, capacity, offset 0
      const address = BufferEntry.address.get(m, buffer) | 0;
      FrameDescriptor.address.set(m, d, address);
      if ((unlike | (u8[address]! & 1)) !== 0 || (length - 1) >>> 0 >= longest) break;
      bytes = (bytes + length) | 0;
      d = (d + DESCRIPTOR_WORDS) | 0;
      // The place is as it was, and its buffer may come back to it.
      m64[((f >> 1) + home) | 0] = where;
      Fragment.whole.low.set(m, f, capacityLow);
      f = (f + fragmentStride) | 0;
      shadow = (shadow + 1) | 0;
      sentFragment = (sentFragment + sentFragmentStride) | 0;
    }
    this.bytes += bytes;
    return (d - begin) >> DESCRIPTOR_SHIFT;
  }

  /** What few queues have, in a loop of its own, which spares the others a question for each frame. */
  #writeExtensions(count: number): void {
    const send = this.#send;
    const sentPackets = this.#sentPackets;
    const sentFragments = this.#sentFragments;
    const sentPacketStride = sentPackets.stride | 0;
    const sentFragmentStride = sentFragments.stride | 0;
    const checksum = this.#checksum | 0;
    const virtual = this.#virtual | 0;
    const fragmentStride = this.#fragments.stride | 0;
    const virtualHome = this.#virtualHome | 0;
    let f = this.#fragments.at(this.#fragments.processedIndex) | 0;
    let d = send.at(send.endIndex) | 0;
    const end = (d + Math.imul(count, DESCRIPTOR_WORDS)) | 0;
    let sentPacket = sentPackets.at(sentPackets.endIndex) | 0;
    let sentFragment = sentFragments.at(sentFragments.endIndex) | 0;
    while (d < end) {
      if (checksum !== 0) Checksum.whole.set(m, sentPacket, checksum, 0); // what was found is no wish
      const address = FrameDescriptor.address.get(m, d) | 0;
      if (virtual !== 0) VirtualAddress.address.low.set(m, sentFragment, virtual, address);
      if (virtualHome !== 0) VirtualAddress.address.low.set(m, f, virtualHome, address);
      f = (f + fragmentStride) | 0;
      d = (d + DESCRIPTOR_WORDS) | 0;
      sentPacket = (sentPacket + sentPacketStride) | 0;
      sentFragment = (sentFragment + sentFragmentStride) | 0;
    }
  }
}
