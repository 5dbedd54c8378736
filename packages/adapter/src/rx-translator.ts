/*
 * From a receive queue's packets to the protocol's descriptors: what was received is shown in the buffer that the NIC wrote,
 * with no copy. What a driver hands up is checked before it is believed: a fragment must lie inside its buffer. Follows
 * reference netadaptercx §4.5 and §7.2; rx-supply.ts brings the buffers.
 *
 * @hot
 */

import * as memory from '@netcx/dma/memory';
import * as buffers from '@netcx/buffers';
import * as extensions from '@netcx/extensions';
import * as rings from '@netcx/rings';
import type { Ring } from '@netcx/rings';
import * as frames from './edge/frame-descriptor.ts';
import type { RxMetadata } from './receive-offload/rx-metadata.ts';
import type { Recycler } from './redirect/recycler.ts';
import type { RedirectSource } from './redirect/redirection.ts';
import * as sources from './rx-source.ts';
import type { RxSource } from './rx-source.ts';
import type { RxTranslatorCounters, RxTranslatorOptions } from './rx-translator-options.ts';

const { i32: m, u8 } = memory;
const { BufferEntry, handOver, NO_BUFFER, OWNER_PROTOCOL, releaseBuffer } = buffers;
const { Checksum } = extensions;
const { Fragment, Packet } = rings;
const { FrameDescriptor, FRAME_DESCRIPTOR_BYTES } = frames;
const { attachedBuffers } = sources;
const DESCRIPTOR_WORDS = FRAME_DESCRIPTOR_BYTES / 4;
const DESCRIPTOR_SHIFT = Math.log2(DESCRIPTOR_WORDS) | 0;
/** `more` in a descriptor's length word. */
const MORE = 1 << 26;
/** `ignore` in a packet's last word. */
const IGNORE = 1 << 24;

/** Shows what came in one receive queue. */
export class RxTranslator {
  // What each poll asks stands first, on few lines of the cache.
  readonly #packets: Ring;
  readonly #fragments: Ring;
  readonly #source: RxSource | undefined;
  readonly #recycler: Recycler | undefined;
  /** Bytes of each buffer that the NIC may write; -1 where each fragment must be looked at. */
  readonly #capacity: number = 0;
  readonly #shadow: number = 0;
  readonly #checksum: number = 0;
  readonly #headroom: number = 0;
  #receive: Ring;
  readonly #metadata: RxMetadata | undefined;
  /** What `plain` says. */
  #plain = true;
  readonly counters: RxTranslatorCounters = { packets: 0, bytes: 0, ignored: 0, invalid: 0, unclaimed: 0 };
  /** Where times lie beside the descriptors of `#receive`. */
  #times = 0;
  #timestampDeltas = 0;

  /**
   * @param options - rings, offsets and buffers
   */
  constructor(options: RxTranslatorOptions) {
    this.#receive = options.receive;
    this.#packets = options.rings.packets;
    this.#fragments = options.rings.fragments;
    const { pool, source } = options;
    this.#source = source;
    this.#recycler = options.recycler;
    this.#headroom = pool?.headroom ?? 0;
    this.#capacity = pool === undefined || source?.inspects === true ? -1 : pool.capacity - pool.headroom;
    this.#checksum = options.checksum;
    this.#shadow = options.shadow >>> 2;
    this.#metadata = options.metadata;
    this.#times = options.metadata?.times ?? 0;
    this.#timestampDeltas = options.metadata?.timestampDeltas ?? 0;
  }

  /** Whether all that the last `indicate` showed were frames of one part, each for one station. */
  get plain(): boolean {
    return this.#plain;
  }

