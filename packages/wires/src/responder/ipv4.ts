/*
 * IPv4 headers, read and written, and the fragments of a datagram that does not fit a frame. What is read is checked:
 * version, lengths, header checksum.
 */

import { addWords, checksumOf } from './internet-checksum.ts';
import { get16, get32, join, set16, set32 } from './octets.ts';

/** Where the fields are. */
const VERSION_AND_LENGTH = 0;
const TOTAL_LENGTH = 2;
const IDENTIFICATION = 4;
const FRAGMENT = 6;
const TIME_TO_LIVE = 8;
const PROTOCOL = 9;
const CHECKSUM = 10;
const SOURCE = 12;
const DESTINATION = 16;
const HEADER = 20;

const MORE_FRAGMENTS = 0x2000;
const FRAGMENT_OFFSET = 0x1fff;

/** What a datagram carries. */
export const Protocol = { Icmp: 1, Udp: 17 } as const;

/** A datagram, or a fragment of one. */
export interface Ipv4Datagram {
  readonly source: number;
  readonly destination: number;
  readonly protocol: number;
  readonly identification: number;
  /** Where the payload belongs in the whole one, in bytes. */
  readonly offset: number;
  /** Whether fragments follow. */
  readonly more: boolean;
  /** Bytes of the datagram, or of the longest of its fragments: as much as surely fits a frame on the way back. */
  readonly fits: number;
  readonly payload: Uint8Array;
}

/**
 * @param packet - what an IPv4 frame carries, padding included
 * @returns the datagram, or `undefined` when its header is wrong
 */
export function parseIpv4Datagram(packet: Uint8Array): Ipv4Datagram | undefined {
  const header = ((packet[VERSION_AND_LENGTH] ?? 0) & 15) * 4;
  const length = get16(packet, TOTAL_LENGTH);
  if ((packet[VERSION_AND_LENGTH] ?? 0) >> 4 !== 4 || header < HEADER || length < header || packet.length < length) {
    return undefined;
  }
  if (checksumOf(addWords(0, packet.subarray(0, header))) !== 0) return undefined;
  const fragment = get16(packet, FRAGMENT);
  return {
    source: get32(packet, SOURCE),
    destination: get32(packet, DESTINATION),
    protocol: packet[PROTOCOL] ?? 0,
    identification: get16(packet, IDENTIFICATION),
    offset: (fragment & FRAGMENT_OFFSET) * 8,
    more: (fragment & MORE_FRAGMENTS) !== 0,
    fits: length,
    payload: packet.subarray(header, length),
  };
}

/** What a datagram is built from. */
export type Ipv4Content = Pick<Ipv4Datagram, 'source' | 'destination' | 'protocol' | 'identification' | 'payload'>;

/**
 * @param content - addresses, protocol, identification, payload
 * @param fits - bytes that a datagram may have; a longer one is cut into fragments
 * @returns the datagram, or its fragments in order
 */
export function buildIpv4(content: Ipv4Content, fits: number): Uint8Array[] {
  const { payload } = content;
  if (HEADER + payload.length <= fits) return [piece(content, 0, payload.length, 0)];
  // Every fragment but the last carries a multiple of eight bytes.
  const step = Math.max(8, (fits - HEADER) & ~7);
  const pieces: Uint8Array[] = [];
  for (let from = 0; from < payload.length; from += step) {
    const to = Math.min(from + step, payload.length);
    pieces.push(piece(content, from, to, (from / 8) | (to < payload.length ? MORE_FRAGMENTS : 0)));
  }
  return pieces;
}

function piece(content: Ipv4Content, from: number, to: number, fragment: number): Uint8Array {
  const header = new Uint8Array(HEADER);
  header[VERSION_AND_LENGTH] = 0x45;
  set16(header, TOTAL_LENGTH, HEADER + to - from);
  set16(header, IDENTIFICATION, content.identification);
  set16(header, FRAGMENT, fragment);
  header[TIME_TO_LIVE] = 64;
  header[PROTOCOL] = content.protocol;
  set32(header, SOURCE, content.source);
  set32(header, DESTINATION, content.destination);
  set16(header, CHECKSUM, checksumOf(addWords(0, header)));
  return join(header, content.payload.subarray(from, to));
}
