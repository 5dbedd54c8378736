/*
 * Brings WebAssembly to this process's memory. A kernel is what its owner's loop in TypeScript is, but faster: the loop
 * stays, for memory that came from elsewhere and engines without vector registers, and is what the kernel is tested against.
 */

import { wasm } from './memory.ts';

/**
 * @param code - a WebAssembly module that imports nothing but `host.memory`, shared: the block of `@netcx/dma/memory`
 * @returns what it exports; `undefined` where WebAssembly does not reach the memory, or the engine does not know what the
 * module is made of
 *
 * @example
 * ```ts
 * const sum = loadKernel(code)?.['sum'] ?? sumByWords;
 * ```
 */
export function loadKernel(code: Uint8Array<ArrayBuffer>): WebAssembly.Exports | undefined {
  if (wasm === undefined || !WebAssembly.validate(code)) return undefined;
  return new WebAssembly.Instance(new WebAssembly.Module(code), { host: { memory: wasm } }).exports;
}
