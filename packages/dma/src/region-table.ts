/*
 * The pieces that foreign memory is made of: sorted by address, never overlapping, each with whatever knows how to copy
 * to and from it. Pieces come and go one at a time; a look-up first tries the piece that was found last.
 */

import { DmaError } from './dma-error.ts';
import type { Direction } from './domain.ts';

/**
 * How the bytes of one piece are reached. Offsets count from the piece's first byte and are checked by the domain.
 *
 * @example
 * ```ts
 * const bytes = new Uint8Array(4096);
 * const access: RegionAccess = {
 *   read: (at, length, target, offset) => {
 *     target.set(bytes.subarray(at, at + length), offset);
 *     return true;
 *   },
 *   write: (at, length, source, offset) => {
 *     bytes.set(source.subarray(offset, offset + length), at);
 *     return true;
 *   },
 *   close: () => undefined,
 * };
 * ```
 */
export interface RegionAccess {
  /**
   * @param at - offset of the first byte in the piece
   * @param length - bytes, 1 or more
   * @param target - where they go
   * @param offset - from this byte of it on
   * @returns false when they cannot be had
   */
  read(at: number, length: number, target: Uint8Array, offset: number): boolean;
  /**
   * Four bytes at a multiple of four are written at once, after everything that was written before.
   *
   * @param at - offset of the first byte in the piece
   * @param length - bytes, 1 or more
   * @param source - where they lie
   * @param offset - from this byte of it on
   * @returns false when they cannot be written
   */
  write(at: number, length: number, source: Uint8Array, offset: number): boolean;
  /** The piece is taken away: nobody reads or writes it any more. */
  close(): void;
}

/**
 * A piece of foreign memory.
 *
 * @example
 * ```ts
 * const rom: ForeignRegion = { address: 0xc_0000, size: 0x2_0000, direction: 'read', access };
 * ```
 */
export interface ForeignRegion {
  /** Its first logical address, a multiple of the table's page size. */
  readonly address: number;
  /** Its bytes, a multiple of the page size. */
  readonly size: number;
  /** What the device may do there. */
  readonly direction: Direction;
  /** How its bytes are reached. */
  readonly access: RegionAccess;
}

/**
 * Limits of a {@link RegionTable}.
 *
 * @example
 * ```ts
 * const options: RegionTableOptions = { limit: 64, pageBytes: 65536 };
 * ```
 */
export interface RegionTableOptions {
  /** How many pieces it holds at most; 1024 when left out. */
  readonly limit?: number;
  /** Addresses and sizes are multiples of this power of two; 4096 when left out. */
  readonly pageBytes?: number;
}

/**
 * Pieces of foreign memory by logical address.
 *
 * @example
 * ```ts
 * const table = new RegionTable({ limit: 8 });
 * table.add({ address: 0x1000, size: 0x2000, direction: 'both', access });
 * table.find(0x2fff)?.address; // 0x1000
 * table.remove(0x1000, 0x2000); // and its access is closed
 * ```
 */
export class RegionTable {
  readonly #regions: ForeignRegion[] = [];
  readonly #limit: number;
  readonly #pageBytes: number;
  #last: ForeignRegion | undefined;

  /**
   * @param options - limits
   */
  constructor(options: RegionTableOptions = {}) {
    const { limit = 1024, pageBytes = 4096 } = options;
    this.#limit = limit;
    this.#pageBytes = pageBytes;
  }

  /** How many pieces there are. */
  get count(): number {
    return this.#regions.length;
  }

  /** Bytes of all of them. */
  get bytes(): number {
    return this.#regions.reduce((sum, { size }) => sum + size, 0);
  }

  /**
   * Refuses what `add` would refuse, so that a caller can find out before it has made the access.
   *
   * @param address - first logical address
   * @param size - bytes
   * @throws DmaError `BAD_ALIGNMENT` unless both are multiples of the page size, `BAD_LENGTH` for none, `BAD_ADDRESS` beyond
   * 2^53, `OVERLAP` where a piece is already, `TOO_MANY` when the table is full
   */
  check(address: number, size: number): void {
    const page = this.#pageBytes;
    const place = `0x${address.toString(16)} + 0x${size.toString(16)}`;
    if (!Number.isSafeInteger(address) || address < 0 || !Number.isSafeInteger(address + size)) {
      throw new DmaError('BAD_ADDRESS', `a piece of memory at ${place}: expected addresses below 2^53`);
    }
    if (size <= 0) throw new DmaError('BAD_LENGTH', `a piece of memory at ${place}: expected 1 page or more`);
    if (address % page !== 0 || size % page !== 0) {
      throw new DmaError('BAD_ALIGNMENT', `a piece of memory at ${place}: expected multiples of ${String(page)}`);
    }
    const next = this.#regions[this.#above(address)];
    const before = this.#regions[this.#above(address) - 1];
    const over = [before, next].find(
      (other) => other !== undefined && address < other.address + other.size && other.address < address + size,
    );
    if (over !== undefined) {
      throw new DmaError('OVERLAP', `a piece of memory at ${place}: 0x${over.address.toString(16)} is there already`);
    }
    if (this.#regions.length >= this.#limit) {
      throw new DmaError('TOO_MANY', `a piece of memory at ${place}: there are ${String(this.#limit)} already`);
    }
  }

  /**
   * @param region - a piece that comes; its access is closed when it goes
   * @throws DmaError as `check` does
   */
  add(region: ForeignRegion): void {
    this.check(region.address, region.size);
    this.#regions.splice(this.#above(region.address), 0, region);
  }

  /**
   * @param address - where a piece starts
   * @param size - its bytes
   * @throws DmaError `NOT_MAPPED` when no piece is exactly there
   */
  remove(address: number, size: number): void {
    const position = this.#above(address) - 1;
    const region = this.#regions[position];
    if (region?.address !== address || region.size !== size) {
      throw new DmaError(
        'NOT_MAPPED',
        `no piece of memory is exactly at 0x${address.toString(16)} + 0x${size.toString(16)}`,
      );
    }
    this.#regions.splice(position, 1);
    this.#last = undefined;
    region.access.close();
  }

  /** Takes all pieces away. */
  clear(): void {
    this.#last = undefined;
    for (const region of this.#regions.splice(0)) region.access.close();
  }

  /**
   * @param address - a logical address
   * @returns the piece that it lies in; `undefined` when it lies in none
   */
  find(address: number): ForeignRegion | undefined {
    const last = this.#last;
    if (last !== undefined && address >= last.address && address < last.address + last.size) return last;
    const region = this.#regions[this.#above(address) - 1];
    if (region === undefined || address >= region.address + region.size) return undefined;
    this.#last = region;
    return region;
  }

  /** Position of the first piece that starts above an address. */
  #above(address: number): number {
    let low = 0;
    let high = this.#regions.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#regions[middle]!.address <= address) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
