/*
 * Segments that are all alike: those behind a frame's first, whose payload lies in one piece where the NIC reads it, and whose
 * checksums the NIC inserts. Their headers are the first one's with a few numbers changed, and many are placed, and completed,
 * in one loop. What is made and counted is what frame-rebuilder.ts makes of one segment at a time, to the bit; whatever is
 * not alike stops the loop.
 *
 * @hot
 */

import * as buffers from '@netcx/buffers';
import * as copies from '@netcx/dma/copy';
import * as memory from '@netcx/dma/memory';
import * as extensions from '@netcx/extensions';
import * as rings from '@netcx/rings';
import type { Ring } from '@netcx/rings';
import type { TxTranslatorOptions } from '../tx-translator-options.ts';
import type { TxWriter } from '../tx-writer.ts';

const { copy } = copies;
const { i32: m, u8, u64: m64 } = memory;
const { BufferEntry, OWNER_TRANSMIT, Pool, POOL_WORDS, settleFree, STATE_FREE } = buffers;
const { Checksum, Ieee8021q, LogicalAddress, VirtualAddress } = extensions;
const { Fragment, Packet } = rings;
/** Words from a buffer's entry to its logical address, which both lie on 8 bytes, as they do in a fragment element. */
const LOGICAL_WORD = BufferEntry.logical.location.byteOffset >>> 2;
const TAKEN = 1 | (OWNER_TRANSMIT << 16);
/** A header of our own, and payload. */
const FRAGMENTS = 2;
const BOUNCED = 1 << 31;
/** Bytes of headers that are copied in whole words, whatever stands behind them. */
const SHORT = 56;
const FLAGS_AT = 13;

/** Places and completes runs of segments of one transmit queue. */
export class SegmentRun {
  // What the segments of a run have in common; whoever has placed the first one says.
  /** Host offset of the first one's headers, and their bytes. */
  template = 0;
  header = 0;
  /** Bytes of payload in each. */
  size = 0;
  /** How far into them IPv4's identification stands, and the one of the run's first segment; 0 = there is none. */
  identificationAt = 0;
  identification = 0;
  /** How far into them TCP's header begins, and the sequence number of the run's first segment; 0 = it is not TCP. */
  transportAt = 0;
  sequence = 0;
  /** TCP's flags in all of them, and in a last one. */
  flags = 0;
  lastFlags = 0;
  /** The words of the packets' layout, and what they ask of checksums. */
  layoutLow = 0;
  layoutHigh = 0;
  checksums = 0;
  readonly #writer: TxWriter;
  readonly #packets: Ring;
  readonly #fragments: Ring;
  readonly #checksum: number = 0;
  readonly #tag: number = 0;
  readonly #virtual: number = 0;
  readonly #logical: number = 0;
  readonly #shadow: number = 0;
  readonly #pool: number = 0;
  readonly #poolStack: number = 0;
  /** Bytes of a header that there is room for, with what a copy of whole words writes behind it; -1: there is no such run. */
  readonly #longestHeader: number = -1;

  /**
   * @param options - rings, offsets and limits
   * @param writer - the ends of the rings
   */
  constructor(options: TxTranslatorOptions, writer: TxWriter) {
    const { pool } = options;
    this.#writer = writer;
    this.#packets = options.rings.packets;
    this.#fragments = options.rings.fragments;
    this.#checksum = options.checksum;
    this.#tag = options.ieee8021q;
    this.#virtual = options.virtualAddress;
    this.#logical = options.logicalAddress;
    this.#shadow = options.shadow >>> 2;
    this.#pool = pool.header;
    this.#poolStack = pool.stack;
    const plain =
      options.backfill === 0 && writer.misaligned === 0 && !pool.checked && options.bouncePolicy !== 'always';
    if (plain && writer.maximumFragments >= FRAGMENTS) this.#longestHeader = pool.capacity < SHORT ? -1 : pool.capacity;
  }

