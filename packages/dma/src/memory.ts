/*
 * The host's physical memory: one block for the whole process (or worker), and the views of it that every hot loop
 * uses. The views are made while this module loads and never change; a hot module re-binds them at its top
 * (`const { i32: m } = memory`), because V8 folds a module's own constant into machine code and never an import.
 *
 * Layout of our own memory: host memory in [0, hostBytes), then the devices' own memory (packet buffers) up to the end.
 * Both are one WebAssembly memory, so that the copy kernel reaches both sides; a DMA port never reaches past hostBytes.
 */

import { DmaError } from './dma-error.ts';
import { takeMemorySource, type MemorySource } from './provide.ts';

const PAGE = 65_536; // of WebAssembly
const DEFAULT_HOST_BYTES = 1024 * 1024 * 1024; // reserved, not used: a page is backed when it is first touched
const DEFAULT_DEVICE_BYTES = 64 * 1024 * 1024;
/** Byte offsets stay below 2^31, where they are small integers to V8. */
const LIMIT = 2 ** 31 - PAGE;

interface Chosen {
  readonly buffer: ArrayBufferLike;
  readonly hostBytes: number;
  readonly wasm: WebAssembly.Memory | undefined;
}

function choose(source: MemorySource): Chosen {
  if ('buffer' in source)
    return { buffer: source.buffer, hostBytes: checkSize(source.buffer.byteLength, 8), wasm: undefined };
  if ('memory' in source) {
    const { memory: wasm, hostBytes } = source;
    if (hostBytes > wasm.buffer.byteLength)
      throw new DmaError(
        'MEMORY_SIZE',
        `${String(hostBytes)} bytes of host memory in a block of ${String(wasm.buffer.byteLength)}`,
      );
    return { buffer: wasm.buffer, hostBytes: checkSize(hostBytes, PAGE), wasm };
  }
  const hostBytes = checkSize(source.hostBytes ?? DEFAULT_HOST_BYTES, PAGE);
  const pages = checkSize(hostBytes + (source.deviceBytes ?? DEFAULT_DEVICE_BYTES), PAGE) / PAGE;
  const wasm = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
  return { buffer: wasm.buffer, hostBytes, wasm };
}

function checkSize(bytes: number, multiple: number): number {
  if (!Number.isInteger(bytes) || bytes <= 0 || bytes % multiple !== 0 || bytes > LIMIT) {
    throw new DmaError(
      'MEMORY_SIZE',
      `${String(bytes)} bytes: expected a multiple of ${String(multiple)} up to ${String(LIMIT)}`,
    );
  }
  return bytes;
}

const chosen = choose(takeMemorySource());

/** The block itself. */
export const buffer: ArrayBufferLike = chosen.buffer;
/** Bytes of it that are host memory, from 0. */
export const hostBytes: number = chosen.hostBytes;
/** The same block as a WebAssembly memory; `undefined` when it came from outside. */
export const wasm: WebAssembly.Memory | undefined = chosen.wasm;
/** The memory as signed 32-bit words: what structs are read and written through. */
export const i32: Int32Array = new Int32Array(buffer);
/** The memory as bytes. */
export const u8: Uint8Array = new Uint8Array(buffer);
/** The memory as 64-bit words: for copies that keep every bit. */
export const u64: BigUint64Array = new BigUint64Array(buffer);
