/* A slot whose function is seen through something else: for tests of a device or a bus that misbehaves. */

import type { AccessSize, AttachedSlot, PciFunction, PciSlot } from '@netcx/bus';

export function through(slot: AttachedSlot, change: (real: PciFunction) => Partial<PciFunction>): PciSlot {
  const real = slot.function;
  const seen: PciFunction = {
    name: real.name,
    readConfig: (offset: number, size: AccessSize) => real.readConfig(offset, size),
    writeConfig: (offset, size, value) => {
      real.writeConfig(offset, size, value);
    },
    read32: (bar, offset) => real.read32(bar, offset),
    write32: (bar, offset, value) => {
      real.write32(bar, offset, value);
    },
    ...change(real),
  };
  return {
    function: seen,
    dma: slot.dma,
    allocateMessage: (handler) => slot.allocateMessage(handler),
    connectIntx: (handler) => {
      slot.connectIntx(handler);
    },
    onRemoval: (listener) => {
      slot.onRemoval(listener);
    },
  };
}
