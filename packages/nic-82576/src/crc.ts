/*
 * The two cyclic redundancy checks of the chip, over bytes in device memory: the frame check sequence of IEEE 802.3, and
 * CRC32c, which is SCTP's checksum (RFC 9260 Appendix A). Both are reflected: the low bit of a byte goes first.
 *
 * @hot
 */

import * as wire from '@netcx/hardware/wire';

const { u8: bytes } = wire;

/** What each byte does to a reflected CRC with this polynomial. */
function table(polynomial: number): Int32Array {
  return Int32Array.from({ length: 256 }, (_, byte) => {
    let value = byte;
    for (let bit = 0; bit < 8; bit++) value = (value & 1) === 1 ? (value >>> 1) ^ polynomial : value >>> 1;
    return value;
  });
}

const ETHERNET = table(0xedb8_8320);
const CASTAGNOLI = table(0x82f6_3b78);

/**
 * @param data - byte offset of a frame in device memory
 * @param length - its bytes
 * @returns its frame check sequence, IEEE 802.3's CRC-32, unsigned; it leaves low byte first
 */
export function crc32(data: number, length: number): number {
  let crc = -1;
  for (let at = data; at < data + length; at++) crc = ETHERNET[(crc ^ bytes[at]!) & 255]! ^ (crc >>> 8);
  return ~crc >>> 0;
}

/**
 * @param data - byte offset of an SCTP packet in device memory
 * @param length - its bytes
 * @param field - byte offset of its checksum field, whose four bytes count as zeros
 * @returns its checksum, unsigned; it stands in the field low byte first
 */
export function crc32c(data: number, length: number, field: number): number {
  let crc = -1;
  for (let at = data; at < data + length; at++) {
    const byte = at >= field && at < field + 4 ? 0 : bytes[at]!;
    crc = CASTAGNOLI[(crc ^ byte) & 255]! ^ (crc >>> 8);
  }
  return ~crc >>> 0;
}
