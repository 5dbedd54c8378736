/*
 * Segmentation of TCP streams and UDP datagrams (nic-82576 reference §3): what stays of a packet from one segment to the
 * next, and how a segment's header comes from the packet's. The context says where the headers are; nothing is parsed. The
 * checksum field holds the sum of the pseudo header without the length, which is added for each segment.
 *
 * @hot
 */

import * as wire from '@netcx/hardware/wire';
import * as buffers from './buffer-cursor.ts';
import * as checksums from './checksum.ts';
import * as sums from './internet-sum.ts';
import * as registers from './registers/index.ts';

const { i32: w, u8: bytes } = wire;
const { BufferCursor } = buffers;
const { insertHeaderChecksum, insertL4Checksum } = checksums;
const { putWord16, word16 } = sums;
const { TX_L4_TYPE, TX_STATUS, TxContext } = registers;

/** Bytes of the longest header that a context can describe: MACLEN, IPLEN and L4LEN at their greatest. */
export const LONGEST_HEADER = 127 + 511 + 255;

const ETHERNET_HEADER = 14;
const IPV4_HEADER = 20;
const IPV6_HEADER = 40;
const TCP_HEADER = 20;
const UDP_HEADER = 8;
/** Where an 802.3 length stands, counted from the end of the MAC header: before LLC and SNAP. */
const SNAP_LENGTH = 10;

const FIN = 0x01;
const PSH = 0x08;
const CWR = 0x80;

/** A packet that leaves in segments. */
export class Segmentation {
  /** Whether there is one. */
  active = false;
  /** Index of its first descriptor, and behind its last one. */
  head = 0;
  end = 0;
  /** Bytes of its headers. */
  header = 0;
  /** Bytes of its payload, and those that have left. */
  payload = 0;
  sent = 0;
  /** Bytes of payload in each segment but the last, and how many segments have left. */
  size = 0;
  segments = 0;
  /** Where its payload is read. */
  readonly cursor = new BufferCursor();
}

/**
 * @param context - word index of a context descriptor in device memory
 * @returns bytes of the headers that it describes; -1 when nothing can be segmented by it
 */
export function headerBytes(context: number): number {
  const mac = TxContext.maclen.get(w, context);
  const ip = TxContext.iplen.get(w, context);
  const l4 = TxContext.l4len.get(w, context);
  const type = TxContext.l4t.get(w, context);
  if (type !== TX_L4_TYPE.TCP && type !== TX_L4_TYPE.UDP) return -1;
  if (TxContext.mss.get(w, context) === 0 || mac < ETHERNET_HEADER) return -1;
  if (ip < (TxContext.ipv4.get(w, context) === 1 ? IPV4_HEADER : IPV6_HEADER)) return -1;
  return l4 < (type === TX_L4_TYPE.TCP ? TCP_HEADER : UDP_HEADER) ? -1 : mac + ip + l4;
}

/**
 * Makes the header of a segment from that of the packet, once the payload lies behind it.
 *
 * @param data - byte offset of the segment in device memory; it begins with a copy of the packet's headers
 * @param length - its bytes
 * @param context - word index of the context descriptor in device memory
 * @param wanted - TX_STATUS bits IXSM and TXSM: which checksums are computed
 * @param run - which segment of which packet
 */
export function completeSegment(
  data: number,
  length: number,
  context: number,
  wanted: number,
  run: Readonly<Segmentation>,
): void {
  const mac = TxContext.maclen.get(w, context);
  const ip = TxContext.iplen.get(w, context);
  const type = TxContext.l4t.get(w, context) as 0 | 1;
  const network = data + mac;
  const transport = network + ip;
  const l4 = data + length - transport;
  if (TxContext.snap.get(w, context) === 1) putWord16(network - SNAP_LENGTH, length - mac + SNAP_LENGTH - 2);
  if (TxContext.ipv4.get(w, context) === 1) {
    putWord16(network + 2, ip + l4);
    putWord16(network + 4, word16(network + 4) + run.segments);
    if ((wanted & TX_STATUS.IXSM) !== 0) insertHeaderChecksum(network, ip);
  } else {
    putWord16(network + 4, ip - IPV6_HEADER + l4);
  }
  if (type === TX_L4_TYPE.UDP) putWord16(transport + 4, l4);
  else completeTcp(transport, run);
  if ((wanted & TX_STATUS.TXSM) !== 0) insertL4Checksum(transport, l4, type, l4);
}

/** Sequence number and flags: the last segment alone ends what the packet ends, the first alone says CWR. */
function completeTcp(transport: number, run: Readonly<Segmentation>): void {
  const sequence = ((word16(transport + 4) << 16) | word16(transport + 6)) + run.sent;
  putWord16(transport + 4, sequence >>> 16);
  putWord16(transport + 6, sequence);
  const last = run.sent + run.size >= run.payload;
  const dropped = (last ? 0 : FIN | PSH) | (run.segments === 0 ? 0 : CWR);
  bytes[transport + 13] = bytes[transport + 13]! & ~dropped;
}
