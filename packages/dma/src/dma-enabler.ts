/*
 * The DMA enabler: what a driver makes once it knows how its device addresses memory, and through which it gets every
 * logical address. Follows WDFDMAENABLER as the buffer-management document uses it (reference netadaptercx §4): the
 * framework asks for version 3, and the enabler's address width bounds every mapping.
 */

import { DmaError } from './dma-error.ts';
import type { Direction, DmaDomain } from './domain.ts';
import type { LogicalAddress } from './logical-address.ts';
import { hostPages, PAGE_BYTES } from './page-allocator.ts';

/**
 * How a device reaches memory.
 *
 * @example
 * ```ts
 * const options: DmaEnablerOptions = { addressWidth: 64, version: 3, owner: 'nic 0' };
 * ```
 */
export interface DmaEnablerOptions {
  /** Bits of an address that the device can express, 1 to 64. */
  readonly addressWidth: number;
  /** DMA version the driver was written for; the buffer manager demands 3. */
  readonly version: 1 | 2 | 3;
  /** Who it is, for messages. */
  readonly owner?: string;
}

/**
 * Memory that a driver and its device share: contiguous for both.
 *
 * @example
 * ```ts
 * const ring: CommonBuffer = enabler.allocateCommonBuffer(4096, { alignment: 128, purpose: 'receive ring' });
 * i32[ring.offset >> 2] = 0; // the driver's view; a descriptor says ring.address
 * ring.free();
 * ```
 */
export interface CommonBuffer {
  /** Host offset of the first byte: the driver's view. */
  readonly offset: number;
  /** Logical address of the first byte: the device's view. */
  readonly address: LogicalAddress;
  /** Bytes. */
  readonly length: number;
  /** Unmaps it and gives the pages back; the device must have let go of it. */
  free(): void;
}

/**
 * Options of a common buffer.
 *
 * @example
 * ```ts
 * const options: CommonBufferOptions = { alignment: 4096, maximumAddress: 0xffff_ffff };
 * ```
 */
export interface CommonBufferOptions {
  /** Alignment of both the host offset and the logical address, a power of two; the page size when left out. */
  readonly alignment?: number;
  /** Highest host offset; no limit when left out. */
  readonly maximumOffset?: number;
  /** Highest logical address; what the address width allows when left out. */
  readonly maximumAddress?: number;
  /** What it is for, in messages. */
  readonly purpose?: string;
}

/**
 * Maps memory for one device, within what the device can express.
 *
 * @example
 * ```ts
 * const enabler = new DmaEnabler(new Iommu(), { addressWidth: 64, version: 3, owner: 'nic 0' });
 * const address = enabler.map(offset, 1500, 'read'); // memory that somebody else owns
 * enabler.unmap(address, 1500); // from now on the device faults there
 * ```
 */
export class DmaEnabler {
  /** Bits of an address that the device can express. */
  readonly addressWidth: number;
  /** DMA version that the driver was written for. */
  readonly version: 1 | 2 | 3;
  /** The domain through which the device's accesses go. */
  readonly domain: DmaDomain;
  readonly #owner: string;

  /**
   * @param domain - the domain of the device's slot
   * @param options - address width and version
   * @throws DmaError `ADDRESS_WIDTH` or `VERSION` for values that no device has
   */
  constructor(domain: DmaDomain, options: DmaEnablerOptions) {
    const { addressWidth, version, owner = 'unnamed device' } = options;
    if (!Number.isInteger(addressWidth) || addressWidth < 1 || addressWidth > 64) {
      throw new DmaError('ADDRESS_WIDTH', `${owner}: ${String(addressWidth)} address bits; expected 1 to 64`);
    }
    if (![1, 2, 3].includes(version))
      throw new DmaError('VERSION', `${owner}: DMA version ${String(version)}; expected 1, 2 or 3`);
    this.domain = domain;
    this.addressWidth = addressWidth;
    this.version = version;
    this.#owner = owner;
  }

  /** Highest logical address that the device can express, as far as a number can say it exactly. */
  get maximumAddress(): number {
    return Math.min(2 ** this.addressWidth - 1, Number.MAX_SAFE_INTEGER);
  }

  /**
   * @param length - bytes, 1 or more
   * @param options - alignment, limit, purpose
   * @returns zeroed memory that the device can read and write
   * @throws DmaError `OUT_OF_MEMORY`, `OUT_OF_ADDRESSES` or `NOT_REACHABLE`
   */
  allocateCommonBuffer(length: number, options: CommonBufferOptions = {}): CommonBuffer {
    const { alignment = PAGE_BYTES, purpose = 'common buffer', maximumOffset } = options;
    const maximumAddress = Math.min(this.maximumAddress, options.maximumAddress ?? this.maximumAddress);
    const owner = `${this.#owner}: ${purpose}`;
    // Under an identity map the device's limit is the memory's limit; under an IOMMU any page will do.
    const reach =
      this.domain.directLimit > 0 ? Math.min(maximumAddress, this.domain.directLimit - 1) : Number.MAX_SAFE_INTEGER;
    const offset = hostPages.allocate(length, {
      alignment,
      owner,
      maximumOffset: Math.min(reach, maximumOffset ?? reach),
    });
    let address: LogicalAddress;
    try {
      address = this.domain.map(offset, length, 'both', { maximumAddress, alignment });
    } catch (error) {
      hostPages.free(offset);
      throw error;
    }
    let freed = false;
    const free = (): void => {
      if (freed) throw new DmaError('NOT_ALLOCATED', `${owner} was freed before`);
      freed = true;
      this.domain.unmap(address, length);
      hostPages.free(offset);
    };
    return { offset, address, length, free };
  }

  /**
   * @param offset - host offset of memory that somebody else owns
   * @param length - bytes, 1 or more
   * @param direction - what the device may do there
   * @param maximumAddress - highest logical address; what the address width allows when left out
   * @returns where the device finds it, until `unmap`
   * @throws DmaError `BAD_ADDRESS`, `BAD_LENGTH`, `OUT_OF_ADDRESSES` or `NOT_REACHABLE`
   */
  map(
    offset: number,
    length: number,
    direction: Direction,
    maximumAddress: number = this.maximumAddress,
  ): LogicalAddress {
    return this.domain.map(offset, length, direction, {
      maximumAddress: Math.min(maximumAddress, this.maximumAddress),
    });
  }

  /**
   * @param address - what `map` returned
   * @param length - the same length
   * @throws DmaError `NOT_MAPPED` when there is no such mapping
   */
  unmap(address: LogicalAddress, length: number): void {
    this.domain.unmap(address, length);
  }
}
