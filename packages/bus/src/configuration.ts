/*
 * The configuration space of a type 0 function as register tables: the header, and the capabilities that a driver deals
 * with, each relative to where it starts. Both sides read these: a driver takes offsets and masks, a device model
 * enforces the access modes. Names are those of the Linux header `pci_regs.h` without its prefix.
 */

import { defineRegisters, register } from '@netcx/layout';

/** The header, in dwords. Two 16-bit registers that share a dword are its fields. */
// prettier-ignore
export const Configuration = defineRegisters({
  ID:              register(0x00, 'ro',  0, 'Vendor and device',          { VENDOR: [15, 0], DEVICE: [31, 16] }),
  COMMAND_STATUS:  register(0x04, 'ro',  0, 'Command and status',         { IO: [0, 0, 'rw'], MEMORY: [1, 1, 'rw'], MASTER: [2, 2, 'rw'], PARITY: [6, 6, 'rw'], SERR: [8, 8, 'rw'], INTX_DISABLE: [10, 10, 'rw'],
                                                                            INTERRUPT: 19, CAP_LIST: 20, MASTER_PARITY: [24, 24, 'w1c'], SIG_TARGET_ABORT: [27, 27, 'w1c'], REC_TARGET_ABORT: [28, 28, 'w1c'],
                                                                            REC_MASTER_ABORT: [29, 29, 'w1c'], SIG_SYSTEM_ERROR: [30, 30, 'w1c'], DETECTED_PARITY: [31, 31, 'w1c'] }),
  CLASS_REVISION:  register(0x08, 'ro',  0, 'Class and revision',         { REVISION: [7, 0], CLASS: [31, 8] }),
  CACHE_HEADER:    register(0x0c, 'ro',  0, 'Cache line, latency, type',  { CACHE_LINE: [7, 0, 'rw'], LATENCY: [15, 8], HEADER_TYPE: [22, 16], MULTI_FUNCTION: 23, BIST: [31, 24] }),
  BAR:             register(0x10, 'rw',  0, 'Base address',               { IO: 0, TYPE: [2, 1], PREFETCHABLE: 3 }, { count: 6 }),
  CARDBUS_CIS:     register(0x28, 'ro',  0, 'CardBus CIS pointer'),
  SUBSYSTEM:       register(0x2c, 'ro',  0, 'Subsystem',                  { VENDOR: [15, 0], DEVICE: [31, 16] }),
  ROM:             register(0x30, 'ro',  0, 'Expansion ROM base address'),
  CAPABILITIES:    register(0x34, 'ro',  0, 'Capabilities pointer',       { FIRST: [7, 0] }),
  INTERRUPT:       register(0x3c, 'ro',  0, 'Interrupt line and pin',     { LINE: [7, 0, 'rw'], PIN: [15, 8], MIN_GNT: [23, 16], MAX_LAT: [31, 24] }),
});

/** Capability ids. */
export const CapabilityId = { powerManagement: 0x01, msi: 0x05, pciExpress: 0x10, msix: 0x11 } as const;

/** Power management, version 1.2. */
// prettier-ignore
export const PowerManagement = defineRegisters({
  PM_CAP:      register(0x0, 'ro', 0, 'Capabilities',   { ID: [7, 0], NEXT: [15, 8], VERSION: [18, 16], D1: 25, D2: 26, PME_SUPPORT: [31, 27] }),
  PM_CTRL:     register(0x4, 'ro', 0, 'Control',        { STATE: [1, 0, 'rw'], NO_SOFT_RESET: 3, PME_ENABLE: [8, 8, 'rw'], PME_STATUS: [15, 15, 'w1c'] }),
});

