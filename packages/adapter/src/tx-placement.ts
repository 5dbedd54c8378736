/*
 * Frames that are not of the plain kind: of several parts, in the protocol's own memory, misaligned, too long. Each is
 * looked at, decided about (tx-decision.ts), and then placed where it lies, mapped for as long as the NIC has it, copied,
 * left to wait, or given up: the packet goes by with `ignore`. What fails has changed nothing. Follows reference
 * netadaptercx §4.6.
 */

import { BufferEntry, domainNumber, NO_BUFFER, OWNER_TRANSMIT, releaseBuffer, type BufferPool } from '@netcx/buffers';
import { DmaError, TransferMap, type DmaEnabler } from '@netcx/dma';
import { copy } from '@netcx/dma/copy';
import { hostBytes, i32 as m } from '@netcx/dma/memory';
import { Checksum, LogicalAddress, VirtualAddress } from '@netcx/extensions';
import { Fragment, Packet, type Ring } from '@netcx/rings';
import { FrameDescriptor } from './edge/frame-descriptor.ts';
import { decideFrame, type BounceReason, type FrameLimits, type RetryReason } from './tx-decision.ts';
import type { TxTranslatorCounters, TxTranslatorOptions } from './tx-translator-options.ts';

/** The domain of no buffer: none is sent along the straight line. */
const NO_DOMAIN = -1;

