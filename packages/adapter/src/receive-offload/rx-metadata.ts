/*
 * What a driver says of a packet beside its layout and checksums, from the packet's extensions to its first descriptor: the
 * hash, the tag that was taken out, counts of coalescing; and beside the descriptors, times. Queues without any of these
 * extensions have none of this.
 *
 * @hot
 */

import * as memory from '@netcx/dma/memory';
import * as dma from '@netcx/dma';
import * as extensions from '@netcx/extensions';
import type { BoundExtension, Extension, ExtensionFields } from '@netcx/extensions';
import type { Ring } from '@netcx/rings';
import * as frames from '../edge/frame-descriptor.ts';

const { i32: m } = memory;
const { hostPages } = dma;
const { HardwareTimestamp, Hash, Ieee8021q, Rsc, RscTimestamp, RscV1 } = extensions;
const { FrameDescriptor } = frames;
/** What stands in `tagging`: the priority counts, the VLAN counts. */
const PRIORITY = 1;
const VLAN = 2;

/** Carries the metadata of one queue's packets. */
export class RxMetadata {
  /** Host offset of 8 bytes for each element of the edge's ring; 0 = packets carry no hardware timestamp. */
  readonly times: number;
  /** Host offset of 4 bytes for each element of the edge's ring; 0 = packets carry no timestamp delta. */
  readonly timestampDeltas: number;
  readonly #packets: Ring;
  readonly #hash: number;
  readonly #tag: number;
  readonly #rsc: number;
  readonly #rscTimestamp: number;
  readonly #time: number;
  /** Whether hashes are all that there is to carry. */
  readonly #hashOnly: boolean;
  readonly #pages: number;

