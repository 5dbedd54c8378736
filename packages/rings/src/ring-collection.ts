/*
 * The rings of one packet queue: packets, the fragments that they point into, and on some receive queues the buffers on
 * offer, in one contiguous block of memory that nobody else uses, so that each queue's transfers are independent of every
 * other's. The seeds' NET_DATAPATH_DESCRIPTOR, NetAdapterCx 2.x's NET_RING_COLLECTION (reference netadaptercx §1.3). What
 * moves packets moves their fragments along (§2.5): a packet's run of fragments is checked before any index moves.
 *
 * @hot
 */

import * as memory from '@netcx/dma/memory';
import * as fragment from './fragment.ts';
import * as packet from './packet.ts';
import * as error from './ring-error.ts';
import * as header from './ring-header.ts';
import * as ringModule from './ring.ts';
import * as systemBuffer from './system-buffer.ts';

const { i32: m } = memory;
const { FRAGMENT_BYTES } = fragment;
const { Packet, PACKET_BYTES } = packet;
const { RingError } = error;
const { RingHeader, RING_HEADER_BYTES } = header;
const { Ring } = ringModule;
const { SYSTEM_BUFFER_BYTES } = systemBuffer;

/**
 * What an element begins with; an `ElementPlan` of `@netcx/extensions` is one.
 *
 * @example
 * ```ts
 * const packetCore: CoreShape = { coreSize: 20, coreVersion: 2 };
 * const options = { name: 'tx 0', packets: 8, fragments: 8, packetStride: 24, fragmentStride: 8, packetCore };
 * RingCollection.create(block, options).packets.coreVersion; // 2
 * ```
 */
export interface CoreShape {
  /** Bytes of the core descriptor. */
  readonly coreSize: number;
  /** Its version: which fields it has. */
  readonly coreVersion: number;
}

/**
 * Sizes of a queue's rings.
 *
 * @example
 * ```ts
 * const options: RingCollectionOptions = { name: 'tx 0', packets: 256, fragments: 512, packetStride: 16, fragmentStride: 24 };
 * RingCollection.bytes(options); // 16512
 * ```
 */
export interface RingCollectionOptions {
  /** For messages: whose queue. */
  readonly name: string;
  /** Elements of the packet ring, a power of two. */
  readonly packets: number;
  /** Elements of the fragment ring, a power of two. */
  readonly fragments: number;
  /** Elements of the data-buffer ring, a power of two; 0, no such ring, when left out. */
  readonly dataBuffers?: number;
  /** Bytes of a packet element: core and extensions. */
  readonly packetStride: number;
  /** Bytes of a fragment element: core and extensions. */
  readonly fragmentStride: number;
  /** Bytes of a data-buffer element: core and extensions; the core alone when left out. */
  readonly dataBufferStride?: number;
  /** The packet core; version 1 when left out. */
  readonly packetCore?: CoreShape;
  /** The fragment core; version 1 when left out. */
  readonly fragmentCore?: CoreShape;
}

const alignLine = (bytes: number): number => Math.ceil(bytes / 64) * 64;

/** Where a ring's successor starts. */
const behind = (ring: ringModule.Ring): number =>
  ring.offset + alignLine(RING_HEADER_BYTES + ring.elements * ring.stride * 4);

/**
 * A queue's packet ring and fragment ring, and the data-buffer ring where there is one.
 *
 * @example
 * ```ts
 * const options = { name: 'tx 0', packets: 8, fragments: 16, packetStride: 12, fragmentStride: 8 };
 * const rings = RingCollection.create(hostPages.allocate(RingCollection.bytes(options)), options);
 * const { packets, fragments } = rings;
 * Packet.fragmentIndex.set(m, packets.at(0), 0); // a packet in two fragments
 * Packet.fragmentCount.set(m, packets.at(0), 2);
 * fragments.publish(2);
 * packets.publish(1);
 * rings.postPackets(1); // fragments move along
 * fragments.drainCount; // 2
 * rings.completePackets(1);
 * rings.reapPackets(1);
 * fragments.freeCount; // 15
 * ```
 */
