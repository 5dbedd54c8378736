/*
 * IPv6 headers, read and written, and what ICMPv6 adds to them: a checksum over the addresses. Extension headers are not
 * looked through.
 */

import { addWords, checksumOf } from './internet-checksum.ts';
import { get16, join, set16 } from './octets.ts';

/** Where the fields are. */
const VERSION = 0;
const PAYLOAD_LENGTH = 4;
const NEXT_HEADER = 6;
const HOP_LIMIT = 7;
const SOURCE = 8;
const DESTINATION = 24;
const HEADER = 40;

/** The next header of ICMPv6. */
export const ICMPV6 = 58;
/** Where a message of ICMPv6 has its checksum. */
const ICMPV6_CHECKSUM = 2;

/** A packet taken apart: views of its bytes. */
export interface Ipv6Packet {
  readonly source: Uint8Array;
  readonly destination: Uint8Array;
  readonly nextHeader: number;
  readonly hopLimit: number;
  readonly payload: Uint8Array;
}

/**
 * @param packet - what an IPv6 frame carries, padding included
 * @returns it, or `undefined` when its version or length is wrong, or it comes from a group
 */
export function parseIpv6Packet(packet: Uint8Array): Ipv6Packet | undefined {
  const end = HEADER + get16(packet, PAYLOAD_LENGTH);
  if (packet.length < end || (packet[VERSION] ?? 0) >> 4 !== 6 || packet[SOURCE] === 0xff) return undefined;
  return {
    source: packet.subarray(SOURCE, DESTINATION),
    destination: packet.subarray(DESTINATION, HEADER),
    nextHeader: packet[NEXT_HEADER] ?? 0,
    hopLimit: packet[HOP_LIMIT] ?? 0,
    payload: packet.subarray(HEADER, end),
  };
}

/**
 * @param packet - addresses and message
 * @returns what its checksum comes to: 0 when the one inside is right
 */
export function icmpv6Checksum(packet: Omit<Ipv6Packet, 'nextHeader' | 'hopLimit'>): number {
  const { source, destination, payload } = packet;
  return checksumOf(addWords(addWords(addWords(ICMPV6 + payload.length, source), destination), payload));
}

/**
 * @param source - 16 bytes
 * @param destination - 16 bytes
 * @param message - a message of ICMPv6; its checksum is computed here
 * @returns the packet, with the hop limit of 255 that neighbours insist on
 */
export function buildIcmpv6(source: Uint8Array, destination: Uint8Array, message: Uint8Array): Uint8Array {
  const header = new Uint8Array(HEADER);
  header[VERSION] = 0x60;
  set16(header, PAYLOAD_LENGTH, message.length);
  header[NEXT_HEADER] = ICMPV6;
  header[HOP_LIMIT] = 255;
  header.set(source, SOURCE);
  header.set(destination, DESTINATION);
  const payload = message.slice();
  set16(payload, ICMPV6_CHECKSUM, 0);
  set16(payload, ICMPV6_CHECKSUM, icmpv6Checksum({ source, destination, payload }));
  return join(header, payload);
}
