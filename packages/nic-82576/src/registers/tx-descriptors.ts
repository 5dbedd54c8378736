/*
 * Transmit descriptors (nic-82576 reference §3): 16 bytes. DEXT in dword 2 tells legacy from advanced, DTYP an advanced
 * data descriptor from a context. The chip writes back nothing but DD in dword 3, and only where RS asked for it.
 */

import { bits, defineStruct, overlay, u16, u32, u64 } from '@netcx/layout';

/** Values of DTYP in an advanced descriptor. */
export const TX_DESCRIPTOR_TYPE = { CONTEXT: 2, DATA: 3 } as const;

/** The bits of `command` where DTYP stands. */
export const TX_DESCRIPTOR_TYPE_MASK = 0xf0_0000;

/** Values of `TxContext.l4t`. */
export const TX_L4_TYPE = { UDP: 0, TCP: 1, SCTP: 2 } as const;

/** Bits of `command`, in every format. DTYP is shifted into place. */
// prettier-ignore
export const TX_COMMAND = {
  DTYP_CONTEXT: 0x20_0000, DTYP_DATA: 0x30_0000,
  MAC_TIMESTAMP: 0x8_0000, EOP: 0x100_0000, IFCS: 0x200_0000, RS: 0x800_0000, DEXT: 0x2000_0000, VLE: 0x4000_0000, TSE: 0x8000_0000,
} as const;

/** Bits of `TxData.status`. */
export const TX_STATUS = { DD: 0x1, CC: 0x80, IXSM: 0x100, TXSM: 0x200, IPSEC: 0x400 } as const;

/** An advanced data descriptor: one buffer of a packet. */
// prettier-ignore
export const TxData = defineStruct('TxData', 16, {
  bufferAddress: u64(0),
  // dword 2
  command:       overlay(u32(8)),      // TX_COMMAND bits and the length
  dtalen:        bits(u32(8), 15, 0),  // bytes in this buffer
  macTimestamp:  bits(u32(8), 19),
  dtyp:          bits(u32(8), 23, 20), // TX_DESCRIPTOR_TYPE.DATA
  eop:           bits(u32(8), 24),     // end of packet
  ifcs:          bits(u32(8), 25),     // insert frame check sequence
  rs:            bits(u32(8), 27),     // report status
  dext:          bits(u32(8), 29),     // advanced
  vle:           bits(u32(8), 30),     // insert the context's VLAN tag
  tse:           bits(u32(8), 31),     // segment
  // dword 3
  status:        overlay(u32(12)),     // TX_STATUS bits, context slot and length
  sta:           bits(u32(12), 3, 0),  // bit 0 is DD once written back
  idx:           bits(u32(12), 6, 4),  // context slot
  cc:            bits(u32(12), 7),     // the context is checked
  ixsm:          bits(u32(12), 8),     // insert IPv4 header checksum
  txsm:          bits(u32(12), 9),     // insert L4 checksum
  ipsec:         bits(u32(12), 10),
  paylen:        bits(u32(12), 31, 14), // bytes of the whole frame; with TSE, of the payload alone
});

/** An advanced context descriptor: what the data descriptors after it refer to by slot. */
// prettier-ignore
export const TxContext = defineStruct('TxContext', 16, {
  // dword 0
  lengths:    overlay(u32(0)),
  iplen:      bits(u32(0), 8, 0),    // bytes of IP header
  maclen:     bits(u32(0), 15, 9),   // bytes before the IP header
  vlanTag:    bits(u32(0), 31, 16),
  // dword 1
  launchTime: u32(4),
  // dword 2
  command:    overlay(u32(8)),
  snap:       bits(u32(8), 9),
  ipv4:       bits(u32(8), 10),
  l4t:        bits(u32(8), 12, 11),  // TX_L4_TYPE
  dtyp:       bits(u32(8), 23, 20),  // TX_DESCRIPTOR_TYPE.CONTEXT
  dext:       bits(u32(8), 29),
  // dword 3
  layout:     overlay(u32(12)),
  idx:        bits(u32(12), 6, 4),   // context slot
  l4len:      bits(u32(12), 15, 8),  // bytes of L4 header
  mss:        bits(u32(12), 31, 16), // bytes of payload in each segment
});

/** A legacy transmit descriptor (DEXT = 0). */
// prettier-ignore
export const TxLegacy = defineStruct('TxLegacy', 16, {
  bufferAddress: u64(0),
  // dword 2
  command:       overlay(u32(8)),
  length:        bits(u32(8), 15, 0),
  cso:           bits(u32(8), 23, 16), // where the checksum goes
  eop:           bits(u32(8), 24),
  ifcs:          bits(u32(8), 25),
  ic:            bits(u32(8), 26),     // insert checksum
  rs:            bits(u32(8), 27),
  dext:          bits(u32(8), 29),
  vle:           bits(u32(8), 30),
  // dword 3
  status:        overlay(u32(12)),
  sta:           bits(u32(12), 3, 0),
  css:           bits(u32(12), 15, 8), // where the checksum starts
  vlanTag:       u16(14),
});

/** What the chip writes back, in every format. */
// prettier-ignore
export const TxWriteBack = defineStruct('TxWriteBack', 16, {
  status: overlay(u32(12)),
  dd:     bits(u32(12), 0), // descriptor done
});