/** MSI in its 64-bit form with mask bits: the other forms leave registers out. */
// prettier-ignore
export const Msi = defineRegisters({
  MSI_CONTROL: register(0x00, 'ro', 0, 'Message control', { ID: [7, 0], NEXT: [15, 8], ENABLE: [16, 16, 'rw'], CAPABLE: [19, 17], ENABLED: [22, 20, 'rw'], WIDE: 23, MASKABLE: 24 }),
  MSI_LOW:     register(0x04, 'rw', 0, 'Message address', {}, { writable: 0xffff_fffc }),
  MSI_HIGH:    register(0x08, 'rw', 0, 'Message address, high'),
  MSI_DATA:    register(0x0c, 'rw', 0, 'Message data',    {}, { writable: 0xffff }),
  MSI_MASK:    register(0x10, 'rw', 0, 'Mask bits'),
  MSI_PENDING: register(0x14, 'ro', 0, 'Pending bits'),
});

/** MSI-X. */
// prettier-ignore
export const Msix = defineRegisters({
  MSIX_CONTROL: register(0x0, 'ro', 0, 'Message control', { ID: [7, 0], NEXT: [15, 8], LAST: [26, 16], FUNCTION_MASK: [30, 30, 'rw'], ENABLE: [31, 31, 'rw'] }),
  MSIX_TABLE:   register(0x4, 'ro', 0, 'Table',           { BAR: [2, 0], OFFSET: [31, 3] }),
  MSIX_PENDING: register(0x8, 'ro', 0, 'Pending bits',    { BAR: [2, 0], OFFSET: [31, 3] }),
});

/** One entry of an MSI-X table, 16 bytes in a BAR. */
// prettier-ignore
export const MsixEntry = defineRegisters({
  ADDRESS_LOW:  register(0x0, 'rw', 0, 'Message address',        {}, { writable: 0xffff_fffc }),
  ADDRESS_HIGH: register(0x4, 'rw', 0, 'Message address, high'),
  DATA:         register(0x8, 'rw', 0, 'Message data'),
  CONTROL:      register(0xc, 'rw', 1, 'Vector control',         { MASKED: 0 }, { writable: 1 }),
});

/** Bytes of one MSI-X table entry. */
export const MSIX_ENTRY_BYTES = 16;

/** PCI Express, endpoint, version 2: the registers up to the link's, and the device's second ones. */
// prettier-ignore
export const PciExpress = defineRegisters({
  EXP_FLAGS:    register(0x00, 'ro', 0, 'Capabilities',        { ID: [7, 0], NEXT: [15, 8], VERSION: [19, 16], TYPE: [23, 20] }),
  EXP_DEVCAP:   register(0x04, 'ro', 0, 'Device capabilities', { PAYLOAD: [2, 0], EXTENDED_TAG: 5, ROLE_BASED: 15, FLR: 28 }),
  EXP_DEVCTL:   register(0x08, 'ro', 0, 'Device control and status', { REPORT: [3, 0, 'rw'], RELAXED: [4, 4, 'rw'], PAYLOAD: [7, 5, 'rw'], NO_SNOOP: [11, 11, 'rw'], READ_REQUEST: [14, 12, 'rw'], FLR: [15, 15, 'sc'],
                                                                       CORRECTABLE: [16, 16, 'w1c'], NON_FATAL: [17, 17, 'w1c'], FATAL: [18, 18, 'w1c'], UNSUPPORTED: [19, 19, 'w1c'], PENDING: 21 }),
  EXP_LNKCAP:   register(0x0c, 'ro', 0, 'Link capabilities',   { SPEED: [3, 0], WIDTH: [9, 4] }),
  EXP_LNKCTL:   register(0x10, 'ro', 0, 'Link control and status', { ASPM: [1, 0, 'rw'], COMMON_CLOCK: [6, 6, 'rw'], SPEED: [19, 16], WIDTH: [25, 20] }),
  EXP_DEVCAP2:  register(0x24, 'ro', 0, 'Device capabilities 2', { TIMEOUT_RANGES: [3, 0], TIMEOUT_DISABLE: 4 }),
  EXP_DEVCTL2:  register(0x28, 'ro', 0, 'Device control 2', { TIMEOUT: [3, 0, 'rw'], TIMEOUT_DISABLE: [4, 4, 'rw'] }),
});
