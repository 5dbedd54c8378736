/*
 * Bulk copies inside the host memory's block. Up to 128 bytes a loop copies eight bytes at a time in its own code, which
 * costs less than any call; above that this function is the fast way. Bytes outside [to, to + bytes) are never touched.
 */

import { COPY_KERNEL } from './copy-kernel.ts';
import { loadKernel } from './kernel.ts';
import * as memory from './memory.ts';

const { i32, u8, u64 } = memory;

/**
 * Copies `bytes` bytes from one offset of the block to another; the ranges must not overlap.
 *
 * @example
 * ```ts
 * const move: Copy = copyByWords;
 * ```
 */
export type Copy = (to: number, from: number, bytes: number) => void;

/**
 * The same by typed arrays alone: what runs where WebAssembly cannot reach the memory, and what the kernel is tested against.
 *
 * @example
 * ```ts
 * copyByWords(to, from, 1500); // the same as copy, and as fast as a loop over words is
 * ```
 */
export const copyByWords: Copy = (to, from, bytes) => {
  let done = 0;
  if (((to | from) & 7) === 0) {
    const words = bytes >>> 3;
    const target = to >>> 3;
    const source = from >>> 3;
    for (let word = 0; word < words; word++) u64[target + word] = u64[source + word]!;
    done = words << 3;
  }
  for (; done < bytes; done++) u8[to + done] = u8[from + done]!;
};

/**
 * Writes zeros.
 *
 * @example
 * ```ts
 * const wipe: Clear = clearByWords;
 * ```
 */
export type Clear = (at: number, bytes: number) => void;

/**
 * The same by typed arrays alone.
 *
 * @example
 * ```ts
 * clearByWords(ring, 512); // the same as clear
 * ```
 */
export const clearByWords: Clear = (at, bytes) => {
  u8.fill(0, at, at + bytes);
};

/**
 * Carries out a list of copies, first to last. The list lies in the block, at an offset that is a multiple of 4: three
 * 32-bit words for each copy, the offset to copy to, the offset to copy from, and the bytes. No range overlaps another.
 *
 * @example
 * ```ts
 * const carryOut: CopyAll = copyAllByWords;
 * ```
 */
export type CopyAll = (list: number, count: number) => void;

/**
 * The same by typed arrays alone.
 *
 * @example
 * ```ts
 * copyAllByWords(list, 32); // the same as copyAll
 * ```
 */
export const copyAllByWords: CopyAll = (list, count) => {
  const end = (list >>> 2) + count * 3;
  for (let entry = list >>> 2; entry < end; entry += 3) copyByWords(i32[entry]!, i32[entry + 1]!, i32[entry + 2]!);
};

/**
 * Copies the same bytes to many places. The list lies in the block, at an offset that is a multiple of 4: a 32-bit word for
 * each place, its offset. One of them may be where the bytes come from; besides, no range overlaps another.
 *
 * @example
 * ```ts
 * const spread: CopyToAll = copyToAllByWords;
 * ```
 */
export type CopyToAll = (list: number, count: number, from: number, bytes: number) => void;

/**
 * The same by typed arrays alone.
 *
 * @example
 * ```ts
 * copyToAllByWords(list, 44, header, 54); // the same as copyToAll
 * ```
 */
export const copyToAllByWords: CopyToAll = (list, count, from, bytes) => {
  for (let entry = list >>> 2; entry < (list >>> 2) + count; entry++) copyByWords(i32[entry]!, from, bytes);
};

interface Kernel {
  readonly copy: Copy;
  readonly clear: Clear;
  readonly copyAll: CopyAll;
  readonly copyToAll: CopyToAll;
}

const kernel = (loadKernel(COPY_KERNEL) ?? {
  copy: copyByWords,
  clear: clearByWords,
  copyAll: copyAllByWords,
  copyToAll: copyToAllByWords,
}) as unknown as Kernel;

/**
 * The fastest copy for this process's memory.
 *
 * @example
 * ```ts
 * copy(to, from, 1500); // offsets in the block; the ranges do not overlap
 * ```
 */
export const copy: Copy = kernel.copy;

/**
 * The fastest way to write zeros.
 *
 * @example
 * ```ts
 * clear(ring, 512); // an offset in the block, and bytes
 * ```
 */
export const clear: Clear = kernel.clear;

/**
 * The fastest way to make many small copies: one call for all of them.
 *
 * @example
 * ```ts
 * i32.set([to, from, 64], list >>> 2);
 * copyAll(list, 1); // the same as copy(to, from, 64)
 * ```
 */
export const copyAll: CopyAll = kernel.copyAll;

/**
 * The fastest way to copy a few bytes, such as a header, to many places: one call for all of them.
 *
 * @example
 * ```ts
 * i32.set([first, second], list >>> 2);
 * copyToAll(list, 2, header, 64); // 64 bytes are fastest
 * ```
 */
export const copyToAll: CopyToAll = kernel.copyToAll;
