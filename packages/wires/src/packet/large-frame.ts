/*
 * What Linux leaves to a NIC, done for a NIC that expects whole frames from its cable: checksums that are not written yet, data
 * that are not cut into segments yet, tags that stand beside the frame. Whatever the bytes are, nothing outside them is touched.
 */

import { addWords, checksumOf } from '../responder/internet-checksum.ts';
import { get16, get32, set16, set32 } from '../responder/octets.ts';

/** `flags`: the checksum from `checksumStart` on is to be written at `checksumOffset` behind it. */
export const NEEDS_CHECKSUM = 1;

/** Kinds of segmentation, without the bit for congestion notification. */
const TCP4 = 1;
const TCP6 = 4;
const UDP = 5;
const ECN = 0x80;

const ETHERNET_BYTES = 14;
const TAG_BYTES = 4;
const MOST_TAGS = 2;
const TYPE_IPV4 = 0x0800;
const TYPE_IPV6 = 0x86dd;
const TYPES_VLAN = [0x8100, 0x88a8];
const IPV4_BYTES = 20;
const IPV6_BYTES = 40;
const TCP_BYTES = 20;
const UDP_BYTES = 8;
const TCP_CHECKSUM = 16;
const UDP_CHECKSUM = 6;
/** TCP's flags that only the last segment keeps (FIN, PSH), and the one that only the first keeps (CWR). */
const LAST_ONLY = 0x09;
const FIRST_ONLY = 0x80;

/** What Linux says of a frame beside its bytes: `struct virtio_net_hdr`, and a tag. */
export interface Unfinished {
  flags: number;
  /** Kind of segmentation that is left to do; 0 for none. */
  segmentation: number;
  /** Bytes of payload in each segment. */
  segmentSize: number;
  /** Where the checksum begins, in bytes from the start of the frame. */
  checksumStart: number;
  /** Where it is written, in bytes from where it begins. */
  checksumOffset: number;
  /** Type and content of a tag that was taken out, 32 bits as they stand in a frame; 0 for none. */
  tag: number;
}

/**
 * Makes of a frame what would pass on a cable.
 *
 * @param frame - its bytes, which stay as they are
 * @param what - what is still to be done to it
 * @param give - takes each finished frame, its own from then on
 * @returns whether it could be done; otherwise nothing was given
 */
export function finishFrame(frame: Uint8Array, what: Readonly<Unfinished>, give: (whole: Uint8Array) => void): boolean {
  const { flags, segmentation, checksumStart, checksumOffset, tag } = what;
  if (segmentation !== 0) return cutFrame(frame, what, give);
  const whole = frame.slice();
  if ((flags & NEEDS_CHECKSUM) !== 0 && !writeChecksum(whole, checksumStart, checksumOffset)) return false;
  give(withTag(whole, tag));
  return true;
}

/** Writes a checksum over what is there, the pseudo-header's sum in its place among it (RFC 768: never zero). */
function writeChecksum(frame: Uint8Array, start: number, offset: number): boolean {
  const at = start + offset;
  if (start < ETHERNET_BYTES || at + 2 > frame.length) return false;
  const checksum = checksumOf(addWords(0, frame.subarray(start)));
  set16(frame, at, checksum === 0 ? 0xffff : checksum);
  return true;
}

function withTag(frame: Uint8Array, tag: number): Uint8Array {
  if (tag === 0 || frame.length < ETHERNET_BYTES) return frame;
  const tagged = new Uint8Array(frame.length + TAG_BYTES);
  tagged.set(frame.subarray(0, 12));
  set32(tagged, 12, tag);
  tagged.set(frame.subarray(12), 12 + TAG_BYTES);
  return tagged;
}

/** Where layer 3 begins, behind tags. */
function layer3Of(frame: Uint8Array): number {
  let at = ETHERNET_BYTES;
  for (let tags = 0; tags < MOST_TAGS && TYPES_VLAN.includes(get16(frame, at - 2)); tags++) at += TAG_BYTES;
  return at;
}

/** Cuts TCP or UDP over IP into segments, as a NIC with segmentation offload does. */
function cutFrame(frame: Uint8Array, what: Readonly<Unfinished>, give: (whole: Uint8Array) => void): boolean {
  const { flags, segmentSize, checksumStart: layer4, checksumOffset, tag } = what;
  const kind = what.segmentation & ~ECN;
  const udp = kind === UDP;
  const layer3 = layer3Of(frame);
  const type = get16(frame, layer3 - 2);
  const ipv6 = type === TYPE_IPV6;
  const known =
    (kind === TCP4 && type === TYPE_IPV4) || (kind === TCP6 && ipv6) || (udp && (ipv6 || type === TYPE_IPV4));
  if (!known || (flags & NEEDS_CHECKSUM) === 0 || segmentSize === 0) return false;
  if (checksumOffset !== (udp ? UDP_CHECKSUM : TCP_CHECKSUM)) return false;
  if (layer4 < layer3 + (ipv6 ? IPV6_BYTES : IPV4_BYTES)) return false;
  const layer4Bytes = udp ? UDP_BYTES : ((frame[layer4 + 12] ?? 0) >>> 4) * 4;
  const headers = layer4 + layer4Bytes;
  if (layer4Bytes < (udp ? UDP_BYTES : TCP_BYTES) || headers >= frame.length) return false;

  const payload = frame.length - headers;
  // What stands in the checksum's place counts the length of the whole (RFC 9293 §3.1); each segment has its own.
  const withoutLength = get16(frame, layer4 + checksumOffset) + (0xffff - ((frame.length - layer4) % 0xffff));
  for (let done = 0, number = 0; done < payload; done += segmentSize, number++) {
    const bytes = Math.min(segmentSize, payload - done);
    const last = done + bytes === payload;
    const segment = new Uint8Array(headers + bytes);
    segment.set(frame.subarray(0, headers));
    segment.set(frame.subarray(headers + done, headers + done + bytes), headers);
    if (ipv6) set16(segment, layer3 + 4, segment.length - layer3 - IPV6_BYTES);
    else writeIpv4(segment, layer3, layer4, number);
    const length = segment.length - layer4;
    if (udp) set16(segment, layer4 + 4, length);
    else {
      set32(segment, layer4 + 4, get32(frame, layer4 + 4) + done);
      const dropped = (last ? 0 : LAST_ONLY) | (number === 0 ? 0 : FIRST_ONLY);
      segment[layer4 + 13] = segment[layer4 + 13]! & ~dropped;
    }
    const sum = withoutLength + length;
    set16(segment, layer4 + checksumOffset, sum % 0xffff);
    writeChecksum(segment, layer4, checksumOffset);
    give(withTag(segment, tag));
  }
  return true;
}

/** The length, the identification and the checksum of a segment's IPv4 header. */
function writeIpv4(segment: Uint8Array, layer3: number, layer4: number, number: number): void {
  set16(segment, layer3 + 2, segment.length - layer3);
  set16(segment, layer3 + 4, get16(segment, layer3 + 4) + number);
  set16(segment, layer3 + 10, 0);
  set16(segment, layer3 + 10, checksumOf(addWords(0, segment.subarray(layer3, layer4))));
}
