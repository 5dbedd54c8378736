/*
 * The function's configuration space: identity, BARs and capabilities at the offsets where silicon has them
 * (nic-82576 reference §1). The flash BAR and the extended capabilities are left out: no driver needs them.
 */

import type { BarDescription, ConfigDescription } from '@netcx/hardware';
import {
  BAR,
  CAPABILITY,
  CLASS_CODE,
  DEVICE_ID,
  MSIX_PBA_OFFSET,
  MSIX_TABLE_OFFSET,
  REVISION_ID,
  SUBSYSTEM_ID,
  SUBSYSTEM_VENDOR_ID,
  VENDOR_ID,
} from './registers/index.ts';

/** INTA. */
const INTERRUPT_PIN = 1;

/**
 * @param vectors - MSI-X vectors
 * @returns what the function says about itself
 */
export function configuration(vectors: number): ConfigDescription {
  const bars: (BarDescription | undefined)[] = [undefined, undefined, undefined, undefined];
  bars[BAR.REGISTERS.index] = { kind: 'memory32', size: BAR.REGISTERS.bytes };
  bars[BAR.IO.index] = { kind: 'io', size: BAR.IO.bytes };
  bars[BAR.MSIX.index] = { kind: 'memory32', size: BAR.MSIX.bytes };
  return {
    vendorId: VENDOR_ID,
    deviceId: DEVICE_ID,
    revision: REVISION_ID,
    classCode: CLASS_CODE,
    subsystemVendorId: SUBSYSTEM_VENDOR_ID,
    subsystemId: SUBSYSTEM_ID,
    interruptPin: INTERRUPT_PIN,
    bars,
    capabilities: [
      { kind: 'powerManagement', offset: CAPABILITY.POWER_MANAGEMENT, wakes: true },
      { kind: 'msi', offset: CAPABILITY.MSI, maskable: true },
      {
        kind: 'msix',
        offset: CAPABILITY.MSIX,
        vectors,
        table: { bar: BAR.MSIX.index, offset: MSIX_TABLE_OFFSET },
        pending: { bar: BAR.MSIX.index, offset: MSIX_PBA_OFFSET },
      },
      { kind: 'pciExpress', offset: CAPABILITY.PCI_EXPRESS },
    ],
  };
}
