/* EICR in legacy mode, what else reads it, the pending bits of MSI-X, and moderation in real time. */

import { beforeEach, describe, expect, it } from 'vitest';
import { enableDevice, HostBridge } from '@netcx/bus';
import { RealClock } from '@netcx/clock';
import { IdentityMap } from '@netcx/dma';
import { PciDevice, RegisterFile } from '@netcx/hardware';
import type { Register } from '@netcx/layout';
import { configuration } from '../src/configuration.ts';
import { Interrupts } from '../src/interrupts.ts';
import { BAR, EITR_STEP, REGISTERS } from '../src/registers/index.ts';
import { InterruptMachine } from './interrupt-machine.ts';

const { EIAC, EIAM, EICR, EICS, EIMS, EITR, GPIE, ICR, ICS, IMS, IVAR, PBACL } = REGISTERS;
const TXDW = 0x1;
const LSC = 0x4;
const RXDW = 0x80;
const DRSTA = 0x4000_0000;
const INT_ASSERTED = 0x8000_0000;
const PER_VECTOR = 0x10;

let machine: InterruptMachine;
let interrupts: Interrupts;

beforeEach(() => {
  machine = new InterruptMachine();
  interrupts = machine.interrupts;
});

const read = (register: Register, index = 0): number => machine.read(register, index);
const write = (register: Register, value: number, index = 0): void => machine.write(register, value, index);

describe('EICR without Multiple_MSIX', () => {
  beforeEach(() => {
    write(IVAR, 0x8281, 0); // queue 0: Rx bit 1, Tx bit 2
  });

  it('shows the bits of queues that have an entry, the timer and the other causes', () => {
    interrupts.rxCause(0);
    interrupts.txCause(0);
    interrupts.rxCause(3);
    expect(read(EICR)).toBe(0x6);
    expect(read(ICR)).toBe(RXDW | TXDW);
    interrupts.otherCause(LSC);
    expect(read(EICS)).toBe(0x8000_0000);
    interrupts.otherCause(DRSTA);
    expect(read(EICR)).toBe(0xc000_0000);
    expect(read(EICR)).toBe(0);
  });

  it('asserts the one interrupt for what EIMS enables, until EICR is acknowledged', () => {
    const seen: number[] = [];
    machine.slot.connectIntx(() => seen.push(read(EICR)));
    interrupts.rxCause(0);
    machine.clock.run();
    expect(seen).toEqual([]);
    write(EIMS, 0x2);
    expect(read(ICR)).toBe(RXDW); // INT_ASSERTED is about ICR alone
    machine.clock.run();
    expect(seen).toEqual([2]);
    write(EICS, 0x2);
    machine.clock.run();
    expect(seen).toEqual([2, 2]);
  });

  it('masks by EIAM when it is read or written, as there is no message to do it', () => {
    write(EIAM, 0x6);
    write(EIMS, 0xf);
    write(EICR, 0x2);
    expect(read(EIMS)).toBe(0xd);
    read(EICR);
    expect(read(EIMS)).toBe(0x9);
  });
});

describe('reading ICS and EICS', () => {
  it('shows ICR and EICR and clears nothing', () => {
    write(IMS, LSC);
    interrupts.otherCause(LSC);
    const causes = (INT_ASSERTED | LSC) >>> 0;
    expect([read(ICS), read(ICS), read(ICR), read(ICS)]).toEqual([causes, causes, causes, 0]);
    expect(read(EICR)).toBe(0x8000_0000);
    write(GPIE, PER_VECTOR);
    write(EICS, 0x12);
    expect([read(EICS), read(EICS), read(EICR), read(EICS)]).toEqual([0x12, 0x12, 0x12, 0]);
  });
});

describe('the pending bits of MSI-X', () => {
  const masked = (vector: number, on: boolean): void =>
    machine.slot.function.write32(BAR.MSIX.index, vector * 16 + 12, on ? 1 : 0);

  it('are shown and cleared by PBACL', () => {
    const counts = machine.messages();
    write(GPIE, PER_VECTOR);
    write(EIMS, 0x1ff_ffff);
    write(EIAC, 0x1ff_ffff);
    masked(3, true);
    masked(24, true);
    write(EICS, 0x100_0008);
    expect(read(PBACL)).toBe(0x100_0008);
    expect(machine.slot.function.read32(BAR.MSIX.index, 0x2000)).toBe(0x100_0008);
    write(PBACL, 0x8);
    expect(read(PBACL)).toBe(0x100_0000);
    masked(3, false);
    masked(24, false);
    expect(machine.taken(counts)).toEqual({ 24: 1 });
  });

  it('are cleared with GPIE.PBA when the vector is enabled, which then sends by its cause', () => {
    const counts = machine.messages();
    write(GPIE, (PER_VECTOR | 0x8000_0000) >>> 0);
    write(EIAM, 0x8);
    write(EIMS, 0x8);
    masked(3, true);
    write(EICS, 0x8);
    read(EICR); // acknowledged by polling, and masked by EIAM
    expect([read(PBACL), read(EIMS)]).toEqual([0x8, 0]);
    write(EIMS, 0x8);
    masked(3, false);
    expect(machine.taken(counts)).toEqual({}); // no late message for what was handled already
    masked(3, true);
    write(EICS, 0x8);
    write(EIMS, 0x8);
    masked(3, false);
    expect(machine.taken(counts)).toEqual({ 3: 1 });
  });
});

it('moderates in real time too', async () => {
  const real = new RealClock();
  const file = new RegisterFile('test', REGISTERS, BAR.REGISTERS.bytes);
  const device = new PciDevice(configuration(25), { bars: [file] });
  let sent = 0;
  const logic = new Interrupts(file, device.interrupts, real, () => sent++);
  const host = new HostBridge(real).attach(device, { dma: new IdentityMap() });
  enableDevice(host.function);
  const times: number[] = [];
  host.connectIntx(() => {
    times.push(real.now());
    host.function.read32(0, ICR.offset);
  });
  host.function.write32(0, EITR.at(0), 4000 << 2); // 4.096 ms
  host.function.write32(0, IMS.offset, RXDW);
  const started = real.now();
  while (times.length < 4) {
    logic.rxCause(0);
    await real.delay(200_000);
  }
  // Three whole intervals lie between four interrupts; the host may be late, never early.
  expect(real.now() - started).toBeGreaterThan(3 * 4000 * EITR_STEP);
  expect(sent).toBe(4);
});
