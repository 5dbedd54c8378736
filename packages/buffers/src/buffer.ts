/*
 * What is known about one buffer: 32 bytes in host memory, apart from the buffer's own bytes. A buffer's handle is the
 * word index of its entry, so a loop finds address and reference count with one load each, whichever pool it came from.
 * Handle 0 is no buffer.
 */

import { defineStruct, overlay, u32, u64 } from '@netcx/layout';

/** A buffer's entry. */
// prettier-ignore
export const BufferEntry = defineStruct('BufferEntry', 32, {
  references:  u32(0),   // holders; 0 = in its pool
  pool:        u32(4),   // word index of its pool's header
  address:     u32(8),   // host offset of its first byte
  domain:      u32(12),  // number of the DMA domain that the logical address is good for; 0 = none
  logicalLow:  u32(16),  // logical address of its first byte, low word
  logicalHigh: u32(20),  // and high word: the same for each byte of the buffer
  logical:     overlay(u64(16)), // both words at once, 8-byte aligned: for loops that copy it
  capacity:    u32(24),  // bytes
  owner:       u32(28),  // who holds it: an OWNER_* value
});

/** A pool's header: the stack of free handles follows it. */
// prettier-ignore
export const Pool = defineStruct('Pool', 64, {
  free:      u32(0),   // handles on the stack
  count:     u32(4),   // buffers in all
  taken:     u32(8),   // times that a buffer was taken, modulo 2^32
  lowest:    u32(12),  // fewest that were ever free
  exhausted: u32(16),  // times that take found none
  waiting:   u32(20),  // 1 = somebody wants to know when a buffer comes back
});

/** Words of a buffer's entry. */
export const BUFFER_WORDS = 8;
/** Words of a pool's header: where the stack starts. */
export const POOL_WORDS = 16;
/** The handle that is no buffer. */
export const NO_BUFFER = 0;

/** `owner`: in its pool. */
export const OWNER_POOL = 0;
/** `owner`: attached to a receive ring, the NIC's to write. */
export const OWNER_NIC = 1;
/** `owner`: shown to, or taken by, the protocol above. */
export const OWNER_PROTOCOL = 2;
/** `owner`: in a transmit ring, the NIC's to read. */
export const OWNER_TRANSMIT = 3;
