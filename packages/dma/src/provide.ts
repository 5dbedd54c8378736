/*
 * Chooses the host memory of this process or worker. It must be said before `@netcx/dma/memory` is first loaded, since
 * that module decides its views while it loads and never again: V8 folds the addresses of views that never change
 * into the code of every loop that uses them. Without a word from here the memory is our own.
 */

import { DmaError } from './dma-error.ts';

/**
 * Memory of our own making: shared, and reachable by WebAssembly.
 *
 * @example
 * ```ts
 * const source: OwnMemory = { hostBytes: 256 * 1024 * 1024, deviceBytes: 16 * 1024 * 1024 };
 * ```
 */
export interface OwnMemory {
  /** Host physical memory in bytes, a multiple of 64 KiB. Pages are only backed once they are touched. */
  readonly hostBytes?: number;
  /** Memory on the devices' side of the bus (packet buffers), which no DMA can reach; a multiple of 64 KiB. */
  readonly deviceBytes?: number;
}

/**
 * A WebAssembly memory made elsewhere: in the parent of this worker.
 *
 * @example
 * ```ts
 * const source: SharedMemory = { memory, hostBytes, pages: { start: run, end: run + 65_536 } };
 * ```
 */
export interface SharedMemory {
  /** The memory, with `shared: true`. */
  readonly memory: WebAssembly.Memory;
  /** How many of its bytes are host memory; what follows is the devices'. */
  readonly hostBytes: number;
  /**
   * The part of host memory whose pages this worker hands out, from `start` up to `end`, both multiples of the page size:
   * a run that its parent allocated for it. None when left out, since the parent hands out all pages and would not know.
   */
  readonly pages?: { readonly start: number; readonly end: number };
  /**
   * The part of the devices' memory that this worker hands out, from `start` up to `end`, both multiples of 64. None when left
   * out, for the same reason.
   */
  readonly device?: { readonly start: number; readonly end: number };
}

/**
 * Memory from outside, such as a file that a virtual machine has as its RAM. WebAssembly cannot reach it.
 *
 * @example
 * ```ts
 * const source: ForeignMemory = { buffer: mappedFile };
 * ```
 */
export interface ForeignMemory {
  /** The bytes. They must stay where they are for the life of the process. */
  readonly buffer: ArrayBufferLike;
  /**
   * The part whose pages may be handed out, from `start` up to `end`, both multiples of the page size: a virtual machine's
   * RAM may have holes. All but the first page when left out.
   */
  readonly pages?: { readonly start: number; readonly end: number };
}

/**
 * Where the host memory comes from.
 *
 * @example
 * ```ts
 * const source: MemorySource = isWorker ? { memory, hostBytes, pages } : {};
 * ```
 */
export type MemorySource = OwnMemory | SharedMemory | ForeignMemory;

interface Choice {
  readonly source: MemorySource;
  /** Set by the memory module once it has made its views: from then on the choice is final. */
  readonly taken: boolean;
}

const key = Symbol.for('netcx.host-memory');
const scope = globalThis as { [key]?: Choice };

/**
 * Says which memory `@netcx/dma/memory` shall be in this process or worker.
 *
 * @param source - our own with given sizes, one shared by another worker, or a foreign buffer
 * @throws DmaError `MEMORY_CHOSEN` when the memory module is loaded already
 * @example
 * ```ts
 * provideMemory({ hostBytes: 256 * 1024 * 1024 });
 * const { hostPages } = await import('@netcx/dma'); // only now
 * ```
 */
export function provideMemory(source: MemorySource): void {
  if (scope[key]?.taken === true) {
    throw new DmaError(
      'MEMORY_CHOSEN',
      'the host memory of this process is in use; call provideMemory before anything loads @netcx/dma/memory',
    );
  }
  scope[key] = { source, taken: false };
}

/**
 * For the memory module alone: takes the choice, which is final from then on.
 *
 * @returns what `provideMemory` was told, or an empty choice
 * @example
 * ```ts
 * const source = takeMemorySource(); // `provideMemory` throws from here on
 * ```
 */
export function takeMemorySource(): MemorySource {
  const source = scope[key]?.source ?? {};
  scope[key] = { source, taken: true };
  return source;
}
