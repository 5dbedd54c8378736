/*
 * Between a receive queue's translator and the protocol's ring, when something is done in software: frames wait in a ring of
 * their own until they were looked at, and go on a pass at a time. Each buffer that came in goes on or back to its pool; what
 * finds no room stays and waits.
 *
 * @hot
 */

import * as memory from '@netcx/dma/memory';
import * as dma from '@netcx/dma';
import * as buffers from '@netcx/buffers';
import * as rings from '@netcx/rings';
import type { Ring as RingType } from '@netcx/rings';
import * as frames from '../edge/frame-descriptor.ts';
import type { ReceiveEdge } from '../edge/receive-edge.ts';
import * as layouts from '../layout/frame-layout.ts';
import * as checksums from './checksum-validation.ts';
import * as coalesced from './coalesced-frame.ts';
import * as coalescing from './coalescer.ts';
import * as switches from './receive-offload-switches.ts';

const { i32: m } = memory;
const { hostPages } = dma;
const { releaseBuffer } = buffers;
const { Layer2Type, Layer3Type, Layer4Type, Ring } = rings;
const { FrameDescriptor, FRAME_DESCRIPTOR_BYTES } = frames;
const { FrameLayout, LayoutOutcome } = layouts;
const { evaluateLayer3, evaluateLayer4 } = checksums;
const { CoalescedFrame, rewriteHeaders } = coalesced;
const { Coalescer, COALESCER_BYTES, PASS_FRAMES } = coalescing;
const { ANY_COALESCING, layer4Switches, ReceiveSwitch } = switches;

/** `more` in a descriptor's length word. */
const MORE = 1 << 26;
const LENGTH = 0x03ff_ffff;
/** Where layer 3's and layer 4's findings lie in a descriptor's word. */
const LAYER3_SHIFT = 10;
const LAYER4_SHIFT = 12;
const INVALID = 2;

/** What the stage found and did. In frames. */
export interface ReceiveStageCounters {
  /** Frames whose headers were found here, since the driver had not said where they lie. */
  layoutsParsed: number;
  /** Frames whose headers lie elsewhere than the driver said. */
  layoutsCorrected: number;
  /** Checksums that were looked at here, by what they are. */
  checksumsValid: number;
  checksumsInvalid: number;
}

/** Looks at the frames of one receive queue. */
export class ReceiveStage {
  /** Where the translator shows frames, in place of the edge's ring. */
  readonly ring: RingType;
  /** Host offset of one hardware timestamp for each element of `ring`. */
  readonly times: number;
  /** Host offset of one timestamp delta for each element of `ring`. */
  readonly timestampDeltas: number;
  readonly counters: ReceiveStageCounters = {
    layoutsParsed: 0,
    layoutsCorrected: 0,
    checksumsValid: 0,
    checksumsInvalid: 0,
  };
  /** @internal */
  readonly coalescer: InstanceType<typeof Coalescer>;
  readonly #edge: ReceiveEdge;
  readonly #layout = new FrameLayout();
  readonly #pages: number;
  #enabled = 0;
  /** Number of elements that the pass has written into the edge's ring, from its end on. */
  #written = 0;

