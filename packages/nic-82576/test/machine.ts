/* A machine for tests: the model behind a bridge in virtual time, its cable leading to a partner that takes everything. */

import { enableDevice, HostBridge, MsixTable, type AttachedSlot } from '@netcx/bus';
import { VirtualClock } from '@netcx/clock';
import { IdentityMap, type DmaDomain } from '@netcx/dma';
import { Link, type LinkPartner } from '@netcx/hardware';
import type { Register } from '@netcx/layout';
import { Nic82576, type Nic82576Options } from '../src/index.ts';
import { BAR, MDI_OPERATION, PHY_ADDRESS, REGISTERS, phyNumber } from '../src/registers/index.ts';

export const MAC = '02:00:00:00:00:01';
const { MDIC } = REGISTERS;

/** A partner that counts what arrives. */
export class Sink implements LinkPartner {
  frames = 0;
  receive(_offset: number, frames: number): void {
    this.frames += frames;
  }
  room(): void {
    // Never sends.
  }
  changed(): void {
    // Does not care.
  }
}

/** A model, its bus, its cable and a driver's view of its registers. */
export class Machine {
  readonly clock = new VirtualClock();
  readonly link = new Link(this.clock, { capacity: 128 * 1024 });
  readonly sink = new Sink();
  readonly nic: Nic82576;
  readonly slot: AttachedSlot;

  constructor(options: Partial<Nic82576Options> = {}, dma: DmaDomain = new IdentityMap()) {
    this.link.b.attach(this.sink);
    this.link.b.enable(true);
    this.nic = new Nic82576({ clock: this.clock, link: this.link.a, macAddress: MAC, ...options });
    this.slot = new HostBridge(this.clock).attach(this.nic, { dma });
    enableDevice(this.slot.function);
  }

  read(register: Register, index = 0): number {
    return this.slot.function.read32(BAR.REGISTERS.index, register.at(index));
  }

  write(register: Register, value: number, index = 0): void {
    this.slot.function.write32(BAR.REGISTERS.index, register.at(index), value);
  }

  readPhy(register: Register): number {
    const request = MDIC.OP.set(
      MDIC.PHYADD.set(MDIC.REGADD.set(0, phyNumber(register)), PHY_ADDRESS),
      MDI_OPERATION.READ,
    );
    this.write(MDIC, request);
    return MDIC.DATA.get(this.read(MDIC));
  }

  writePhy(register: Register, value: number): void {
    const address = MDIC.PHYADD.set(MDIC.REGADD.set(value, phyNumber(register)), PHY_ADDRESS);
    this.write(MDIC, MDIC.OP.set(address, MDI_OPERATION.WRITE));
  }

  /** Brings the link up as a driver does: sets CTRL.SLU and waits. */
  linkUp(): void {
    this.write(REGISTERS.CTRL, this.read(REGISTERS.CTRL) | REGISTERS.CTRL.SLU.mask);
    this.clock.run();
  }

  /** Connects a counter to each MSI-X vector and switches MSI-X on. */
  countMessages(): number[] {
    const table = new MsixTable(this.slot);
    const counts = new Array<number>(table.size).fill(0);
    for (const vector of counts.keys()) table.connect(vector, () => (counts[vector] = (counts[vector] ?? 0) + 1));
    table.enable();
    return counts;
  }
}
