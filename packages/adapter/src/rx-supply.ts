/*
 * What a receive queue is supplied with: a buffer for each fragment, its pool's or what another source brings, and packets for
 * the driver to fill, zeroed. Follows reference netadaptercx §4.5 and §7.2.
 *
 * @hot
 */

import * as copies from '@netcx/dma/copy';
import * as memory from '@netcx/dma/memory';
import * as buffers from '@netcx/buffers';
import * as extensions from '@netcx/extensions';
import type { Ring } from '@netcx/rings';
import type { Recycler } from './redirect/recycler.ts';
import * as sources from './rx-source.ts';
import type { RxSource } from './rx-source.ts';
import type { RxQueueBuffers } from './rx-translator-options.ts';

const { i32: m, u64: m64 } = memory;
const { clear } = copies;
const { BufferEntry, Pool, STATE_ON_RING } = buffers;
const { VirtualAddress } = extensions;
const { freshFragment } = sources;
/** Words from a buffer's entry to its logical address, which both lie on 8 bytes, as they do in a fragment element. */
const LOGICAL_WORD = BufferEntry.logical.location.byteOffset >>> 2;
/** Packets and fragments of a round from which on buffers are supplied by the batch, and buffers of a batch, at most half a ring. */
const BUSY = 32;
const BATCH = 64;

/** How a supply reaches its queue. */
export interface RxSupplyOptions extends RxQueueBuffers {
  /** Byte offsets of extensions in this queue's fragments; 0 = absent. */
  readonly virtualAddress: number;
  readonly logicalAddress: number;
}

/** Supplies one receive queue with buffers and packets. */
export class RxSupply {
  // What each poll asks stands first, on few lines of the cache.
  readonly #packets: Ring;
  readonly #fragments: Ring;
  readonly #source: RxSource | undefined;
  readonly #recycler: Recycler | undefined;
  readonly #poolHeader: number = 0;
  readonly #poolStack: number = 0;
  /** Places that are worth a turn in a busy round. */
  readonly #batch: number = 0;
  /** Half of the places: fewer may wait for frames that are on their way, and the NIC has the others. */
  readonly #half: number = 0;
  readonly #shadow: number = 0;
  /** Words of 64 bits from a fragment element to its logical address. */
  readonly #logical: number = 0;
  readonly #fresh: bigint;
  readonly #virtual: number = 0;

  /**
   * @param options - rings, offsets and buffers
   */
  constructor(options: RxSupplyOptions) {
    const { pool, source } = options;
    this.#packets = options.rings.packets;
    this.#fragments = options.rings.fragments;
    this.#source = source;
    this.#recycler = options.recycler;
    this.#half = options.rings.fragments.elements >> 1;
    this.#poolHeader = pool?.header ?? 0;
    this.#poolStack = pool?.stack ?? 0;
    this.#batch = source === undefined ? Math.min(BATCH, this.#half) : 0;
    this.#shadow = options.shadow >>> 2;
    this.#logical = options.logicalAddress >> 3;
    this.#fresh = freshFragment(pool?.capacity ?? 0);
    this.#virtual = options.virtualAddress;
  }

