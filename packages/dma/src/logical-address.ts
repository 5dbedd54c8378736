/*
 * Logical addresses: where a device finds memory. A type of their own, since a driver that hands a host offset to a
 * device works under an identity map and corrupts memory under an IOMMU. A plain number below 2^53 at run time.
 */

import { DmaError } from './dma-error.ts';

declare const brand: unique symbol;

/**
 * An address as a device sees it, below 2^53.
 *
 * @example
 * ```ts
 * const ring: LogicalAddress = enabler.allocateCommonBuffer(4096).address;
 * ```
 */
export type LogicalAddress = number & { readonly [brand]: 'LogicalAddress' };

/**
 * @param value - a whole number from 0 up to 2^53 - 1
 * @returns the same number, known to be a logical address
 * @throws DmaError `BAD_ADDRESS` for anything else
 * @example
 * ```ts
 * logicalAddress(0x1_0000_0000); // the same number, known to be a logical address
 * ```
 */
export function logicalAddress(value: number): LogicalAddress {
  if (!Number.isSafeInteger(value) || value < 0) {
    throw new DmaError('BAD_ADDRESS', `${String(value)} is no logical address: expected a whole number below 2^53`);
  }
  return value as LogicalAddress;
}

/**
 * @param address - a logical address
 * @returns its low 32 bits as a signed word, as a descriptor stores them
 * @example
 * ```ts
 * i32[descriptor] = lowWord(ring.address); // a signed word, as a descriptor stores it
 * ```
 */
export const lowWord = (address: LogicalAddress): number => address | 0;

/**
 * @param address - a logical address
 * @returns its high 32 bits
 * @example
 * ```ts
 * highWord(logicalAddress(0x5_0000_1000)); // 5
 * ```
 */
export const highWord = (address: LogicalAddress): number => Math.floor(address / 0x1_0000_0000);
