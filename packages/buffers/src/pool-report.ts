/*
 * Who holds the buffers of a pool: counted, named, and, where the pool is checked, since when. Reports look at every buffer
 * and at every ring, so they are for people and for stops, not for the data path.
 */

import { i32 as m } from '@netcx/dma/memory';
import { BUFFER_WORDS, BufferEntry } from './buffer.ts';
import { heldByRings, OWNER_NIC, OWNER_TRANSMIT, ownerName, type BufferHolder } from './owner.ts';
import { guardOf } from './pool-guard.ts';

/**
 * Who holds how many buffers of a pool.
 *
 * @example
 * ```ts
 * const { free, protocol }: PoolCensus = pool.census();
 * ```
 */
export interface PoolCensus {
  /** Buffers in all. */
  readonly count: number;
  /** In the pool. */
  readonly free: number;
  /** Attached to receive rings. */
  readonly nic: number;
  /** With the protocol above. */
  readonly protocol: number;
  /** In transmit rings. */
  readonly transmit: number;
}

/**
 * A holder of buffers that are not in their pool.
 *
 * @example
 * ```ts
 * const [worst]: readonly Leak[] = pool.leaks();
 * worst?.who; // 'bridge'
 * ```
 */
export interface Leak {
  /** A ring's name, or an owner's. */
  readonly who: string;
  /** How many buffers. */
  readonly count: number;
  /** When the one that it has held longest came to it, in nanoseconds; `undefined` where the pool is not checked. */
  readonly since: number | undefined;
  /** The first few of them. */
  readonly handles: readonly number[];
}

/**
 * What a pool has been through.
 *
 * @example
 * ```ts
 * const { peakInUse, exhausted }: PoolStatistics = pool.statistics();
 * ```
 */
export interface PoolStatistics {
  /** Buffers in all. */
  readonly count: number;
  /** In the pool now. */
  readonly free: number;
  /** Out now. */
  readonly inUse: number;
  /** Most that were ever out at once. */
  readonly peakInUse: number;
  /** Times that one was taken, modulo 2^32. */
  readonly taken: number;
  /** Times that one came back, modulo 2^32. */
  readonly returned: number;
  /** Times that none was there to be taken. */
  readonly exhausted: number;
  /** Bytes of host memory that the buffers take, gaps included. */
  readonly bytes: number;
}

/**
 * Where a pool's entries are: what is asked of a `BufferPool` and of `LentBuffers` alike.
 *
 * @example
 * ```ts
 * const held = (pool: PoolEntries): number => pool.count - censusOf(pool).free;
 * ```
 */
export interface PoolEntries {
  readonly header: number;
  readonly count: number;
  readonly firstHandle: number;
}

/** How many handles a leak names. */
const NAMED = 8;

/** @yields every buffer of the pool that somebody holds, with the ring that it lies in, if any */
function* held(
  pool: PoolEntries,
  rings: ReadonlyMap<number, BufferHolder>,
): Generator<[number, BufferHolder | undefined]> {
  for (let index = 0; index < pool.count; index++) {
    const handle = pool.firstHandle + index * BUFFER_WORDS;
    if (BufferEntry.references.get(m, handle) !== 0) yield [handle, rings.get(handle)];
  }
}

/**
 * @param pool - a pool
 * @param rings - what lies in rings now
 * @returns how many of its buffers are where
 * @example
 * ```ts
 * censusOf(pool).protocol; // the same as pool.census().protocol
 * ```
 */
export function censusOf(pool: PoolEntries, rings: ReadonlyMap<number, BufferHolder> = heldByRings()): PoolCensus {
  let nic = 0;
  let transmit = 0;
  let out = 0;
  for (const [handle, ring] of held(pool, rings)) {
    const owner = ring?.owner ?? BufferEntry.owner.get(m, handle);
    out++;
    if (owner === OWNER_NIC) nic++;
    else if (owner === OWNER_TRANSMIT) transmit++;
  }
  return { count: pool.count, free: pool.count - out, nic, protocol: out - nic - transmit, transmit };
}

/**
 * @param pool - a pool
 * @returns who holds its buffers, the one with the most first
 */
export function leaksOf(pool: PoolEntries): readonly Leak[] {
  const guard = guardOf(pool.header);
  const found = new Map<string, { count: number; since: number | undefined; handles: number[] }>();
  for (const [handle, ring] of held(pool, heldByRings())) {
    const who = ring?.name ?? ownerName(BufferEntry.owner.get(m, handle));
    const leak = found.get(who) ?? { count: 0, since: undefined, handles: [] };
    const since = guard?.since(handle);
    leak.count++;
    if (since !== undefined) leak.since = Math.min(since, leak.since ?? since);
    if (leak.handles.length < NAMED) leak.handles.push(handle);
    found.set(who, leak);
  }
  return [...found].map(([who, leak]) => ({ who, ...leak })).sort((a, b) => b.count - a.count);
}

/**
 * @param leaks - who holds buffers
 * @returns one clause a holder
 */
export function describeLeaks(leaks: readonly Leak[]): string {
  return leaks
    .map(
      ({ who, count, since }) => `${who}: ${String(count)}${since === undefined ? '' : ` since ${String(since)} ns`}`,
    )
    .join(', ');
}
