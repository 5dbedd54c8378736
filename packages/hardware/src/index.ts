/*
 * What every NIC model needs: the device end of the bus, registers, interrupts, DMA, and the link. Device memory and its
 * views are at `@netcx/hardware/wire`. Reading order: pci-device.ts, config-space.ts, register-file.ts,
 * interrupt-port.ts, dma-port.ts, link-end.ts (the interface), link.ts, lane.ts.
 */

export { HardwareError, type HardwareErrorCode } from './hardware-error.ts';
export { PciDevice, type BarWindow, type PciDeviceOptions, type ResetKind } from './pci-device.ts';
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
export type { Duplex, LinkEnd, LinkPartner, LinkSpeed } from './link-end.ts';
export { Link, type Direction, type Impairments, type LinkOptions, type LinkTap } from './link.ts';
export { LoopbackLink, type LoopbackOptions } from './loopback-link.ts';
export { ALL_ABILITIES, ALL_MODES, LINK_ABILITY, type LinkMode } from './negotiation.ts';
export type { LaneCounters } from './lane.ts';
export type { LinkState } from './link-port.ts';
export { parseImpairments } from './impairments/parse-impairments.ts';
export type {
  Impairment,
  ImpairmentContext,
  ImpairmentCounters,
  ImpairmentStage,
  PassingFrame,
} from './impairments/impairment.ts';
export { corrupt, mangle } from './impairments/corruption.ts';
export { delay, type DelayOptions } from './impairments/delay.ts';
export { duplicate } from './impairments/duplication.ts';
export { gilbert, loss, type GilbertOptions } from './impairments/loss.ts';
export { rate, type RateOptions } from './impairments/rate.ts';
export { reorder, type ReorderOptions } from './impairments/reordering.ts';
export { tap } from './impairments/tap.ts';
