/*
 * The PCI bus: a function as its host sees it, what a host gives to the driver of a function, and what a device model
 * sees above it. The only thing through which the driver side and the device side of a machine meet, besides memory.
 * Reading order: pci-function.ts, host.ts, upstream.ts (the interfaces), configuration.ts, enumeration.ts,
 * msix-table.ts (for drivers), host-bridge.ts (the in-process bridge).
 */

export type { AccessSize, FunctionName, PciFunction, RegisterPort } from './pci-function.ts';
export type { InterruptMessage, PciSlot } from './host.ts';
export type { PciEndpoint, Upstream } from './upstream.ts';
export { BusError, type BusErrorCode } from './bus-error.ts';
export {
  CapabilityId,
  Configuration,
  Msi,
  Msix,
  MSIX_ENTRY_BYTES,
  MsixEntry,
  PciExpress,
  PowerManagement,
} from './configuration.ts';
export { AddressWindows, type AddressAllocator, type BarKind } from './bus-addresses.ts';
export { assignBars, disableDevice, enableDevice, findCapability, sizeBars, type BarInfo } from './enumeration.ts';
export { HostBridge, type AttachOptions } from './host-bridge.ts';
export type { AttachedSlot, SlotCounters } from './bridge-slot.ts';
export { MsixTable } from './msix-table.ts';
