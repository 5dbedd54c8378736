/*
 * Numbers for DMA domains. A buffer's logical address is good for one domain only; a loop that sends a buffer received
 * on another NIC compares two small integers to know whether it may use the address as it is. Domains that translate
 * nothing and reach the same memory share a number, so that frames go from NIC to NIC where they lie.
 */

import type { DmaDomain } from '@netcx/dma';

const numbers = new WeakMap<DmaDomain, number>();
/** Numbers of the domains that translate nothing, by how much memory they reach. */
const direct = new Map<number, number>();
let last = 0;

/**
 * @param domain - a DMA domain
 * @returns its number in this process, 1 or more; the same each time
 * @example
 * ```ts
 * BufferEntry.domain.get(i32, buffer) === domainNumber(enabler.domain); // the NIC may use the logical address
 * ```
 */
export function domainNumber(domain: DmaDomain): number {
  const { directLimit } = domain;
  const known = directLimit > 0 ? direct.get(directLimit) : numbers.get(domain);
  if (known !== undefined) return known;
  last += 1;
  if (directLimit > 0) direct.set(directLimit, last);
  else numbers.set(domain, last);
  return last;
}
