/*
 * The sum under every Internet checksum (RFC 1071), by WebAssembly: what a long run of bytes is best summed with. Short runs,
 * and memory that WebAssembly cannot reach, are the caller's own loop's.
 */

import { wasm } from './memory.ts';
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

function instantiate(shared: WebAssembly.Memory): Sum | undefined {
  if (!WebAssembly.validate(SUM_KERNEL)) return undefined; // an engine without SIMD
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(SUM_KERNEL), { host: { memory: shared } });
  const sum = exports['sum'] as Sum;
  return (from, bytes) => {
    const found = sum(from, bytes); // the words as they lie in memory: the sum is the same but for its bytes' order
    return ((found & 0xff) << 8) | (found >>> 8);
  };
}

/**
 * The kernel for this process's memory; `undefined` where WebAssembly cannot reach it.
 *
 * @example
 * ```ts
 * const sum = sumKernel?.(from, 1480) ?? sumOfMyOwn(from, 1480);
 * ```
 */
export const sumKernel: Sum | undefined = wasm === undefined ? undefined : instantiate(wasm);
