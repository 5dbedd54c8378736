/*
 * Who may hold a buffer. A number is written where somebody takes a buffer by a function; what loops move from ring to ring
 * they do not mark, since a ring says itself what lies in it: holders are asked when somebody counts. So a census is exact
 * and costs the data path nothing.
 */

import { BufferError } from './buffer-error.ts';

/**
 * In its pool.
 *
 * @example
 * ```ts
 * BufferEntry.owner.get(i32, buffer) === OWNER_POOL; // true before it is taken, and after it is released
 * ```
 */
export const OWNER_POOL = 0;
/**
 * Attached to a receive ring, the NIC's to write.
 *
 * @example
 * ```ts
 * const buffer = pool.take(OWNER_NIC);
 * ```
 */
export const OWNER_NIC = 1;
/**
 * Taken by the protocol above, or shown to it.
 *
 * @example
 * ```ts
 * const buffer = pool.take(OWNER_PROTOCOL); // the same as pool.take()
 * ```
 */
export const OWNER_PROTOCOL = 2;
/**
 * In a transmit ring, the NIC's to read.
 *
 * @example
 * ```ts
 * const copy = pool.take(OWNER_TRANSMIT);
 * ```
 */
export const OWNER_TRANSMIT = 3;
/**
 * Attached to a receive ring by a loop, which does not mark it once more when it is shown: the NIC's while it lies in a
 * ring, the protocol's since.
 *
 * @example
 * ```ts
 * BufferEntry.owner.get(i32, received) === OWNER_RECEIVED; // true, in an unchecked pool
 * ```
 */
export const OWNER_RECEIVED = 4;

/** Names of owners, by number. */
const names = ['the pool', 'receive rings', 'protocol', 'transmit rings', 'protocol'];
const LAST = 0xffff;

/**
 * Gives a name to somebody who takes buffers, so that a leak report can name them.
 *
 * @param name - who
 * @returns a number for `BufferPool.take`; the same one for the same name
 * @throws BufferError `OWNER` when all 65530 numbers are given away
 * @example
 * ```ts
 * const bridge = defineOwner('bridge');
 * const buffer = pool.take(bridge);
 * pool.leaks()[0]?.who; // 'bridge'
 * ```
 */
export function defineOwner(name: string): number {
  const known = names.indexOf(name);
  if (known >= 0) return known;
  if (names.length > LAST) throw new BufferError('OWNER', `${name}: all ${String(LAST)} owners have names already`);
  return names.push(name) - 1;
}

/**
 * @param owner - an OWNER_* value, or what `defineOwner` returned
 * @returns its name
 * @example
 * ```ts
 * ownerName(OWNER_NIC); // 'receive rings'
 * ```
 */
export function ownerName(owner: number): string {
  return names[owner] ?? `owner ${String(owner)}`;
}

/**
 * A ring that holds buffers without marking them.
 *
 * @example
 * ```ts
 * const holder: BufferHolder = { name: 'nic 0 tx 1', owner: OWNER_TRANSMIT, handles: () => [buffer] };
 * const forget = registerHolder(holder);
 * pool.census().transmit; // 1
 * forget();
 * ```
 */
export interface BufferHolder {
  /** For reports: adapter, direction and number. */
  readonly name: string;
  /** What a census counts its buffers as. */
  readonly owner: typeof OWNER_NIC | typeof OWNER_TRANSMIT;
  /** @returns the buffers in it now, of any pool, in any order; one that is in it twice may come twice */
  handles(): Iterable<number>;
}

const holders = new Set<BufferHolder>();

/**
 * From now on a census asks this holder.
 *
 * @param holder - a ring that holds buffers
 * @returns ends it
 * @example
 * ```ts
 * const forget = registerHolder({ name: 'nic 0 rx 0', owner: OWNER_NIC, handles: () => attached });
 * forget();
 * ```
 */
export function registerHolder(holder: BufferHolder): () => void {
  holders.add(holder);
  return () => {
    holders.delete(holder);
  };
}

/**
 * Forgets every holder: between tests that leave queues running, whose rings each report would look through.
 *
 * @internal
 */
export function forgetHolders(): void {
  holders.clear();
}

/**
 * @returns every buffer that lies in some ring, with the ring; the first ring that has it counts
 *
 * @example
 * ```ts
 * const rings = heldByRings(); // once, for many pools
 * for (const pool of pools) console.log(pool.name, censusOf(pool, rings));
 * ```
 */
export function heldByRings(): ReadonlyMap<number, BufferHolder> {
  const found = new Map<number, BufferHolder>();
  for (const holder of holders)
    for (const handle of holder.handles()) if (!found.has(handle)) found.set(handle, holder);
  return found;
}
