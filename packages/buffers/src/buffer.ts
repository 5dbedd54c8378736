/*
 * What is known about one buffer: 32 bytes in host memory, apart from the buffer's own bytes. A buffer's handle is the
 * word index of its entry, so a loop finds address and reference count with one load each, whichever pool it came from.
 * Handle 0 is no buffer. References and owner share a word, so that a loop which takes or frees a buffer writes both at once.
 */

import { bits, defineStruct, overlay, u32, u64 } from '@netcx/layout';

/**
 * A buffer's entry.
 *
 * @example
 * ```ts
 * const buffer = pool.take();
 * BufferEntry.address.get(i32, buffer); // host offset of its first byte
 * BufferEntry.references.get(i32, buffer); // 1
 * ```
 */
// prettier-ignore
export const BufferEntry = defineStruct('BufferEntry', 32, {
  references:  bits(u32(0), 14, 0),  // holders; 0 = in its pool
  checked:     bits(u32(0), 15),     // its pool is checked: no loop may skip the pool's functions
  owner:       bits(u32(0), 31, 16), // who took it: an OWNER_* value, or a number from `defineOwner`
  held:        overlay(bits(u32(0), 15, 0)), // references and `checked`: 1 = one holder, in a pool that is not checked
  state:       overlay(u32(0)),      // all of the above at once
  pool:        u32(4),   // word index of its pool's header
  address:     u32(8),   // host offset of its first byte
  domain:      u32(12),  // number of the DMA domain that the logical address is good for; 0 = none
  logicalLow:  u32(16),  // logical address of its first byte, low word
  logicalHigh: u32(20),  // and high word: the same for each byte of the buffer
  logical:     overlay(u64(16)), // both words at once, 8-byte aligned: for loops that copy it
  capacity:    u32(24),  // bytes
  context:     u32(28),  // the pool's own: of a lent buffer, where its return context stands
});

/**
 * A pool's header: the stack of free handles follows it.
 *
 * @example
 * ```ts
 * Pool.free.get(i32, pool.header); // handles on the stack
 * ```
 */
// prettier-ignore
export const Pool = defineStruct('Pool', 64, {
  free:      u32(0),   // handles on the stack
  count:     u32(4),   // buffers in all
  taken:     u32(8),   // times that a buffer was taken, modulo 2^32
  lowest:    u32(12),  // fewest that were ever free
  exhausted: u32(16),  // times that take found none
  waiting:   u32(20),  // 1 = somebody wants to know when a buffer comes back
});

/**
 * Words of a buffer's entry.
 *
 * @example
 * ```ts
 * const second = pool.firstHandle + BUFFER_WORDS;
 * ```
 */
export const BUFFER_WORDS = 8;
/**
 * Words of a pool's header: where the stack starts.
 *
 * @example
 * ```ts
 * const lowest = i32[pool.header + POOL_WORDS]; // the handle at the bottom of the stack
 * ```
 */
export const POOL_WORDS = 16;
/**
 * The handle that is no buffer.
 *
 * @example
 * ```ts
 * if (pool.take() === NO_BUFFER) pool.exhausted; // how often that has happened
 * ```
 */
export const NO_BUFFER = 0;

/**
 * `state` of a buffer of an unchecked pool that a loop attaches to a receive ring: one reference, `OWNER_RECEIVED`.
 *
 * @example
 * ```ts
 * BufferEntry.state.set(i32, buffer, STATE_ON_RING);
 * ```
 */
export const STATE_ON_RING = 1 | (4 << 16);
/**
 * `state` of a buffer that lies in its pool, as a loop writes it.
 *
 * @example
 * ```ts
 * BufferEntry.state.set(i32, buffer, STATE_FREE);
 * ```
 */
export const STATE_FREE = 0;
