/*
 * The numbers of the vfio-user protocol, version 0.1, as QEMU's documentation of it and Linux's vfio interface give them.
 * Everything is little-endian, as on every host that QEMU and Node both run on.
 */

/** What is asked. */
export const Command = {
  VERSION: 1,
  DMA_MAP: 2,
  DMA_UNMAP: 3,
  DEVICE_GET_INFO: 4,
  DEVICE_GET_REGION_INFO: 5,
  DEVICE_GET_REGION_IO_FDS: 6,
  DEVICE_GET_IRQ_INFO: 7,
  DEVICE_SET_IRQS: 8,
  REGION_READ: 9,
  REGION_WRITE: 10,
  DMA_READ: 11,
  DMA_WRITE: 12,
  DEVICE_RESET: 13,
  REGION_WRITE_MULTI: 15,
} as const;

/** Bytes of a message's header: id, command (16 bits each), size with header, flags, error (32 bits each). */
export const HEADER_BYTES = 16;
/** `flags` of a header. */
export const MessageFlag = { TYPE: 0xf, COMMAND: 0, REPLY: 1, NO_REPLY: 0x10, ERROR: 0x20 } as const;

/** The version that is spoken. */
export const VERSION = { MAJOR: 0, MINOR: 1 } as const;

/** What a peer that does not say otherwise takes. */
export const DEFAULT_TRANSFER_BYTES = 1024 * 1024;
/** Descriptors in one message, when a peer does not say otherwise. */
export const DEFAULT_MESSAGE_FDS = 1;

/** `flags` of DMA_MAP. */
export const MapFlag = { READ: 1, WRITE: 2 } as const;
/** `flags` of DMA_UNMAP. */
export const UnmapFlag = { ALL: 2 } as const;
/** `flags` of DEVICE_GET_INFO. */
export const DeviceFlag = { RESET: 1, PCI: 2 } as const;
/** `flags` of DEVICE_GET_REGION_INFO. */
export const RegionFlag = { READ: 1, WRITE: 2 } as const;
/** `flags` of DEVICE_GET_IRQ_INFO. */
export const IrqFlag = { EVENTFD: 1, MASKABLE: 2, AUTOMASKED: 4, NORESIZE: 8 } as const;
/** `flags` of DEVICE_SET_IRQS: what the data is, and what is done. */
export const SetIrqs = {
  DATA: 0x7,
  DATA_NONE: 0x1,
  DATA_BOOL: 0x2,
  DATA_EVENTFD: 0x4,
  ACTION: 0x38,
  MASK: 0x8,
  UNMASK: 0x10,
  TRIGGER: 0x20,
} as const;

/** The regions of a PCI function. */
export const Region = { BAR0: 0, BAR5: 5, ROM: 6, CONFIG: 7, VGA: 8, COUNT: 9 } as const;
/** The kinds of interrupts of a PCI function. */
export const IrqIndex = { INTX: 0, MSI: 1, MSIX: 2, ERROR: 3, REQUEST: 4, COUNT: 5 } as const;

/**
 * @param command - a command's number
 * @returns its name; the number in words where it has none
 */
export function commandName(command: number): string {
  return Object.entries(Command).find(([, value]) => value === command)?.[0] ?? `command ${String(command)}`;
}
