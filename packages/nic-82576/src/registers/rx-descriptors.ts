/*
 * Receive descriptors (nic-82576 reference §4): 16 bytes that the driver fills in the read format and the chip overwrites
 * in a write-back format. `RxReadDescriptor.headerAddress` lies where the status appears, so a driver that posts a
 * descriptor writes all of it: a header address of 0 is what clears DD.
 */

import { bits, defineStruct, overlay, u16, u32, u64, u8 } from '@netcx/layout';

/** A receive descriptor as the driver posts it, for every DESCTYPE. */
// prettier-ignore
export const RxReadDescriptor = defineStruct('RxReadDescriptor', 16, {
  packetAddress: u64(0), // bit 0 must be 0
  headerAddress: u64(8), // 0 without header split
});

/** A receive descriptor as the chip writes it back for DESCTYPE 1 and up. */
// prettier-ignore
export const RxWriteBack = defineStruct('RxWriteBack', 16, {
  // dword 0
  information:      overlay(u32(0)),
  rssType:          bits(u32(0), 3, 0),   // RX_RSS_TYPE
  packetType:       bits(u32(0), 16, 4),  // RX_PACKET_TYPE bits
  headerLength:     bits(u32(0), 30, 21),
  sph:              bits(u32(0), 31),     // the header was split off
  // dword 1: with RXCSUM.PCSD the hash, without it identification and checksum
  rssHash:          u32(4),
  ipIdentification: overlay(u16(4)),
  fragmentChecksum: overlay(u16(6)),
  // dword 2: status in bits 19:0, errors above
  statusError:      overlay(u32(8)),
  status:           overlay(bits(u32(8), 19, 0)),  // RX_STATUS bits
  error:            overlay(bits(u32(8), 31, 20)),
  dd:               bits(u32(8), 0),   // descriptor done
  eop:              bits(u32(8), 1),   // end of packet
  vp:               bits(u32(8), 3),   // a VLAN tag was stripped
  udpcs:            bits(u32(8), 4),   // UDP checksum was checked
  l4cs:             bits(u32(8), 5),   // L4 checksum was checked
  ipcs:             bits(u32(8), 6),   // IPv4 header checksum was checked
  pif:              bits(u32(8), 7),   // passed inexact filter
  ipidv:            bits(u32(8), 9),   // ipIdentification is valid
  udpv:             bits(u32(8), 10),  // the UDP checksum field was not zero
  ts:               bits(u32(8), 16),  // a time stamp was taken
  lb:               bits(u32(8), 18),  // looped back
  hbo:              bits(u32(8), 23),  // the header did not fit
  ce:               bits(u32(8), 24),  // CRC error
  l4e:              bits(u32(8), 29),  // L4 checksum error
  ipe:              bits(u32(8), 30),  // IPv4 header checksum error
  rxe:              bits(u32(8), 31),  // receive error
  // dword 3
  lengthTag:        overlay(u32(12)),
  length:           u16(12),           // bytes in this buffer
  vlanTag:          u16(14),
});

/** A receive descriptor as the chip writes it back for DESCTYPE 0: the buffer's address stays. */
// prettier-ignore
export const RxLegacyWriteBack = defineStruct('RxLegacyWriteBack', 16, {
  bufferAddress: u64(0),
  length:        u16(8),
  checksum:      u16(10),
  status:        u8(12),
  errors:        u8(13),
  vlanTag:       u16(14),
});

/** Bits of `RxWriteBack.statusError`. */
// prettier-ignore
export const RX_STATUS = {
  DD: 0x1, EOP: 0x2, VP: 0x8, UDPCS: 0x10, L4CS: 0x20, IPCS: 0x40, PIF: 0x80, IPIDV: 0x200, UDPV: 0x400, TS: 0x1_0000, LB: 0x4_0000,
  HBO: 0x80_0000, CE: 0x100_0000, L4E: 0x2000_0000, IPE: 0x4000_0000, RXE: 0x8000_0000,
} as const;

/** Bits of `RxWriteBack.packetType`; with ETQF set, bits 2:0 are the number of the filter that matched instead. */
// prettier-ignore
export const RX_PACKET_TYPE = {
  IPV4: 0x1, IPV4_OPTIONS: 0x2, IPV6: 0x4, IPV6_EXTENSIONS: 0x8, TCP: 0x10, UDP: 0x20, SCTP: 0x40, NFS: 0x80, ETQF: 0x800,
} as const;

/** Values of `RxWriteBack.rssType`. */
// prettier-ignore
export const RX_RSS_TYPE = {
  NONE: 0, TCP_IPV4: 1, IPV4: 2, TCP_IPV6: 3, IPV6_EX: 4, IPV6: 5, TCP_IPV6_EX: 6, UDP_IPV4: 7, UDP_IPV6: 8, UDP_IPV6_EX: 9,
} as const;
