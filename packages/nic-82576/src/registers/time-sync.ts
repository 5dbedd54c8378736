/*
 * Time stamps (nic-82576 reference §2): a clock that counts by itself, and one stamp for each direction, which stays until
 * its high half is read. The fields are the ones that Linux's driver uses.
 */

import { register } from '@netcx/layout';

/** Nanoseconds of one cycle of the clock that SYSTIM counts. */
export const TIME_SYNC_CYCLE = 16;

/** Values of TSYNCRXCTL.TYPE: which frames of the Precision Time Protocol are stamped. */
// prettier-ignore
export const RX_STAMP_TYPE = {
  L2_V2:    0, // version 2 in Ethernet frames, the message of TSYNCRXCFG.MSGT
  L4_V1:    1, // version 1 in UDP, the message of TSYNCRXCFG.CTRLT
  L2_L4_V2: 2, // version 2 in Ethernet frames or UDP, the message of TSYNCRXCFG.MSGT
  ALL:      4, // every frame
  EVENT_V2: 5, // version 2 in Ethernet frames or UDP, every event message
} as const;

/** Rows of the time stamp registers. */
// prettier-ignore
export const TIME_SYNC = {
  TSYNCRXCFG: register(0x05f50, 'rw', 0x0000_0000, 'Receive Time Sync Configuration', { CTRLT: [7, 0], MSGT: [15, 8] }),
  SYSTIML:    register(0x0b600, 'rw', 0x0000_0000, 'System Time Low'), // reading keeps the high half for SYSTIMH
  SYSTIMH:    register(0x0b604, 'rw', 0x0000_0000, 'System Time High'),
  TIMINCA:    register(0x0b608, 'rw', 0x0000_0000, 'Time Increment Attributes', { INCVALUE: [23, 0], INCPERIOD: [31, 24] }),
  TIMADJL:    register(0x0b60c, 'rw', 0x0000_0000, 'Time Adjustment Low'),
  TIMADJH:    register(0x0b610, 'rw', 0x0000_0000, 'Time Adjustment High'), // writing adds both halves to the time
  TSYNCTXCTL: register(0x0b614, 'rw', 0x0000_0000, 'Transmit Time Sync Control', { VALID: [0, 0, 'ro'], EN: 4 }),
  TXSTMPL:    register(0x0b618, 'ro', 0x0000_0000, 'Transmit Time Stamp Low'),
  TXSTMPH:    register(0x0b61c, 'ro', 0x0000_0000, 'Transmit Time Stamp High'), // reading makes room for the next stamp
  TSYNCRXCTL: register(0x0b620, 'rw', 0x0000_0000, 'Receive Time Sync Control', { VALID: [0, 0, 'ro'], TYPE: [3, 1], EN: 4 }),
  RXSTMPL:    register(0x0b624, 'ro', 0x0000_0000, 'Receive Time Stamp Low'),
  RXSTMPH:    register(0x0b628, 'ro', 0x0000_0000, 'Receive Time Stamp High'), // reading makes room for the next stamp
};
