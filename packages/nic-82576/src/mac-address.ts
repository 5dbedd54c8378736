/*
 * A station address as people write it and as registers hold it: two words, the first four bytes in `low` with byte 0 in
 * the low byte, the last two in `high`.
 */

import { NicError } from './nic-error.ts';

/** `02:00:00:00:00:01`, or its six bytes. */
export type MacAddress = string | ArrayLike<number>;

/**
 * @param address - six bytes, or hexadecimal pairs with colons or hyphens between them
 * @returns the six bytes
 * @throws NicError `MAC_ADDRESS` unless it is a unicast address of six bytes
 */
export function macBytes(address: MacAddress): Uint8Array {
  const shown = typeof address === 'string' ? address : Array.from(address).join(', ');
  const parts = typeof address === 'string' ? parse(address) : Array.from(address);
  if (parts.length !== 6 || !parts.every((byte) => Number.isInteger(byte) && byte >= 0 && byte <= 255)) {
    throw new NicError('MAC_ADDRESS', `expected six bytes such as 02:00:00:00:00:01, got ${shown}`);
  }
  if ((parts[0]! & 1) !== 0) {
    throw new NicError('MAC_ADDRESS', `a station address has bit 0 of its first byte clear, got ${shown}`);
  }
  return Uint8Array.from(parts);
}

function parse(text: string): number[] {
  return /^[0-9a-f]{2}([:-][0-9a-f]{2}){5}$/i.test(text) ? text.split(/[:-]/).map((pair) => parseInt(pair, 16)) : [];
}
