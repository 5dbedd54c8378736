/*
 * Segments that are all alike: of one size, with payload in one piece where the NIC reads it, and checksums that the NIC inserts.
 * Their headers are the first one's with a few numbers changed, and many are placed, and completed, in a few loops. What is made
 * and counted is what frame-rebuilder.ts makes of one segment at a time, to the bit; whatever is not alike stops the loops.
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
import * as headers from './header-writer.ts';

const { copyToAll } = copies;
const { FLAGS_AT } = headers;
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
/** Bytes that are copied of shorter headers, whatever stands behind them: vector registers hold these. */
const SHORT = 64;
/** How far into TCP's header its sequence number stands. */
const SEQUENCE_AT = 4;

/** Places and completes runs of segments of one transmit queue. */
export class SegmentRun {
  // What the segments of a run have in common, which whoever makes the first one's headers says.
  /** Bytes of headers. */
  header = 0;
  /** How far into them IPv4's identification stands, and the one of the run's first segment; 0 = there is none. */
  identificationAt = 0;
  identification = 0;
  /** How far into them TCP's header begins, and the sequence number of the run's first segment; 0 = it is not TCP. */
  transportAt = 0;
  sequence = 0;
  /** TCP's flags that the frame's first segment has besides those of its headers, and those that its last one has. */
  firstFlags = 0;
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
  /** Bytes of headers that a buffer has room for, with what a copy writes behind short ones; -1: there is no such run. */
  readonly #longestHeader: number = -1;
  /** Segments of this run, and whether there was room for all that there are. */
  #count = 0;
  #all = false;
  /** Bytes of payload in each, where the first one's lies, and its logical address. */
  #size = 0;
  #payload = 0;
  #logicalAddress = 0;

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
   * A run begins: of segments of equal size, as many as there is room for.
   *
   * @param header - bytes of headers
   * @param buffer - the buffer that the payload lies in, or `NO_BUFFER`
   * @param payload - host offset of the first one's payload; the others' lie behind it
   * @param size - bytes of payload in each
   * @param count - how many there are
   * @returns host offset where the first one's headers are to be written, in the buffer that it will have; -1 when there is no
   * such run, no room for one segment, or the NIC does not read the payload where it lies
   */
  begin(header: number, buffer: number, payload: number, size: number, count: number): number {
    const free = Pool.free.get(m, this.#pool) | 0;
    const room = Math.min(count, this.#packets.freeRun, this.#fragments.freeCount >> 1, free);
    if (room <= 0 || header > this.#longestHeader) return -1;
    this.#count = room;
    this.#all = room === count;
    this.#size = size;
    this.#payload = payload;
    this.#logicalAddress = this.#writer.logicalOf(buffer, payload, room * size);
    return this.#logicalAddress < 0 ? -1 : BufferEntry.address.get(m, m[this.#poolStack + free - 1]! | 0) | 0;
  }

  /**
   * Places the run that was begun, when its first headers are written, and it was said what the others have in common with them.
   *
   * @param ends - whether the frame ends with what was counted
   * @returns how many segments were placed
   */
  place(ends: boolean): number {
    const count = this.#count;
    const last = ends && this.#all;
    this.#takeBuffers(count);
    this.#writeHeaders(count, last);
    this.#layHeaders(count);
    this.#layPayload(count);
    this.#writePackets(count, last);
    this.#writer.held += count;
    this.#fragments.publish(FRAGMENTS * count);
    this.#packets.publish(count);
    return count;
  }

  /**
   * Takes a buffer for each segment's headers, and notes it where its fragment will be. Where it lies stands meanwhile in the
   * words that will say which packet is the frame's last.
   */
  #takeBuffers(count: number): void {
    const shadow = this.#shadow | 0;
    const mask = this.#fragments.mask | 0;
    const left = (Pool.free.get(m, this.#pool) - count) | 0;
    const bottom = (this.#poolStack + left) | 0;
    let fragment = this.#fragments.endIndex | 0;
    let address = this.#addresses() | 0;
    for (let top = (bottom + count - 1) | 0; top >= bottom; top = (top - 1) | 0) {
      const own = m[top]! | 0;
      BufferEntry.state.set(m, own, TAKEN);
      m[(shadow + fragment) | 0] = own;
      m[address] = BufferEntry.address.get(m, own) | 0;
      fragment = (fragment + FRAGMENTS) & mask;
      address = (address + 1) | 0;
    }
    Pool.free.set(m, this.#pool, left);
    Pool.taken.set(m, this.#pool, Pool.taken.get(m, this.#pool) + count);
    if (left < (Pool.lowest.get(m, this.#pool) | 0)) Pool.lowest.set(m, this.#pool, left);
  }

  /** Word index of the run's first address. */
  #addresses(): number {
    return this.#writer.continues + this.#packets.endIndex;
  }

  /** Copies the first one's headers to all others, and writes what differs: RFC 791's identification, RFC 9293's sequence number. */
  #writeHeaders(count: number, ends: boolean): void {
    const begin = this.#addresses() | 0;
    const end = (begin + count) | 0;
    const first = m[begin]! | 0;
    const identificationAt = this.identificationAt | 0;
    const transportAt = this.transportAt | 0;
    const size = this.#size | 0;
    copyToAll(begin << 2, count, first, Math.max(this.header, SHORT));
    let identification = this.identification | 0;
    let sequence = this.sequence | 0;
    for (let address = begin; address < end; address = (address + 1) | 0) {
      const headers = m[address]! | 0;
      if (identificationAt !== 0) {
        const at = (headers + identificationAt) | 0;
        u8[at] = identification >>> 8;
        u8[(at + 1) | 0] = identification;
        identification = (identification + 1) | 0;
      }
      if (transportAt !== 0) {
        const at = (headers + transportAt + SEQUENCE_AT) | 0;
        u8[at] = sequence >>> 24;
        u8[(at + 1) | 0] = sequence >>> 16;
        u8[(at + 2) | 0] = sequence >>> 8;
        u8[(at + 3) | 0] = sequence;
        sequence = (sequence + size) | 0;
      }
    }
    if (transportAt === 0) return;
    u8[first + transportAt + FLAGS_AT] = u8[first + transportAt + FLAGS_AT]! | this.firstFlags;
    if (!ends) return;
    const last = m[end - 1]! + transportAt + FLAGS_AT;
    u8[last] = u8[last]! | this.lastFlags;
  }

  /** Each segment's first fragment: its headers, in a buffer that goes back when they have left. */
  #layHeaders(count: number): void {
    const fragments = this.#fragments;
    const logical = this.#logical | 0;
    const virtual = this.#virtual | 0;
    const base = fragments.base | 0;
    const stride = fragments.stride | 0;
    const mask = fragments.mask | 0;
    const shadow = this.#shadow | 0;
    const low = this.header | (this.header << 26) | 0;
    const high = (this.header >>> 6) | BOUNCED;
    let fragment = fragments.endIndex | 0;
    for (let left = count | 0; left > 0; left = (left - 1) | 0) {
      const own = m[(shadow + fragment) | 0]! | 0;
      const f = (base + Math.imul(fragment, stride)) | 0;
      Fragment.whole.low.set(m, f, low);
      Fragment.whole.high.set(m, f, high);
      if (virtual !== 0) VirtualAddress.address.low.set(m, f, virtual, BufferEntry.address.get(m, own) | 0);
      if (logical !== 0) m64[(f + (logical >> 2)) >> 1] = m64[(own + LOGICAL_WORD) >> 1]!;
      fragment = (fragment + FRAGMENTS) & mask;
    }
  }

  /** Each segment's second fragment: its payload, where it lies, of which nothing is held. */
  #layPayload(count: number): void {
    const fragments = this.#fragments;
    const logical = this.#logical | 0;
    const virtual = this.#virtual | 0;
    const base = fragments.base | 0;
    const stride = fragments.stride | 0;
    const mask = fragments.mask | 0;
    const size = this.#size | 0;
    const sizeLow = size | (size << 26);
    const sizeHigh = size >>> 6;
    const high = Math.floor(this.#logicalAddress / 0x1_0000_0000) | 0;
    const behind = (this.#payload + count * size) | 0;
    let fragment = (fragments.endIndex + 1) & mask;
    let low = this.#logicalAddress | 0;
    for (let from = this.#payload | 0; from !== behind; from = (from + size) | 0) {
      const f = (base + Math.imul(fragment, stride)) | 0;
      Fragment.whole.low.set(m, f, sizeLow);
      Fragment.whole.high.set(m, f, sizeHigh);
      if (virtual !== 0) VirtualAddress.address.low.set(m, f, virtual, from);
      if (logical !== 0) {
        LogicalAddress.address.low.set(m, f, logical, low);
        LogicalAddress.address.high.set(m, f, logical, high);
      }
      fragment = (fragment + FRAGMENTS) & mask;
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
