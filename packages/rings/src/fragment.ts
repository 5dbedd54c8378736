/*
 * The fragment descriptor's core: how much of a buffer a frame uses. Eight bytes, the first part of each element of a
 * fragment ring; where the buffer is stands in extensions (virtual and logical address). Follows NET_FRAGMENT of
 * NetAdapterCx 2.x (reference netadaptercx §1.6).
 */

import { bits, defineStruct, overlay, u64 } from '@netcx/layout';

/**
 * A fragment: `validLength` bytes, `offset` bytes into a buffer of `capacity` bytes.
 *
 * @example
 * ```ts
 * const fragment = rings.fragments.at(rings.fragments.endIndex);
 * Fragment.whole.set(m, fragment, 0);
 * Fragment.validLength.set(m, fragment, 1514);
 * Fragment.capacity.set(m, fragment, 2048);
 * Fragment.offset.set(m, fragment, 2);
 * Fragment.offset.get(m, fragment) + Fragment.validLength.get(m, fragment) <= Fragment.capacity.get(m, fragment); // true
 * ```
 */
// prettier-ignore
export const Fragment = defineStruct('Fragment', 8, {
  validLength: bits(u64(0), 25, 0),   // bytes of the frame in this fragment
  capacity:    bits(u64(0), 51, 26),  // bytes in the buffer
  offset:      bits(u64(0), 61, 52),  // where the frame's bytes begin in the buffer
  scratch:     bits(u64(0), 62),      // the driver's own
  bounced:     bits(u64(0), 63),      // the framework's own
  whole:       overlay(u64(0)),       // all of it, for loops that write every field
});

/**
 * Bytes of the fragment core: where the first extension may start.
 *
 * @example
 * ```ts
 * planElement({ level: 'fragment', coreSize: FRAGMENT_BYTES, coreAlignment: 8, extensions: [] }).stride; // 8
 * ```
 */
export const FRAGMENT_BYTES = 8;
/**
 * Largest `validLength` and `capacity`.
 *
 * @example
 * ```ts
 * FRAGMENT_MAXIMUM_LENGTH; // 67108863
 * ```
 */
export const FRAGMENT_MAXIMUM_LENGTH = 2 ** 26 - 1;
/**
 * Largest `offset`.
 *
 * @example
 * ```ts
 * FRAGMENT_MAXIMUM_OFFSET; // 1023
 * ```
 */
export const FRAGMENT_MAXIMUM_OFFSET = 2 ** 10 - 1;