/** The highest logical address that the NIC reaches. */
const reachOf = ({ enabler, maximumAddress }: TxTranslatorOptions): number =>
  Math.min(enabler?.maximumAddress ?? Infinity, maximumAddress === 0 ? Infinity : maximumAddress);

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
  /** Fragments in the ring with a copy or a mapping: while there are none, completion need not look for them. */
  held = 0;
  /** Whether the frame at `next` was counted as one that waits. */
  waiting = false;
  readonly #send: Ring;
  readonly #packets: Ring;
  readonly #fragments: Ring;
  readonly #pool: BufferPool;
  readonly #reserve: BufferPool;
  readonly #checksum: number;
  readonly #virtual: number;
  readonly #logical: number;
  readonly #enabler: DmaEnabler | undefined;
  readonly #domain: number;
  readonly #reach: number;
  readonly #backfill: number;
  readonly #misaligned: number;
  readonly #copyBreak: number;
  readonly #limits: FrameLimits;
  /** By fragment: 0, the handle of a copy, or the negative of a mapping's slot and one more. */
  readonly #shadow: number;
  readonly #transfers: TransferMap | undefined;
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
    const { enabler, rings } = options;
    this.#send = options.send;
    this.#packets = rings.packets;
    this.#fragments = rings.fragments;
    this.#pool = options.pool;
    this.#reserve = options.reserve;
    this.#checksum = options.checksum;
    this.#virtual = options.virtualAddress;
    this.#logical = options.logicalAddress;
    this.#enabler = enabler;
    this.#domain = enabler === undefined ? 0 : domainNumber(enabler.domain);
    this.#reach = reachOf(options);
    this.#backfill = options.backfill;
    this.#misaligned = options.alignment - 1;
    this.#copyBreak = options.copyBreak;
    this.#limits = options;
    this.#shadow = options.shadow >>> 2;
    this.#counters = counters;
    // Without an IOMMU nothing has to be mapped: an address is an address.
    if (enabler?.domain.directLimit === 0) {
      const slots = Math.min(rings.fragments.elements, 65_536);
      this.#transfers = new TransferMap(enabler, {
        slots,
        direction: 'read',
        maximumAddress: this.#reach,
        idle: Math.min(slots, options.idleMappings),
      });
    }
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
    const { parts, length } = this.#facts;
    const decision = decideFrame(this.#facts, this.#limits);
    if (decision.act === 'refuse') {
      counters.refusedFor[decision.reason]++;
      // The frame ends here, or its rest would be taken for a part of it when it completes.
      if (decision.reason === 'incomplete') FrameDescriptor.more.set(m, this.#send.at(first + parts - 1), 0);
      this.#publishPacket(first, 0, parts);
      this.waiting = false;
      return true;
    }
    let why = decision.act === 'bounce' ? decision.reason : this.#placeParts(first, parts);
    if (why !== undefined && isBounce(why)) why = this.#bounce(first, parts, length, why);
    if (why !== undefined && !this.waiting) {
      counters.retried++;
      counters.retriedFor[why]++;
    }
    this.waiting = why !== undefined;
    return why === undefined;
  }

  /** Walks the frame's parts and notes what must be known of them. */
  #look(first: number): void {
    const facts = this.#facts;
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
      const start = address - (facts.parts === 0 ? this.#backfill : 0);
      more = FrameDescriptor.more.get(m, d);
      facts.length += length;
      facts.parts++;
      if (length === 0) facts.emptyPart = true;
      if ((start & this.#misaligned) !== 0) facts.aligned = false;
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
    if (this.#fragments.freeCount < parts) return parts > this.#fragments.mask ? 'tooManyParts' : 'fragments';
    let mapped = 0;
    for (let part = 0; part < parts; part++) {
      const d = this.#send.at(first + part);
      const front = part === 0 ? this.#backfill : 0;
      const start = FrameDescriptor.address.get(m, d) - front;
      const length = FrameDescriptor.length.get(m, d) + front;
      const buffer = FrameDescriptor.buffer.get(m, d) | 0;
      const own = buffer !== NO_BUFFER && BufferEntry.domain.get(m, buffer) === this.#domain;
      const transfers = own ? undefined : this.#transfers;
      if (transfers !== undefined && this.#facts.length <= this.#copyBreak) return this.#undo(part, 'copyBreak');
      const slot = transfers === undefined ? 0 : this.#beginTransfer(transfers, start, length);
      if (typeof slot === 'string') return this.#undo(part, slot);
      let address = start;
      if (slot !== 0) address = this.#transfers?.address(-1 - slot, start) ?? start;
      else if (own && this.#domain !== 0) address = logicalOf(buffer) + start - BufferEntry.address.get(m, buffer);
      // All of it, not its first byte alone.
      if (this.#enabler !== undefined && address + length - 1 > this.#reach) return this.#undo(part, 'beyondReach');
      if (slot !== 0) {
        m[this.#shadow + this.#fragmentAt(part)] = slot;
        mapped++;
      }
      this.#writeFragment(part, start, length, address, 0);
    }
    this.held += mapped;
    if (mapped > 0) this.#counters.mapped++;
    this.#publishPacket(first, parts, parts);
    return undefined;
  }

  /** Maps a range for the time of a transfer: the shadow's word for its slot, or why it cannot be. */
  #beginTransfer(transfers: TransferMap, start: number, length: number): number | BounceReason | RetryReason {
    try {
      const slot = transfers.begin(start, length);
      return slot < 0 ? 'mappings' : -1 - slot;
    } catch (error) {
      if (!(error instanceof DmaError)) throw error;
      if (error.code === 'NOT_REACHABLE') return 'beyondReach';
      // Addresses come back when transfers end; with none under way there never will be more.
      return error.code === 'OUT_OF_ADDRESSES' && this.held > 0 ? 'mappings' : 'notMapped';
    }
  }

  /** Ends the transfers of the parts before the one that failed. */
  #undo<R>(parts: number, reason: R): R {
    for (let part = 0; part < parts; part++) {
      const word = this.#shadow + this.#fragmentAt(part);
      if (m[word]! < 0) this.#transfers?.end(-1 - m[word]!);
      m[word] = 0;
    }
    return reason;
  }

  /** Copies the whole frame into one buffer that the NIC reaches; says what is missing when it cannot. */
  #bounce(first: number, parts: number, total: number, reason: BounceReason): RetryReason | undefined {
    if (this.#fragments.freeCount < 1) return 'fragments';
    const pooled = this.#pool.take(OWNER_TRANSMIT);
    const buffer = pooled === NO_BUFFER ? this.#reserve.take(OWNER_TRANSMIT) : pooled;
    if (buffer === NO_BUFFER) return 'buffers'; // the reserve is in the ring, and wakes the queue when it comes back
    const start = BufferEntry.address.get(m, buffer);
    let at = start + this.#backfill;
    for (let part = 0; part < parts; part++) {
      const d = this.#send.at(first + part);
      const length = FrameDescriptor.length.get(m, d);
      copy(at, FrameDescriptor.address.get(m, d), length);
      at += length;
    }
    m[this.#shadow + this.#fragments.endIndex] = buffer;
    this.#writeFragment(0, start, this.#backfill + total, logicalOf(buffer), 1);
    this.#publishPacket(first, 1, parts);
    this.held++;
    this.#counters.bounced++;
    this.#counters.bouncedFor[reason]++;
    return undefined;
  }

  #fragmentAt(part: number): number {
    return (this.#fragments.endIndex + part) & this.#fragments.mask;
  }

  #writeFragment(part: number, start: number, length: number, address: number, bounced: number): void {
    const f = this.#fragments.at(this.#fragments.endIndex + part);
    Fragment.whole.low.set(m, f, length | (length << 26)); // validLength = capacity = length, offset 0
    Fragment.whole.high.set(m, f, (length >>> 6) | (bounced << 31));
    if (this.#virtual !== 0) VirtualAddress.address.low.set(m, f, this.#virtual, start);
    if (this.#logical === 0) return;
    LogicalAddress.address.low.set(m, f, this.#logical, address | 0);
    LogicalAddress.address.high.set(m, f, this.#logical, Math.floor(address / 0x1_0000_0000));
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
   * The packet at `processed`, whatever it is: given up, of several parts, copied, or mapped.
   *
   * @returns false when its fragments have not come back yet
   */
  complete(): boolean {
    const fragmentCount = Packet.fragmentCount.get(m, this.#packets.at(this.#packets.processedIndex));
    if (fragmentCount > this.#fragments.reapCount) return false;
    // Mappings go before the buffers do: whoever has those next must not be read by this NIC.
    if (this.held > 0) this.#letGo(fragmentCount);
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
    this.#packets.reap(1);
    this.#fragments.reap(fragmentCount);
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

  /** Gives back the copies and the mappings of the oldest fragments. */
  #letGo(fragments: number): void {
    const first = this.#fragments.processedIndex;
    for (let index = 0; index < fragments; index++) {
      const word = this.#shadow + ((first + index) & this.#fragments.mask);
      const held = m[word]!;
      if (held === 0) continue;
      m[word] = 0;
      this.held--;
      if (held < 0) this.#transfers?.end(-1 - held);
      else releaseBuffer(held);
    }
  }

  /** @yields every buffer that lies in the queue: with frames that are submitted and have not completed, and copies */
  *heldBuffers(): Generator<number> {
    for (let index = 0; index < this.#send.driverCount; index++) {
      const buffer = FrameDescriptor.buffer.get(m, this.#send.at(this.#send.beginIndex + index)) | 0;
      if (buffer !== NO_BUFFER) yield buffer;
    }
    const { processedIndex, endIndex, mask } = this.#fragments;
    for (let index = processedIndex; index !== endIndex; index = (index + 1) & mask) {
      const held = m[this.#shadow + index]!;
      if (held > 0) yield held;
    }
  }

  /** The queue has stopped: mappings that stayed are undone. */
  close(): void {
    this.#transfers?.close();
  }
}

const RETRIES: readonly string[] = ['fragments', 'buffers', 'mappings'] satisfies readonly RetryReason[];
const isBounce = (reason: BounceReason | RetryReason): reason is BounceReason => !RETRIES.includes(reason);

/** Whether the part lies where it says: inside its buffer, or at least in host memory. */
function isReadable(d: number, address: number, length: number): boolean {
  const buffer = FrameDescriptor.buffer.get(m, d) | 0;
  if (buffer === NO_BUFFER) return address + length <= hostBytes;
  const start = BufferEntry.address.get(m, buffer);
  return address >= start && address + length <= start + BufferEntry.capacity.get(m, buffer);
}

/** The logical address of a buffer's first byte, in its own domain. */
const logicalOf = (buffer: number): number =>
  BufferEntry.logicalHigh.get(m, buffer) * 0x1_0000_0000 + BufferEntry.logicalLow.get(m, buffer);
