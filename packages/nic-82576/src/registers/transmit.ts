/*
 * Transmit control and the transmit queues (nic-82576 reference §2). Queue q lies at 0xe000 + 40h * q; the first four
 * answer at 0x3800 + 100h * q as well. What is reset per queue: queue 0 comes up enabled, the others do not.
 */

import { register, type RowOptions } from '@netcx/layout';

const QUEUE_BASE = 0xe000;
const ALIAS_BASE = 0x3800;

/** Options of a register that every transmit queue has, `offset` bytes into the queue. */
const queue = (offset: number, writable = 0xffff_ffff): RowOptions => ({
  count: 16,
  stride: 0x40,
  writable,
  aliases: [{ offset: ALIAS_BASE + offset, stride: 0x100, count: 4 }],
});

/** Rows of the transmit registers. */
// prettier-ignore
export const TRANSMIT = {
  TCTL:     register(0x00400, 'rw', 0xa404_00f8, 'Transmit Control', { EN: 1, PSP: 3, CT: [11, 4], COLD: [21, 12], RTLC: 24 }),
  TCTL_EXT: register(0x00404, 'rw', 0x0001_0840, 'Transmit Control Extended'),
  TIPG:     register(0x00410, 'rw', 0x0060_1008, 'Transmit Inter-Packet Gap', { IPGT: [9, 0], IPGR1: [19, 10], IPGR: [29, 20] }, { writable: 0x3fff_ffff }),
  VFTE:     register(0x00c90, 'rw', 0x0000_00ff, 'VF Transmit Enable'),
  DTXCTL:   register(0x03590, 'rw', 0x0000_0044, 'DMA Transmit Control'),
  TDBAL:    register(QUEUE_BASE + 0x00, 'rw', 0x0000_0000, 'Transmit Descriptor Base Address Low', {}, queue(0x00, 0xffff_ff80)),
  TDBAH:    register(QUEUE_BASE + 0x04, 'rw', 0x0000_0000, 'Transmit Descriptor Base Address High', {}, queue(0x04)),
  TDLEN:    register(QUEUE_BASE + 0x08, 'rw', 0x0000_0000, 'Transmit Descriptor Ring Length', {}, queue(0x08, 0x000f_fff0)),
  TDH:      register(QUEUE_BASE + 0x10, 'rw', 0x0000_0000, 'Transmit Descriptor Head', { TDH: [15, 0] }, queue(0x10, 0xffff)),
  TXCTL:    register(QUEUE_BASE + 0x14, 'rw', 0x0000_2a00, 'Transmit DCA Control', {}, queue(0x14)),
  TDT:      register(QUEUE_BASE + 0x18, 'rw', 0x0000_0000, 'Transmit Descriptor Tail', { TDT: [15, 0] }, queue(0x18, 0xffff)),
  TXDCTL:   register(QUEUE_BASE + 0x28, 'rw', 0x0000_0000, 'Transmit Descriptor Control', {
    PTHRESH: [4, 0], HTHRESH: [12, 8], WTHRESH: [20, 16], ENABLE: 25, SWFLUSH: [26, 26, 'sc'],
  }, queue(0x28)),
  TDWBAL:   register(QUEUE_BASE + 0x38, 'rw', 0x0000_0000, 'Transmit Descriptor Write-Back Address Low', { HEAD_WB_EN: 0 }, queue(0x38, 0xffff_fffd)),
  TDWBAH:   register(QUEUE_BASE + 0x3c, 'rw', 0x0000_0000, 'Transmit Descriptor Write-Back Address High', {}, queue(0x3c)),
};