  /**
   * Attaches buffers to as many fragments as there are places and buffers, and hands over as many packets. While frames come
   * in bursts, a few places wait for others: what it costs to supply and to post does not depend on how many they are.
   *
   * @param moved - packets and fragments that the last round moved
   * @returns how many fragments were supplied
   */
  prepare(moved: number): number {
    const free = this.#fragments.freeCount;
    if (moved >= BUSY && free < this.#batch) return 0;
    const recycler = this.#recycler;
    let supplied = 0;
    if (recycler !== undefined && recycler.spare !== 0 && free > 0) {
      const inOrder = moved >= BUSY && free === recycler.home + recycler.away;
      if (inOrder && recycler.away < this.#half) return this.#publishHome(recycler);
      supplied = recycler.settle(inOrder);
    }
    supplied += this.#source === undefined ? this.#attachBuffers() : this.#source.attach();
    this.#preparePackets();
    return supplied;
  }

  /** As long as frames go on unseen: buffers that are back, by the batch as well, or whatever there is if the NIC has few. */
  #publishHome(recycler: Recycler): number {
    const { home } = recycler;
    if (home < this.#batch && (home === 0 || this.#fragments.freeCount < this.#half)) return 0;
    const supplied = recycler.publish();
    this.#preparePackets();
    return supplied;
  }

  /** Whether the NIC has fewer buffers than it could have, because there is none. */
  get starved(): boolean {
    if (this.#source !== undefined) return this.#source.starved;
    return Pool.free.get(m, this.#poolHeader) === 0 && this.#fragments.freeCount > 0;
  }

  /** The straight line: the pool's buffers, as many as there are places in a row; those behind the wrap come next. */
  #attachBuffers(): number {
    const supplied = this.#attachRun();
    return supplied > 0 && this.#fragments.endIndex === 0 ? supplied + this.#attachRun() : supplied;
  }

  #attachRun(): number {
    const fragments = this.#fragments;
    // In words of 64 bits, as the elements of a fragment ring lie.
    const stride = fragments.stride >> 1;
    const logical = this.#logical | 0;
    const fresh = BigInt.asUintN(64, this.#fresh);
    const available = Pool.free.get(m, this.#poolHeader | 0) | 0;
    const count = Math.min(available, fragments.freeRun | 0);
    const bottom = (this.#poolStack + available - count) | 0;
    let top = (bottom + count) | 0;
    let f = fragments.at(fragments.endIndex) >> 1;
    let shadow = (this.#shadow + fragments.endIndex) | 0;
    while (top > bottom) {
      top = (top - 1) | 0;
      const buffer = m[top]! | 0;
      BufferEntry.state.set(m, buffer, STATE_ON_RING);
      // Where elements have no logical address, this is written into the fragment itself, and what follows into the same place.
      m64[(f + logical) | 0] = m64[(buffer + LOGICAL_WORD) >> 1]!;
      m64[f] = fresh;
      m[shadow] = buffer;
      f = (f + stride) | 0;
      shadow = (shadow + 1) | 0;
    }
    if (count === 0) return 0;
    if (this.#virtual !== 0) this.#attachAddresses(count);
    this.#take(count);
    fragments.publish(count);
    return count;
  }

  /** For drivers that look at what they received, which few do: a loop of its own spares the others a question for each fragment. */
  #attachAddresses(count: number): void {
    const fragments = this.#fragments;
    const stride = fragments.stride | 0;
    const virtual = this.#virtual | 0;
    let f = fragments.at(fragments.endIndex) | 0;
    let shadow = (this.#shadow + fragments.endIndex) | 0;
    const end = (shadow + count) | 0;
    while (shadow < end) {
      VirtualAddress.address.low.set(m, f, virtual, BufferEntry.address.get(m, m[shadow]! | 0) | 0);
      f = (f + stride) | 0;
      shadow = (shadow + 1) | 0;
    }
  }

  /** The pool's books, once for a run: buffers that lie on its stack no more. */
  #take(count: number): void {
    const pool = this.#poolHeader | 0;
    const left = (Pool.free.get(m, pool) - count) | 0;
    Pool.free.set(m, pool, left);
    Pool.taken.set(m, pool, Pool.taken.get(m, pool) + count);
    if (left < (Pool.lowest.get(m, pool) | 0)) Pool.lowest.set(m, pool, left);
  }

  /** Hands over as many packets as there is room for, zeroed with their extensions: nothing stale reaches the driver. */
  #preparePackets(): void {
    const packets = this.#packets;
    const bytes = packets.stride << 2;
    for (let run = packets.freeRun; run > 0; run = packets.endIndex === 0 ? packets.freeRun : 0) {
      clear(packets.at(packets.endIndex) << 2, run * bytes);
      packets.publish(run);
    }
  }
}
