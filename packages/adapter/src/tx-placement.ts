/*
 * Frames that are not of the plain kind: of several parts, in the protocol's own memory, misaligned, too long, or with
 * offloads that somebody must decide about. Each is looked at, decided about (tx-decision.ts, offload/frame-plan.ts), and then
 * placed where it lies, mapped for as long as the NIC has it, copied, rebuilt, left to wait, or given up: the packet goes
 * by with `ignore`. What fails has changed nothing. Follows reference netadaptercx §4.6 and §6.2.
 */

import { BufferEntry, domainNumber, NO_BUFFER, releaseBuffer } from '@netcx/buffers';
import { copy } from '@netcx/dma/copy';
import { hostBytes, i32 as m } from '@netcx/dma/memory';
import { FRAGMENT_MAXIMUM_LENGTH, Packet, type Ring } from '@netcx/rings';
import { FrameDescriptor } from './edge/frame-descriptor.ts';
import { FramePlan } from './offload/frame-plan.ts';
import { FrameRebuilder } from './offload/frame-rebuilder.ts';
import { SegmentRun } from './offload/segment-run.ts';
import type { TransmitOffloads } from './offload/transmit-offloads.ts';
import {
  decideFrame,
  isBounce,
  type BounceReason,
  type FrameLimits,
  type RefusalReason,
  type RetryReason,
} from './tx-decision.ts';
import type { TxTranslatorCounters, TxTranslatorOptions } from './tx-translator-options.ts';
import { isReadable, reachOf, TxWriter, type PacketWishes } from './tx-writer.ts';

/** The domain of no buffer: none is sent along the straight line. */
const NO_DOMAIN = -1;
const NO_WISHES: PacketWishes = { checksum: 0, segmentSize: 0, tagging: 0, tag: 0, layer2Added: 0 };

/**
 * @param options - what a translator is told
 * @returns number of the domain whose buffers may be sent without a closer look; of none, -1, where each frame needs one
 */
export function straightDomain(options: TxTranslatorOptions): number {
  const { enabler, backfill, bouncePolicy, maximumAddress } = options;
  if (backfill !== 0 || bouncePolicy === 'always' || maximumAddress !== 0) return NO_DOMAIN;
  if (enabler === undefined) return 0;
  // Without an IOMMU, memory that another NIC's driver allocated may lie beyond this one's reach.
  if (enabler.domain.directLimit > 0 && reachOf(options) < hostBytes - 1) return NO_DOMAIN;
  return domainNumber(enabler.domain);
}

