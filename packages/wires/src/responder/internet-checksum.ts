/*
 * The Internet checksum: the one's complement of the one's complement sum of 16-bit words in network byte order.
 */

import { get16 } from './octets.ts';

/**
 * @param sum - a sum so far; 0 to begin with
 * @param bytes - added to it, as if followed by a zero byte when their number is odd
 * @returns the sum, not folded
 */
export function addWords(sum: number, bytes: Uint8Array): number {
  let total = sum;
  for (let at = 0; at < bytes.length; at += 2) total += get16(bytes, at);
  return total;
}

/**
 * @param sum - what was added up, at most 2^32 words
 * @returns the checksum; 0 for data that hold their own correct checksum
 */
export function checksumOf(sum: number): number {
  let folded = sum;
  while (folded > 0xffff) folded = (folded % 0x1_0000) + Math.floor(folded / 0x1_0000);
  return folded ^ 0xffff;
}
