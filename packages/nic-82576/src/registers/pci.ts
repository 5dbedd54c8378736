/*
 * What identifies the 82576 on the bus and which BAR is what (nic-82576 reference §1). A driver matches on the ids; the
 * model's configuration space is made from the same numbers.
 */

/** Vendor id: Intel. */
export const VENDOR_ID = 0x8086;
/** Device id: 82576 Gigabit, dual port copper. */
export const DEVICE_ID = 0x10c9;
/** Device id of a virtual function of the same chip. */
export const VIRTUAL_FUNCTION_DEVICE_ID = 0x10ca;
/** Class code: network controller, Ethernet. */
export const CLASS_CODE = 0x02_0000;
/** Revision id. */
export const REVISION_ID = 1;
/** Subsystem vendor id. */
export const SUBSYSTEM_VENDOR_ID = 0x8086;
/** Subsystem id: a dual port server adapter. */
export const SUBSYSTEM_ID = 0xa03c;

/** Which base address register leads where, and how large each window is. */
// prettier-ignore
export const BAR = {
  REGISTERS: { index: 0, bytes: 0x2_0000 }, // control and status registers, memory
  FLASH:     { index: 1, bytes: 0x2_0000 }, // flash, memory; optional
  IO:        { index: 2, bytes: 0x20 },     // IOADDR and IODATA, an indirect way to BAR 0; optional
  MSIX:      { index: 3, bytes: 0x4000 },   // MSI-X table and pending bits
} as const;

/** Where the capabilities stand in configuration space. */
export const CAPABILITY = { POWER_MANAGEMENT: 0x40, MSI: 0x50, MSIX: 0x70, PCI_EXPRESS: 0xa0 } as const;

/** Offset of the MSI-X table in its BAR. */
export const MSIX_TABLE_OFFSET = 0x0000;
/** Offset of the MSI-X pending bits in the same BAR. */
export const MSIX_PBA_OFFSET = 0x2000;
/** MSI-X vectors on silicon; QEMU's igb has 10. */
export const MSIX_VECTORS = 25;

/** Transmit queues. */
export const TX_QUEUES = 16;
/** Receive queues. */
export const RX_QUEUES = 16;