/** Places and completes the frames of one transmit queue that need a closer look. */
export class TxPlacement {
  /** Whether the frame at `next` was counted as one that waits. */
  waiting = false;
  readonly #send: Ring;
  readonly #writer: TxWriter;
  readonly #limits: FrameLimits;
  /** The same for frames that are cut: their length is no packet's. */
  readonly #limitsOfCut: FrameLimits;
  readonly #plan: FramePlan;
  readonly #rebuilder: FrameRebuilder;
  readonly #run: SegmentRun;
  readonly #offloads: TransmitOffloads;
  /** Which setting of the offloads the plan was made under. */
  #generation = 0;
  readonly #counters: TxTranslatorCounters;
  /** What is known of the frame at `next`; one object, since frames are many. */
  readonly #facts = {
    length: 0,
    parts: 0,
    ended: true,
    readable: true,
    backfilled: true,
    aligned: true,
    emptyPart: false,
  };

  /**
   * @param options - rings, offsets and limits
   * @param counters - what becomes of frames is counted here
   */
  constructor(options: TxTranslatorOptions, counters: TxTranslatorCounters) {
    this.#send = options.send;
    this.#writer = new TxWriter(options);
    this.#limits = options;
    this.#limitsOfCut = { ...options, maximumFrame: FRAGMENT_MAXIMUM_LENGTH };
    this.#offloads = options.offloads;
    this.#plan = new FramePlan(options.offloads, options.maximumFrame);
    const always = options.bouncePolicy === 'always';
    this.#run = new SegmentRun(options, this.#writer);
    this.#rebuilder = new FrameRebuilder(this.#writer, this.#plan, options.send, always, this.#run);
    this.#counters = counters;
  }

  /** While it is 0, no packet in the rings needs more when it completes than the straight line does. */
  get held(): number {
    return this.#writer.held;
  }

  /**
   * The frame at `next`, whatever it is.
   *
   * @returns false when it has to wait
   */
  place(): boolean {
    const counters = this.#counters;
    const first = this.#send.nextIndex;
    this.#look(first);
    const why = this.#rebuilder.active ? this.#goOn(first) : this.#begin(first);
    if (why !== undefined && isRetry(why)) {
      if (!this.waiting) {
        counters.retried++;
        counters.retriedFor[why]++;
      }
      this.waiting = true;
      return false;
    }
    if (why !== undefined) this.#refuse(first, why);
    this.#send.post(this.#facts.parts);
    this.waiting = false;
    return true;
  }

  /** A frame of which nothing is placed: places it, or says why not. */
  #begin(first: number): RetryReason | RefusalReason | undefined {
    const facts = this.#facts;
    const cut = FrameDescriptor.segmentSize.get(m, this.#send.at(first)) !== 0;
    const decision = decideFrame(facts, cut ? this.#limitsOfCut : this.#limits);
    if (decision.act === 'refuse') return decision.reason;
    const refusal = this.#plan.make(this.#send.base, this.#send.mask, first);
    if (refusal !== undefined) return refusal;
    this.#generation = this.#offloads.generation;
    if (this.#plan.rebuilt > 0) return this.#rebuild(true);
    const why = decision.act === 'bounce' ? decision.reason : this.#placeParts(first, facts.parts);
    if (why === undefined || !isBounce(why)) return why;
    if (this.#writer.backfill + facts.length <= this.#writer.capacity) return this.#bounce(first, why);
    // Too long for any buffer, so the hardware would have cut it; it cannot have it in one piece.
    return this.#plan.cutInSoftware() ?? this.#rebuild(true);
  }

  /** A frame that was placed in part. */
  #goOn(first: number): RetryReason | RefusalReason | undefined {
    if (this.#generation !== this.#offloads.generation) {
      // What the driver has got was promised the old setting; the rest goes by the new one.
      this.#generation = this.#offloads.generation;
      const refusal = this.#plan.make(this.#send.base, this.#send.mask, first) ?? this.#plan.stayInSoftware();
      if (refusal !== undefined) return refusal;
    }
    return this.#rebuild(false);
  }

  #rebuild(isNew: boolean): RetryReason | RefusalReason | undefined {
    const plan = this.#plan;
    const rebuilder = this.#rebuilder;
    let why: RetryReason | RefusalReason | undefined = isNew ? rebuilder.begin() : rebuilder.goOn();
    if (why === 'tooLong' && plan.wishes.segmentSize !== 0) why = plan.cutInSoftware() ?? rebuilder.begin();
    if (why !== undefined) return why;
    const { offloads } = this.#counters;
    if (plan.segmentSize !== 0) {
      offloads.segment[plan.tcp ? 'tcp' : 'udp'].success++;
      offloads.segments += rebuilder.made;
    }
    if (plan.layer3Checksum || plan.layer4Checksum) offloads.checksum.required++;
    if (plan.insertedTag >= 0) offloads.tagged++;
    if (rebuilder.mapped) this.#counters.mapped++;
    return undefined;
  }

  #refuse(first: number, reason: RefusalReason): void {
    const { refusedFor, offloads } = this.#counters;
    refusedFor[reason]++;
    this.#counters.refused++;
    if (reason === 'checksum') offloads.checksum.failure++;
    if (reason === 'segmentation') offloads.segment[this.#plan.tcp ? 'tcp' : 'udp'].failure++;
    // The frame ends here, or its rest would be taken for a part of it when it completes.
    if (reason === 'incomplete') FrameDescriptor.more.set(m, this.#send.at(first + this.#facts.parts - 1), 0);
    this.#rebuilder.giveUp();
    this.#writer.publish(this.#send.at(first), 0, NO_WISHES, false);
  }

  /** Walks the frame's parts and notes what must be known of them. */
  #look(first: number): void {
    const facts = this.#facts;
    const { backfill, misaligned } = this.#writer;
    const available = this.#send.postCount;
    facts.length = 0;
    facts.parts = 0;
    facts.readable = true;
    facts.backfilled = true;
    facts.aligned = true;
    facts.emptyPart = false;
    let more = 1;
    while (more === 1 && facts.parts < available) {
      const d = this.#send.at(first + facts.parts);
      const length = FrameDescriptor.length.get(m, d);
      const address = FrameDescriptor.address.get(m, d);
      const start = address - (facts.parts === 0 ? backfill : 0);
      more = FrameDescriptor.more.get(m, d);
      facts.length += length;
      facts.parts++;
      if (length === 0) facts.emptyPart = true;
      if ((start & misaligned) !== 0) facts.aligned = false;
      if (!isReadable(d, address, length)) facts.readable = false;
      if (start !== address && !this.#hasRoomBefore(d, start)) facts.backfilled = false;
    }
    facts.ended = more === 0;
  }

  /** Whether the bytes in front of a part are the frame's own to use: only a buffer has such. */
  #hasRoomBefore(d: number, start: number): boolean {
    const buffer = FrameDescriptor.buffer.get(m, d) | 0;
    return buffer !== NO_BUFFER && start >= BufferEntry.address.get(m, buffer);
  }

  /** Writes a fragment for each part where it lies; says why not, having changed nothing, when the NIC cannot read one. */
  #placeParts(first: number, parts: number): BounceReason | RetryReason | undefined {
    const writer = this.#writer;
    const { freeCount, mask } = writer.fragments;
    if (freeCount < parts) return parts > mask ? 'tooManyParts' : 'fragments';
    for (let part = 0; part < parts; part++) {
      const d = this.#send.at(first + part);
      const front = part === 0 ? writer.backfill : 0;
      const start = FrameDescriptor.address.get(m, d) - front;
      const length = FrameDescriptor.length.get(m, d) + front;
      const why = writer.lay(part, FrameDescriptor.buffer.get(m, d) | 0, start, length, this.#facts.length);
      if (why === undefined) continue;
      writer.undo(part);
      return why;
    }
    if (writer.mapped) this.#counters.mapped++;
    writer.publish(this.#send.at(first), parts, this.#plan.wishes, false);
    return undefined;
  }

  /** Copies the whole frame into one buffer that the NIC reaches; says what is missing when it cannot. */
  #bounce(first: number, reason: BounceReason): RetryReason | undefined {
    const writer = this.#writer;
    if (writer.fragments.freeCount < 1) return 'fragments';
    const buffer = writer.take();
    if (buffer === NO_BUFFER) return 'buffers';
    let at = BufferEntry.address.get(m, buffer) + writer.backfill;
    for (let part = 0; part < this.#facts.parts; part++) {
      const d = this.#send.at(first + part);
      const length = FrameDescriptor.length.get(m, d);
      copy(at, FrameDescriptor.address.get(m, d), length);
      at += length;
    }
    writer.layCopy(0, buffer, writer.backfill + this.#facts.length);
    writer.publish(this.#send.at(first), 1, this.#plan.wishes, false);
    this.#counters.bounced++;
    this.#counters.bouncedFor[reason]++;
    return undefined;
  }

  /**
   * The packet at `processed`, whatever it is: given up, of several parts, copied, mapped, or a segment.
   *
   * @param limit - most packets: of segments that are all alike many complete at once
   * @returns false when its fragments have not come back yet
   */
  complete(limit: number): boolean {
    const { packets, fragments } = this.#writer;
    if (this.#run.complete(limit) > 0) return true;
    const fragmentCount = Packet.fragmentCount.get(m, packets.at(packets.processedIndex));
    if (fragmentCount > fragments.reapCount) return false;
    if (!this.#writer.reap(fragmentCount)) return true; // other segments of the frame follow
    const first = this.#send.beginIndex;
    let parts = 0;
    let bytes = 0;
    let more = 1;
    while (more === 1) {
      const d = this.#send.at(first + parts);
      more = FrameDescriptor.more.get(m, d);
      bytes += FrameDescriptor.length.get(m, d);
      parts++;
    }
    this.#send.complete(parts);
    if (fragmentCount > 0) {
      this.#counters.packets++;
      this.#counters.bytes += bytes;
    }
    // Last, since a buffer that the protocol released behind the queue's back is an error that is thrown: once.
    for (let part = 0; part < parts; part++) {
      const buffer = FrameDescriptor.buffer.get(m, this.#send.at(first + part)) | 0;
      if (buffer !== NO_BUFFER) releaseBuffer(buffer);
    }
    return true;
  }

  /** @yields every buffer that lies in the queue: with frames that are submitted and have not completed, and copies */
  *heldBuffers(): Generator<number> {
    for (let index = 0; index < this.#send.driverCount; index++) {
      const buffer = FrameDescriptor.buffer.get(m, this.#send.at(this.#send.beginIndex + index)) | 0;
      if (buffer !== NO_BUFFER) yield buffer;
    }
    yield* this.#writer.heldCopies();
  }

  /** The queue has stopped: mappings that stayed are undone. */
  close(): void {
    this.#writer.close();
  }
}

const isRetry = (reason: RetryReason | RefusalReason): reason is RetryReason =>
  reason === 'packets' || reason === 'fragments' || reason === 'buffers' || reason === 'mappings';
