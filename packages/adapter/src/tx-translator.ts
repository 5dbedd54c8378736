/*
 * From the protocol's descriptors to a transmit queue's packets, and back when they are done. Here are the straight lines:
 * frames of one part in a buffer that the NIC reaches. Every other frame stops them, and goes the way of tx-placement.ts.
 * Follows reference netadaptercx §7.1; frames complete in ring order.
 *
 * @hot
 */

import * as memory from '@netcx/dma/memory';
import * as buffers from '@netcx/buffers';
import * as extensions from '@netcx/extensions';
import * as rings from '@netcx/rings';
import type { Ring } from '@netcx/rings';
import * as frames from './edge/frame-descriptor.ts';
import * as wishing from './offload/transmit-offloads.ts';
import type { TransmitOffloads } from './offload/transmit-offloads.ts';
import type { Recycler } from './redirect/recycler.ts';
import type { RedirectTarget } from './redirect/redirection.ts';
import * as placing from './tx-placement.ts';
import * as options from './tx-translator-options.ts';
import type { TxTranslatorOptions } from './tx-translator-options.ts';

const { i32: m, u8, u64: m64 } = memory;
const { BufferEntry, NO_BUFFER, Pool, POOL_WORDS, STATE_FREE, releaseBuffer, settleFree } = buffers;
const { newTxTranslatorCounters } = options;
const { WISHES } = wishing;
const { straightDomain, TxPlacement } = placing;
const { Checksum, LogicalAddress, VirtualAddress } = extensions;
const { Fragment, Packet } = rings;
const { FrameDescriptor, FRAME_DESCRIPTOR_BYTES } = frames;
const DESCRIPTOR_WORDS = FRAME_DESCRIPTOR_BYTES / 4;
const DESCRIPTOR_SHIFT = Math.log2(DESCRIPTOR_WORDS) | 0;
/** Words from a buffer's entry to its logical address, which both lie on 8 bytes, as they do in a fragment element. */
const LOGICAL_WORD = BufferEntry.logical.location.byteOffset >>> 2;
/** More frames than a ring has. */
const NO_LIMIT = 0x3fff_ffff;
/** `more` in a descriptor's length word, and the bits above it that mean nothing. */
const FLAGS = -1 << 26;

/** Places frames of one transmit queue and completes them. */
export class TxTranslator {
  readonly counters = newTxTranslatorCounters();
  readonly #send: Ring;
  readonly #packets: Ring;
  readonly #fragments: Ring;
  readonly #checksum: number = 0;
  readonly #virtual: number = 0;
  readonly #logical: number = 0;
  readonly #domain: number = 0;
  readonly #maximumFrame: number = 0;
  readonly #misaligned: number = 0;
  readonly #offloads: TransmitOffloads;
  readonly #placement: placing.TxPlacement;
  /** Where frames may be placed by somebody else, one after the other; `undefined` where each needs a closer look. */
  readonly inlet: RedirectTarget | undefined;
  /** Descriptors from the send ring's begin up to the last one of a frame that may be for many, or was given up. */
  #special = 0;
  /** The same up to the last one that the straight line has not placed: the others have one part each. */
  #placedOtherwise = 0;
  /** Whether a frame was placed that may need more when it completes than the straight line does. */
  #careful = false;