  private constructor(owner: string, packets: Ring, elements: number, offsetOf: (extension: Extension) => number) {
    this.#packets = packets;
    this.#hash = offsetOf(Hash);
    this.#tag = offsetOf(Ieee8021q);
    this.#rsc = offsetOf(RscV1);
    this.#rscTimestamp = offsetOf(RscTimestamp);
    this.#time = offsetOf(HardwareTimestamp);
    this.#hashOnly = (this.#tag | this.#rsc | this.#rscTimestamp | this.#time) === 0;
    this.#pages = hostPages.allocate(12 * elements, { owner });
    m.fill(0, this.#pages >>> 2, (this.#pages >>> 2) + 3 * elements);
    this.times = this.#time === 0 ? 0 : this.#pages;
    this.timestampDeltas = this.#rscTimestamp === 0 ? 0 : this.#pages + 8 * elements;
  }

  /**
   * @param owner - for memory reports
   * @param packets - the packet ring
   * @param elements - of the edge's ring
   * @param find - an extension in the packets' elements
   * @returns what carries them; `undefined` when the queue has no extension to carry
   * @throws DmaError `OUT_OF_MEMORY`
   */
  static of(
    owner: string,
    packets: Ring,
    elements: number,
    find: <F extends ExtensionFields>(definition: Extension<F>) => BoundExtension<F>,
  ): RxMetadata | undefined {
    const present = [Hash, Ieee8021q, RscV1, Rsc, RscTimestamp, HardwareTimestamp].some(
      (one) => find(one as Extension).offset !== 0,
    );
    return present ? new RxMetadata(owner, packets, elements, (one) => find(one).offset) : undefined;
  }

  /** Whether a frame may have to be sent otherwise than it lies there: with a tag put in again, or in segments. */
  get changesFrames(): boolean {
    return this.#tag !== 0 || this.#rsc !== 0;
  }

  /**
   * @param packet - index of the first packet
   * @param count - packets that became one descriptor each; 1 for a packet of several parts
   * @param ring - where their descriptors lie
   * @param descriptor - index of the first
   * @param times - host offset of 8 bytes for each element of that ring; 0 = none
   * @param deltas - host offset of 4 bytes for each; 0 = none
   */
  carry(packet: number, count: number, ring: Ring, descriptor: number, times: number, deltas: number): void {
    if (this.#hashOnly) this.#carryHashes(packet, count, ring, descriptor);
    else this.#carryAll(packet, count, ring, descriptor, times, deltas);
  }

  /** The same where hashes are all there is: a type is looked at when it is another one than the packet before had. */
  #carryHashes(packet: number, count: number, ring: Ring, descriptor: number): void {
    const base = this.#packets.base | 0;
    const stride = this.#packets.stride | 0;
    const mask = this.#packets.mask | 0;
    const ringMask = ring.mask | 0;
    const ringBase = ring.base | 0;
    const hash = this.#hash | 0;
    let flags = 0;
    let type = 0;
    for (let index = 0; index < count; index = (index + 1) | 0) {
      const p = (base + Math.imul((packet + index) & mask, stride)) | 0;
      const d = (ringBase + (((descriptor + index) & ringMask) << 3)) | 0;
      const found = Hash.protocolType.get(m, p, hash) | 0;
      if (found !== flags) {
        flags = found;
        type = hashType(found);
      }
      FrameDescriptor.hashType.set(m, d, type);
      FrameDescriptor.hash.set(m, d, type === 0 ? 0 : Hash.value.get(m, p, hash));
    }
  }

  #carryAll(packet: number, count: number, ring: Ring, descriptor: number, times: number, deltas: number): void {
    const base = this.#packets.base | 0;
    const stride = this.#packets.stride | 0;
    const mask = this.#packets.mask | 0;
    const ringMask = ring.mask | 0;
    const ringBase = ring.base | 0;
    const hash = this.#hash | 0;
    const tag = this.#tag | 0;
    const rsc = this.#rsc | 0;
    const rscTimestamp = this.#rscTimestamp | 0;
    const time = this.#time | 0;
    for (let index = 0; index < count; index++) {
      const p = (base + Math.imul((packet + index) & mask, stride)) | 0;
      const element = (descriptor + index) & ringMask;
      const d = (ringBase + (element << 3)) | 0;
      if (hash !== 0) {
        const type = hashType(Hash.protocolType.get(m, p, hash));
        FrameDescriptor.hashType.set(m, d, type);
        FrameDescriptor.hash.set(m, d, type === 0 ? 0 : Hash.value.get(m, p, hash));
      }
      if (tag !== 0) {
        const priority = Ieee8021q.priorityCodePoint.get(m, p, tag);
        const vlan = Ieee8021q.vlanIdentifier.get(m, p, tag);
        FrameDescriptor.tag.set(m, d, (priority << 13) | vlan);
        FrameDescriptor.tagging.set(m, d, (priority === 0 ? 0 : PRIORITY) | (vlan === 0 ? 0 : VLAN));
      }
      if (rsc !== 0) {
        const detail = RscV1.duplicateAckCount.get(m, p, rsc) << 16;
        FrameDescriptor.segmentation.set(m, d, detail | RscV1.coalescedSegmentCount.get(m, p, rsc));
      }
      if (time !== 0 && times !== 0) {
        m[(times >>> 2) + 2 * element] = HardwareTimestamp.time.low.get(m, p, time);
        m[(times >>> 2) + 2 * element + 1] = HardwareTimestamp.time.high.get(m, p, time);
      }
      if (rscTimestamp !== 0 && deltas !== 0)
        m[(deltas >>> 2) + element] = RscTimestamp.tcpTimestampDelta.get(m, p, rscTimestamp);
    }
  }

  /** The queue has stopped. */
  free(): void {
    hostPages.free(this.#pages);
  }
}

/**
 * From the extension's flags to the descriptor's two small numbers: layer 3 in its low 3 bits, layer 4 above. Of flags that
 * exclude one another the more special one counts for layer 3; both for layer 4 are none.
 */
function hashType(flags: number): number {
  const layer4 = (flags >>> 4) & 3;
  return (32 - Math.clz32(flags & 15)) | ((layer4 === 3 ? 0 : layer4) << 3);
}
