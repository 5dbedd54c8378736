/*
 * Interrupt registers (nic-82576 reference §2, §6). ICR and its mask serve legacy and MSI mode and, with more than one
 * MSI-X vector, the "other" causes; EICR and its mask have one bit a vector. The SET and CLEAR registers are windows on a
 * mask; what writing and reading them does beyond the access mode is said in the row's comment.
 */

import { register } from '@netcx/layout';

/** The interrupt causes that software can set and enable: the writable bits of ICS and IMS. */
export const INTERRUPT_CAUSES = 0x77d4_fbfd;

/** Bits of EICR and its mask: 25 vectors, or in legacy mode 16 shared bits; and there the timer and the other causes. */
export const EXTENDED_CAUSES = 0xc1ff_ffff;

/** An entry of IVAR or IVAR_MISC: the vector in bits 4:0 counts only with this bit. */
export const IVAR_VALID = 0x80;

/** Length of one step of EITR.INTERVAL in nanoseconds. */
export const EITR_STEP = 1024;

// prettier-ignore
const CAUSES = {
  TXDW: 0, LSC: 2, RXSEQ: 3, RXDMT0: 4, RXO: 6, RXDW: 7, VMMB: 8, MDAC: 9, TS: 19, DOUTSYNC: 28, DRSTA: 30,
} as const;
// In legacy mode only.
const EXTENDED = { TCP_TIMER: 30, OTHER: 31 } as const;

/** Rows of the interrupt registers. */
// prettier-ignore
export const INTERRUPTS = {
  ICR:       register(0x000c0, 'rc', 0x0000_0000, 'Interrupt Cause Read', { ...CAUSES, INT_ASSERTED: 31 }), // writing ones clears them too
  ICS:       register(0x000c8, 'rw', 0x0000_0000, 'Interrupt Cause Set', CAUSES, { writable: INTERRUPT_CAUSES }), // reads as ICR does, and clears nothing
  IMS:       register(0x000d0, 'rw', 0x0000_0000, 'Interrupt Mask Set/Read', CAUSES, { writable: INTERRUPT_CAUSES }), // ones set, zeros do nothing
  IMC:       register(0x000d8, 'wo', 0x0000_0000, 'Interrupt Mask Clear', CAUSES),
  IAM:       register(0x000e0, 'rw', 0x0000_0000, 'Interrupt Acknowledge Auto Mask', CAUSES),
  FRTIMER:   register(0x01048, 'ro', 0x0000_0000, 'Free Running Timer', { MICROSECONDS: [9, 0], MILLISECONDS: [19, 10], SECONDS: [31, 20] }),
  TCPTIMER:  register(0x0104c, 'rw', 0x0000_0000, 'TCP Timer', { DURATION: [7, 0], KICK_START: [8, 8, 'sc'], COUNT_ENABLE: 9, COUNT_FINISH: [10, 10, 'sc'], LOOP: 11 }, { writable: 0xfff }),
  GPIE:      register(0x01514, 'rw', 0x0000_0000, 'General Purpose Interrupt Enable', { NSICR: 0, Multiple_MSIX: 4, EIAME: 30, PBA: 31 }),
  EICS:      register(0x01520, 'rw', 0x0000_0000, 'Extended Interrupt Cause Set', {}, { writable: EXTENDED_CAUSES }), // reads as EICR does, and clears nothing
  EIMS:      register(0x01524, 'rw', 0x0000_0000, 'Extended Interrupt Mask Set/Read', EXTENDED, { writable: EXTENDED_CAUSES }), // ones set, zeros do nothing
  EIMC:      register(0x01528, 'wo', 0x0000_0000, 'Extended Interrupt Mask Clear'),
  EIAC:      register(0x0152c, 'rw', 0x0000_0000, 'Extended Interrupt Auto Clear'),
  EIAM:      register(0x01530, 'rw', 0x0000_0000, 'Extended Interrupt Auto Mask'),
  EICR:      register(0x01580, 'rc', 0x0000_0000, 'Extended Interrupt Cause Read', EXTENDED), // writing ones clears them too
  EITR:      register(0x01680, 'rw', 0x0000_0000, 'Extended Interrupt Throttle', { INTERVAL: [14, 2], CNT_IGNR: [31, 31, 'wo'] }, { count: 25 }),
  IVAR:      register(0x01700, 'rw', 0x0000_0000, 'Interrupt Vector Allocation', { // row n serves queues n and n + 8
    RX: [4, 0], RX_VALID: 7, TX: [12, 8], TX_VALID: 15, RX_8: [20, 16], RX_8_VALID: 23, TX_8: [28, 24], TX_8_VALID: 31,
  }, { count: 8 }),
  IVAR_MISC: register(0x01740, 'rw', 0x0000_0000, 'Interrupt Vector Allocation, Other Causes', {
    TCP_TIMER: [4, 0], TCP_TIMER_VALID: 7, OTHER: [12, 8], OTHER_VALID: 15,
  }),
  PBACL:     register(0x05b68, 'rw', 0x0000_0000, 'MSI-X Pending Bit Array Clear', {}, { writable: 0x01ff_ffff }), // reads as the pending bits, ones clear them
};
