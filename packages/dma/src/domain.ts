/*
 * How the logical addresses of one device become host memory. A domain belongs to a device's place on the bus: drivers
 * map through it (by way of a DmaEnabler), and the device's DMA port translates through it. A translation that fails is
 * recorded here as a fault and answered with -1; hardware has no exceptions.
 */

import type { ForeignMemory } from './foreign-memory.ts';
import type { LogicalAddress } from './logical-address.ts';

/**
 * What a device does with memory; `both` when it reads and writes.
 *
 * @example
 * ```ts
 * const direction: Direction = 'read'; // frames that are sent
 * ```
 */
export type Direction = 'read' | 'write' | 'both';

/**
 * An access of a device that the domain refused.
 *
 * @example
 * ```ts
 * const last: DmaFault | undefined = domain.faults.at(-1);
 * if (last !== undefined) console.log(`${last.access} of ${last.length} bytes at ${last.address}: ${last.reason}`);
 * ```
 */
export interface DmaFault {
  /** Where the device wanted to go; above 2^53 rounded. */
  readonly address: number;
  /** Bytes from there on. */
  readonly length: number;
  /** What the device wanted to do. */
  readonly access: 'read' | 'write';
  /** Why it could not. */
  readonly reason: 'not mapped' | 'read only' | 'write only' | 'beyond memory';
}

/**
 * Limits that a mapping must keep.
 *
 * @example
 * ```ts
 * const limits: MapLimits = { maximumAddress: 2 ** 32 - 1, alignment: 128 }; // 32 address bits
 * ```
 */
export interface MapLimits {
  /** Highest logical address that the device can express. */
  readonly maximumAddress: number;
  /** Alignment of the logical address in bytes, a power of two, for memory that is aligned so itself; none when left out. */
  readonly alignment?: number;
}

/**
 * The map between one device's logical addresses and host memory.
 *
 * @example
 * ```ts
 * const domain: DmaDomain = new Iommu();
 * const address = domain.map(page, 4096, 'write', { maximumAddress: 2 ** 32 - 1 });
 * domain.translate(lowWord(address), highWord(address), 64, 'write'); // page
 * domain.translate(lowWord(address), highWord(address), 64, 'read'); // -1, and a fault
 * domain.unmap(address, 4096);
 * ```
 */
export interface DmaDomain {
  /**
   * Every logical address below this is the host offset of the same number, readable and writable, so that a burst may
   * skip `translate`; 0 when each access must be translated.
   */
  readonly directLimit: number;
  /**
   * Memory that is no part of this process's host memory. Where it is there, it is all that the domain reaches:
   * `directLimit` is 0, and `translate` and `map` refuse.
   */
  readonly foreign?: ForeignMemory | undefined;
  /**
   * @param low - low 32 bits of the logical address
   * @param high - high 32 bits
   * @param length - bytes from there on, 1 or more
   * @param access - what the device wants
   * @returns the host offset, where all `length` bytes lie one behind the other; -1 after recording a fault
   */
  translate(low: number, high: number, length: number, access: 'read' | 'write'): number;
  /**
   * Makes host memory reachable for the device. A mapping never crosses a 4 GiB boundary of logical addresses, so the
   * high word is one and the same throughout.
   *
   * @param offset - host offset of the first byte
   * @param length - bytes, 1 or more
   * @param direction - what the device may do there
   * @param limits - what the device can express
   * @returns where the device finds the first byte
   * @throws DmaError `BAD_ADDRESS` or `BAD_LENGTH` outside host memory, `OUT_OF_ADDRESSES` when no logical address is free,
   * `NOT_REACHABLE` when the memory lies beyond what the device can express and cannot be moved (an identity map)
   */
  map(offset: number, length: number, direction: Direction, limits: MapLimits): LogicalAddress;
  /**
   * Undoes one `map`.
   *
   * @param address - what `map` returned
   * @param length - the length that was mapped
   * @throws DmaError `NOT_MAPPED` when there is no such mapping
   */
  unmap(address: LogicalAddress, length: number): void;
  /** Faults since the domain was made; at most the last 64 are kept in `faults`. */
  readonly faultCount: number;
  /** The most recent faults, oldest first. */
  readonly faults: readonly DmaFault[];
}

/** How many faults a domain remembers. */
const REMEMBERED = 64;

/**
 * Counts faults and remembers the last ones: what every domain does with a refused access.
 *
 * @example
 * ```ts
 * class Nowhere {
 *   readonly #faults = new FaultLog();
 *   translate(low: number, high: number, length: number, access: 'read' | 'write'): number {
 *     return this.#faults.refuse(low, high, length, access, 'not mapped'); // -1
 *   }
 * }
 * ```
 */
export class FaultLog {
  #count = 0;
  readonly #recent: DmaFault[] = [];

  /** Faults so far. */
  get count(): number {
    return this.#count;
  }

  /** The most recent ones, oldest first. */
  get recent(): readonly DmaFault[] {
    return this.#recent;
  }

  /**
   * @param low - low 32 bits of the address
   * @param high - high 32 bits
   * @param length - bytes
   * @param access - what the device wanted
   * @param reason - why it was refused
   * @returns -1, the answer to the device
   */
  refuse(low: number, high: number, length: number, access: 'read' | 'write', reason: DmaFault['reason']): -1 {
    this.#count++;
    if (this.#recent.length === REMEMBERED) this.#recent.shift();
    this.#recent.push({ address: (high >>> 0) * 0x1_0000_0000 + (low >>> 0), length, access, reason });
    return -1;
  }
}
