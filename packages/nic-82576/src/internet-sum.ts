/*
 * The sum under every Internet checksum (RFC 1071), over bytes in device memory, and the 16-bit words in network byte
 * order that headers are made of. The sum is the same whatever the order of a word's bytes (§2 (B) there), so most of it
 * is taken as it lies in memory, eight words at a time.
 *
 * @hot
 */

import * as wire from '@netcx/hardware/wire';

const { i32: words, sumKernel, u8: bytes } = wire;
/** From so many bytes on, the kernel is faster than the loop here. */
const LONG = 16;

/**
 * @param total - a sum of 16-bit words, 0 or more, below 2^32
 * @returns it with the carries taken in, 0 to ffff
 */
export function fold(total: number): number {
  const once = (total & 0xffff) + (total >>> 16);
  return (once & 0xffff) + (once >>> 16);
}

/** The same for the loop here: a hot loop has nothing that is exported. */
const taken = fold;

/**
 * @param at - byte offset in device memory
 * @returns the 16-bit word there, in network byte order
 */
export const word16 = (at: number): number => (bytes[at]! << 8) | bytes[at + 1]!;

/**
 * @param at - byte offset in device memory
 * @param value - a word; what is above 16 bits is left out
 */
export function putWord16(at: number, value: number): void {
  bytes[at] = value >>> 8;
  bytes[at + 1] = value;
}

/**
 * @param from - byte offset in device memory
 * @param length - bytes from there on, up to 64 KiB; an odd last one counts as the high half of a word
 * @param seed - what is added, 0 or more, below 2^30: a sum of something else, or words that stand elsewhere
 * @returns the one's complement sum, 0 to ffff; its complement is the checksum
 */
export function internetSum(from: number, length: number, seed = 0): number {
  if (length >= LONG && sumKernel !== undefined) return taken(seed + sumKernel(from, length));
  const end = (from + length) | 0;
  let at = from | 0;
  let total = seed;
  let low = 0; // the halves of words of 32 bits, each in the memory's own byte order
  let high = 0;
  if ((at & 3) === 2 && length >= 2) {
    total += (bytes[at]! << 8) | bytes[at + 1]!;
    at = (at + 2) | 0;
  }
  if ((at & 3) === 0) {
    for (const quads = (end - 15) | 0; at < quads; at = (at + 16) | 0) {
      const word = at >> 2;
      const a = words[word]! | 0;
      const b = words[word + 1]! | 0;
      const c = words[word + 2]! | 0;
      const d = words[word + 3]! | 0;
      low = (low + (a & 0xffff) + (b & 0xffff) + (c & 0xffff) + (d & 0xffff)) | 0;
      high = (high + (a >>> 16) + (b >>> 16) + (c >>> 16) + (d >>> 16)) | 0;
    }
  }
  for (; at + 2 <= end; at = (at + 2) | 0) total += (bytes[at]! << 8) | bytes[at + 1]!;
  if (at < end) total += bytes[at]! << 8;
  const swapped = taken(taken(low) + taken(high));
  return taken(total + (((swapped & 255) << 8) | (swapped >>> 8)));
}
