/*
 * Checksums that the chip checks on receive (nic-82576 reference §4): IPv4 headers, TCP and UDP over their pseudo header
 * (RFC 9293 §3.1, RFC 768, RFC 8200 §8.1), SCTP (RFC 9260 §6.8). What was not checked is said to be neither right nor
 * wrong: fragments, UDP without a checksum, and packets whose last destination stands in a routing header.
 *
 * @hot
 */

import * as wire from '@netcx/hardware/wire';
import * as crcs from './crc.ts';
import type { Headers } from './headers.ts';
import * as sums from './internet-sum.ts';
import * as registers from './registers/index.ts';

const { u8: bytes } = wire;
const { crc32c } = crcs;
const { internetSum, word16 } = sums;
const { RX_PACKET_TYPE, RX_STATUS } = registers;

const { IPV4, TCP, UDP, SCTP } = RX_PACKET_TYPE;
const PROTOCOL_TCP = 6;
const PROTOCOL_UDP = 17;

/** The bits that say what was found of an IPv4 header, and of anything above IP. */
export const IP_CHECKED = RX_STATUS.IPCS | RX_STATUS.IPE;
export const L4_CHECKED = RX_STATUS.L4CS | RX_STATUS.L4E | RX_STATUS.UDPCS | RX_STATUS.UDPV;

/**
 * @param headers - of a frame with an IPv4 header
 * @returns RX_STATUS bits: that its header checksum was checked, and whether it is wrong
 */
function checkHeader(headers: Headers): number {
  const { network } = headers;
  return internetSum(network, (bytes[network]! & 15) * 4) === 0xffff ? RX_STATUS.IPCS : IP_CHECKED;
}

/**
 * @param headers - of a frame with TCP or UDP
 * @returns RX_STATUS bits: whether its checksum was checked, and whether it is wrong
 */
function checkTransport(headers: Headers): number {
  const { transport, end, network } = headers;
  if (headers.routed || headers.homeAddress !== 0) return 0;
  const udp = (headers.types & UDP) !== 0;
  let length = end - transport;
  if (udp) {
    if (word16(transport + 6) === 0) return 0; // the sender computed none
    const stated = word16(transport + 4);
    if (stated < 8 || stated > length) return 0;
    length = stated;
  }
  const addresses = (headers.types & IPV4) !== 0 ? internetSum(network + 12, 8) : internetSum(network + 8, 32);
  const pseudo = addresses + (udp ? PROTOCOL_UDP : PROTOCOL_TCP) + length;
  const right = internetSum(transport, length, pseudo) === 0xffff;
  const checked = RX_STATUS.L4CS | (udp ? RX_STATUS.UDPCS | RX_STATUS.UDPV : 0);
  return right ? checked : checked | RX_STATUS.L4E;
}

/**
 * @param headers - of a frame with SCTP
 * @returns RX_STATUS bits: that its checksum was checked, and whether it is wrong
 */
function checkSctp(headers: Headers): number {
  const { transport, end } = headers;
  const field = transport + 8;
  // The field is little-endian where everything else is big-endian.
  const stated = bytes[field]! | (bytes[field + 1]! << 8) | (bytes[field + 2]! << 16) | (bytes[field + 3]! << 24);
  return (crc32c(transport, end - transport, field) | 0) === stated ? RX_STATUS.L4CS : RX_STATUS.L4CS | RX_STATUS.L4E;
}

/**
 * Checks everything that there is to check.
 *
 * @param headers - of a frame
 * @param wanted - which bits are asked for: IP_CHECKED, L4_CHECKED or both
 * @param sctp - whether SCTP is checked too
 * @returns RX_STATUS bits
 */
export function checkReceived(headers: Headers, wanted: number, sctp: boolean): number {
  const { types } = headers;
  let found = 0;
  if ((types & IPV4) !== 0 && (wanted & RX_STATUS.IPCS) !== 0) found = checkHeader(headers);
  if ((types & (TCP | UDP)) !== 0 && (wanted & RX_STATUS.L4CS) !== 0) found |= checkTransport(headers);
  else if ((types & SCTP) !== 0 && sctp) found |= checkSctp(headers);
  return found;
}
