/*
 * Registers that software reads or writes and that do nothing here: they keep what is written, or read 0. Offsets and names
 * are those of Linux's igb driver, whose register dump reads most of them. What comes to be modelled moves to its own table.
 */

import { register } from '@netcx/layout';

/** Rows of the registers without effect. */
// prettier-ignore
export const INERT = {
  SCTL:       register(0x00024, 'rw', 0, 'SerDes Control'),
  CONNSW:     register(0x00034, 'rw', 0, 'Copper/Fiber Switch Control'),
  AIT:        register(0x00458, 'rw', 0, 'Adaptive Interframe Spacing Throttle'),
  P2VMAILBOX: register(0x00c00, 'rw', 0, 'PF to VF Mailbox', {}, { count: 8 }),
  MBVFICR:    register(0x00c80, 'w1c', 0, 'Mailbox VF Interrupt Causes'),
  MBVFIMR:    register(0x00c84, 'rw', 0, 'Mailbox VF Interrupt Mask'),
  VFLRE:      register(0x00c88, 'w1c', 0, 'VF Function Level Reset Events'),
  PBA:        register(0x01000, 'rw', 0, 'Packet Buffer Allocation'),
  QDE:        register(0x02408, 'rw', 0, 'Queue Drop Enable'),
  TDFH:       register(0x03410, 'rw', 0, 'Transmit Data FIFO Head'),
  TDFT:       register(0x03418, 'rw', 0, 'Transmit Data FIFO Tail'),
  TDFHS:      register(0x03420, 'rw', 0, 'Transmit Data FIFO Head Saved'),
  TDFPC:      register(0x03430, 'rw', 0, 'Transmit Data FIFO Packet Count'),
  DTXSWC:     register(0x03500, 'rw', 0, 'DMA Transmit Switch Control'),
  WVBR:       register(0x03554, 'rc', 0, 'Wrong VM Behavior'),
  VMVIR:      register(0x03700, 'rw', 0, 'VM VLAN Insert', {}, { count: 8 }),
  PCS_CFG0:   register(0x04200, 'rw', 0, 'PCS Configuration 0'),
  PCS_LCTL:   register(0x04208, 'rw', 0, 'PCS Link Control'),
  PCS_LSTAT:  register(0x0420c, 'ro', 0, 'PCS Link Status'),
  PCS_ANADV:  register(0x04218, 'rw', 0, 'PCS Autonegotiation Advertisement'),
  PCS_LPAB:   register(0x0421c, 'ro', 0, 'PCS Link Partner Ability'),
  PCS_NPTX:   register(0x04220, 'rw', 0, 'PCS Next Page Transmit'),
  PCS_LPABNP: register(0x04224, 'ro', 0, 'PCS Link Partner Next Page'),
  SCVPC:      register(0x04228, 'rc', 0, 'SerDes/SGMII Code Violation Packet Count'),
  SYNQF:      register(0x055fc, 'rw', 0, 'SYN Packet Queue Filter'),
  SAQF:       register(0x05980, 'rw', 0, 'Source Address Queue Filter', {}, { count: 8 }),
  DAQF:       register(0x059a0, 'rw', 0, 'Destination Address Queue Filter', {}, { count: 8 }),
  SPQF:       register(0x059c0, 'rw', 0, 'Source Port Queue Filter', {}, { count: 8 }),
  IMIR:       register(0x05a80, 'rw', 0, 'Immediate Interrupt', {}, { count: 8 }),
  IMIREXT:    register(0x05aa0, 'rw', 0, 'Immediate Interrupt Extended', {}, { count: 8 }),
  IMIRVP:     register(0x05ac0, 'rw', 0, 'Immediate Interrupt VLAN Priority'),
  TXSWC:      register(0x05acc, 'rw', 0, 'Transmit Switch Control'),
  DCA_CTRL:   register(0x05b74, 'rw', 0, 'DCA Control'),
  IOVCTL:     register(0x05bbc, 'rw', 0, 'IOV Control'),
  VLVF:       register(0x05d00, 'rw', 0, 'VLAN VM Filter', {}, { count: 32 }),
  FFLT:       register(0x05f00, 'rw', 0, 'Flexible Filter Length Table', {}, { count: 4, stride: 8 }),
  FFMT:       register(0x09000, 'rw', 0, 'Flexible Filter Mask Table', {}, { count: 128, stride: 8 }),
  FFVT:       register(0x09800, 'rw', 0, 'Flexible Filter Value Table', {}, { count: 128, stride: 8 }),
};
