/*
 * Hands out host memory by the page. Runs are contiguous, aligned, and zeroed; the first fit from the bottom keeps
 * memory below any device's limit free for the devices that need it. Pages are for start-up and pools, not for packets.
 */

import { DmaError } from './dma-error.ts';
import { allocatable, u64 } from './memory.ts';

/**
 * Bytes in a page of host memory.
 *
 * @example
 * ```ts
 * const pages = Math.ceil(bytes / PAGE_BYTES);
 * ```
 */
export const PAGE_BYTES = 4096;

/**
 * What a run of pages must keep.
 *
 * @example
 * ```ts
 * const options: PageOptions = { alignment: 65_536, maximumOffset: 0xff_ffff, owner: 'boot rom' };
 * ```
 */
export interface PageOptions {
  /** Alignment of the first byte, a power of two; the page size when left out. */
  readonly alignment?: number;
  /** Highest host offset that the last byte may have; no limit when left out. */
  readonly maximumOffset?: number;
  /** Who asks: named when memory runs out and in `describe()`. */
  readonly owner?: string;
}

interface Run {
  readonly offset: number;
  readonly bytes: number;
  readonly owner: string;
}

/**
 * The free and the taken pages of a range of host memory.
 *
 * @example
 * ```ts
 * const pages = new PageAllocator(0x10_0000, 0x20_0000); // a mebibyte of host memory, from the first on
 * const offset = pages.allocate(10_000, { owner: 'table' });
 * pages.describe(); // '00100000      12288 table'
 * pages.free(offset);
 * ```
 */
export class PageAllocator {
  readonly #start: number;
  readonly #end: number;
  /** Taken runs, by offset. */
  readonly #runs: Run[] = [];
  #taken = 0;

  /**
   * @param start - first host offset that may be handed out, a multiple of the page size
   * @param end - first host offset past the range
   * @throws DmaError `BAD_ADDRESS` for a range that cannot be
   */
  constructor(start: number, end: number) {
    if (!Number.isInteger(start) || !Number.isInteger(end) || start < 0 || start % PAGE_BYTES !== 0 || start > end) {
      throw new DmaError('BAD_ADDRESS', `pages from ${start} to ${end}: expected whole pages, the first one first`);
    }
    this.#start = start;
    this.#end = end;
  }

  /** Bytes that are handed out now. */
  get bytesTaken(): number {
    return this.#taken;
  }

  /** Bytes that are free, not necessarily in one run. */
  get bytesFree(): number {
    return this.#end - this.#start - this.#taken;
  }

  /**
   * @param bytes - how many, 1 or more; rounded up to whole pages
   * @param options - alignment, limit, owner
   * @returns the host offset of a run of zeroed pages, which is the caller's until `free`
   * @throws DmaError `BAD_LENGTH` or `BAD_ALIGNMENT` for sizes that cannot be, `OUT_OF_MEMORY` when no run is free
   */
  allocate(bytes: number, options: PageOptions = {}): number {
    const { alignment = PAGE_BYTES, maximumOffset = this.#end - 1, owner = 'unnamed' } = options;
    if (!Number.isInteger(bytes) || bytes <= 0)
      throw new DmaError('BAD_LENGTH', `${String(bytes)} bytes: expected 1 or more`);
    if (!Number.isInteger(alignment) || alignment <= 0 || (alignment & (alignment - 1)) !== 0) {
      throw new DmaError('BAD_ALIGNMENT', `${String(alignment)} is no power of two`);
    }
    const size = Math.ceil(bytes / PAGE_BYTES) * PAGE_BYTES;
    const step = Math.max(alignment, PAGE_BYTES);
    const limit = Math.min(this.#end, maximumOffset + 1);
    let offset = Math.ceil(this.#start / step) * step;
    let position = 0;
    for (const run of this.#runs) {
      if (offset + size <= run.offset) break;
      offset = Math.max(offset, Math.ceil((run.offset + run.bytes) / step) * step);
      position++;
    }
    if (!(offset + size <= limit)) {
      throw new DmaError(
        'OUT_OF_MEMORY',
        `${owner} asked for ${String(size)} bytes below ${String(limit)}: ${String(this.bytesFree)} are free, but no run of that size`,
      );
    }
    this.#runs.splice(position, 0, { offset, bytes: size, owner });
    this.#taken += size;
    u64.fill(0n, offset >>> 3, (offset + size) >>> 3); // eight bytes at a time: shared memory is filled in a plain loop
    return offset;
  }

  /**
   * @param offset - what `allocate` returned
   * @throws DmaError `NOT_ALLOCATED` when no run that is handed out starts there
   */
  free(offset: number): void {
    const position = this.#runs.findIndex((run) => run.offset === offset);
    const run = this.#runs[position];
    if (run === undefined)
      throw new DmaError('NOT_ALLOCATED', `no run of pages starts at host offset ${String(offset)}`);
    this.#runs.splice(position, 1);
    this.#taken -= run.bytes;
  }

  /**
   * @returns one line a run: offset, bytes, owner
   */
  describe(): string {
    return this.#runs
      .map((run) => `${run.offset.toString(16).padStart(8, '0')} ${String(run.bytes).padStart(10)} ${run.owner}`)
      .join('\n');
  }
}

/**
 * The pages of this process's host memory. In a worker that shares its parent's memory, only those which the parent gave
 * it (`provideMemory`), so that two workers never hand out the same page.
 *
 * @example
 * ```ts
 * const offset = hostPages.allocate(65_536, { owner: 'capture' });
 * hostPages.free(offset);
 * ```
 */
export const hostPages: PageAllocator = new PageAllocator(allocatable.start, allocatable.end);
