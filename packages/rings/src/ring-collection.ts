/*
 * The rings of one packet queue: packets and the fragments that they point into, in one contiguous block of memory that
 * nobody else uses, so that each queue's transfers are independent of every other's. The seeds' NET_DATAPATH_DESCRIPTOR,
 * NetAdapterCx 2.x's NET_RING_COLLECTION (reference netadaptercx §1.3).
 */

import { Ring } from './ring.ts';

/** Sizes of a queue's rings. */
export interface RingCollectionOptions {
  /** For messages: whose queue. */
  readonly name: string;
  /** Elements of the packet ring, a power of two. */
  readonly packets: number;
  /** Elements of the fragment ring, a power of two. */
  readonly fragments: number;
  /** Bytes of a packet element: core and extensions. */
  readonly packetStride: number;
  /** Bytes of a fragment element: core and extensions. */
  readonly fragmentStride: number;
}

const alignLine = (bytes: number): number => Math.ceil(bytes / 64) * 64;

/** A queue's packet ring and fragment ring. */
export class RingCollection {
  /** One element a packet: core descriptor and packet extensions. */
  readonly packets: Ring;
  /** One element a fragment: core descriptor and fragment extensions. */
  readonly fragments: Ring;

  private constructor(packets: Ring, fragments: Ring) {
    this.packets = packets;
    this.fragments = fragments;
  }

  /**
   * @param options - sizes
   * @returns bytes of the block that holds both rings
   */
  static bytes(options: RingCollectionOptions): number {
    const { packets, fragments } = ringsOf(options);
    return alignLine(Ring.bytes(packets)) + alignLine(Ring.bytes(fragments));
  }

  /**
   * @param offset - host offset of the block, a multiple of 64
   * @param options - sizes
   * @returns two empty rings, the fragment ring right behind the packet ring
   * @throws RingError when a size or the offset cannot be
   */
  static create(offset: number, options: RingCollectionOptions): RingCollection {
    const { packets, fragments } = ringsOf(options);
    const second = offset + alignLine(Ring.bytes(packets));
    return new RingCollection(Ring.create(offset, packets), Ring.create(second, fragments));
  }

  /**
   * Attaches to a collection that was built elsewhere over the same memory.
   *
   * @param offset - host offset of its block
   * @param name - for messages
   * @returns the two rings
   * @throws RingError `RING_HEADER` when there are none
   */
  static attach(offset: number, name: string): RingCollection {
    const packets = Ring.attach(offset, `${name} packets`);
    const second = offset + alignLine(64 + packets.elements * packets.stride * 4);
    return new RingCollection(packets, Ring.attach(second, `${name} fragments`));
  }

  /** Empties both rings: every index becomes 0. */
  reset(): void {
    this.packets.reset();
    this.fragments.reset();
  }
}

function ringsOf(options: RingCollectionOptions) {
  const { name, packets, fragments, packetStride, fragmentStride } = options;
  return {
    packets: { name: `${name} packets`, elements: packets, stride: packetStride },
    fragments: { name: `${name} fragments`, elements: fragments, stride: fragmentStride },
  };
}
