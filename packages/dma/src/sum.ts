/*
 * The sum under every Internet checksum (RFC 1071), by WebAssembly: what a long run of bytes is best summed with. Short runs,
 * and memory that WebAssembly cannot reach, are the caller's own loop's.
 */

import { loadKernel } from './kernel.ts';
import { SUM_KERNEL } from './sum-kernel.ts';

/**
 * Sums 16-bit words in network order, from any byte on; an odd last byte counts as the high half of a word.
 *
 * @example
 * ```ts
 * const checksum = ~sumKernel!(offset, 1480) & 0xffff; // up to 65536 bytes of host memory
 * ```
 */
export type Sum = (from: number, bytes: number) => number;

/**
 * The kernel for this process's memory; `undefined` where WebAssembly cannot reach it.
 *
 * @example
 * ```ts
 * const sum = sumKernel?.(from, 1480) ?? sumOfMyOwn(from, 1480);
 * ```
 */
export const sumKernel = loadKernel(SUM_KERNEL)?.['sum'] as Sum | undefined;