  /** Where frames may be taken by somebody else, one after the other; `undefined` where each needs a closer look. */
  get outlet(): RedirectSource | undefined {
    const recycler = this.#recycler;
    if (recycler === undefined || this.#capacity < 0 || this.#metadata?.changesFrames === true) return undefined;
    return {
      packets: this.#packets,
      fragments: this.#fragments,
      shadow: this.#shadow,
      capacity: this.#capacity,
      counters: this.counters,
      recycler,
    };
  }

  /**
   * Shows packets in another ring from now on.
   *
   * @param ring - of frame descriptors, as many as the one before, with words that are zero where nothing was written
   * @param times - host offset of 8 bytes for each element; 0 = none
   * @param timestampDeltas - host offset of 4 bytes for each element; 0 = none
   */
  divert(ring: Ring, times: number, timestampDeltas: number): void {
    this.#receive = ring;
    this.#times = times;
    this.#timestampDeltas = timestampDeltas;
  }

  /**
   * Shows packets that the driver gave back, up to a batch and up to the room in the receive ring.
   *
   * @param limit - most packets
   * @returns how many descriptors were written and published
   */
  indicate(limit: number): number {
    const end = this.#receive.endIndex;
    this.#plain = true;
    this.#source?.adopt();
    let most = Math.min(this.#packets.reapCount, limit);
    while (most > 0) {
      const packet = this.#packets.processedIndex;
      const descriptor = this.#receive.endIndex;
      const shown = this.#indicateSimple(most);
      if (shown > 0 && this.#metadata !== undefined) this.#carry(packet, shown, descriptor);
      // What stops the straight line at once is not of the common kind, or there is no room.
      if (shown === 0 && !this.#indicateOther()) break;
      most -= Math.max(shown, 1);
    }
    this.reclaimUnused();
    return (this.#receive.endIndex - end) & this.#receive.mask;
  }

  /**
   * The straight line: packets of one whole fragment each, as far as no ring starts over. Stops at the first that is
   * anything else.
   */
  #indicateSimple(most: number): number {
    const receive = this.#receive;
    const packets = this.#packets;
    const fragments = this.#fragments;
    const packetStride = packets.stride | 0;
    const fragmentStride = fragments.stride | 0;
    const checksum = this.#checksum | 0;
    const capacity = this.#capacity | 0;
    const headroom = this.#headroom | 0;
    const room = Math.min(most | 0, receive.freeRun | 0, packets.reapRun | 0, fragments.reapRun | 0);
    const begin = receive.at(receive.endIndex) | 0;
    const end = (begin + (room << DESCRIPTOR_SHIFT)) | 0;
    let d = begin;
    let p = packets.at(packets.processedIndex) | 0;
    let expected = fragments.processedIndex | 0;
    let f = fragments.at(expected) | 0;
    let shadow = (this.#shadow + expected) | 0;
    let bytes = 0;
    let groups = 0;
    while (d < end) {
      const layoutLow = Packet.countAndLayoutLow.get(m, p) | 0;
      const layoutHigh = Packet.layoutHigh.get(m, p) | 0;
      const odd = ((layoutLow ^ 1) & 0xffff) | (layoutHigh & IGNORE);
      if ((odd | (Packet.fragmentIndex.get(m, p) ^ expected)) !== 0) break;
      const length = Fragment.validLength.get(m, f) | 0;
      const offset = Fragment.offset.get(m, f) | 0;
      if (length === 0 || ((offset + length) | 0) > capacity) break;
      const buffer = m[shadow]! | 0;
      const evaluated = checksum === 0 ? 0 : Checksum.whole.get(m, p, checksum) | 0;
      const address = ((BufferEntry.address.get(m, buffer) | 0) + (offset + headroom)) | 0;
      FrameDescriptor.address.set(m, d, address);
      FrameDescriptor.lengthAndFlags.set(m, d, length);
      FrameDescriptor.buffer.set(m, d, buffer);
      FrameDescriptor.layout.set(m, d, (layoutLow >>> 16) | (layoutHigh << 16));
      FrameDescriptor.layer4AndChecksum.set(m, d, ((layoutHigh >>> 16) & 15) | (evaluated << 8));
      // The other words of a receive ring's descriptors are zero from the start, and nobody writes them.
      groups |= u8[address]!;
      bytes = (bytes + length) | 0;
      d = (d + DESCRIPTOR_WORDS) | 0;
      p = (p + packetStride) | 0;
      f = (f + fragmentStride) | 0;
      expected = (expected + 1) | 0;
      shadow = (shadow + 1) | 0;
    }
    const count = (d - begin) >> DESCRIPTOR_SHIFT;
    if (count === 0) return 0;
    if ((groups & 1) !== 0) this.#plain = false;
    receive.publish(count);
    packets.reap(count);
    fragments.reap(count);
    this.counters.packets += count;
    this.counters.bytes += bytes;
    return count;
  }

  /**
   * The packet at `processed`, whatever it is: ignored, of several fragments, after skipped fragments, or nonsense.
   *
   * @returns false when it waits for room, whole
   */
  #indicateOther(): boolean {
    this.#plain = false;
    const p = this.#packets.at(this.#packets.processedIndex);
    if (Packet.ignore.get(m, p) !== 0) {
      this.counters.ignored++;
      this.#packets.reap(1);
      return true;
    }
    const first = Packet.fragmentIndex.get(m, p);
    const count = Packet.fragmentCount.get(m, p);
    const skipped = (first - this.#fragments.processedIndex) & this.#fragments.mask;
    // Fragments that do not exist, are still the driver's or were shown before; or more than any protocol could be shown.
    if (
      first > this.#fragments.mask ||
      count === 0 ||
      skipped + count > this.#fragments.reapCount ||
      count > this.#receive.mask
    ) {
      this.counters.invalid++;
      this.#packets.reap(1);
      return true;
    }
    if (this.#receive.freeCount < count) return false;
    this.#reclaim(skipped);
    this.#packets.reap(1);
    if (!this.#fragmentsValid(first, count)) {
      this.counters.invalid++;
      this.#reclaim(count);
      return true;
    }
    for (let part = 0; part < count; part++) this.#showPart(p, first + part, part, part + 1 < count);
    if (this.#metadata !== undefined) this.#carry(this.#packets.processedIndex - 1, 1, this.#receive.endIndex);
    this.#receive.publish(count);
    this.#fragments.reap(count);
    this.counters.packets++;
    return true;
  }

  /** Each fragment lies inside its buffer, and only the first may start behind its beginning. */
  #fragmentsValid(first: number, count: number): boolean {
    for (let part = 0; part < count; part++) {
      const f = this.#fragments.at(first + part);
      const offset = Fragment.offset.get(m, f);
      const length = Fragment.validLength.get(m, f);
      const buffer = m[this.#shadow + ((first + part) & this.#fragments.mask)]!;
      if (buffer === NO_BUFFER || length === 0 || (part > 0 && offset !== 0)) return false;
      if (offset + length > BufferEntry.capacity.get(m, buffer) - this.#headroom) return false;
    }
    return true;
  }

  #showPart(p: number, index: number, part: number, more: boolean): void {
    const f = this.#fragments.at(index);
    const d = this.#receive.at(this.#receive.endIndex + part);
    const buffer = m[this.#shadow + (index & this.#fragments.mask)]!;
    const length = Fragment.validLength.get(m, f);
    const layoutHigh = Packet.layoutHigh.get(m, p);
    const evaluated = this.#checksum === 0 ? 0 : Checksum.whole.get(m, p, this.#checksum);
    const address = BufferEntry.address.get(m, buffer) + this.#headroom;
    if (this.#capacity < 0) handOver(buffer, OWNER_PROTOCOL);
    FrameDescriptor.address.set(m, d, address + Fragment.offset.get(m, f));
    FrameDescriptor.lengthAndFlags.set(m, d, length | (more ? MORE : 0));
    FrameDescriptor.buffer.set(m, d, buffer);
    FrameDescriptor.layout.set(m, d, (Packet.countAndLayoutLow.get(m, p) >>> 16) | (layoutHigh << 16));
    FrameDescriptor.layer4AndChecksum.set(m, d, ((layoutHigh >>> 16) & 15) | (evaluated << 8));
    FrameDescriptor.segmentSize.set(m, d, 0);
    FrameDescriptor.hash.set(m, d, 0);
    FrameDescriptor.context.set(m, d, 0);
    this.counters.bytes += length;
  }

  #carry(packet: number, count: number, descriptor: number): void {
    this.#metadata?.carry(packet, count, this.#receive, descriptor, this.#times, this.#timestampDeltas);
  }

  /**
   * Takes back every descriptor that was published: there is nobody to look at them.
   *
   * @param ring - where; the ring that packets are shown in now when left out
   */
  discard(ring: Ring = this.#receive): void {
    const first = ring.beginIndex;
    const count = ring.driverCount;
    for (let index = 0; index < count; index++) {
      const d = ring.at(first + index);
      releaseBuffer(FrameDescriptor.buffer.get(m, d));
      this.counters.bytes -= FrameDescriptor.length.get(m, d);
      if (FrameDescriptor.more.get(m, d) !== 0) continue;
      this.counters.packets--;
      this.counters.unclaimed++;
    }
    ring.complete(count);
    ring.reap(count);
  }

  /** Once the packet ring is reaped empty, every fragment that was given back is nobody's. */
  reclaimUnused(): void {
    const unused = this.#fragments.reapCount;
    if (unused > 0 && this.#packets.reapCount === 0) this.#reclaim(unused);
  }

  /** The queue stops: the buffers of all fragments that were given back return to the pool. */
  reclaimAll(): void {
    this.#source?.adopt();
    this.#reclaim(this.#fragments.reapCount);
    this.#source?.stop();
    this.#recycler?.close();
  }

  /** @returns every buffer that lies in the queue, the NIC's to write */
  heldBuffers(): Iterable<number> {
    const others = this.#source?.heldBuffers() ?? this.#recycler?.heldBuffers() ?? [];
    return [...attachedBuffers(this.#fragments, this.#shadow), ...others];
  }

  /** Gives back the buffers of fragments that no packet refers to. */
  #reclaim(count: number): void {
    const first = this.#fragments.processedIndex;
    for (let index = 0; index < count; index++) {
      const word = this.#shadow + ((first + index) & this.#fragments.mask);
      const buffer = m[word]!;
      if (buffer !== NO_BUFFER) releaseBuffer(buffer);
      m[word] = NO_BUFFER;
    }
    this.#fragments.reap(count);
  }
}
