/*
 * The Internet checksum (RFC 1071) where the chip computes it: inserted on transmit with the seed that the driver left in
 * the field, checked on receive. Works on frames in device memory. Also the frame check sequence, for drivers that want
 * to see it.
 */

import { i32 as words, u8 as bytes } from '@netcx/hardware/wire';
import { RX_STATUS, TX_STATUS, TxContext } from './registers/index.ts';

const ETHERTYPE_IPV4 = 0x0800;
const ETHERTYPE_IPV6 = 0x86dd;
const PROTOCOL_TCP = 6;
const PROTOCOL_UDP = 17;
const IPV4_HEADER_BYTES = 20;
const IPV6_HEADER_BYTES = 40;
const MAC_HEADER_BYTES = 14;

const word16 = (at: number): number => (bytes[at]! << 8) | bytes[at + 1]!;

function putWord16(at: number, value: number): void {
  bytes[at] = value >>> 8;
  bytes[at + 1] = value;
}

/** The sum of 16-bit words in network byte order, folded to 16 bits; an odd last byte counts as the high half. */
function sum(from: number, length: number, seed = 0): number {
  let total = seed;
  let at = from;
  for (const end = from + (length & ~1); at < end; at += 2) total += word16(at);
  if ((length & 1) === 1) total += bytes[at]! << 8;
  total = (total % 0x1_0000) + Math.floor(total / 0x1_0000);
  total = (total & 0xffff) + (total >>> 16);
  return (total & 0xffff) + (total >>> 16);
}

/**
 * Inserts what a data descriptor asks for. The L4 sum runs from the L4 header to the end of the frame, over the seed that
 * the driver left in the checksum field (nic-82576 reference §3); UDP's zero is sent as all ones (RFC 768).
 *
 * @param data - byte offset of the frame in device memory
 * @param length - its bytes
 * @param wanted - TX_STATUS bits IXSM and TXSM
 * @param context - word index of the context descriptor in device memory
 */
export function insertChecksums(data: number, length: number, wanted: number, context: number): void {
  const maclen = TxContext.maclen.get(words, context);
  const iplen = TxContext.iplen.get(words, context);
  const network = data + maclen;
  const transport = network + iplen;
  const end = data + length;
  if ((wanted & TX_STATUS.IXSM) !== 0 && iplen >= IPV4_HEADER_BYTES && transport <= end) {
    putWord16(network + 10, 0);
    putWord16(network + 10, ~sum(network, iplen));
  }
  if ((wanted & TX_STATUS.TXSM) === 0) return;
  const udp = TxContext.l4t.get(words, context) === 0;
  const field = transport + (udp ? 6 : 16);
  if (field + 2 > end) return; // a context that does not fit the frame: the frame goes out as it is
  const result = ~sum(transport, end - transport) & 0xffff;
  putWord16(field, udp && result === 0 ? 0xffff : result);
}

/**
 * Checks IPv4 header, TCP and UDP checksums.
 *
 * @param data - byte offset of the frame in device memory
 * @param length - its bytes
 * @returns RX_STATUS bits: what was checked, and what was found wrong
 */
export function checkReceived(data: number, length: number): number {
  const type = word16(data + 12);
  const network = data + MAC_HEADER_BYTES;
  const end = data + length;
  if (type === ETHERTYPE_IPV4) return checkIpv4(network, end);
  if (type === ETHERTYPE_IPV6 && network + IPV6_HEADER_BYTES <= end) {
    const payload = word16(network + 4);
    if (network + IPV6_HEADER_BYTES + payload > end) return 0;
    return checkTransport(network + IPV6_HEADER_BYTES, payload, bytes[network + 6]!, sum(network + 8, 32));
  }
  return 0;
}

function checkIpv4(network: number, end: number): number {
  const header = (bytes[network]! & 15) * 4;
  const total = word16(network + 2);
  if (bytes[network]! >>> 4 !== 4 || header < IPV4_HEADER_BYTES || total < header || network + total > end) return 0;
  const found = RX_STATUS.IPCS | (sum(network, header) === 0xffff ? 0 : RX_STATUS.IPE);
  const fragment = (word16(network + 6) & 0x3fff) !== 0; // more fragments, or an offset: no whole segment to check
  if (fragment) return found;
  return found | checkTransport(network + header, total - header, bytes[network + 9]!, sum(network + 12, 8));
}

/** Checks a TCP segment or UDP datagram over its pseudo header (RFC 9293 §3.1, RFC 768, RFC 8200 §8.1). */
function checkTransport(at: number, length: number, protocol: number, addresses: number): number {
  const tcp = protocol === PROTOCOL_TCP && length >= 20;
  const udp = protocol === PROTOCOL_UDP && length >= 8;
  if (!tcp && !udp) return 0;
  if (udp && word16(at + 6) === 0) return 0; // the sender computed none
  const right = sum(at, length, addresses + protocol + length) === 0xffff;
  const checked = RX_STATUS.L4CS | (udp ? RX_STATUS.UDPCS | RX_STATUS.UDPV : 0);
  return right ? checked : checked | RX_STATUS.L4E;
}

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, index) => {
  let value = index;
  for (let bit = 0; bit < 8; bit++) value = (value & 1) === 1 ? (value >>> 1) ^ 0xedb8_8320 : value >>> 1;
  return value;
});

/**
 * @param data - byte offset of a frame in device memory
 * @param length - its bytes
 * @returns its frame check sequence, IEEE 802.3's CRC-32
 */
export function crc32(data: number, length: number): number {
  let crc = 0xffff_ffff;
  for (let at = data; at < data + length; at++) crc = CRC_TABLE[(crc ^ bytes[at]!) & 255]! ^ (crc >>> 8);
  return ~crc >>> 0;
}
