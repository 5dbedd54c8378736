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
const HOST_PAGE = 4096;
const LINE = 64; // what devices' memory is given out in multiples of
const DEFAULT_HOST_BYTES = 1024 * 1024 * 1024; // reserved, not used: a page is backed when it is first touched
const DEFAULT_DEVICE_BYTES = 64 * 1024 * 1024;
/** Byte offsets stay below 2^31, where they are small integers to V8. */
const LIMIT = 2 ** 31 - PAGE;

/**
 * A part of the block, in byte offsets: from `start` on, up to `end`.
 *
 * @example
 * ```ts
 * const bytesOf = ({ start, end }: PageRange): number => end - start;
 * ```
 */
export interface PageRange {
  readonly start: number;
  readonly end: number;
}

interface Chosen {
  readonly buffer: ArrayBufferLike;
  readonly hostBytes: number;
  readonly wasm: WebAssembly.Memory | undefined;
  readonly pages: PageRange;
  readonly device: PageRange;
}

function choose(source: MemorySource): Chosen {
  if ('buffer' in source) {
    const { buffer } = source;
    const hostBytes = checkSize(buffer.byteLength, 8);
    const all = { start: HOST_PAGE, end: Math.max(HOST_PAGE, hostBytes) };
    const pages = source.pages === undefined ? all : checkPages(source.pages, hostBytes);
    return { buffer, hostBytes, wasm: undefined, pages, device: { start: hostBytes, end: hostBytes } };
  }
  if ('memory' in source) {
    const { memory: wasm, pages = { start: HOST_PAGE, end: HOST_PAGE } } = source;
    const { device = { start: source.hostBytes, end: source.hostBytes } } = source;
    const { buffer } = wasm;
    if (!isShared(buffer)) {
      throw new DmaError(
        'MEMORY_KIND',
        'a WebAssembly memory that is not shared; expected one made with `shared: true`',
      );
    }
    const hostBytes = checkSize(source.hostBytes, PAGE);
    if (hostBytes > buffer.byteLength) {
      throw new DmaError('MEMORY_SIZE', `${hostBytes} bytes of host memory in a block of ${buffer.byteLength}`);
    }
    checkDevice(device, hostBytes, buffer.byteLength);
    return { buffer, hostBytes, wasm, pages: checkPages(pages, hostBytes), device };
  }
  const hostBytes = checkSize(source.hostBytes ?? DEFAULT_HOST_BYTES, PAGE);
  const blocks = checkSize(hostBytes + (source.deviceBytes ?? DEFAULT_DEVICE_BYTES), PAGE) / PAGE;
  const wasm = new WebAssembly.Memory({ initial: blocks, maximum: blocks, shared: true });
  const device = { start: hostBytes, end: wasm.buffer.byteLength };
  return { buffer: wasm.buffer, hostBytes, wasm, pages: { start: HOST_PAGE, end: hostBytes }, device };
}

const isShared = (buffer: ArrayBufferLike): boolean => buffer instanceof SharedArrayBuffer;

function checkPages({ start, end }: PageRange, hostBytes: number): PageRange {
  const whole = start % HOST_PAGE === 0 && end % HOST_PAGE === 0;
  if (!whole || start < HOST_PAGE || start > end || end > hostBytes) {
    throw new DmaError(
      'MEMORY_SIZE',
      `pages from ${start} to ${end}; expected whole pages from ${HOST_PAGE} to ${hostBytes}`,
    );
  }
  return { start, end };
}

function checkDevice({ start, end }: PageRange, hostBytes: number, bytes: number): void {
  const whole = start % LINE === 0 && end % LINE === 0;
  if (!whole || start < hostBytes || start > end || end > bytes) {
    throw new DmaError(
      'MEMORY_SIZE',
      `devices' memory from ${start} to ${end}; expected multiples of ${LINE} from ${hostBytes} to ${bytes}`,
    );
  }
}

function checkSize(bytes: number, multiple: number): number {
  if (!Number.isInteger(bytes) || bytes <= 0 || bytes % multiple !== 0 || bytes > LIMIT) {
    throw new DmaError('MEMORY_SIZE', `${bytes} bytes: expected a multiple of ${multiple} up to ${LIMIT}`);
  }
  return bytes;
}

const chosen = choose(takeMemorySource());

/**
 * The block itself.
 *
 * @example
 * ```ts
 * new DataView(buffer).getUint16(offset, false); // a field in network order, off the data path
 * ```
 */
export const buffer: ArrayBufferLike = chosen.buffer;
/**
 * Bytes of it that are host memory, from 0.
 *
 * @example
 * ```ts
 * if (offset + length > hostBytes) throw new RangeError('not host memory');
 * ```
 */
export const hostBytes: number = chosen.hostBytes;
/**
 * The host memory whose pages `hostPages` hands out. Page 0 is never among them: address 0 means "none" to many devices.
 *
 * @example
 * ```ts
 * const pages = new PageAllocator(allocatable.start, allocatable.end);
 * ```
 */
export const allocatable: PageRange = chosen.pages;
/**
 * The devices' memory that `allocateWire` of `@netcx/hardware/wire` hands out: all behind the host memory or, in a worker, what
 * its parent gave it. Empty when the block came from outside.
 *
 * @example
 * ```ts
 * const room = deviceMemory.end - deviceMemory.start; // bytes for packet buffers and frames on their way
 * ```
 */
export const deviceMemory: PageRange = chosen.device;
/**
 * The same block as a WebAssembly memory; `undefined` when it came from outside.
 *
 * @example
 * ```ts
 * if (wasm !== undefined) new WebAssembly.Instance(kernel, { host: { memory: wasm } });
 * ```
 */
export const wasm: WebAssembly.Memory | undefined = chosen.wasm;
/**
 * The memory as signed 32-bit words: what structs are read and written through.
 *
 * @example
 * ```ts
 * import * as memory from '@netcx/dma/memory';
 * const { i32: m } = memory; // re-bound, so that V8 folds it into every loop
 * m[offset >>> 2] = 1;
 * ```
 */
export const i32: Int32Array = new Int32Array(buffer);
/**
 * The memory as bytes.
 *
 * @example
 * ```ts
 * u8.set([0xff, 0xff, 0xff, 0xff, 0xff, 0xff], offset);
 * ```
 */
export const u8: Uint8Array = new Uint8Array(buffer);
/**
 * The memory as 64-bit words: for copies that keep every bit.
 *
 * @example
 * ```ts
 * u64[to >>> 3] = u64[from >>> 3]!; // eight bytes at once, bit for bit
 * ```
 */
export const u64: BigUint64Array = new BigUint64Array(buffer);
