/*
 * Bulk copies inside the host memory's block. Up to 128 bytes a loop copies eight bytes at a time in its own code, which
 * costs less than any call; above that this function is the fast way. Bytes outside [to, to + bytes) are never touched.
 */

import { COPY_KERNEL } from './copy-kernel.ts';
import { loadKernel } from './kernel.ts';
import * as memory from './memory.ts';

const { u8, u64 } = memory;

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

interface Kernel {
  readonly copy: Copy;
  readonly clear: Clear;
}

const kernel = (loadKernel(COPY_KERNEL) ?? {
  copy: copyByWords,
  clear: clearByWords,
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
