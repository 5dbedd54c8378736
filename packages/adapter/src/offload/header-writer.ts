/*
 * Headers of the frames that software makes: copied from the frame that the protocol handed over, with a tag inserted, with
 * what differs from segment to segment, and with checksums (RFC 791, RFC 768, RFC 8200, RFC 9293, RFC 1071). The
 * protocol's own bytes are never changed: it may send them again.
 */

import { copy } from '@netcx/dma/copy';
import { u8 } from '@netcx/dma/memory';
import type { FrameReader } from '../layout/frame-reader.ts';
import { foldSum, internetSum } from '../layout/internet-sum.ts';

const TCP = 6;
const UDP = 17;
/** How far into TCP's header its flags stand, and those that not every segment has. */
export const FLAGS_AT = 13;
export const FIN = 0x01;
export const PSH = 0x08;
export const CWR = 0x80;
const TAG_TYPE = 0x8100;
/** Both MAC addresses: a tag stands behind them. */
const MAC_BYTES = 12;
const TAG_BYTES = 4;
/** Below this an Ethernet type is a length, and LLC with SNAP follows: 8 bytes, the first two of which are these. */
const FIRST_ETHER_TYPE = 0x0600;
const SNAP = 0xaaaa;
const SNAP_BYTES = 8;
const IPV6_BYTES = 40;

const half = (at: number): number => (u8[at]! << 8) | u8[at + 1]!;
const putHalf = (at: number, value: number): void => {
  u8[at] = value >>> 8;
  u8[at + 1] = value;
};

/**
 * @param reader - stands at the frame
 * @param offset - first byte of it to copy
 * @param length - bytes, within the frame
 * @param to - host offset where they go
 */
export function copyFromFrame(reader: FrameReader, offset: number, length: number, to: number): void {
  let done = 0;
  while (done < length) {
    const run = Math.min(length - done, reader.runFrom(offset + done));
    copy(to + done, reader.addressOf(offset + done), run);
    done += run;
  }
}

/**
 * @param reader - stands at the frame
 * @param header - bytes of its headers to copy
 * @param tag - tag to insert behind the addresses, in front of any that is there already; -1 = none
 * @param to - host offset where the headers go
 * @returns bytes that were written
 */
export function copyHeaders(reader: FrameReader, header: number, tag: number, to: number): number {
  if (tag < 0) {
    copyFromFrame(reader, 0, header, to);
    return header;
  }
  copyFromFrame(reader, 0, MAC_BYTES, to);
  putHalf(to + MAC_BYTES, TAG_TYPE);
  putHalf(to + MAC_BYTES + 2, tag);
  copyFromFrame(reader, MAC_BYTES, header - MAC_BYTES, to + MAC_BYTES + TAG_BYTES);
  return header + TAG_BYTES;
}

/** Where the headers lie that are being written. */
export interface WrittenHeaders {
  /** Host offset of the first byte of layer 3. */
  readonly network: number;
  /** Host offset of the first byte of layer 4. */
  readonly transport: number;
  /** Whether layer 3 is IPv4: else it is IPv6. */
  readonly ipv4: boolean;
  /** Whether layer 4 is TCP: else it is UDP. */
  readonly tcp: boolean;
}

/**
 * Makes the headers of a segment from those of the frame.
 *
 * @param at - where the headers lie
 * @param layer4Bytes - bytes of layer 4 in this segment, header included
 * @param index - number of the segment, from 0
 * @param offset - bytes of payload in the segments before it
 * @param last - whether it is the last one
 */
export function writeSegmentHeaders(
  at: WrittenHeaders,
  layer4Bytes: number,
  index: number,
  offset: number,
  last: boolean,
): void {
  const { network, transport, ipv4, tcp } = at;
  const length = transport - network + layer4Bytes;
  const snap = network - SNAP_BYTES;
  if (half(snap) === SNAP && half(snap - 2) < FIRST_ETHER_TYPE) putHalf(snap - 2, SNAP_BYTES + length);
  if (ipv4) {
    putHalf(network + 2, length);
    putHalf(network + 4, half(network + 4) + index);
  } else putHalf(network + 4, length - IPV6_BYTES);
  if (!tcp) {
    putHalf(transport + 4, layer4Bytes);
    return;
  }
  const sequence = ((half(transport + 4) << 16) | half(transport + 6)) + offset;
  putHalf(transport + 4, sequence >>> 16);
  putHalf(transport + 6, sequence);
  // What ends the packet ends its last segment; what the window's halving is answered with stands in the first alone.
  dropFlags(at, (last ? 0 : FIN | PSH) | (index === 0 ? 0 : CWR));
}