  /**
   * @param name - for messages: whose frames
   * @param edge - where they go
   * @throws DmaError `OUT_OF_MEMORY`
   */
  constructor(name: string, edge: ReceiveEdge) {
    const { elements } = edge.ring;
    const options = { name: `${name} stage`, elements, stride: FRAME_DESCRIPTOR_BYTES };
    const ringBytes = Ring.bytes(options);
    this.#edge = edge;
    this.#pages = hostPages.allocate(ringBytes + 16 * elements + COALESCER_BYTES, { owner: name });
    this.ring = Ring.create(this.#pages, options);
    this.times = this.#pages + ringBytes;
    this.timestampDeltas = this.times + 8 * elements;
    const edgeDeltas = this.timestampDeltas + 4 * elements;
    const scratch = edgeDeltas + 4 * elements;
    if (edge.timestampDeltas === 0) edge.provide(edge.times, edgeDeltas);
    m.fill(0, this.times >>> 2, (scratch + COALESCER_BYTES) >>> 2);
    this.coalescer = new Coalescer(scratch, this.ring.base, this.ring.mask);
  }

  /** `ReceiveSwitch` bits: what is done from the next pass on; 0 = frames go on as they are. */
  get enabled(): number {
    return this.#enabled;
  }

  set enabled(word: number) {
    this.#enabled = word;
  }

  /** Whether frames wait for room in the edge's ring. */
  get waiting(): boolean {
    return this.ring.driverCount > 0;
  }

  /**
   * Moves frames on, as many as there are and as there is room for.
   *
   * @returns how many descriptors were published in the edge's ring
   */
  run(): number {
    let published = 0;
    while (this.ring.driverCount > 0) {
      const records = this.#look();
      if (records === 0) break;
      this.#written = 0;
      let descriptors = 0;
      for (let record = 0; record < records; record++) {
        const r = this.coalescer.record(record);
        descriptors = (descriptors + CoalescedFrame.parts.get(m, r)) | 0;
        if (CoalescedFrame.behind.get(m, r) === 0) this.#emit(r);
      }
      this.coalescer.reset();
      this.ring.complete(descriptors);
      this.ring.reap(descriptors);
      this.#edge.ring.publish(this.#written);
      published = (published + this.#written) | 0;
    }
    return published;
  }

  /**
   * Looks at the oldest frames: those for which there is room, up to a pass.
   *
   * @returns how many records were made of them
   */
  #look(): number {
    const base = this.ring.base | 0;
    const mask = this.ring.mask | 0;
    const enabled = this.#enabled | 0;
    const layout = this.#layout;
    let first = this.ring.beginIndex | 0;
    let left = Math.min(this.ring.driverCount, this.#edge.ring.freeCount) | 0;
    const coalesces = (enabled & ANY_COALESCING) !== 0;
    let frames = 0;
    let record = 0;
    while (left > 0 && frames < PASS_FRAMES) {
      const alike = coalesces ? this.coalescer.extend(record, first, Math.min(left, PASS_FRAMES - frames) | 0) | 0 : 0;
      if (alike > 0) {
        this.#countLayouts(this.coalescer.likeOutcome, alike);
        first = (first + alike) & mask;
        left = (left - alike) | 0;
        frames = (frames + alike) | 0;
        record = (record + 1) | 0;
        continue;
      }
      const d = (base + ((first & mask) << 3)) | 0;
      layout.reader.open(base, mask, first);
      const parts = layout.reader.parts | 0;
      if (parts > left) break;
      if (enabled !== 0) {
        this.#countLayouts(layout.complete(base, mask, first, Layer2Type.Ethernet), 1);
        this.#validate(d, enabled);
      }
      if (coalesces) this.coalescer.add(record, first, layout, enabled);
      else this.coalescer.note(record, first, parts);
      first = (first + parts) & mask;
      left = (left - parts) | 0;
      frames = (frames + 1) | 0;
      record = (record + 1) | 0;
    }
    return record;
  }

  #countLayouts(outcome: number, frames: number): void {
    if (outcome === LayoutOutcome.Parsed) this.counters.layoutsParsed += frames;
    else if (outcome === LayoutOutcome.Corrected) this.counters.layoutsCorrected += frames;
  }

  /** Where the NIC has not looked, and somebody wants to know: the protocol, or coalescing, which needs valid segments. */
  #validate(d: number, enabled: number): void {
    const layout = this.#layout;
    const { layer3Type, layer4Type, layer4Length } = layout;
    if (layer3Type === Layer3Type.Unspecified) return;
    const ipv4 = layer3Type <= Layer3Type.IPv4NoOptions;
    const tcp = layer4Type === Layer4Type.Tcp;
    const word = FrameDescriptor.layer4AndChecksum.get(m, d) | 0;
    let found = word;
    const wanted = layer4Length === 0 ? 0 : layer4Switches(tcp, ipv4);
    const coalesces = enabled & ANY_COALESCING & wanted;
    if (ipv4 && ((enabled & ReceiveSwitch.ChecksumIPv4) | coalesces) !== 0 && ((word >>> LAYER3_SHIFT) & 3) === 0)
      found |= this.#counted(evaluateLayer3(layout)) << LAYER3_SHIFT;
    if ((enabled & wanted) !== 0 && ((word >>> LAYER4_SHIFT) & 3) === 0)
      found |= this.#counted(evaluateLayer4(layout)) << LAYER4_SHIFT;
    if (found !== word) FrameDescriptor.layer4AndChecksum.set(m, d, found);
  }

