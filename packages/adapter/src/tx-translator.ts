/*
 * From the protocol's descriptors to a transmit queue's packets, and back when they are done. A frame ends in one of four
 * ways, never merged: placed as it lies, copied into a buffer that the NIC reaches, retried later because resources are
 * short, or given up because no NIC could send it (the packet goes by with `ignore`). Follows reference netadaptercx
 * §4.6 and §7.1; frames complete in ring order.
 *
 * @hot
 */

import * as memory from '@netcx/dma/memory';
import * as buffers from '@netcx/buffers';
import type { BufferPool } from '@netcx/buffers';
import * as extensions from '@netcx/extensions';
import * as rings from '@netcx/rings';
import type { Ring } from '@netcx/rings';
import * as copying from '@netcx/dma/copy';
import * as frames from './edge/frame-descriptor.ts';
import * as options from './tx-translator-options.ts';
import type { TxTranslatorOptions } from './tx-translator-options.ts';

const { i32: m } = memory;
const { copy } = copying;
const { BufferEntry, NO_BUFFER, Pool, POOL_WORDS, releaseBuffer, settleFree } = buffers;
const { OWNER_POOL, OWNER_PROTOCOL, OWNER_TRANSMIT } = buffers;
const { newTxTranslatorCounters } = options;
const { Checksum, LogicalAddress, VirtualAddress } = extensions;
const { Fragment, Packet } = rings;
const { FrameDescriptor, FRAME_DESCRIPTOR_BYTES } = frames;
const DESCRIPTOR_SHIFT = Math.log2(FRAME_DESCRIPTOR_BYTES / 4) | 0;
/** The domain of no buffer: none is sent along the straight line. */
const NO_DOMAIN = -1;
/** `more` in a descriptor's length word, and the bits above it that mean nothing. */
const FLAGS = -1 << 26;

/** Places frames of one transmit queue and completes them. */
export class TxTranslator {
  readonly counters = newTxTranslatorCounters();
  readonly #send: Ring;
  readonly #packets: Ring;
  readonly #fragments: Ring;
  readonly #pool: BufferPool;
  readonly #reserve: BufferPool;
  readonly #checksum: number;
  readonly #virtual: number;
  readonly #logical: number;
  readonly #domain: number;
  readonly #maximumFrame: number;
  readonly #maximumFragments: number;
  readonly #maximumOffset: number;
  readonly #misaligned: number;
  readonly #shadow: number;
  /** Fragments in the ring that hold copies: while there are none, completion need not look for them. */
  #copies = 0;
  /** Whether the frame at `next` was counted as one that waits. */
  #waiting = false;

  /**
   * @param options - rings, offsets and limits
   */
  constructor(options: TxTranslatorOptions) {
    this.#send = options.send;
    this.#packets = options.rings.packets;
    this.#fragments = options.rings.fragments;
    this.#pool = options.pool;
    this.#reserve = options.reserve;
    this.#checksum = options.checksum;
    this.#virtual = options.virtualAddress;
    this.#logical = options.logicalAddress;
    this.#domain = options.domain;
    this.#maximumFrame = options.maximumFrame;
    this.#maximumFragments = options.maximumFragments;
    this.#maximumOffset = options.maximumOffset === 0 ? memory.hostBytes - 1 : options.maximumOffset;
    this.#misaligned = options.alignment - 1;
    this.#shadow = options.shadow >>> 2;
  }

