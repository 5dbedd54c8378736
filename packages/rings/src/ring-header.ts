/*
 * The 64 bytes in front of each ring's elements. The framework's half ends at byte 48 and the driver's begins there, so
 * that a verifier can compare the first half byte for byte, and so that the two sides write different parts of the line.
 * Follows NET_RING of NetAdapterCx 2.x (reference netadaptercx §1.1); core and armed fields lie where it has reserved words.
 */

import { defineStruct, u16, u32 } from '@netcx/layout';

/**
 * The header of a ring. `Ring` reads and writes it; this is for dumps and verifiers.
 *
 * @example
 * ```ts
 * const ring = Ring.create(block, { name: 'tx 0', elements: 8, stride: 16 });
 * RingHeader.elementStride.get(m, ring.header); // 16
 * ```
 */
// prettier-ignore
export const RingHeader = defineStruct('RingHeader', 64, {
  // the framework's half
  ringsBehind:      u16(0),   // rings of the same collection that follow this one in memory
  elementStride:    u16(2),   // bytes from one element to the next
  numberOfElements: u32(4),   // a power of two, at least 2
  elementIndexMask: u32(8),   // numberOfElements - 1
  endIndex:         u32(12),  // one past the last element that is the driver's
  processedIndex:   u32(16),  // first element that the driver gave back and the framework has not reaped
  coreSize:         u16(20),  // bytes of the core descriptor in front of the extensions
  coreVersion:      u16(22),  // 1 or more; a later one has more fields at its end
  frameworkArmed:   u32(24),  // 1 while the framework waits for begin to move
  // the driver's half
  beginIndex:       u32(48),  // first element that is the driver's
  nextIndex:        u32(52),  // first element that the driver has not posted to its device; framework never reads it
  scratch:          u32(56),  // the driver's own
  driverArmed:      u32(60),  // 1 while the driver waits for end to move
});

/**
 * Bytes of the header: where element 0 starts.
 *
 * @example
 * ```ts
 * Ring.bytes({ name: 'tx 0', elements: 8, stride: 16 }) - 8 * 16; // RING_HEADER_BYTES
 * ```
 */
export const RING_HEADER_BYTES = 64;
