/*
 * What is noted of each frame of a pass while segments are coalesced, and the headers of the frame that they become. Its
 * checksums are right without a look at any payload: the words of a valid segment add up to ffff, so that its headers tell
 * what its payload adds.
 *
 * @hot
 */

import * as memory from '@netcx/dma/memory';
import * as structs from '@netcx/layout';
import type { FrameReader } from '../layout/frame-reader.ts';
import * as sums from '../layout/internet-sum.ts';

const { i32: m } = memory;
const { bits, defineStruct, overlay, u32 } = structs;
const { foldSum, frameSum } = sums;

/** A frame of a pass: alone, the first of a chain of segments, or behind another one in such a chain. */
// prettier-ignore
const declared = defineStruct('CoalescedFrame', 128, {
  first:           u32(0),           // its first descriptor: an index in the staging ring
  parts:           u32(4),           // its descriptors
  next:            u32(8),           // record of the next segment of the chain; 0 = it is the last
  tail:            u32(12),          // of a first one: the last
  behind:          bits(u32(16), 0), // another one's chain has it
  open:            bits(u32(16), 1), // more may follow
  tcp:             bits(u32(16), 2), // else it is UDP
  ipv4:            bits(u32(16), 3), // else it is IPv6
  push:            bits(u32(16), 4), // one of them has PSH
  unsummed:        bits(u32(16), 5), // UDP without a checksum
  alike:           bits(u32(16), 6), // it is as many segments as it has descriptors, one behind the other, all alike
  flags:           overlay(u32(16)), // all of them at once
  flow:            u32(20),          // what tells flows apart, mixed
  bucketNext:      u32(24),          // the next record of the same bucket; 0 = none
  layer3At:        u32(28),
  layer4At:        u32(32),
  payloadAt:       u32(36),
  payload:         u32(40),          // bytes of its own; of each segment where several are alike
  total:           u32(44),          // bytes of payload of the whole chain
  totalParts:      u32(48),          // at most so many descriptors
  count:           u32(52),          // segments
  duplicates:      u32(56),          // duplicate acknowledgements among them
  nextSequence:    u32(60),
  acknowledgement: u32(64),          // the last one's, and so are
  window:          u32(68),
  timestampAt:     u32(72),          // 0 = no such option
  firstTimestamp:  u32(76),
  timestamp:       u32(80),
  echo:            u32(84),
  identification:  u32(88),          // the first one's
  payloadSum:      u32(92),          // of those behind the first
});
export { declared as CoalescedFrame };

/** Words of a record. */
export const COALESCED_FRAME_WORDS = 32;

const PROTOCOL_TCP = 6;
const PROTOCOL_UDP = 17;
const FLAGS_AT = 13;
const TCP_PSH = 8;

/**
 * Turns the headers of a chain's first segment into those of all of them.
 *
 * @param reader - stands at that segment
 * @param r - word index of its record
 */
export function rewriteHeaders(reader: FrameReader, r: number): void {
  const layer3 = declared.layer3At.get(m, r) | 0;
  const layer4 = declared.layer4At.get(m, r) | 0;
  const header = declared.payloadAt.get(m, r) - layer4;
  const total = declared.total.get(m, r) | 0;
  const tcp = declared.tcp.get(m, r) !== 0;
  const ipv4 = declared.ipv4.get(m, r) !== 0;
  const own = payloadSum(reader, layer4, header, declared.payload.get(m, r), tcp, ipv4);
  if (ipv4) {
    reader.setHalf(layer3 + 2, 20 + header + total);
    reader.setHalf(layer3 + 10, 0);
    reader.setHalf(layer3 + 10, 0xffff - frameSum(reader, layer3, 20));
  } else reader.setHalf(layer3 + 4, header + total);
  if (tcp) rewriteTcp(reader, r, layer4);
  else reader.setHalf(layer4 + 4, 8 + total);
  if (declared.unsummed.get(m, r) !== 0) return;
  const field = layer4 + (tcp ? 16 : 6);
  reader.setHalf(field, 0);
  const headers = headerSum(reader, layer4, header, total, tcp, ipv4);
  const checksum = 0xffff - foldSum(headers + own + declared.payloadSum.get(m, r));
  reader.setHalf(field, checksum === 0 && !tcp ? 0xffff : checksum);
}

/** The last acknowledgement, window and timestamps count; PSH is of any of them. */
function rewriteTcp(reader: FrameReader, r: number, at: number): void {
  const acknowledgement = declared.acknowledgement.get(m, r) | 0;
  reader.setHalf(at + 8, acknowledgement >>> 16);
  reader.setHalf(at + 10, acknowledgement);
  if (declared.push.get(m, r) !== 0) reader.setByte(at + FLAGS_AT, reader.byte(at + FLAGS_AT) | TCP_PSH);
  reader.setHalf(at + 14, declared.window.get(m, r));
  const option = declared.timestampAt.get(m, r) | 0;
  if (option === 0) return;
  const value = declared.timestamp.get(m, r) | 0;
  const echo = declared.echo.get(m, r) | 0;
  reader.setHalf(option + 2, value >>> 16);
  reader.setHalf(option + 4, value);
  reader.setHalf(option + 6, echo >>> 16);
  reader.setHalf(option + 8, echo);
}

/**
 * @param reader - stands at a valid segment without IP options
 * @param layer4 - where its transport header lies
 * @param header - bytes of that header
 * @param payload - bytes behind it
 * @param tcp - TCP, else UDP
 * @param ipv4 - IPv4, else IPv6
 * @returns the one's complement sum of the payload, 0 to ffff, told from the headers alone
 */
export function payloadSum(
  reader: FrameReader,
  layer4: number,
  header: number,
  payload: number,
  tcp: boolean,
  ipv4: boolean,
): number {
  return 0xffff - headerSum(reader, layer4, header, payload, tcp, ipv4);
}

/**
 * @param reader - stands at a segment without IP options
 * @param layer4 - where its transport header lies
 * @param header - bytes of that header
 * @param payload - bytes behind it
 * @param tcp - TCP, else UDP
 * @param ipv4 - IPv4, else IPv6
 * @returns the one's complement sum of the pseudo header and of the transport header, 0 to ffff
 */
export function headerSum(
  reader: FrameReader,
  layer4: number,
  header: number,
  payload: number,
  tcp: boolean,
  ipv4: boolean,
): number {
  // Both addresses are the last bytes of either IP header.
  const addresses = ipv4 ? frameSum(reader, layer4 - 8, 8) : frameSum(reader, layer4 - 32, 32);
  const rest = (tcp ? PROTOCOL_TCP : PROTOCOL_UDP) + header + payload;
  return foldSum(addresses + rest + frameSum(reader, layer4, header));
}
