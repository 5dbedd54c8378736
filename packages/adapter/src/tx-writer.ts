/*
 * Writes packets and their fragments at the ends of a transmit queue's rings. What is written is the driver's once it is
 * published, and until then it can be undone: mappings end, copies go back. By each fragment stands what must be given back
 * when it completes. Follows reference netadaptercx §4.6.
 */

import { BufferEntry, domainNumber, NO_BUFFER, OWNER_TRANSMIT, releaseBuffer, type BufferPool } from '@netcx/buffers';
import { DmaError, TransferMap, type DmaEnabler } from '@netcx/dma';
import { hostBytes, i32 as m } from '@netcx/dma/memory';
import { Checksum, Gso, Ieee8021q, LogicalAddress, VirtualAddress } from '@netcx/extensions';
import { Fragment, Packet, type Ring } from '@netcx/rings';
import { FrameDescriptor } from './edge/frame-descriptor.ts';
import type { BounceReason, RetryReason } from './tx-decision.ts';
import type { TxTranslatorOptions } from './tx-translator-options.ts';

/** What a driver is asked to do with a packet. */
export interface PacketWishes {
  /** The checksum extension's byte. */
  readonly checksum: number;
  /** Bytes of payload of each segment; 0 = it goes as it is. */
  readonly segmentSize: number;
  /** What of the tag the NIC shall insert: `TxTagging` flags. */
  readonly tagging: number;
  /** The tag, as on the wire. */
  readonly tag: number;
  /** Bytes by which its link layer's header is longer than the descriptor says. */
  readonly layer2Added: number;
}

/** The highest logical address that the NIC reaches. */
export const reachOf = ({ enabler, maximumAddress }: TxTranslatorOptions): number =>
  Math.min(enabler?.maximumAddress ?? Infinity, maximumAddress === 0 ? Infinity : maximumAddress);

/** The ends of a transmit queue's packet and fragment rings. */
export class TxWriter {
  /**
   * Fragments in the rings with a copy or a mapping, and packets with wishes beyond checksums: while there are none,
   * completion need not look for them.
   */
  held = 0;
  /** Whether a fragment that was not published yet was mapped. */
  mapped = false;
  readonly packets: Ring;
  readonly fragments: Ring;
  readonly backfill: number;
  readonly copyBreak: number;
  /** Where fragments must begin: bits of an address that must be 0. */
  readonly misaligned: number;
  /** Most fragments of a packet. */
  readonly maximumFragments: number;
  readonly #pool: BufferPool;
  readonly #reserve: BufferPool;
  readonly #checksum: number;
  readonly #gso: number;
  readonly #ieee8021q: number;
  readonly #virtual: number;
  readonly #logical: number;
  readonly #enabler: DmaEnabler | undefined;
  readonly #domain: number;
  readonly #reach: number;
  /** By fragment: 0, the handle of a copy, or the negative of a mapping's slot and one more. */
  readonly #shadow: number;
  readonly #transfers: TransferMap | undefined;
  /** Word index of what stands by each packet: 1 when another packet of the same frame follows. */
  readonly continues: number;