export class RingCollection {
  /** One element a packet: core descriptor and packet extensions. */
  readonly packets: ringModule.Ring;
  /** One element a fragment: core descriptor and fragment extensions. */
  readonly fragments: ringModule.Ring;
  /** One element a buffer on offer, on receive queues whose buffers the system allocates and the driver attaches. */
  readonly dataBuffers: ringModule.Ring | undefined;

  private constructor(packets: ringModule.Ring, fragments: ringModule.Ring, dataBuffers: ringModule.Ring | undefined) {
    this.packets = packets;
    this.fragments = fragments;
    this.dataBuffers = dataBuffers;
  }

  /**
   * @param options - sizes
   * @returns bytes of the block that holds all rings
   * @throws RingError for what `create` throws for, the offset excepted
   */
  static bytes(options: RingCollectionOptions): number {
    const { packets, fragments, dataBuffers } = ringsOf(options);
    const rest = dataBuffers === undefined ? 0 : alignLine(Ring.bytes(dataBuffers));
    return alignLine(Ring.bytes(packets)) + alignLine(Ring.bytes(fragments)) + rest;
  }

  /**
   * @param offset - host offset of the block, a multiple of 64
   * @param options - sizes
   * @returns empty rings, each right behind the one before it
   * @throws RingError `RING_ADDRESS`, `RING_SIZE`, `RING_STRIDE` or `RING_CORE` when a size or the offset cannot be
   */
  static create(offset: number, options: RingCollectionOptions): RingCollection {
    const { packets, fragments, dataBuffers } = ringsOf(options);
    const first = Ring.create(offset, packets);
    const second = Ring.create(behind(first), fragments);
    const third = dataBuffers === undefined ? undefined : Ring.create(behind(second), dataBuffers);
    RingHeader.ringsBehind.set(m, first.header, third === undefined ? 1 : 2);
    RingHeader.ringsBehind.set(m, second.header, third === undefined ? 0 : 1);
    return new RingCollection(first, second, third);
  }

  /**
   * Attaches to a collection that was built elsewhere over the same memory.
   *
   * @param offset - host offset of its block
   * @param name - for messages
   * @returns the rings
   * @throws RingError `RING_HEADER` when there are none
   */
  static attach(offset: number, name: string): RingCollection {
    const packets = Ring.attach(offset, `${name} packets`);
    const rings = RingHeader.ringsBehind.get(m, packets.header);
    if (rings !== 1 && rings !== 2) {
      throw new RingError(
        'RING_HEADER',
        `${name}: a ring with ${String(rings)} behind it at host offset ${String(offset)}; a collection has 1 or 2`,
      );
    }
    const fragments = Ring.attach(behind(packets), `${name} fragments`);
    const third = rings === 2 ? Ring.attach(behind(fragments), `${name} data buffers`) : undefined;
    return new RingCollection(packets, fragments, third);
  }

  /** Packets from `begin` on that are done whatever happens to those before `next`: `scratch` is set, or `ignore` is. */
  get scratchedCount(): number {
    const { base, stride, mask } = this.packets;
    const posted = this.packets.drainCount | 0;
    let index = this.packets.beginIndex | 0;
    let count = 0;
    while (count < posted) {
      const p = (base + Math.imul(index, stride)) | 0;
      if (Packet.scratch.get(m, p) === 0 && Packet.ignore.get(m, p) === 0) break;
      index = (index + 1) & mask;
      count++;
    }
    return count;
  }

  /**
   * Posts transmit packets and their fragments.
   *
   * @param count - packets from `next` on
   * @throws RingError `RANGE_EXCEEDED` or `FRAGMENT_RUN`; nothing moves
   */
  postPackets(count: number): void {
    const { packets, fragments } = this;
    if (count > packets.postCount) packets.post(count); // throws
    const moved = this.#fragmentsOf(packets.nextIndex, count, fragments.nextIndex, fragments.postCount);
    packets.post(count);
    fragments.post(moved);
  }