  /**
   * Places as many frames as there is room for.
   *
   * @returns how many were placed, given-up ones included
   */
  translate(): number {
    let placed = 0;
    for (;;) {
      const simple = this.#placeSimpleFrames();
      if (simple > 0) this.#waiting = false;
      placed += simple;
      if (this.#send.postCount === 0 || this.#packets.freeCount === 0) return placed;
      if (!this.#placeOtherFrame()) return placed;
      placed += 1;
    }
  }

  /** The straight line: frames of one part in a buffer that the NIC reaches. Stops at the first that is anything else. */
  #placeSimpleFrames(): number {
    const sendBase = this.#send.base | 0;
    const sendMask = this.#send.mask | 0;
    const packetBase = this.#packets.base | 0;
    const packetStride = this.#packets.stride | 0;
    const packetMask = this.#packets.mask | 0;
    const fragmentBase = this.#fragments.base | 0;
    const fragmentStride = this.#fragments.stride | 0;
    const fragmentMask = this.#fragments.mask | 0;
    const checksum = this.#checksum | 0;
    const virtual = this.#virtual | 0;
    const logical = this.#logical | 0;
    // Where the NIC reaches only part of the memory, each frame is looked at closely.
    const domain = (this.#maximumOffset < memory.hostBytes - 1 ? NO_DOMAIN : this.#domain) | 0;
    const maximumFrame = this.#maximumFrame | 0;
    const misaligned = this.#misaligned | 0;
    const wanted = this.#send.postCount | 0;
    const room = Math.min(this.#packets.freeCount, this.#fragments.freeCount) | 0;
    const most = Math.min(wanted, room) | 0;
    let descriptor = this.#send.nextIndex | 0;
    let packet = this.#packets.endIndex | 0;
    let fragment = this.#fragments.endIndex | 0;
    let count = 0;
    while (count < most) {
      const d = (sendBase + (descriptor << DESCRIPTOR_SHIFT)) | 0;
      const buffer = FrameDescriptor.buffer.get(m, d) | 0;
      const length = FrameDescriptor.lengthAndFlags.get(m, d) | 0; // a `more` flag makes it longer than any frame
      const address = FrameDescriptor.address.get(m, d) | 0;
      if (buffer === NO_BUFFER || length <= 0 || length > maximumFrame || (address & misaligned) !== 0) break;
      if ((BufferEntry.domain.get(m, buffer) | 0) !== domain) break;
      const within = (address - (BufferEntry.address.get(m, buffer) | 0)) | 0;
      if ((within | (BufferEntry.capacity.get(m, buffer) - within - length)) < 0) break;
      const p = (packetBase + Math.imul(packet, packetStride)) | 0;
      const f = (fragmentBase + Math.imul(fragment, fragmentStride)) | 0;
      const layout = FrameDescriptor.layout.get(m, d) | 0;
      const layer4AndChecksum = FrameDescriptor.layer4AndChecksum.get(m, d) | 0;
      BufferEntry.owner.set(m, buffer, OWNER_TRANSMIT);
      Fragment.whole.low.set(m, f, length | (length << 26)); // validLength = capacity = length, offset 0
      Fragment.whole.high.set(m, f, length >>> 6);
      VirtualAddress.address.low.set(m, f, virtual, address);
      if (logical !== 0) {
        LogicalAddress.address.low.set(m, f, logical, ((BufferEntry.logicalLow.get(m, buffer) | 0) + within) | 0);
        LogicalAddress.address.high.set(m, f, logical, BufferEntry.logicalHigh.get(m, buffer) | 0);
      }
      Packet.fragmentIndex.set(m, p, fragment);
      Packet.countAndLayoutLow.set(m, p, 1 | (layout << 16));
      Packet.layoutHigh.set(m, p, (layout >>> 16) | ((layer4AndChecksum & 15) << 16));
      if (checksum !== 0) Checksum.whole.set(m, p, checksum, layer4AndChecksum >>> 8);
      descriptor = (descriptor + 1) & sendMask;
      packet = (packet + 1) & packetMask;
      fragment = (fragment + 1) & fragmentMask;
      count = (count + 1) | 0;
    }
    this.#send.post(count);
    this.#fragments.publish(count);
    this.#packets.publish(count);
    return count;
  }

  /**
   * The frame at `next`, whatever it is: of several parts, in the protocol's own memory, or one that cannot be sent.
   *
   * @returns false when it has to wait
   */
  #placeOtherFrame(): boolean {
    const first = this.#send.nextIndex;
    const available = this.#send.postCount;
    let parts = 0;
    let total = 0;
    let direct = true;
    let readable = true;
    let more = 1;
    while (more === 1 && parts < available) {
      const d = this.#send.at(first + parts);
      more = FrameDescriptor.more.get(m, d);
      total += FrameDescriptor.length.get(m, d);
      if (!this.#readable(d)) readable = false;
      if (!this.#reachable(d)) direct = false;
      parts++;
    }
    if (parts > this.#maximumFragments) direct = false;
    if (total === 0) this.counters.empty++;
    else if (total > this.#maximumFrame) this.counters.tooLong++;
    else if (!readable) this.counters.invalid++;
    else {
      const placed = direct ? this.#placeParts(first, parts) : this.#bounce(first, parts, total);
      if (!placed && !this.#waiting) this.counters.retried++;
      this.#waiting = !placed;
      return placed;
    }
    this.#publishPacket(first, 0, parts);
    return true;
  }

  /** Whether the part lies where it says: inside its buffer, or at least in host memory. */
  #readable(d: number): boolean {
    const buffer = FrameDescriptor.buffer.get(m, d) | 0;
    const address = FrameDescriptor.address.get(m, d);
    const end = address + FrameDescriptor.length.get(m, d);
    if (buffer === NO_BUFFER) return end <= memory.hostBytes;
    const start = BufferEntry.address.get(m, buffer);
    return address >= start && end <= start + BufferEntry.capacity.get(m, buffer);
  }

  /** Whether the NIC can read the part from where it lies. */
  #reachable(d: number): boolean {
    const buffer = FrameDescriptor.buffer.get(m, d) | 0;
    const address = FrameDescriptor.address.get(m, d);
    const length = FrameDescriptor.length.get(m, d);
    if (buffer === NO_BUFFER || length === 0 || address + length - 1 > this.#maximumOffset) return false;
    if ((address & this.#misaligned) !== 0) return false;
    return BufferEntry.domain.get(m, buffer) === this.#domain;
  }

  #placeParts(first: number, parts: number): boolean {
    if (this.#fragments.freeCount < parts) return false;
    for (let part = 0; part < parts; part++) {
      const d = this.#send.at(first + part);
      const buffer = FrameDescriptor.buffer.get(m, d) | 0;
      const address = FrameDescriptor.address.get(m, d);
      BufferEntry.owner.set(m, buffer, OWNER_TRANSMIT);
      this.#writeFragment(part, address, FrameDescriptor.length.get(m, d), buffer, 0);
    }
    this.#publishPacket(first, parts, parts);
    return true;
  }

  /** Copies the whole frame into one buffer that the NIC reaches. */
  #bounce(first: number, parts: number, total: number): boolean {
    if (this.#fragments.freeCount < 1) return false;
    const pooled = this.#pool.take(OWNER_TRANSMIT);
    const buffer = pooled === NO_BUFFER ? this.#reserve.take(OWNER_TRANSMIT) : pooled;
    if (buffer === NO_BUFFER) return false; // the reserve is in the ring, and wakes the queue when it comes back
    const address = BufferEntry.address.get(m, buffer);
    let copied = 0;
    for (let part = 0; part < parts; part++) {
      const d = this.#send.at(first + part);
      const length = FrameDescriptor.length.get(m, d);
      copy(address + copied, FrameDescriptor.address.get(m, d), length);
      copied += length;
    }
    m[this.#shadow + this.#fragments.endIndex] = buffer;
    this.#writeFragment(0, address, total, buffer, 1);
    this.#publishPacket(first, 1, parts);
    this.#copies++;
    this.counters.bounced++;
    return true;
  }

  #writeFragment(part: number, address: number, length: number, buffer: number, bounced: number): void {
    const f = this.#fragments.at(this.#fragments.endIndex + part);
    const within = address - BufferEntry.address.get(m, buffer);
    Fragment.whole.set(m, f, 0);
    Fragment.validLength.set(m, f, length);
    Fragment.capacity.set(m, f, length);
    Fragment.bounced.set(m, f, bounced);
    VirtualAddress.address.low.set(m, f, this.#virtual, address);
    if (this.#logical === 0) return;
    LogicalAddress.address.low.set(m, f, this.#logical, BufferEntry.logicalLow.get(m, buffer) + within);
    LogicalAddress.address.high.set(m, f, this.#logical, BufferEntry.logicalHigh.get(m, buffer));
  }

  /** Writes the packet of a frame whose fragments are written; without fragments the driver shall ignore it. */
  #publishPacket(first: number, fragmentCount: number, parts: number): void {
    const p = this.#packets.at(this.#packets.endIndex);
    const d = this.#send.at(first);
    const layout = FrameDescriptor.layout.get(m, d);
    Packet.fragmentIndex.set(m, p, this.#fragments.endIndex);
    Packet.countAndLayoutLow.set(m, p, fragmentCount | (layout << 16));
    Packet.layoutHigh.set(m, p, (layout >>> 16) | (FrameDescriptor.layer4Type.get(m, d) << 16));
    Packet.ignore.set(m, p, fragmentCount === 0 ? 1 : 0);
    if (this.#checksum !== 0) Checksum.whole.set(m, p, this.#checksum, FrameDescriptor.checksum.get(m, d));
    this.#send.post(parts);
    this.#fragments.publish(fragmentCount);
    this.#packets.publish(1);
  }

  /**
   * Completes what the driver gave back: buffers are released, descriptors go back to the protocol. A packet whose
   * fragments have not come back yet is still the driver's.
   *
   * @returns how many descriptors completed; those from `send.processedIndex` on
   */
  complete(): number {
    const first = this.#send.beginIndex;
    do this.#completeSimpleFrames();
    while (this.#packets.reapCount > 0 && this.#completeOtherFrame());
    return (this.#send.beginIndex - first) & this.#send.mask;
  }

  /** The straight line: frames of one part in a buffer that nobody else holds. Stops at the first that is anything else. */
  #completeSimpleFrames(): void {
    const sendBase = this.#send.base | 0;
    const sendMask = this.#send.mask | 0;
    const packetBase = this.#packets.base | 0;
    const packetStride = this.#packets.stride | 0;
    const packetMask = this.#packets.mask | 0;
    const returned = Math.min(this.#packets.reapCount, this.#fragments.reapCount);
    const most = (this.#copies === 0 ? returned : 0) | 0;
    let packet = this.#packets.processedIndex | 0;
    let descriptor = this.#send.beginIndex | 0;
    let count = 0;
    let bytes = 0;
    // Buffers mostly go back to one pool: its stack pointer is written once, when another one's turn comes or the burst ends.
    let pool = 0;
    let free = 0;
    while (count < most) {
      const p = (packetBase + Math.imul(packet, packetStride)) | 0;
      const d = (sendBase + (descriptor << DESCRIPTOR_SHIFT)) | 0;
      const buffer = FrameDescriptor.buffer.get(m, d) | 0;
      const length = FrameDescriptor.lengthAndFlags.get(m, d) | 0;
      if ((Packet.countAndLayoutLow.get(m, p) & 0xffff) !== 1 || buffer === NO_BUFFER || (length & FLAGS) !== 0) break;
      if ((BufferEntry.references.get(m, buffer) | 0) !== 1) break;
      const home = BufferEntry.pool.get(m, buffer) | 0;
      if (home !== pool) {
        if (pool !== 0) settleFree(pool, free);
        pool = home;
        free = Pool.free.get(m, pool) | 0;
      }
      BufferEntry.references.set(m, buffer, 0);
      BufferEntry.owner.set(m, buffer, OWNER_POOL);
      m[(pool + POOL_WORDS + free) | 0] = buffer;
      free = (free + 1) | 0;
      bytes = bytes + length;
      descriptor = (descriptor + 1) & sendMask;
      packet = (packet + 1) & packetMask;
      count = (count + 1) | 0;
    }
    if (pool !== 0) settleFree(pool, free);
    this.#packets.reap(count);
    this.#fragments.reap(count);
    this.#send.complete(count);
    this.counters.packets += count;
    this.counters.bytes += bytes;
  }

  /**
   * The packet at `processed`, whatever it is: given up, of several parts, copied, or in memory of the protocol's own.
   *
   * @returns false when its fragments have not come back yet
   */
  #completeOtherFrame(): boolean {
    const fragmentCount = Packet.fragmentCount.get(m, this.#packets.at(this.#packets.processedIndex));
    if (fragmentCount > this.#fragments.reapCount) return false;
    const first = this.#send.beginIndex;
    let parts = 0;
    let bytes = 0;
    let more = 1;
    while (more === 1) {
      const d = this.#send.at(first + parts);
      const buffer = FrameDescriptor.buffer.get(m, d) | 0;
      more = FrameDescriptor.more.get(m, d);
      bytes += FrameDescriptor.length.get(m, d);
      parts++;
      if (buffer === NO_BUFFER) continue;
      // The adapter's reference goes; what remains was taken by the protocol.
      if (BufferEntry.references.get(m, buffer) > 1) BufferEntry.owner.set(m, buffer, OWNER_PROTOCOL);
      releaseBuffer(buffer);
    }
    if (this.#copies > 0) this.#releaseCopies(fragmentCount);
    this.#packets.reap(1);
    this.#fragments.reap(fragmentCount);
    this.#send.complete(parts);
    if (fragmentCount > 0) {
      this.counters.packets++;
      this.counters.bytes += bytes;
    }
    return true;
  }

  /**
   * The queue stops: once every frame that was placed has completed, the others are given up.
   *
   * @returns how many descriptors completed; those behind what `complete` returned
   */
  abandon(): number {
    if (this.#packets.driverCount > 0 || this.#packets.reapCount > 0) return 0;
    const count = this.#send.postCount;
    const first = this.#send.nextIndex;
    for (let index = 0; index < count; index++) {
      const d = this.#send.at(first + index);
      const buffer = FrameDescriptor.buffer.get(m, d) | 0;
      if (buffer !== NO_BUFFER) releaseBuffer(buffer);
      if (FrameDescriptor.more.get(m, d) === 0) this.counters.stopped++;
    }
    this.#send.post(count);
    this.#send.complete(count);
    return count;
  }

  #releaseCopies(fragments: number): void {
    const first = this.#fragments.processedIndex;
    for (let index = 0; index < fragments; index++) {
      const fragment = (first + index) & this.#fragments.mask;
      if (Fragment.bounced.get(m, this.#fragments.at(fragment)) === 0) continue;
      Fragment.bounced.set(m, this.#fragments.at(fragment), 0);
      releaseBuffer(m[this.#shadow + fragment]!);
      this.#copies--;
    }
  }
}