  /**
   * @param options - rings, offsets and limits
   */
  constructor(options: TxTranslatorOptions) {
    const { enabler, rings } = options;
    this.packets = rings.packets;
    this.fragments = rings.fragments;
    this.backfill = options.backfill;
    this.copyBreak = options.copyBreak;
    this.misaligned = options.alignment - 1;
    this.maximumFragments = Math.min(options.maximumFragments, rings.fragments.mask);
    this.#pool = options.pool;
    this.#reserve = options.reserve;
    this.#checksum = options.checksum;
    this.#gso = options.gso;
    this.#ieee8021q = options.ieee8021q;
    this.#virtual = options.virtualAddress;
    this.#logical = options.logicalAddress;
    this.#enabler = enabler;
    this.#domain = enabler === undefined ? 0 : domainNumber(enabler.domain);
    this.#reach = reachOf(options);
    this.#shadow = options.shadow >>> 2;
    this.continues = this.#shadow + rings.fragments.elements;
    m.fill(0, this.continues, this.continues + rings.packets.elements);
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

  /** Bytes of a buffer to copy into, backfill included. */
  get capacity(): number {
    return this.#pool.capacity;
  }

  /** @returns a buffer to copy into, or `NO_BUFFER`: the reserve is in the ring then, and wakes the queue when it comes back */
  take(): number {
    const pooled = this.#pool.take(OWNER_TRANSMIT);
    return pooled === NO_BUFFER ? this.#reserve.take(OWNER_TRANSMIT) : pooled;
  }

  /**
   * Writes a fragment for bytes where they lie.
   *
   * @param part - which of the packet's fragments
   * @param buffer - the buffer that they lie in; `NO_BUFFER` = a protocol's own memory
   * @param start - host offset of the first byte
   * @param length - bytes
   * @param total - bytes of the whole packet
   * @returns `undefined`, or why the NIC cannot read them there; then nothing was written
   */
  lay(
    part: number,
    buffer: number,
    start: number,
    length: number,
    total: number,
  ): BounceReason | RetryReason | undefined {
    const own = buffer !== NO_BUFFER && BufferEntry.domain.get(m, buffer) === this.#domain;
    const transfers = own ? undefined : this.#transfers;
    if (transfers !== undefined && total <= this.copyBreak) return 'copyBreak';
    const slot = transfers === undefined ? 0 : this.#beginTransfer(transfers, start, length);
    if (typeof slot === 'string') return slot;
    let address = start;
    if (slot !== 0) address = this.#transfers?.address(-1 - slot, start) ?? start;
    else if (own && this.#domain !== 0) address = logicalOf(buffer) + start - BufferEntry.address.get(m, buffer);
    // All of it, not its first byte alone.
    if (this.#enabler !== undefined && address + length - 1 > this.#reach) {
      if (slot !== 0) this.#transfers?.end(-1 - slot);
      return 'beyondReach';
    }
    m[this.#shadow + this.#fragmentAt(part)] = slot;
    if (slot !== 0) this.mapped = true;
    this.#writeFragment(part, start, length, address, 0);
    return undefined;
  }

  /**
   * Writes a fragment for a buffer that `take` returned; it goes back when the fragment completes, or is undone.
   *
   * @param part - which of the packet's fragments
   * @param buffer - the buffer
   * @param length - bytes from its begin on, backfill included
   */
  layCopy(part: number, buffer: number, length: number): void {
    m[this.#shadow + this.#fragmentAt(part)] = buffer;
    this.#writeFragment(part, BufferEntry.address.get(m, buffer), length, logicalOf(buffer), 1);
  }

  /**
   * Takes back what was written.
   *
   * @param parts - fragments of the packet
   * @param from - the first of them to take back
   */
  undo(parts: number, from = 0): void {
    for (let part = from; part < parts; part++) {
      const word = this.#shadow + this.#fragmentAt(part);
      const held = m[word]!;
      m[word] = 0;
      if (held < 0) this.#transfers?.end(-1 - held);
      else if (held > 0) releaseBuffer(held);
    }
    this.mapped = false;
  }

  /**
   * @param buffer - the buffer that bytes lie in; `NO_BUFFER` = a protocol's own memory
   * @param start - host offset of the first byte
   * @param length - bytes
   * @returns the logical address of the first byte, where nothing has to be mapped and the NIC reaches all of them; else -1
   */
  logicalOf(buffer: number, start: number, length: number): number {
    const own = buffer !== NO_BUFFER && BufferEntry.domain.get(m, buffer) === this.#domain;
    if (!own && this.#transfers !== undefined) return -1;
    const within = own && this.#domain !== 0;
    const address = within ? logicalOf(buffer) + start - BufferEntry.address.get(m, buffer) : start;
    return this.#enabler !== undefined && address + length - 1 > this.#reach ? -1 : address;
  }

  /**
   * Writes the packet of fragments that are written, and hands all of it to the driver; without fragments it shall ignore
   * it.
   *
   * @param d - word index of the frame's first descriptor
   * @param fragmentCount - its fragments
   * @param wishes - what the driver shall do with it
   * @param continues - whether another packet of the same frame follows
   */
  publish(d: number, fragmentCount: number, wishes: PacketWishes, continues: boolean): void {
    const p = this.packets.at(this.packets.endIndex);
    const layout = FrameDescriptor.layout.get(m, d) + wishes.layer2Added;
    Packet.fragmentIndex.set(m, p, this.fragments.endIndex);
    Packet.countAndLayoutLow.set(m, p, fragmentCount | (layout << 16));
    Packet.layoutHigh.set(m, p, (layout >>> 16) | (FrameDescriptor.layer4Type.get(m, d) << 16));
    Packet.ignore.set(m, p, fragmentCount === 0 ? 1 : 0);
    if (this.#checksum !== 0) Checksum.whole.set(m, p, this.#checksum, wishes.checksum);
    if (this.#gso !== 0 && wishes.segmentSize !== 0) {
      Gso.mss.set(m, p, this.#gso, wishes.segmentSize);
      this.held++;
    }
    if (this.#ieee8021q !== 0 && wishes.tagging !== 0) {
      Ieee8021q.priorityCodePoint.set(m, p, this.#ieee8021q, wishes.tag >>> 13);
      Ieee8021q.vlanIdentifier.set(m, p, this.#ieee8021q, wishes.tag & 0xfff);
      Ieee8021q.txTagging.set(m, p, this.#ieee8021q, wishes.tagging);
      this.held++;
    }
    m[this.continues + this.packets.endIndex] = continues ? 1 : 0;
    for (let part = 0; part < fragmentCount; part++) if (m[this.#shadow + this.#fragmentAt(part)] !== 0) this.held++;
    this.mapped = false;
    this.fragments.publish(fragmentCount);
    this.packets.publish(1);
  }

  /**
   * Gives back what goes with the packet at `processed`, and takes it and its fragments off the rings.
   *
   * @param fragmentCount - its fragments
   * @returns whether it is its frame's last packet
   */
  reap(fragmentCount: number): boolean {
    const index = this.packets.processedIndex;
    // Mappings go before the buffers do: whoever has those next must not be read by this NIC.
    if (this.held > 0) {
      this.#letGo(fragmentCount);
      this.#forgetWishes(this.packets.at(index));
    }
    const last = m[this.continues + index] === 0;
    m[this.continues + index] = 0; // the straight line, which uses the place next, does not say so
    this.packets.reap(1);
    this.fragments.reap(fragmentCount);
    return last;
  }

  /** Gives back the copies and the mappings of the oldest fragments. */
  #letGo(fragments: number): void {
    const first = this.fragments.processedIndex;
    for (let index = 0; index < fragments; index++) {
      const word = this.#shadow + ((first + index) & this.fragments.mask);
      const held = m[word]!;
      if (held === 0) continue;
      m[word] = 0;
      this.held--;
      if (held < 0) this.#transfers?.end(-1 - held);
      else releaseBuffer(held);
    }
  }

  /** The next packet in this place has none, unless it says so: the straight line does not write these. */
  #forgetWishes(p: number): void {
    if (this.#gso !== 0 && Gso.mss.get(m, p, this.#gso) !== 0) {
      Gso.mss.set(m, p, this.#gso, 0);
      this.held--;
    }
    if (this.#ieee8021q !== 0 && Ieee8021q.txTagging.get(m, p, this.#ieee8021q) !== 0) {
      Ieee8021q.txTagging.set(m, p, this.#ieee8021q, 0);
      this.held--;
    }
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

  #fragmentAt(part: number): number {
    return (this.fragments.endIndex + part) & this.fragments.mask;
  }

  #writeFragment(part: number, start: number, length: number, address: number, bounced: number): void {
    const f = this.fragments.at(this.fragments.endIndex + part);
    Fragment.whole.low.set(m, f, length | (length << 26)); // validLength = capacity = length, offset 0
    Fragment.whole.high.set(m, f, (length >>> 6) | (bounced << 31));
    if (this.#virtual !== 0) VirtualAddress.address.low.set(m, f, this.#virtual, start);
    if (this.#logical === 0) return;
    LogicalAddress.address.low.set(m, f, this.#logical, address | 0);
    LogicalAddress.address.high.set(m, f, this.#logical, Math.floor(address / 0x1_0000_0000));
  }

  /** @yields the copies that lie in the ring */
  *heldCopies(): Generator<number> {
    const { processedIndex, endIndex, mask } = this.fragments;
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

/** The logical address of a buffer's first byte, in its own domain. */
const logicalOf = (buffer: number): number =>
  BufferEntry.logicalHigh.get(m, buffer) * 0x1_0000_0000 + BufferEntry.logicalLow.get(m, buffer);

/**
 * @param d - word index of a descriptor
 * @param address - what it says
 * @param length - what it says
 * @returns whether the part lies where it says: inside its buffer, or at least in host memory
 */
export function isReadable(d: number, address: number, length: number): boolean {
  const buffer = FrameDescriptor.buffer.get(m, d) | 0;
  if (buffer === NO_BUFFER) return address + length <= hostBytes;
  const start = BufferEntry.address.get(m, buffer);
  return address >= start && address + length <= start + BufferEntry.capacity.get(m, buffer);
}