  /**
   * Gives packets back with all fragments up to the end of the last one's run. Fragments that lie between two runs go
   * along, unused; a packet that is ignored has none.
   *
   * @param count - packets from `begin` on
   * @throws RingError `RANGE_EXCEEDED` or `FRAGMENT_RUN`; nothing moves
   */
  completePackets(count: number): void {
    const { packets, fragments } = this;
    if (count > packets.driverCount) packets.complete(count); // throws
    const moved = this.#fragmentsOf(packets.beginIndex, count, fragments.beginIndex, fragments.driverCount);
    packets.complete(count);
    fragments.complete(moved);
  }

  /**
   * Takes packets back with all fragments up to the end of the last one's run. What the driver wrote is checked first.
   *
   * @param count - packets from `processed` on
   * @throws RingError `RANGE_EXCEEDED` or `FRAGMENT_RUN`; nothing moves
   */
  reapPackets(count: number): void {
    const { packets, fragments } = this;
    if (count > packets.reapCount) packets.reap(count); // throws
    const moved = this.#fragmentsOf(packets.processedIndex, count, fragments.processedIndex, fragments.reapCount);
    packets.reap(count);
    fragments.reap(moved);
  }

  /**
   * Fragments that the driver skipped before a packet that it gave back: their buffers are not in use. Once no packet is
   * left to reap or to come, all of `fragments.reapCount` is such a gap.
   *
   * @param p - word index of the first packet that is not reaped, which is not ignored
   * @returns how many lie from `fragments.processedIndex` to the packet's first fragment
   */
  gapBefore(p: number): number {
    return (Packet.fragmentIndex.get(m, p) - this.fragments.processedIndex) & this.fragments.mask;
  }

  /** Empties all rings: every index becomes 0. */
  reset(): void {
    this.packets.reset();
    this.fragments.reset();
    this.dataBuffers?.reset();
  }

  /** How many fragments from `start` on belong to some packets, gaps included; at most `most` may. */
  #fragmentsOf(first: number, count: number, start: number, most: number): number {
    const { base, stride, mask } = this.packets;
    const fragmentMask = this.fragments.mask | 0;
    let index = first | 0;
    let taken = 0;
    for (let done = 0; done < count; done++) {
      const p = (base + Math.imul(index, stride)) | 0;
      index = (index + 1) & mask;
      const run = Packet.fragmentCount.get(m, p) | 0;
      if (run === 0 || Packet.ignore.get(m, p) !== 0) continue;
      const from = Packet.fragmentIndex.get(m, p);
      const skipped = (from - start) & fragmentMask;
      if (from > fragmentMask || skipped < taken || skipped + run > most) {
        this.#outside(index, from, run, (start + taken) & fragmentMask, most - taken);
      }
      taken = skipped + run;
    }
    return taken;
  }

  #outside(next: number, from: number, run: number, start: number, most: number): never {
    const index = (next - 1) & this.packets.mask;
    throw new RingError(
      'FRAGMENT_RUN',
      `${this.packets.name}: packet ${String(index)} has ${String(run)} fragments from ${String(from)} on; ` +
        `expected a run within the ${String(most)} from ${String(start)} on (${this.fragments.describe()})`,
    );
  }
}

/** What each ring is built from. */
function ringsOf(options: RingCollectionOptions) {
  const { name, packets, fragments, dataBuffers = 0, packetStride, fragmentStride } = options;
  const packetCore = options.packetCore ?? { coreSize: PACKET_BYTES, coreVersion: 1 };
  const fragmentCore = options.fragmentCore ?? { coreSize: FRAGMENT_BYTES, coreVersion: 1 };
  const offers = {
    name: `${name} data buffers`,
    elements: dataBuffers,
    stride: options.dataBufferStride ?? SYSTEM_BUFFER_BYTES,
    coreSize: SYSTEM_BUFFER_BYTES,
  };
  return {
    packets: { name: `${name} packets`, elements: packets, stride: packetStride, ...shapeOf(packetCore) },
    fragments: { name: `${name} fragments`, elements: fragments, stride: fragmentStride, ...shapeOf(fragmentCore) },
    dataBuffers: dataBuffers === 0 ? undefined : offers,
  };
}

/** The two numbers alone: an element plan has a stride, and more. */
const shapeOf = ({ coreSize, coreVersion }: CoreShape): CoreShape => ({ coreSize, coreVersion });