  /**
   * Places segments of equal size.
   *
   * @param buffer - the buffer that the payload lies in, or `NO_BUFFER`
   * @param payload - host offset of the first one's payload; the others' lie behind it
   * @param count - how many there are
   * @param ends - whether the last of them is the frame's last
   * @returns how many were placed: as many as there is room for
   */
  place(buffer: number, payload: number, count: number, ends: boolean): number {
    const writer = this.#writer;
    const packets = this.#packets;
    const fragments = this.#fragments;
    const free = Pool.free.get(m, this.#pool) | 0;
    const room = Math.min(count, packets.freeRun, fragments.freeCount >> 1, free) | 0;
    if (room <= 0 || this.header > this.#longestHeader || (this.template & 7) !== 0) return 0;
    const logicalAddress = writer.logicalOf(buffer, payload, room * this.size);
    if (logicalAddress < 0) return 0;
    this.#takeHeaders(free, room, ends && room === count);
    this.#layFragments(logicalAddress, payload, room);
    this.#writePackets(room, ends && room === count);
    writer.held += room;
    fragments.publish(FRAGMENTS * room);
    packets.publish(room);
    return room;
  }

  /** Takes a buffer for each header, and writes it; notes it where the fragment will be. */
  #takeHeaders(free: number, count: number, ends: boolean): void {
    const identificationAt = this.identificationAt | 0;
    const transportAt = this.transportAt | 0;
    const flags = this.flags | 0;
    const short = this.header <= SHORT;
    const template = (this.template >> 3) | 0;
    const shadow = this.#shadow | 0;
    const mask = this.#fragments.mask | 0;
    const left = (free - count) | 0;
    const bottom = (this.#poolStack + left) | 0;
    let fragment = this.#fragments.endIndex | 0;
    let identification = this.identification | 0;
    let sequence = this.sequence | 0;
    let address = 0;
    for (let top = (bottom + count - 1) | 0; top >= bottom; top = (top - 1) | 0) {
      const own = m[top]! | 0;
      address = BufferEntry.address.get(m, own) | 0;
      BufferEntry.state.set(m, own, TAKEN);
      m[(shadow + fragment) | 0] = own;
      const to = (address >> 3) | 0;
      m64[to] = m64[template]!;
      m64[(to + 1) | 0] = m64[(template + 1) | 0]!;
      m64[(to + 2) | 0] = m64[(template + 2) | 0]!;
      m64[(to + 3) | 0] = m64[(template + 3) | 0]!;
      m64[(to + 4) | 0] = m64[(template + 4) | 0]!;
      m64[(to + 5) | 0] = m64[(template + 5) | 0]!;
      m64[(to + 6) | 0] = m64[(template + 6) | 0]!;
      if (!short) copy(address + SHORT, this.template + SHORT, this.header - SHORT);
      if (identificationAt !== 0) {
        u8[(address + identificationAt) | 0] = identification >>> 8;
        u8[(address + identificationAt + 1) | 0] = identification;
      }
      if (transportAt !== 0) {
        const at = (address + transportAt) | 0;
        u8[(at + 4) | 0] = sequence >>> 24;
        u8[(at + 5) | 0] = sequence >>> 16;
        u8[(at + 6) | 0] = sequence >>> 8;
        u8[(at + 7) | 0] = sequence;
        u8[(at + FLAGS_AT) | 0] = flags;
      }
      fragment = (fragment + FRAGMENTS) & mask;
      sequence = (sequence + this.size) | 0;
      identification = (identification + 1) | 0;
    }
    if (ends && transportAt !== 0) u8[address + transportAt + FLAGS_AT] = this.lastFlags;
    Pool.free.set(m, this.#pool, left);
    Pool.taken.set(m, this.#pool, Pool.taken.get(m, this.#pool) + count);
    if (left < (Pool.lowest.get(m, this.#pool) | 0)) Pool.lowest.set(m, this.#pool, left);
  }

  /** Each segment's fragments: its headers, in a buffer that goes back when they have left, and its payload, where it lies. */
  #layFragments(logicalAddress: number, payload: number, count: number): void {
    const fragments = this.#fragments;
    const logical = this.#logical | 0;
    const virtual = this.#virtual | 0;
    const base = fragments.base | 0;
    const stride = fragments.stride | 0;
    const mask = fragments.mask | 0;
    const shadow = this.#shadow | 0;
    const size = this.size | 0;
    const headerLow = this.header | (this.header << 26) | 0;
    const headerHigh = (this.header >>> 6) | BOUNCED;
    const sizeLow = size | (size << 26);
    const sizeHigh = size >>> 6;
    const high = Math.floor(logicalAddress / 0x1_0000_0000) | 0;
    const behind = (payload + count * size) | 0;
    let fragment = fragments.endIndex | 0;
    let low = logicalAddress | 0;
    for (let from = payload | 0; from !== behind; from = (from + size) | 0) {
      const own = m[(shadow + fragment) | 0]! | 0;
      let f = (base + Math.imul(fragment, stride)) | 0;
      Fragment.whole.low.set(m, f, headerLow);
      Fragment.whole.high.set(m, f, headerHigh);
      if (virtual !== 0) VirtualAddress.address.low.set(m, f, virtual, BufferEntry.address.get(m, own) | 0);
      if (logical !== 0) m64[(f + (logical >> 2)) >> 1] = m64[(own + LOGICAL_WORD) >> 1]!;
      fragment = (fragment + 1) & mask;
      f = (base + Math.imul(fragment, stride)) | 0;
      Fragment.whole.low.set(m, f, sizeLow);
      Fragment.whole.high.set(m, f, sizeHigh);
      if (virtual !== 0) VirtualAddress.address.low.set(m, f, virtual, from);
      if (logical !== 0) {
        LogicalAddress.address.low.set(m, f, logical, low);
        LogicalAddress.address.high.set(m, f, logical, high);
      }
      m[(shadow + fragment) | 0] = 0;
      fragment = (fragment + 1) & mask;
      low = (low + size) | 0;
    }
  }

  #writePackets(count: number, ends: boolean): void {
    const packets = this.#packets;
    const stride = packets.stride | 0;
    const mask = this.#fragments.mask | 0;
    const checksum = this.#checksum | 0;
    const checksums = this.checksums | 0;
    const layoutLow = this.layoutLow | 0;
    const layoutHigh = this.layoutHigh | 0;
    const begin = packets.at(packets.endIndex) | 0;
    const end = (begin + Math.imul(count, stride)) | 0;
    let continues = (this.#writer.continues + packets.endIndex) | 0;
    let fragment = this.#fragments.endIndex | 0;
    for (let p = begin; p < end; p = (p + stride) | 0) {
      m[continues] = 1;
      Packet.fragmentIndex.set(m, p, fragment);
      Packet.countAndLayoutLow.set(m, p, layoutLow);
      Packet.layoutHigh.set(m, p, layoutHigh);
      if (checksum !== 0) Checksum.whole.set(m, p, checksum, checksums);
      fragment = (fragment + FRAGMENTS) & mask;
      continues = (continues + 1) | 0;
    }
    if (ends) m[continues - 1] = 0;
  }

  /**
   * Completes packets that other packets of the same frame follow, each with one copy, its headers, and nothing else to give
   * back.
   *
   * @param limit - most packets
   * @returns how many were completed
   */
  complete(limit: number): number {
    const packets = this.#packets;
    const fragments = this.#fragments;
    const most = Math.min(limit, packets.reapRun, fragments.reapCount >> 1, this.#writer.held) | 0;
    if (most <= 0 || this.#longestHeader < 0) return 0;
    const continues = (this.#writer.continues + packets.processedIndex) | 0;
    const tag = this.#tag | 0;
    const shadow = this.#shadow | 0;
    const mask = fragments.mask | 0;
    const stride = packets.stride | 0;
    let p = packets.at(packets.processedIndex) | 0;
    let fragment = fragments.processedIndex | 0;
    let count = 0;
    let pool = 0;
    let top = 0;
    while (count < most) {
      const own = m[(shadow + fragment) | 0]! | 0;
      const next = (fragment + 1) & mask;
      const odd = ((Packet.countAndLayoutLow.get(m, p) ^ FRAGMENTS) & 0xffff) | m[(shadow + next) | 0]!;
      // A mapping; another holder, or a pool that is checked; a tag for the NIC to insert.
      if (own <= 0 || (odd | (BufferEntry.held.get(m, own) ^ 1) | (m[(continues + count) | 0]! ^ 1)) !== 0) break;
      if (tag !== 0 && Ieee8021q.txTagging.get(m, p, tag) !== 0) break;
      const home = BufferEntry.pool.get(m, own) | 0;
      if (home !== pool) {
        if (pool !== 0) settleFree(pool, top - pool - POOL_WORDS);
        pool = home;
        top = (pool + POOL_WORDS + Pool.free.get(m, pool)) | 0;
      }
      BufferEntry.state.set(m, own, STATE_FREE);
      m[top] = own;
      m[(shadow + fragment) | 0] = 0;
      m[(continues + count) | 0] = 0;
      top = (top + 1) | 0;
      fragment = (next + 1) & mask;
      p = (p + stride) | 0;
      count = (count + 1) | 0;
    }
    if (count === 0) return 0;
    settleFree(pool, top - pool - POOL_WORDS);
    this.#writer.held -= count;
    packets.reap(count);
    fragments.reap(FRAGMENTS * count);
    return count;
  }
}