  /**
   * @param options - rings, offsets and limits
   */
  constructor(options: TxTranslatorOptions) {
    this.#send = options.send;
    this.#packets = options.rings.packets;
    this.#fragments = options.rings.fragments;
    this.#checksum = options.checksum;
    this.#virtual = options.virtualAddress;
    this.#logical = options.logicalAddress;
    this.#domain = straightDomain(options);
    this.#maximumFrame = options.maximumFrame;
    this.#misaligned = options.alignment - 1;
    this.#offloads = options.offloads;
    this.#placement = new TxPlacement(options, this.counters);
    if (this.#domain >= 0 && this.#misaligned === 0)
      this.inlet = {
        send: this.#send,
        packets: this.#packets,
        fragments: this.#fragments,
        checksum: this.#checksum,
        virtual: this.#virtual,
        logical: this.#logical,
        maximumFrame: this.#maximumFrame,
        lender: undefined,
      };
  }

  /** Whether every frame that was placed and has not completed is for one station, and was not given up. */
  get plain(): boolean {
    return this.#special === 0;
  }

  /** Number of the domain whose buffers may be sent without a closer look. */
  get domain(): number {
    return this.#domain;
  }

  /**
   * Places as many frames as there is room for.
   *
   * @param limit - most frames
   * @returns how many were placed, given-up ones included; 1 when there was room for a part of one alone
   */
  translate(limit = NO_LIMIT): number {
    const end = this.#packets.endIndex;
    let placed = 0;
    for (;;) {
      const simple = this.#placeSimpleFrames(limit - placed);
      if (simple > 0) this.#placement.waiting = false;
      placed += simple;
      // A ring starts over, or the next one needs a closer look.
      if (simple > 0 && placed < limit && this.#send.postCount > 0) continue;
      do {
        if (placed >= limit || this.#send.postCount === 0 || this.#packets.freeCount === 0) return placed;
        this.#careful = true;
        if (!this.#placement.place()) return placed === 0 && this.#packets.endIndex !== end ? 1 : placed;
        this.#special = this.#placedOtherwise = this.#send.drainCount;
        placed += 1;
      } while (this.#send.postCount === 0 || this.#inOwnMemory(this.#send.nextIndex));
    }
  }

  /** Whether the straight line would stop at once. */
  #inOwnMemory(index: number): boolean {
    return (FrameDescriptor.buffer.get(m, this.#send.at(index)) | 0) === NO_BUFFER;
  }

  /**
   * The straight line: frames of one part in a buffer that the NIC reaches, as far as no ring starts over. Stops at the
   * first that is anything else.
   */
  #placeSimpleFrames(limit: number): number {
    const send = this.#send;
    const packets = this.#packets;
    const fragments = this.#fragments;
    const room = Math.min(packets.freeRun | 0, fragments.freeRun | 0, limit | 0);
    const packetStride = packets.stride | 0;
    const fragmentStride = fragments.stride | 0;
    const checksum = this.#checksum | 0;
    const virtual = this.#virtual | 0;
    const logical = this.#logical | 0;
    const domain = this.#domain | 0;
    const maximumFrame = this.#maximumFrame | 0;
    const misaligned = this.#misaligned | 0;
    const stopping = this.#offloads.stopping | 0;
    const begin = send.at(send.nextIndex) | 0;
    const end = (begin + (Math.min(send.postRun | 0, room) << DESCRIPTOR_SHIFT)) | 0;
    let d = begin;
    let p = packets.at(packets.endIndex) | 0;
    let f = fragments.at(fragments.endIndex) | 0;
    let fragment = fragments.endIndex | 0;
    let groups = 0;
    while (d < end) {
      const buffer = FrameDescriptor.buffer.get(m, d) | 0;
      const length = FrameDescriptor.lengthAndFlags.get(m, d) | 0; // a `more` flag makes it longer than any frame
      const address = FrameDescriptor.address.get(m, d) | 0;
      // No buffer has no domain. A frame that is not all in its buffer reaches out of it on one side.
      if ((((BufferEntry.domain.get(m, buffer) | 0) ^ domain) | (address & misaligned)) !== 0) break;
      const within = (address - (BufferEntry.address.get(m, buffer) | 0)) | 0;
      const behind = (BufferEntry.capacity.get(m, buffer) - within - length) | 0;
      if ((within | behind) < 0 || length <= 0 || length > maximumFrame || buffer === NO_BUFFER) break;
      const layout = FrameDescriptor.layout.get(m, d) | 0;
      const layer4AndChecksum = FrameDescriptor.layer4AndChecksum.get(m, d) | 0;
      const segmentation = FrameDescriptor.segmentation.get(m, d) | 0;
      if (((layer4AndChecksum & WISHES) | segmentation) !== 0) {
        // A frame that asks for something: it goes on if the hardware does it to any whose headers are described.
        if (((layer4AndChecksum & stopping) | segmentation) !== 0 || layout >>> 28 === 0) break;
      }
      Fragment.whole.low.set(m, f, length | (length << 26)); // validLength = capacity = length, offset 0
      Fragment.whole.high.set(m, f, length >>> 6);
      if (virtual !== 0) VirtualAddress.address.low.set(m, f, virtual, address);
      if (logical !== 0) {
        m64[(f + (logical >> 2)) >> 1] = m64[(buffer + LOGICAL_WORD) >> 1]!;
        if (within !== 0) LogicalAddress.address.low.set(m, f, logical, BufferEntry.logicalLow.get(m, buffer) + within);
      }
      Packet.fragmentIndex.set(m, p, fragment);
      Packet.countAndLayoutLow.set(m, p, 1 | (layout << 16));
      Packet.layoutHigh.set(m, p, (layout >>> 16) | ((layer4AndChecksum & 15) << 16));
      if (checksum !== 0) Checksum.whole.set(m, p, checksum, layer4AndChecksum >>> 8);
      groups |= u8[address]!;
      d = (d + DESCRIPTOR_WORDS) | 0;
      p = (p + packetStride) | 0;
      f = (f + fragmentStride) | 0;
      fragment = (fragment + 1) | 0;
    }
    const count = (d - begin) >> DESCRIPTOR_SHIFT;
    if (count === 0) return 0;
    send.post(count);
    fragments.publish(count);
    packets.publish(count);
    if ((groups & 1) !== 0) this.#special = send.drainCount;
    return count;
  }

  /**
   * Completes what the driver gave back: buffers are released, descriptors go back to the protocol. A packet whose
   * fragments have not come back yet is still the driver's.
   *
   * @param limit - most packets
   * @returns how many descriptors completed; those from `send.processedIndex` on
   */
  complete(limit = NO_LIMIT): number {
    const first = this.#send.beginIndex;
    const kept = Math.max(0, this.#packets.reapCount - limit);
    while (this.#packets.reapCount > kept) {
      if (this.#careful === true) this.#careful = this.#placement.held > 0;
      let most = this.#packets.reapCount - kept;
      const lender = this.inlet?.lender;
      if (lender !== undefined && lender.away > 0) {
        const ahead = (lender.first - this.#send.beginIndex) & this.#send.mask;
        if (ahead === 0) {
          if (this.#completeLent(lender, most) > 0) continue;
          break;
        }
        most = Math.min(most, ahead);
      }
      const simple = this.#careful !== true && !this.#inOwnMemory(this.#send.beginIndex);
      if (simple && this.#completeSimpleFrames(most) > 0) continue;
      if (!this.#placement.complete(most)) break;
    }
    const completed = (this.#send.beginIndex - first) & this.#send.mask;
    this.#special = Math.max(0, this.#special - completed);
    this.#placedOtherwise = Math.max(0, this.#placedOtherwise - completed);
    return completed;
  }

  /**
   * The straight line: frames of one part in a buffer that nobody else holds, as far as no ring starts over. Stops at the
   * first that is anything else.
   *
   * @returns how many completed
   */
  #completeSimpleFrames(limit: number): number {
    const send = this.#send;
    const packets = this.#packets;
    const returned = Math.min(limit | 0, packets.reapRun | 0, this.#fragments.reapCount | 0);
    let run = Math.min(returned, (send.elements - send.beginIndex) | 0);
    // Where the straight line placed all that is on its way, nothing that the driver wrote need be believed.
    if (this.#placedOtherwise !== 0) run = this.#wholeFrames(run) | 0;
    const begin = send.at(send.beginIndex) | 0;
    const end = (begin + (run << DESCRIPTOR_SHIFT)) | 0;
    let d = begin;
    let bytes = 0;
    // Buffers mostly go back to one pool: its stack pointer is written once, when another one's turn comes or the burst ends.
    let pool = 0;
    let top = 0;
    while (d < end) {
      const buffer = FrameDescriptor.buffer.get(m, d) | 0;
      const length = FrameDescriptor.lengthAndFlags.get(m, d) | 0;
      if (BufferEntry.held.get(m, buffer) !== 1) break; // no buffer; another holder; or a pool that is checked
      const home = BufferEntry.pool.get(m, buffer) | 0;
      if (home !== pool) {
        if (pool !== 0) settleFree(pool, top - pool - POOL_WORDS);
        pool = home;
        top = (pool + POOL_WORDS + Pool.free.get(m, pool)) | 0;
      }
      BufferEntry.state.set(m, buffer, STATE_FREE);
      m[top] = buffer;
      top = (top + 1) | 0;
      bytes = (bytes + length) | 0;
      d = (d + DESCRIPTOR_WORDS) | 0;
    }
    const count = (d - begin) >> DESCRIPTOR_SHIFT;
    if (count === 0) return 0;
    settleFree(pool, top - pool - POOL_WORDS);
    packets.reap(count);
    this.#fragments.reap(count);
    send.complete(count);
    this.counters.packets += count;
    this.counters.bytes += bytes;
    return count;
  }

  /**
   * Frames whose buffers go back to where they came from.
   *
   * @returns how many completed
   */
  #completeLent(lender: Recycler, limit: number): number {
    const send = this.#send;
    const count = Math.min(limit | 0, lender.away | 0, this.#fragments.reapCount | 0);
    if (count === 0) return 0;
    this.#packets.reap(count);
    this.#fragments.reap(count);
    send.complete(count);
    this.counters.packets += count;
    this.counters.bytes += lender.takeBack(send, count);
    return count;
  }

  /** How many packets of a run have one fragment each that is a whole frame: what was placed otherwise may be anything. */
  #wholeFrames(run: number): number {
    const packets = this.#packets;
    const packetStride = packets.stride | 0;
    let d = this.#send.at(this.#send.beginIndex) | 0;
    let p = packets.at(packets.processedIndex) | 0;
    let count = 0;
    while (count < run) {
      const parts = (Packet.countAndLayoutLow.get(m, p) ^ 1) & 0xffff;
      if ((parts | (FrameDescriptor.lengthAndFlags.get(m, d) & FLAGS)) !== 0) break;
      d = (d + DESCRIPTOR_WORDS) | 0;
      p = (p + packetStride) | 0;
      count = (count + 1) | 0;
    }
    return count;
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
    this.#send.post(count);
    this.#send.complete(count);
    for (let index = 0; index < count; index++) {
      const d = this.#send.at(first + index);
      const buffer = FrameDescriptor.buffer.get(m, d) | 0;
      if (FrameDescriptor.more.get(m, d) === 0) this.counters.stopped++;
      if (buffer !== NO_BUFFER) releaseBuffer(buffer);
    }
    return count;
  }

  /** The queue has stopped: mappings that stayed are undone. */
  close(): void {
    this.#placement.close();
  }

  /** @returns every buffer that lies in the queue: with frames that are submitted and have not completed, and copies */
  heldBuffers(): Iterable<number> {
    return this.#placement.heldBuffers();
  }
}
