/*
 * Mappings of memory that somebody else owns, for as long as a device transfers it: a table of fixed size, so that no burst
 * fills the address space. Transfers of the same pages share a mapping.
 * What no transfer uses is unmapped at once, unless a number of idle mappings may stay: then the oldest goes first.
 */

import type { DmaEnabler } from './dma-enabler.ts';
import { DmaError } from './dma-error.ts';
import type { Direction } from './domain.ts';
import { logicalAddress, type LogicalAddress } from './logical-address.ts';
import { PAGE_BYTES } from './page-allocator.ts';

/**
 * How many mappings there may be, and for what.
 *
 * @example
 * ```ts
 * const options: TransferMapOptions = { slots: 256, direction: 'read', idle: 32 };
 * ```
 */
export interface TransferMapOptions {
  /** Most mappings at once, 1 to 65536. */
  readonly slots: number;
  /** What the device may do there. */
  readonly direction: Direction;
  /** Highest logical address; what the enabler's width allows when left out. */
  readonly maximumAddress?: number;
  /**
   * Mappings that may stay when no transfer uses them, so that memory which is sent again and again is mapped once; none
   * when left out. The price: until it goes, the device can still read there.
   */
  readonly idle?: number;
}

/** The slot that is none: no slot is free, and nothing has changed. */
const NO_SLOT = -1;

/**
 * The mappings of one queue's transfers.
 *
 * @example
 * ```ts
 * const transfers = new TransferMap(enabler, { slots: 256, direction: 'read' });
 * const slot = transfers.begin(offset, 1500);
 * if (slot >= 0) transfers.address(slot, offset); // where the device finds the first byte
 * transfers.end(slot); // the device is done: it faults there from now on
 * ```
 */
export class TransferMap {
  readonly #enabler: DmaEnabler;
  readonly #direction: Direction;
  readonly #maximumAddress: number;
  readonly #idleLimit: number;
  /** By slot: first byte of the first page, bytes up to the end of the last one, where the device finds the first. */
  readonly #starts: Float64Array;
  readonly #lengths: Float64Array;
  readonly #addresses: Float64Array;
  readonly #users: Uint32Array;
  readonly #freeSlots: number[];
  /** Slots by pages: first byte times 2^20 plus number of pages, which a number holds since offsets lie below 2^31. */
  readonly #slots = new Map<number, number>();
  /** Slots that no transfer uses, oldest first. */
  readonly #idle = new Set<number>();
  #mapped = 0;
  #reused = 0;

  /**
   * @param enabler - maps for the device
   * @param options - how many, and what for
   * @throws DmaError `BAD_LENGTH` for a number of slots that cannot be
   */
  constructor(enabler: DmaEnabler, options: TransferMapOptions) {
    const { slots, direction, maximumAddress = enabler.maximumAddress, idle = 0 } = options;
    if (!Number.isInteger(slots) || slots < 1 || slots > 65_536)
      throw new DmaError('BAD_LENGTH', `${String(slots)} mappings for transfers; expected 1 to 65536`);
    if (!Number.isInteger(idle) || idle < 0 || idle > slots)
      throw new DmaError('BAD_LENGTH', `${String(idle)} idle mappings of ${String(slots)}; expected 0 to as many`);
    this.#enabler = enabler;
    this.#direction = direction;
    this.#maximumAddress = maximumAddress;
    this.#idleLimit = idle;
    this.#starts = new Float64Array(slots);
    this.#lengths = new Float64Array(slots);
    this.#addresses = new Float64Array(slots);
    this.#users = new Uint32Array(slots);
    this.#freeSlots = Array.from({ length: slots }, (_, index) => slots - 1 - index);
  }

  /** Mappings that a transfer uses now. */
  get active(): number {
    return this.#slots.size - this.#idle.size;
  }

  /** Mappings that stay though no transfer uses them. */
  get idle(): number {
    return this.#idle.size;
  }

  /** Times that pages were mapped. */
  get mapped(): number {
    return this.#mapped;
  }

  /** Times that a mapping which was there served another transfer. */
  get reused(): number {
    return this.#reused;
  }

  /**
   * A transfer begins.
   *
   * @param offset - host offset of the first byte
   * @param length - bytes, 1 or more
   * @returns the slot of a mapping that covers them, until `end`; -1 when every slot is in use
   * @throws DmaError `BAD_ADDRESS`, `BAD_LENGTH`, `OUT_OF_ADDRESSES` or `NOT_REACHABLE`; nothing has changed then
   */
  begin(offset: number, length: number): number {
    const start = offset - (offset % PAGE_BYTES);
    const bytes = Math.ceil((offset + length - start) / PAGE_BYTES) * PAGE_BYTES;
    const key = start * 2 ** 20 + bytes / PAGE_BYTES;
    const known = this.#slots.get(key);
    if (known !== undefined) {
      this.#idle.delete(known);
      this.#users[known]! += 1;
      this.#reused++;
      return known;
    }
    if (this.#freeSlots.length === 0 && !this.#dropOldestIdle()) return NO_SLOT;
    // The pages that hold the range are what a mapping opens anyway; the range itself is checked by the domain.
    const address = this.#map(offset, length);
    const slot = this.#freeSlots.pop() ?? 0; // there is one
    this.#starts[slot] = start;
    this.#lengths[slot] = bytes;
    this.#addresses[slot] = address - (offset - start);
    this.#users[slot] = 1;
    this.#slots.set(key, slot);
    this.#mapped++;
    return slot;
  }

  /** Maps, and makes room in the address space by dropping idle mappings when there is none. */
  #map(offset: number, length: number): LogicalAddress {
    for (;;) {
      try {
        return this.#enabler.map(offset, length, this.#direction, this.#maximumAddress);
      } catch (error) {
        const full = error instanceof DmaError && error.code === 'OUT_OF_ADDRESSES';
        if (!full || !this.#dropOldestIdle()) throw error;
      }
    }
  }

  /**
   * @param slot - what `begin` returned
   * @param offset - host offset of a byte that it covers
   * @returns where the device finds that byte
   */
  address(slot: number, offset: number): LogicalAddress {
    return logicalAddress(this.#addresses[slot]! + (offset - this.#starts[slot]!));
  }

  /**
   * A transfer is over.
   *
   * @param slot - what `begin` returned, once for each
   * @throws DmaError `NOT_MAPPED` when no transfer uses it
   */
  end(slot: number): void {
    const users = this.#users[slot] ?? 0;
    if (users === 0) throw new DmaError('NOT_MAPPED', `no transfer uses mapping ${String(slot)}`);
    this.#users[slot] = users - 1;
    if (users > 1) return;
    this.#idle.add(slot);
    if (this.#idle.size > this.#idleLimit) this.#dropOldestIdle();
  }

  /**
   * Unmaps what is idle.
   *
   * @throws DmaError `NOT_MAPPED` when transfers still use mappings, which stay
   */
  close(): void {
    while (this.#dropOldestIdle());
    if (this.#slots.size > 0)
      throw new DmaError('NOT_MAPPED', `${String(this.#slots.size)} mappings are still in use by transfers`);
  }

  #dropOldestIdle(): boolean {
    for (const slot of this.#idle) {
      const start = this.#starts[slot]!;
      const bytes = this.#lengths[slot]!;
      this.#idle.delete(slot);
      this.#slots.delete(start * 2 ** 20 + bytes / PAGE_BYTES);
      this.#enabler.unmap(logicalAddress(this.#addresses[slot]!), bytes);
      this.#freeSlots.push(slot);
      return true;
    }
    return false;
  }
}
