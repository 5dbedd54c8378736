/*
 * Receive filters, VLAN and receive-side scaling (nic-82576 reference §2, §5). Addresses are two words: RAL holds the
 * first four bytes as they come off the wire, byte 0 in the low byte, RAH the last two.
 */

import { register } from '@netcx/layout';

/** Rows of the filter registers. */
// prettier-ignore
export const FILTERS = {
  MTA:     register(0x05200, 'rw', 0x0000_0000, 'Multicast Table Array', {}, { count: 128 }),
  RAL:     register(0x05400, 'rw', 0x0000_0000, 'Receive Address Low', {}, { count: 16, stride: 8 }),
  RAH:     register(0x05404, 'rw', 0x0000_0000, 'Receive Address High', { RAH: [15, 0], POOL: [25, 18], AV: 31 }, { count: 16, stride: 8, writable: 0x83ff_ffff }),
  PSRTYPE: register(0x05480, 'rw', 0x0000_0000, 'Packet Split Receive Type', { // which packets have their headers split off, by their innermost header
    IPV4: 1, IPV4_TCP: 2, IPV4_UDP: 3, IPV6: 7, IPV6_TCP: 8, IPV6_UDP: 9,
  }, { count: 8 }),
  RAL2:    register(0x054e0, 'rw', 0x0000_0000, 'Receive Address Low, entries 16 to 23', {}, { count: 8, stride: 8 }),
  RAH2:    register(0x054e4, 'rw', 0x0000_0000, 'Receive Address High, entries 16 to 23', { RAH: [15, 0], POOL: [25, 18], AV: 31 }, { count: 8, stride: 8, writable: 0x83ff_ffff }),
  VFTA:    register(0x05600, 'rw', 0x0000_0000, 'VLAN Filter Table Array', {}, { count: 128 }),
  MRQC:    register(0x05818, 'rw', 0x0000_0000, 'Multiple Receive Queues Command', {
    MODE: [2, 0], TCP_IPV4: 16, IPV4: 17, TCP_IPV6_EX: 18, IPV6_EX: 19, IPV6: 20, TCP_IPV6: 21, UDP_IPV4: 22, UDP_IPV6: 23, UDP_IPV6_EX: 24,
  }),
  VT_CTL:  register(0x0581c, 'rw', 0x0000_0000, 'VMDq Control'),
  FTQF:    register(0x059e0, 'rw', 0x0000_0000, 'Five-Tuple Queue Filter', {}, { count: 8 }),
  VMOLR:   register(0x05ad0, 'rw', 0x8000_2600, 'VM Offload', { RLPML: [13, 0], LPE: 16, STRVLAN: 30, STRCRC: 31 }, { count: 8 }),
  RPLOLR:  register(0x05af0, 'rw', 0x8000_0000, 'Replication Offload', { STRVLAN: 30, STRCRC: 31 }),
  RETA:    register(0x05c00, 'rw', 0x0000_0000, 'Redirection Table', { ENTRY_0: [3, 0], ENTRY_1: [11, 8], ENTRY_2: [19, 16], ENTRY_3: [27, 24] }, { count: 32 }),
  RSSRK:   register(0x05c80, 'rw', 0x0000_0000, 'RSS Random Key', {}, { count: 10 }),
  ETQF:    register(0x05cb0, 'rw', 0x0000_0000, 'Ether Type Queue Filter', { ETYPE: [15, 0], QUEUE: [18, 16], FILTER_ENABLE: 26, QUEUE_ENABLE: 31 }, { count: 8 }),
  UTA:     register(0x0a000, 'rw', 0x0000_0000, 'Unicast Table Array', {}, { count: 128 }),
};