  #counted(evaluation: number): number {
    if (evaluation === INVALID) this.counters.checksumsInvalid++;
    else if (evaluation !== 0) this.counters.checksumsValid++;
    return evaluation;
  }

  /** Writes one frame, or the chain that begins with it, behind what was written in this pass. */
  #emit(r: number): void {
    const edge = this.#edge.ring;
    const first = CoalescedFrame.first.get(m, r) | 0;
    const parts = CoalescedFrame.parts.get(m, r) | 0;
    const at = edge.endIndex + this.#written;
    const count = CoalescedFrame.count.get(m, r) | 0;
    if (count < 2) {
      this.#move(first, parts, 0, LENGTH, 0);
      this.#carry(first, at, 0);
      return;
    }
    const { reader } = this.#layout;
    reader.open(this.ring.base, this.ring.mask, first);
    rewriteHeaders(reader, r);
    this.#move(first, parts, 0, CoalescedFrame.payloadAt.get(m, r) + CoalescedFrame.payload.get(m, r), MORE);
    this.#carry(first, at, r);
    this.#moveChain(CoalescedFrame.next.get(m, r) | 0);
    const last = edge.at(edge.endIndex + this.#written - 1);
    FrameDescriptor.more.set(m, last, 0);
    // A size that each segment has can be said where none is a duplicate.
    const sized = CoalescedFrame.tcp.get(m, r) === 0 || (this.#enabled & ReceiveSwitch.Forwarding) !== 0;
    const detail = sized ? CoalescedFrame.payload.get(m, r) : CoalescedFrame.duplicates.get(m, r);
    FrameDescriptor.segmentation.set(m, edge.at(at), count | (detail << 16));
  }

  /**
   * Hands on the payloads of a chain.
   *
   * @param from - record of its second segment
   */
  #moveChain(from: number): void {
    for (let r = from | 0; r !== 0; r = CoalescedFrame.next.get(m, r) | 0) {
      const first = CoalescedFrame.first.get(m, r) | 0;
      const parts = CoalescedFrame.parts.get(m, r) | 0;
      const payload = CoalescedFrame.payload.get(m, r) | 0;
      const payloadAt = CoalescedFrame.payloadAt.get(m, r) | 0;
      if (payload !== 0 && (parts === 1 || CoalescedFrame.alike.get(m, r) !== 0))
        this.#moveAlike(first, parts, payloadAt, payload);
      else this.#move(first, parts, payloadAt, payloadAt + payload, MORE);
    }
  }

  /** Hands on the payloads of segments of one part each. A loop of its own: V8 folds no constants into one around another. */
  #moveAlike(first: number, count: number, payloadAt: number, payload: number): void {
    const base = this.ring.base | 0;
    const mask = this.ring.mask | 0;
    const edgeBase = this.#edge.ring.base | 0;
    const edgeMask = this.#edge.ring.mask | 0;
    const to = (this.#edge.ring.endIndex + this.#written) | 0;
    for (let segment = 0; segment < count; segment = (segment + 1) | 0) {
      const d = (base + (((first + segment) & mask) << 3)) | 0;
      const e = (edgeBase + (((to + segment) & edgeMask) << 3)) | 0;
      FrameDescriptor.address.set(m, e, FrameDescriptor.address.get(m, d) + payloadAt);
      FrameDescriptor.lengthAndFlags.set(m, e, payload | MORE);
      FrameDescriptor.buffer.set(m, e, FrameDescriptor.buffer.get(m, d));
      FrameDescriptor.layout.set(m, e, 0);
      FrameDescriptor.layer4AndChecksum.set(m, e, 0);
      FrameDescriptor.segmentation.set(m, e, 0);
      FrameDescriptor.hash.set(m, e, 0);
      FrameDescriptor.context.set(m, e, 0);
    }
    this.#written = (this.#written + count) | 0;
  }

  /**
   * Hands on the bytes of a frame from `from` to `end`; what lies outside of that is nobody's any more.
   *
   * @param first - index of the frame's first descriptor
   * @param parts - its descriptors
   * @param from - 0 for a frame with its metadata, else behind the headers
   * @param end - one past the last byte
   * @param more - `MORE` when other frames' bytes follow
   */
  #move(first: number, parts: number, from: number, end: number, more: number): void {
    const base = this.ring.base | 0;
    const mask = this.ring.mask | 0;
    const edgeBase = this.#edge.ring.base | 0;
    const edgeMask = this.#edge.ring.mask | 0;
    let to = (this.#edge.ring.endIndex + this.#written) | 0;
    let offset = 0;
    let written = 0;
    for (let part = 0; part < parts; part++) {
      const d = (base + (((first + part) & mask) << 3)) | 0;
      const word = FrameDescriptor.lengthAndFlags.get(m, d) | 0;
      const length = word & LENGTH;
      const start = Math.max(from - offset, 0) | 0;
      const size = (Math.min(length, end - offset) - start) | 0;
      offset = (offset + length) | 0;
      if (size <= 0) {
        releaseBuffer(FrameDescriptor.buffer.get(m, d));
        continue;
      }
      const e = (edgeBase + ((to & edgeMask) << 3)) | 0;
      const own = from === 0;
      FrameDescriptor.address.set(m, e, FrameDescriptor.address.get(m, d) + start);
      FrameDescriptor.lengthAndFlags.set(m, e, size | more | (own ? word & ~LENGTH : 0));
      FrameDescriptor.buffer.set(m, e, FrameDescriptor.buffer.get(m, d));
      FrameDescriptor.layout.set(m, e, own ? FrameDescriptor.layout.get(m, d) : 0);
      FrameDescriptor.layer4AndChecksum.set(m, e, own ? FrameDescriptor.layer4AndChecksum.get(m, d) : 0);
      FrameDescriptor.segmentation.set(m, e, own ? FrameDescriptor.segmentation.get(m, d) : 0);
      FrameDescriptor.hash.set(m, e, own ? FrameDescriptor.hash.get(m, d) : 0);
      FrameDescriptor.context.set(m, e, 0);
      to = (to + 1) | 0;
      written = (written + 1) | 0;
    }
    this.#written = (this.#written + written) | 0;
  }

  /** What stands beside the descriptors: the hardware's time, and by how much TCP's timestamps differ within a chain. */
  #carry(first: number, at: number, chain: number): void {
    const { times, timestampDeltas } = this.#edge;
    const from = first & this.ring.mask;
    const to = at & this.#edge.ring.mask;
    if (times !== 0) {
      m[(times >>> 2) + 2 * to] = m[(this.times >>> 2) + 2 * from]!;
      m[(times >>> 2) + 2 * to + 1] = m[(this.times >>> 2) + 2 * from + 1]!;
    }
    if (timestampDeltas === 0) return;
    const word = (timestampDeltas >>> 2) + to;
    if (chain === 0) m[word] = m[(this.timestampDeltas >>> 2) + from]!;
    else m[word] = CoalescedFrame.timestamp.get(m, chain) - CoalescedFrame.firstTimestamp.get(m, chain);
  }

  /** The queue has stopped, and nothing waits: the stage's memory goes. */
  free(): void {
    hostPages.free(this.#pages);
  }
}
