/*
 * The sum under every Internet checksum (RFC 1071) over host memory: a run of bytes, and the bytes of a frame wherever its
 * parts lie. The sum is the same whatever the order of a word's bytes (§2 (B) there), so most of it is taken as it lies in
 * memory, eight words at a time.
 *
 * @hot
 */

import * as dma from '@netcx/dma';
import * as memory from '@netcx/dma/memory';
import type { FrameReader } from './frame-reader.ts';

const { sumKernel } = dma;
const { i32: words, u8: bytes } = memory;
/** From so many bytes on, the kernel is faster than the loop here. */
const LONG = 16;

/**
 * @param total - a sum of 16-bit words, 0 or more
 * @returns it with the carries taken in, 0 to ffff
 */
export function foldSum(total: number): number {
  const once = (total & 0xffff) + (total >>> 16);
  return (once & 0xffff) + (once >>> 16);
}

/**
 * @param from - host offset of the first byte
 * @param length - bytes from there on, up to 64 KiB; an odd last one counts as the high half of a word
 * @returns the one's complement sum, 0 to ffff; its complement is the checksum
 */
export function internetSum(from: number, length: number): number {
  if (length >= LONG && sumKernel !== undefined) return sumKernel(from, length);
  const end = (from + length) | 0;
  let at = from | 0;
  if ((at & 1) !== 0) return oddSum(at, length);
  let total = 0;
  let low = 0; // the halves of words of 32 bits, each in the memory's own byte order
  let high = 0;
  if ((at & 2) !== 0 && length >= 2) {
    total = (bytes[at]! << 8) | bytes[at + 1]!;
    at = (at + 2) | 0;
  }
  for (const quads = (end - 15) | 0; at < quads; at = (at + 16) | 0) {
    const word = at >> 2;
    const a = words[word]! | 0;
    const b = words[word + 1]! | 0;
    const c = words[word + 2]! | 0;
    const d = words[word + 3]! | 0;
    low = (low + (a & 0xffff) + (b & 0xffff) + (c & 0xffff) + (d & 0xffff)) | 0;
    high = (high + (a >>> 16) + (b >>> 16) + (c >>> 16) + (d >>> 16)) | 0;
  }
  for (; at + 2 <= end; at = (at + 2) | 0) total += (bytes[at]! << 8) | bytes[at + 1]!;
  if (at < end) total += bytes[at]! << 8;
  const swapped = foldSum(foldSum(low) + foldSum(high));
  return foldSum(total + (((swapped & 255) << 8) | (swapped >>> 8)));
}

const runSum = internetSum;

/** From an odd address on: the words behind the first byte lie even, and their sum is wanted with its bytes swapped. */
function oddSum(from: number, length: number): number {
  if (length === 0) return 0;
  const rest = internetSum((from + 1) | 0, (length - 1) | 0);
  return foldSum((bytes[from]! << 8) + (((rest & 255) << 8) | (rest >>> 8)));
}

/**
 * @param reader - stands at a frame
 * @param offset - a place in it; there the first word begins
 * @param length - bytes from there on, within the frame and up to 64 KiB
 * @returns the one's complement sum, 0 to ffff
 */
export function frameSum(reader: FrameReader, offset: number, length: number): number {
  let at = offset | 0;
  let left = length | 0;
  let total = 0;
  while (left > 0) {
    const run = Math.min(left, reader.runFrom(at)) | 0;
    if (run <= 0) break; // nothing more to read: the caller's length is longer than the frame
    const sum = runSum(reader.addressOf(at), run) | 0;
    // A part that begins in the middle of a word: its bytes count the other way round.
    total = (total + (((at - offset) & 1) === 0 ? sum : ((sum & 255) << 8) | (sum >>> 8))) | 0;
    at = (at + run) | 0;
    left = (left - run) | 0;
  }
  return foldSum(total);
}
