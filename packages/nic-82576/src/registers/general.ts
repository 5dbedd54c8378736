/*
 * General control: device, EEPROM, PHY access, semaphores, flow control, packet buffers, wake-up
 * (nic-82576 reference §2). One row a register: offset, access, value after reset, long name, fields.
 */

import { register } from '@netcx/layout';

/** Rows of the general registers. */
// prettier-ignore
export const GENERAL = {
  CTRL:       register(0x00000, 'rw', 0x0010_0209, 'Device Control', {
    FD: 0, GIO_MASTER_DISABLE: 2, LRST: 3, SLU: 6, SPEED: [9, 8], FRCSPD: 11, FRCDPX: 12, ADVD3WUC: 20, RST: [26, 26, 'sc'],
    RFCE: 27, TFCE: 28, VME: 30, PHY_RST: 31,
  }, { aliases: [{ offset: 0x00004, stride: 4, count: 1 }] }),
  STATUS:     register(0x00008, 'ro', 0x8008_0481, 'Device Status', { // PHYRA is cleared by writing 0
    FD: 0, LU: 1, LAN_ID: [3, 2], TXOFF: 4, SPEED: [7, 6], PHYRA: 10, NUM_VFS: [17, 14], IOV_MODE: 18, GIO_MASTER_ENABLE: 19,
  }),
  EECD:       register(0x00010, 'rw', 0x0000_1310, 'EEPROM/Flash Control', {
    SK: 0, CS: 1, DI: 2, DO: [3, 3, 'ro'], FWE: [5, 4], REQ: 6, GNT: [7, 7, 'ro'], PRES: [8, 8, 'ro'], AUTO_RD: [9, 9, 'ro'],
    SIZE: [14, 11, 'ro'],
  }),
  EERD:       register(0x00014, 'rw', 0x0000_0000, 'EEPROM Read', { START: [0, 0, 'sc'], DONE: [1, 1, 'ro'], ADDR: [15, 2], DATA: [31, 16, 'ro'] }),
  CTRL_EXT:   register(0x00018, 'rw', 0x0000_0000, 'Extended Device Control', {
    PFRSTD: 14, SPD_BYPS: 15, LINK_MODE: [23, 22], EXTENDED_VLAN: 26, DRV_LOAD: 28,
  }),
  MDIC:       register(0x00020, 'rw', 0x0000_0000, 'MDI Control', {
    DATA: [15, 0], REGADD: [20, 16], PHYADD: [25, 21], OP: [27, 26], READY: [28, 28, 'ro'], INT_EN: 29, ERROR: [30, 30, 'ro'],
  }),
  FCAL:       register(0x00028, 'rw', 0x0000_0000, 'Flow Control Address Low'),
  FCAH:       register(0x0002c, 'rw', 0x0000_0000, 'Flow Control Address High', {}, { writable: 0xffff }),
  FCT:        register(0x00030, 'rw', 0x0000_0000, 'Flow Control Type', {}, { writable: 0xffff }),
  VET:        register(0x00038, 'rw', 0x8100_8100, 'VLAN Ether Type', { VET: [15, 0], VET_EXT: [31, 16] }),
  FCTTV:      register(0x00170, 'rw', 0x0000_0000, 'Flow Control Transmit Timer Value', { TTV: [15, 0] }, { writable: 0xffff }),
  LEDCTL:     register(0x00e00, 'rw', 0x0706_8302, 'LED Control'),
  PBS:        register(0x01008, 'rw', 0x0000_0000, 'Packet Buffer Size'),
  EEMNGCTL:   register(0x01010, 'ro', 0x8004_0000, 'Management EEPROM Control', { CFG_DONE_0: 18, CFG_DONE_1: 19 }),
  FCRTL:      register(0x02160, 'rw', 0x0000_0000, 'Flow Control Receive Threshold Low', { RTL: [15, 3], XONE: 31 }, { writable: 0x8000_fff8 }),
  FCRTH:      register(0x02168, 'rw', 0x0000_0000, 'Flow Control Receive Threshold High', { RTH: [15, 3] }, { writable: 0xfff8 }),
  FCRTV:      register(0x02460, 'rw', 0x0000_0000, 'Flow Control Refresh Timer Value', { RTV: [15, 0] }, { writable: 0xffff }),
  RXPBS:      register(0x02404, 'rw', 0x0000_0040, 'Receive Packet Buffer Size'),
  TXPBS:      register(0x03404, 'rw', 0x0000_0028, 'Transmit Packet Buffer Size'),
  WUC:        register(0x05800, 'rw', 0x0000_0000, 'Wake Up Control', { APME: 0, PME_EN: 1, PME_STATUS: [2, 2, 'w1c'] }),
  WUFC:       register(0x05808, 'rw', 0x0000_0000, 'Wake Up Filter Control', { LNKC: 0, MAG: 1, EX: 2, MC: 3, BC: 4, ARP: 5, IPV4: 6, IPV6: 7 }),
  WUS:        register(0x05810, 'w1c', 0x0000_0000, 'Wake Up Status', { LNKC: 0, MAG: 1, EX: 2, MC: 3, BC: 4, ARP: 5, IPV4: 6, IPV6: 7 }),
  IPAV:       register(0x05838, 'rw', 0x0000_0000, 'IP Address Valid', { V40: 0, V41: 1, V42: 2, V43: 3, V60: 16 }),
  IP4AT:      register(0x05840, 'rw', 0x0000_0000, 'IPv4 Address Table', {}, { count: 4, stride: 8 }),
  IP6AT:      register(0x05880, 'rw', 0x0000_0000, 'IPv6 Address Table', {}, { count: 4 }),
  WUPL:       register(0x05900, 'ro', 0x0000_0000, 'Wake Up Packet Length'),
  WUPM:       register(0x05a00, 'ro', 0x0000_0000, 'Wake Up Packet Memory', {}, { count: 32 }),
  MANC:       register(0x05820, 'rw', 0x0000_0000, 'Management Control'),
  GCR:        register(0x05b00, 'rw', 0x0004_0000, 'PCIe Control', { CAP_VER2: 18 }),
  FACTPS:     register(0x05b30, 'ro', 0x0000_0000, 'Function Active and Power State'),
  SWSM:       register(0x05b50, 'rw', 0x0000_0000, 'Software Semaphore', { SMBI: 0, SWESMBI: 1 }), // reading sets SMBI
  FWSM:       register(0x05b54, 'ro', 0x0000_0000, 'Firmware Semaphore'),
  SW_FW_SYNC: register(0x05b5c, 'rw', 0x0000_0000, 'Software-Firmware Synchronization', { SW: [15, 0], FW: [31, 16] }),
};
