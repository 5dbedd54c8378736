/*
 * What every NIC model needs: the device end of the bus, registers, interrupts, DMA, and the link. Device memory and its
 * views are at `@netcx/hardware/wire`. Reading order: pci-device.ts, config-space.ts, register-file.ts,
 * interrupt-port.ts, dma-port.ts, link-end.ts (the interface), link.ts, lane.ts.
 */

export { HardwareError, type HardwareErrorCode } from './hardware-error.ts';
export { PciDevice, type PciDeviceOptions, type ResetKind } from './pci-device.ts';
export { ConfigSpace, type BarDescription, type ConfigDescription, type ConfigListener } from './config-space.ts';
export type {
  BarPlace,
  CapabilityDescription,
  MsiDescription,
  MsixDescription,
  PciExpressDescription,
  PowerManagementDescription,
} from './capabilities.ts';
export { accessMasks, type AccessMasks } from './access-masks.ts';
export { RegisterFile, type BarHandler, type ReadHook, type WriteHook } from './register-file.ts';
export { InterruptPort, type InterruptMode } from './interrupt-port.ts';
export { MsixCapability, type BarRegion } from './msix-capability.ts';
export { MsiCapability } from './msi-capability.ts';
export type { MessagePort } from './message-port.ts';
export { DmaPort, type BusMaster } from './dma-port.ts';
export type { LinkEnd, LinkPartner, LinkSpeed } from './link-end.ts';
export { Link, LoopbackLink, type Direction, type LinkOptions, type LinkTap } from './link.ts';
export type { LaneCounters } from './lane.ts';
export type { LinkState } from './link-port.ts';