/**
 * @param at - where the headers lie: TCP's
 * @param flags - those of its flags that shall not be set
 */
export function dropFlags(at: WrittenHeaders, flags: number): void {
  const field = at.transport + FLAGS_AT;
  u8[field] = u8[field]! & ~flags;
}

/**
 * Writes the checksum of an IPv4 header; 0 where the hardware does.
 *
 * @param at - where the headers lie
 * @param insert - whether software inserts it
 */
export function writeLayer3Checksum(at: WrittenHeaders, insert: boolean): void {
  const { network, transport } = at;
  putHalf(network + 10, 0);
  if (insert) putHalf(network + 10, ~internetSum(network, transport - network));
}

/**
 * Writes the checksum of TCP or UDP, or the sum of the pseudo header for the hardware to go on with.
 *
 * @param at - where the headers lie
 * @param layer4Bytes - bytes of layer 4, header included
 * @param header - bytes of its header
 * @param payload - sum of the payload; -1 = the hardware inserts the checksum
 */
export function writeLayer4Checksum(at: WrittenHeaders, layer4Bytes: number, header: number, payload: number): void {
  const { transport, tcp } = at;
  const field = transport + (tcp ? 16 : 6);
  const seed = foldSum(pseudoSum(at) + layer4Bytes);
  if (payload < 0) {
    putHalf(field, seed);
    return;
  }
  putHalf(field, 0);
  const checksum = ~foldSum(seed + internetSum(transport, header) + payload) & 0xffff;
  putHalf(field, checksum === 0 && !tcp ? 0xffff : checksum);
}

/** The sum of the pseudo header without the length: source, final destination, protocol. */
function pseudoSum({ network, transport, ipv4, tcp }: WrittenHeaders): number {
  const protocol = tcp ? TCP : UDP;
  if (ipv4) return internetSum(network + 12, 8) + protocol;
  const { source, destination } = addressesOf(network, transport);
  return internetSum(source, 16) + internetSum(destination, 16) + protocol;
}

const ROUTING = 43;
const DESTINATION_OPTIONS = 60;
const FRAGMENT = 44;
const AUTHENTICATION = 51;
const SEGMENT_ROUTING = 4;
const HOME_ADDRESS = 0xc9;

/** What `addressesOf` found last; one object, since segments are many. */
const found = { source: 0, destination: 0 };

/**
 * The addresses that count: behind a routing header that is not used up yet the last destination (RFC 8200 §8.1; RFC 8754
 * has it in front), behind a home address option that one (RFC 6275 §6.3).
 */
function addressesOf(network: number, transport: number): Readonly<typeof found> {
  found.source = network + 8;
  found.destination = network + 24;
  let next = u8[network + 6]!;
  let at = network + IPV6_BYTES;
  while (at < transport) {
    const bytes = next === FRAGMENT ? 8 : next === AUTHENTICATION ? (u8[at + 1]! + 2) * 4 : (u8[at + 1]! + 1) * 8;
    if (at + bytes > transport) break; // what was said of the headers is not what they say
    if (next === ROUTING && u8[at + 3] !== 0 && bytes >= 24)
      found.destination = u8[at + 2] === SEGMENT_ROUTING ? at + 8 : at + bytes - 16;
    if (next === DESTINATION_OPTIONS) found.source = homeAddress(at + 2, at + bytes) ?? found.source;
    next = u8[at]!;
    at += bytes;
  }
  return found;
}

/** Where the home address stands among the options of a header. */
function homeAddress(from: number, end: number): number | undefined {
  let at = from;
  while (at < end) {
    if (u8[at] === 0) at += 1;
    else if (u8[at] === HOME_ADDRESS && u8[at + 1] === 16 && at + 18 <= end) return at + 2;
    else at += 2 + u8[at + 1]!;
  }
  return undefined;
}
