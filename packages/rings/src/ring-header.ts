/*
 * The 64 bytes in front of each ring's elements. The framework's half ends at byte 48 and the driver's begins there, so
 * that a verifier can compare the first half byte for byte, and so that the two sides write different parts of the line.
 * Follows NET_RING of NetAdapterCx 2.x (reference netadaptercx §1.1).
 */

import { defineStruct, u16, u32 } from '@netcx/layout';

/** The header of a ring. */
// prettier-ignore
export const RingHeader = defineStruct('RingHeader', 64, {
  // the framework's half
  elementStride:    u16(2),   // bytes from one element to the next
  numberOfElements: u32(4),   // a power of two, at least 2
  elementIndexMask: u32(8),   // numberOfElements - 1
  endIndex:         u32(12),  // one past the last element that is the driver's
  processedIndex:   u32(16),  // first element that the driver gave back and the framework has not reaped
  // the driver's half
  beginIndex:       u32(48),  // first element that is the driver's
  nextIndex:        u32(52),  // first element that the driver has not posted to its device; framework never reads it
  scratch:          u32(56),  // the driver's own
});

/** Bytes of the header: where element 0 starts. */
export const RING_HEADER_BYTES = 64;
