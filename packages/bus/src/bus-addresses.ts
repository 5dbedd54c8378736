/*
 * Bus addresses: where BARs are placed. Every address is a multiple of its BAR's size, as decoding demands, and lies in
 * the window of its kind.
 */

import { BusError } from './bus-error.ts';

/** What a BAR decodes. */
export type BarKind = 'memory32' | 'memory64' | 'io';

/** Hands out bus addresses. */
export interface AddressAllocator {
  /**
   * @param kind - what the BAR decodes
   * @param size - bytes, a power of two
   * @returns an address that is a multiple of `size`
   * @throws BusError `NO_ADDRESSES` when there is none left
   */
  allocate(kind: BarKind, size: number): number;
  /**
   * @param kind - what the BAR decoded
   * @param size - its size
   * @param address - what `allocate` returned for it
   */
  free(kind: BarKind, size: number, address: number): void;
}

/** The windows of a machine, from which functions take addresses and to which they come back. */
export class AddressWindows implements AddressAllocator {
  readonly #next: Record<BarKind, number>;
  readonly #end: Record<BarKind, number>;
  readonly #free = new Map<string, number[]>();

  /**
   * @param windows - first address and first address past it, for each kind; where a PC has them when left out
   */
  constructor(windows: Partial<Record<BarKind, readonly [start: number, end: number]>> = {}) {
    const { io = [0x1000, 0x1_0000], memory32 = [0xe000_0000, 0xfec0_0000], memory64 = [2 ** 38, 2 ** 40] } = windows;
    this.#next = { io: io[0], memory32: memory32[0], memory64: memory64[0] };
    this.#end = { io: io[1], memory32: memory32[1], memory64: memory64[1] };
  }

  allocate(kind: BarKind, size: number): number {
    // Functions come back in the sizes in which they went: a list a size wastes nothing that matters.
    const again = this.#freeList(kind, size).pop();
    if (again !== undefined) return again;
    const address = Math.ceil(this.#next[kind] / size) * size;
    if (address + size > this.#end[kind]) {
      throw new BusError('NO_ADDRESSES', `no ${String(size)} bytes of ${kind} addresses are left`);
    }
    this.#next[kind] = address + size;
    return address;
  }

  free(kind: BarKind, size: number, address: number): void {
    this.#freeList(kind, size).push(address);
  }

  #freeList(kind: BarKind, size: number): number[] {
    const key = `${kind} ${String(size)}`;
    const list = this.#free.get(key) ?? [];
    this.#free.set(key, list);
    return list;
  }
}
