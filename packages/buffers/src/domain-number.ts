/*
 * Numbers for DMA domains. A buffer's logical address is good for one domain only; a loop that sends a buffer received
 * on another NIC compares two small integers to know whether it may use the address as it is.
 */

import type { DmaDomain } from '@netcx/dma';

const numbers = new WeakMap<DmaDomain, number>();
let last = 0;

/**
 * @param domain - a DMA domain
 * @returns its number in this process, 1 or more; the same each time
 */
export function domainNumber(domain: DmaDomain): number {
  const known = numbers.get(domain);
  if (known !== undefined) return known;
  last += 1;
  numbers.set(domain, last);
  return last;
}
