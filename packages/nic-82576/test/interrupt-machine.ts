/* The interrupts of an 82576 alone behind a bus, with a host that counts what it is told. */

import { enableDevice, HostBridge, MsixTable, type AttachedSlot } from '@netcx/bus';
import { VirtualClock } from '@netcx/clock';
import { IdentityMap } from '@netcx/dma';
import { PciDevice, RegisterFile } from '@netcx/hardware';
import type { Register } from '@netcx/layout';
import { configuration } from '../src/configuration.ts';
import { Interrupts } from '../src/interrupts.ts';
import { BAR, REGISTERS } from '../src/registers/index.ts';

/** A device that has interrupts and nothing that causes them by itself. */
export class InterruptMachine {
  readonly clock = new VirtualClock();
  readonly slot: AttachedSlot;
  readonly interrupts: Interrupts;

  constructor() {
    const registers = new RegisterFile('test', REGISTERS, BAR.REGISTERS.bytes);
    const device = new PciDevice(configuration(25), { bars: [registers] });
    this.interrupts = new Interrupts(registers, device.interrupts, this.clock);
    this.slot = new HostBridge(this.clock).attach(device, { dma: new IdentityMap() });
    enableDevice(this.slot.function);
  }

  read(register: Register, index = 0): number {
    return this.slot.function.read32(0, register.at(index));
  }

  write(register: Register, value: number, index = 0): void {
    this.slot.function.write32(0, register.at(index), value);
  }

  /** Switches MSI-X on and counts the messages of each vector. */
  messages(): number[] {
    const table = new MsixTable(this.slot);
    const counts = new Array<number>(table.size).fill(0);
    for (const vector of counts.keys()) table.connect(vector, () => (counts[vector] = (counts[vector] ?? 0) + 1));
    table.enable();
    return counts;
  }

  /** The vectors that got a message since the last call, with how many. */
  taken(counts: number[]): Record<number, number> {
    this.clock.run();
    const result = Object.fromEntries([...counts.entries()].filter(([, count]) => count > 0));
    counts.fill(0);
    return result;
  }
}
