/*
 * An IOMMU domain: a page table between a device's logical addresses and host pages. What is not mapped faults, so a
 * driver that forgets to map, maps too little, or lets the device touch memory after the unmap is found out, as it
 * would be on a machine whose IOMMU is on.
 */

import { DmaError } from './dma-error.ts';
import { FaultLog, type Direction, type DmaDomain, type DmaFault, type MapLimits } from './domain.ts';
import { checkHostRange } from './identity-map.ts';
import { logicalAddress, type LogicalAddress } from './logical-address.ts';
import { PAGE_BYTES } from './page-allocator.ts';

/** Logical pages in 4 GiB: a mapping never crosses this boundary. */
const PAGES_PER_SEGMENT = 0x1_0000_0000 / PAGE_BYTES;

interface Mapping {
  readonly hostPage: number;
  readonly direction: Direction;
  /** First logical page of the `map` call that made it, and how many pages that call covers. */
  readonly first: number;
  readonly pages: number;
}

/**
 * Options of an {@link Iommu}.
 *
 * @example
 * ```ts
 * const options: IommuOptions = { base: 2 ** 40 };
 * ```
 */
export interface IommuOptions {
  /**
   * Lowest logical address that is handed out, a multiple of the page size; 4 GiB when left out, so that a driver which
   * drops the high word is found out. A device with a narrower address gets lower ones.
   */
  readonly base?: number;
}

/**
 * A domain in which a device reaches what was mapped for it and nothing else.
 *
 * @example
 * ```ts
 * const domain = new Iommu();
 * const address = domain.map(4096, 64, 'read', { maximumAddress: 2 ** 48 });
 * domain.translate(lowWord(address), highWord(address), 64, 'read'); // 4096
 * domain.translate(lowWord(address), highWord(address), 64, 'write'); // -1: read only, a fault
 * domain.unmap(address, 64);
 * ```
 */
export class Iommu implements DmaDomain {
  readonly directLimit = 0;
  readonly #pages = new Map<number, Mapping>();
  readonly #faults = new FaultLog();
  readonly #base: number;
  #next: number;

  /**
   * @param options - where logical addresses begin
   */
  constructor(options: IommuOptions = {}) {
    const { base = 0x1_0000_0000 } = options;
    if (!Number.isSafeInteger(base) || base <= 0 || base % PAGE_BYTES !== 0) {
      throw new DmaError(
        'BAD_ALIGNMENT',
        `logical addresses cannot begin at ${String(base)}: expected a positive multiple of ${String(PAGE_BYTES)}`,
      );
    }
    this.#base = base / PAGE_BYTES;
    this.#next = this.#base;
  }

  get faultCount(): number {
    return this.#faults.count;
  }

  get faults(): readonly DmaFault[] {
    return this.#faults.recent;
  }

  /** Logical pages that are mapped now. */
  get mappedPages(): number {
    return this.#pages.size;
  }

  translate(low: number, high: number, length: number, access: 'read' | 'write'): number {
    const address = (high >>> 0) * 0x1_0000_0000 + (low >>> 0);
    const firstPage = Math.floor(address / PAGE_BYTES);
    const lastPage = Math.floor((address + length - 1) / PAGE_BYTES);
    const first = this.#pages.get(firstPage);
    for (let page = firstPage; page <= lastPage; page++) {
      const mapping = this.#pages.get(page);
      if (mapping === undefined || first === undefined)
        return this.#faults.refuse(low, high, length, access, 'not mapped');
      if (mapping.direction !== 'both' && mapping.direction !== access) {
        return this.#faults.refuse(low, high, length, access, access === 'write' ? 'read only' : 'write only');
      }
      // One access that runs from one mapping into another with its host memory elsewhere: the port splits it by page.
      if (mapping.hostPage - first.hostPage !== page - firstPage)
        return this.#faults.refuse(low, high, length, access, 'not mapped');
    }
    return first === undefined ? -1 : first.hostPage * PAGE_BYTES + (address % PAGE_BYTES);
  }

  map(offset: number, length: number, direction: Direction, limits: MapLimits): LogicalAddress {
    checkHostRange(offset, length);
    const hostPage = Math.floor(offset / PAGE_BYTES);
    const pages = Math.floor((offset + length - 1) / PAGE_BYTES) - hostPage + 1;
    const step = Math.max(1, (limits.alignment ?? PAGE_BYTES) / PAGE_BYTES);
    const first = this.#freeRun(pages, Math.floor((limits.maximumAddress + 1) / PAGE_BYTES), step);
    for (let page = 0; page < pages; page++) {
      this.#pages.set(first + page, { hostPage: hostPage + page, direction, first, pages });
    }
    return logicalAddress(first * PAGE_BYTES + (offset % PAGE_BYTES));
  }

  unmap(address: LogicalAddress, length: number): void {
    const first = Math.floor(address / PAGE_BYTES);
    const pages = Math.floor((address + length - 1) / PAGE_BYTES) - first + 1;
    const mapping = this.#pages.get(first);
    if (mapping?.first !== first || mapping.pages !== pages) {
      throw new DmaError(
        'NOT_MAPPED',
        `no mapping of ${String(pages)} pages starts at logical address 0x${address.toString(16)}`,
      );
    }
    for (let page = 0; page < pages; page++) this.#pages.delete(first + page);
  }

  /**
   * Finds `pages` free logical pages in a row below `limit`, at a multiple of `step`: next fit, which keeps stale addresses
   * faulting for long.
   */
  #freeRun(pages: number, limit: number, step: number): number {
    // A device too narrow for the base gets the pages from 1 on: page 0 stays free, so that address 0 always faults.
    const lowest = limit > this.#base ? this.#base : 1;
    const start = Math.max(lowest, Math.min(this.#next, limit));
    const found = this.#search(start, limit, pages, step) ?? this.#search(lowest, limit, pages, step);
    if (found === undefined) {
      throw new DmaError(
        'OUT_OF_ADDRESSES',
        `no ${String(pages)} free logical pages in a row below 0x${(limit * PAGE_BYTES).toString(16)}`,
      );
    }
    this.#next = found + pages;
    return found;
  }

  #search(from: number, limit: number, pages: number, step: number): number | undefined {
    const aligned = (page: number): number => Math.ceil(page / step) * step;
    let first = aligned(from);
    while (first + pages <= limit) {
      const segmentEnd = (Math.floor(first / PAGES_PER_SEGMENT) + 1) * PAGES_PER_SEGMENT;
      if (first + pages > segmentEnd && pages <= PAGES_PER_SEGMENT) {
        first = aligned(segmentEnd);
        continue;
      }
      let taken = -1;
      for (let page = first; page < first + pages && taken < 0; page++) if (this.#pages.has(page)) taken = page;
      if (taken < 0) return first;
      const mapping = this.#pages.get(taken);
      first = aligned(mapping === undefined ? taken + 1 : mapping.first + mapping.pages);
    }
    return undefined;
  }
}
