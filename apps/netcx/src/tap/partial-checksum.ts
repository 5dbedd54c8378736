/*
 * Owns: the checksum of a pseudo-header, which stands in the place of layer 4's checksum while that is still to be written.
 * Invariant: it is the folded sum itself, not its complement, as Linux leaves it for a NIC (RFC 1071, RFC 9293 §3.1, RFC 8200
 * §8.1).
 */
import { TCP_CHECKSUM } from './frame-layout.ts';

const PROTOCOL_TCP = 6;
const PROTOCOL_UDP = 17;
const UDP_CHECKSUM = 6;
/** Where an IPv4 header has its checksum. */
export const IPV4_CHECKSUM = 10;
/** Where an IP header has its addresses, and how many bytes both of them take. */
const IPV4_ADDRESSES = { at: 12, bytes: 8 } as const;
const IPV6_ADDRESSES = { at: 8, bytes: 32 } as const;

/**
 * @param tcp - TCP, else UDP
 * @returns where layer 4's header has its checksum
 */
export const layer4ChecksumOffset = (tcp: boolean): number => (tcp ? TCP_CHECKSUM : UDP_CHECKSUM);

/**
 * @param bytes - memory
 * @param at - where a checksum lies
 * @param sum - 16 bits
 */
export function writeChecksum(bytes: Uint8Array, at: number, sum: number): void {
  bytes[at] = sum >>> 8;
  bytes[at + 1] = sum;
}

/**
 * @param bytes - memory
 * @param at - where the IP header begins
 * @param ipv6 - IPv6, else IPv4
 * @param tcp - TCP, else UDP
 * @param length - bytes from layer 4's header to the end of the frame; 0 for a frame whose segments have lengths of their own
 * @returns the sum over the pseudo-header, 16 bits
 */
export function partialChecksum(bytes: Uint8Array, at: number, ipv6: boolean, tcp: boolean, length: number): number {
  const addresses = ipv6 ? IPV6_ADDRESSES : IPV4_ADDRESSES;
  const first = at + addresses.at;
  let sum = (tcp ? PROTOCOL_TCP : PROTOCOL_UDP) + (length >>> 16) + (length & 0xffff);
  for (let index = first; index < first + addresses.bytes; index += 2) sum += (bytes[index]! << 8) | bytes[index + 1]!;
  sum = (sum & 0xffff) + (sum >>> 16);
  return (sum & 0xffff) + (sum >>> 16);
}
