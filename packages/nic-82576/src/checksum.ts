/*
 * Checksums where the chip puts them into frames that leave: the driver names the place by a context, and what it left in
 * the field of a TCP or UDP checksum counts as a seed (nic-82576 reference §3). Works on frames in device memory; what
 * does not fit a frame leaves it as it is.
 */

import { i32 as words, u8 as bytes } from '@netcx/hardware/wire';
import { crc32c } from './crc.ts';
import { internetSum, putWord16 } from './internet-sum.ts';
import { TX_L4_TYPE, TX_STATUS, TxContext } from './registers/index.ts';

const IPV4_HEADER_BYTES = 20;

/** Where an IPv4 header keeps its checksum. */
const IPV4_CHECKSUM = 10;
/** Where each L4 header keeps its checksum, by TX_L4_TYPE; the fourth type is reserved. */
const L4_CHECKSUM = [6, 16, 8] as const;

/**
 * Puts the checksum of an IPv4 header into its field. The sum goes over what stands there as well: 0 or ffff for a plain
 * header; for one with others behind it, inside `length`, what cancels those out. Linux's driver segments tunnels so.
 *
 * @param network - byte offset of the header in device memory
 * @param length - bytes from there on, options included
 */
export function insertHeaderChecksum(network: number, length: number): void {
  putWord16(network + IPV4_CHECKSUM, ~internetSum(network, length));
}

/**
 * Puts the checksum of TCP or UDP into its field. The sum goes over what stands there as well, which is the sum of the
 * pseudo header; UDP's zero is sent as all ones (RFC 768).
 *
 * @param transport - byte offset of the L4 header in device memory
 * @param length - bytes from there to the end of the frame
 * @param type - UDP or TCP, of TX_L4_TYPE
 * @param seed - what is added to the sum
 */
export function insertL4Checksum(transport: number, length: number, type: 0 | 1, seed = 0): void {
  const result = ~internetSum(transport, length, seed) & 0xffff;
  putWord16(transport + L4_CHECKSUM[type], type === TX_L4_TYPE.UDP && result === 0 ? 0xffff : result);
}

/**
 * Inserts what an advanced data descriptor asks for: the L4 checksum of whatever lies from the L4 header to the end of
 * the frame, and the IPv4 header checksum. The context's IPV4 bit is not looked at: Linux's driver leaves it out.
 *
 * @param data - byte offset of the frame in device memory
 * @param length - its bytes
 * @param wanted - TX_STATUS bits IXSM and TXSM
 * @param context - word index of the context descriptor in device memory
 */
export function insertChecksums(data: number, length: number, wanted: number, context: number): void {
  const iplen = TxContext.iplen.get(words, context);
  const network = data + TxContext.maclen.get(words, context);
  const transport = network + iplen;
  const end = data + length;
  if ((wanted & TX_STATUS.IXSM) !== 0 && iplen >= IPV4_HEADER_BYTES && transport <= end) {
    insertHeaderChecksum(network, iplen);
  }
  if ((wanted & TX_STATUS.TXSM) === 0) return;
  const type = TxContext.l4t.get(words, context);
  const field = transport + (L4_CHECKSUM[type] ?? length); // a reserved type has none
  if (type === TX_L4_TYPE.SCTP) {
    if (field + 4 <= end) putCrc(field, crc32c(transport, end - transport, field));
  } else if (field + 2 <= end) {
    insertL4Checksum(transport, end - transport, type as 0 | 1);
  }
}

/**
 * Whether a frame's checksums are the usual ones: of an IPv4 header without options, of TCP or UDP, and all of it there.
 *
 * @param length - bytes of the frame
 * @param wanted - TX_STATUS bits IXSM and TXSM
 * @param context - word index of the context descriptor in device memory
 * @returns whether a straight line may insert them
 */
export function insertsUsual(length: number, wanted: number, context: number): boolean {
  const iplen = TxContext.iplen.get(words, context);
  const transport = TxContext.maclen.get(words, context) + iplen;
  if ((wanted & TX_STATUS.IXSM) !== 0 && (iplen !== IPV4_HEADER_BYTES || transport > length)) return false;
  if ((wanted & TX_STATUS.TXSM) === 0) return true;
  const type = TxContext.l4t.get(words, context);
  return type <= TX_L4_TYPE.TCP && transport + L4_CHECKSUM[type as 0 | 1] + 2 <= length;
}

/**
 * Inserts what a legacy descriptor asks for: the checksum of the frame from one place on, over the seed that the driver
 * left where it goes. Nothing is known of the protocol, so zero is sent as zero.
 *
 * @param data - byte offset of the frame in device memory
 * @param length - its bytes
 * @param start - where the sum starts, in bytes from the frame's begin (CSS)
 * @param place - where the checksum goes (CSO)
 */
export function insertLegacyChecksum(data: number, length: number, start: number, place: number): void {
  if (start >= length || place >= length - 1) return;
  putWord16(data + place, ~internetSum(data + start, length - start));
}

function putCrc(field: number, value: number): void {
  for (let byte = 0; byte < 4; byte++) bytes[field + byte] = value >>> (8 * byte);
}
