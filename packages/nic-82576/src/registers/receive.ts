/*
 * Receive control and the receive queues (nic-82576 reference §2). Queue q lies at 0xc000 + 40h * q; the first four
 * answer at 0x2800 + 100h * q as well. What is reset per queue: queue 0 comes up enabled, the others do not.
 */

import { register, type RowOptions } from '@netcx/layout';

const QUEUE_BASE = 0xc000;
const ALIAS_BASE = 0x2800;

/** Options of a register that every receive queue has, `offset` bytes into the queue. */
const queue = (offset: number, writable = 0xffff_ffff): RowOptions => ({
  count: 16,
  stride: 0x40,
  writable,
  aliases: [{ offset: ALIAS_BASE + offset, stride: 0x100, count: 4 }],
});

/** Values of SRRCTL.DESCTYPE. */
export const RX_DESCRIPTOR_TYPE = { LEGACY: 0, ADVANCED: 1, HEADER_SPLIT: 2, HEADER_SPLIT_ALWAYS: 5 } as const;

/** Values of RCTL.LBM. */
export const LOOPBACK_MODE = { NONE: 0, MAC: 1, TRANSCEIVER: 3 } as const;

/** Rows of the receive registers. */
// prettier-ignore
export const RECEIVE = {
  RCTL:   register(0x00100, 'rw', 0x0000_0000, 'Receive Control', {
    EN: 1, SBP: 2, UPE: 3, MPE: 4, LPE: 5, LBM: [7, 6], MO: [13, 12], BAM: 15, BSIZE: [17, 16], VFE: 18, CFIEN: 19, CFI: 20, DPF: 22, PMCF: 23, SECRC: 26,
  }),
  VFRE:   register(0x00c8c, 'rw', 0x0000_00ff, 'VF Receive Enable'),
  RXCSUM: register(0x05000, 'rw', 0x0000_0300, 'Receive Checksum Control', { IPOFL: 8, TUOFL: 9, CRCOFL: 11, PCSD: 13 }),
  RLPML:  register(0x05004, 'rw', 0x0000_2600, 'Receive Long Packet Maximum Length', { LPML: [13, 0] }),
  RFCTL:  register(0x05008, 'rw', 0x0000_0000, 'Receive Filter Control', { IPV6_EX_DIS: 16, LEF: 18 }),
  RDBAL:  register(QUEUE_BASE + 0x00, 'rw', 0x0000_0000, 'Receive Descriptor Base Address Low', {}, queue(0x00, 0xffff_ff80)),
  RDBAH:  register(QUEUE_BASE + 0x04, 'rw', 0x0000_0000, 'Receive Descriptor Base Address High', {}, queue(0x04)),
  RDLEN:  register(QUEUE_BASE + 0x08, 'rw', 0x0000_0000, 'Receive Descriptor Ring Length', {}, queue(0x08, 0x000f_fff0)),
  SRRCTL: register(QUEUE_BASE + 0x0c, 'rw', 0x0000_0000, 'Split and Replication Receive Control', {
    BSIZEPACKET: [6, 0], BSIZEHEADER: [13, 8], RDMTS: [24, 20], DESCTYPE: [27, 25], DROP_EN: 31,
  }, queue(0x0c)),
  RDH:    register(QUEUE_BASE + 0x10, 'ro', 0x0000_0000, 'Receive Descriptor Head', { RDH: [15, 0] }, queue(0x10)),
  RXCTL:  register(QUEUE_BASE + 0x14, 'rw', 0x0000_0000, 'Receive DCA Control', {}, queue(0x14)),
  RDT:    register(QUEUE_BASE + 0x18, 'rw', 0x0000_0000, 'Receive Descriptor Tail', { RDT: [15, 0] }, queue(0x18, 0xffff)),
  RXDCTL: register(QUEUE_BASE + 0x28, 'rw', 0x0001_0000, 'Receive Descriptor Control', {
    PTHRESH: [4, 0], HTHRESH: [12, 8], WTHRESH: [20, 16], ENABLE: 25, SWFLUSH: [26, 26, 'sc'],
  }, queue(0x28)),
  RQDPC:  register(QUEUE_BASE + 0x30, 'rc', 0x0000_0000, 'Receive Queue Drop Packet Count', {}, queue(0x30)),
};
