import { describe, expect, it } from 'vitest';
import { CapabilityId, enableDevice, findCapability, PciExpress, PowerManagement } from '@netcx/bus';
import { MILLISECOND } from '@netcx/clock';
import type { Register } from '@netcx/layout';
import { PHY, REGISTERS } from '../src/registers/index.ts';
import { Machine } from './machine.ts';

const { CTRL, EITR, ICR, PBS, RAH, RAL, RXDCTL, RXPBS, STATUS, TXDCTL, TXPBS } = REGISTERS;
const RST = 0x0400_0000;
const ENABLE = 0x0200_0000;
const PATTERN = 0x5a5a_5a5a;

/** Registers whose value is not what was written, so that a pattern says nothing about them. */
const COMPUTED = new Set([
  'CTRL',
  'STATUS',
  'EECD',
  'EERD',
  'MDIC',
  'SWSM',
  'ICR',
  'ICS',
  'IMS',
  'IMC',
  'EICS',
  'EIMS',
  'EIMC',
  'EICR',
  'PBACL',
  'SYSTIML',
  'SYSTIMH',
  'RDH',
  'TDH',
  'RDT',
  'TDT',
]);
const plain = (Object.values(REGISTERS) as readonly Register[]).filter(
  (register) => register.access === 'rw' && !COMPUTED.has(register.name),
);

function writePattern(machine: Machine): void {
  // Nothing but RXDCTL and TXDCTL could start anything, and no ring has a length then.
  for (const register of plain) {
    for (let index = 0; index < register.count; index++) machine.write(register, PATTERN, index);
  }
  machine.write(EITR, PATTERN, 7);
}

/** What a register reads as after it took the pattern. */
function patterned(register: Register): number {
  const selfClearing = Object.values(register.fields).filter((field) => field.access === 'sc' || field.access === 'wo');
  const hidden = selfClearing.reduce((mask, field) => mask | field.mask, 0);
  return ((register.reset & ~register.writable) | (PATTERN & register.writable & ~hidden)) >>> 0;
}

/** What a register reads as after a reset, the station address and the queues that come up enabled counted in. */
function afterReset(register: Register, index: number): number {
  if (register === RAL && index === 0) return 0x0000_0002;
  if (register === RAH && index === 0) return 0x8000_0100;
  if ((register === RXDCTL || register === TXDCTL) && index === 0) return register.reset + ENABLE;
  return register.reset;
}

/** What outlives a reset because it is about waking; WUS, WUPL and WUPM do too, but hold nothing here. */
const WAKE = [REGISTERS.WUC, REGISTERS.WUFC, REGISTERS.IPAV, REGISTERS.IP4AT, REGISTERS.IP6AT];

function expectReset(machine: Machine, kept: readonly Register[]): void {
  for (const register of plain) {
    for (let index = 0; index < register.count; index++) {
      const wanted = kept.includes(register) ? patterned(register) : afterReset(register, index);
      expect(machine.read(register, index), `${register.name}[${String(index)}]`).toBe(wanted);
    }
  }
}

it('the pattern is there before a reset', () => {
  const machine = new Machine();
  writePattern(machine);
  for (const register of plain)
    expect(machine.read(register, register.count - 1), register.name).toBe(patterned(register));
  expect(plain.length).toBeGreaterThan(90);
});

it('power-on leaves every register at its reset value', () => {
  expectReset(new Machine(), []);
});

describe('CTRL.RST', () => {
  it('keeps the packet buffer sizes, the intervals of EITR and what is set up for waking, and nothing else', () => {
    const machine = new Machine();
    writePattern(machine);
    machine.write(CTRL, RST);
    expectReset(machine, [PBS, RXPBS, TXPBS, EITR, ...WAKE]);
    expect(machine.read(CTRL)).toBe(0x0010_0209);
  });

  it('acts through the second address of CTRL too', () => {
    const machine = new Machine();
    machine.write(REGISTERS.FCAL, 1);
    machine.slot.function.write32(0, 4, RST);
    expect(machine.read(REGISTERS.FCAL)).toBe(0);
  });

  it('forgets causes and masks, and interrupts nobody', () => {
    const machine = new Machine();
    const counts = machine.countMessages();
    machine.write(REGISTERS.IMS, 4);
    machine.linkUp();
    machine.write(REGISTERS.ICS, 0x80);
    counts.fill(0);
    machine.write(CTRL, RST);
    expect([machine.read(ICR), machine.read(REGISTERS.IMS)]).toEqual([0, 0]);
    machine.clock.run();
    expect(counts.every((count) => count === 0)).toBe(true);
  });

  it('leaves the PHY and its link alone: the MAC sees it again once CTRL.SLU is set', () => {
    const machine = new Machine();
    machine.linkUp();
    machine.writePhy(PHY.ANAR, 0x0de5);
    machine.write(CTRL, RST);
    expect(machine.read(STATUS) & 2).toBe(0);
    expect([machine.readPhy(PHY.ANAR), machine.readPhy(PHY.BMSR)]).toEqual([0x0de5, 0x796d]);
    machine.write(CTRL, 0x40);
    expect(machine.read(STATUS) & 2).toBe(2);
    expect(machine.read(ICR)).toBe(4);
  });

  it('ends loopback', () => {
    const machine = new Machine();
    machine.write(REGISTERS.RCTL, 0x40);
    expect(machine.nic.describe()).toContain('looped back');
    machine.write(CTRL, RST);
    expect(machine.nic.describe()).not.toContain('looped back');
  });
});

describe('resets by the host', () => {
  it('a function-level reset puts every register back, and the link stays', () => {
    const machine = new Machine();
    machine.linkUp();
    writePattern(machine);
    const fn = machine.slot.function;
    const capability = findCapability(fn, CapabilityId.pciExpress) ?? 0;
    fn.writeConfig(capability + PciExpress.EXP_DEVCTL.offset, 4, PciExpress.EXP_DEVCTL.FLR.mask);
    expect(machine.read(STATUS)).toBe(0xffff_ffff); // memory space is off again
    enableDevice(fn);
    expectReset(machine, []);
    expect(machine.readPhy(PHY.BMSR)).toBe(0x796d);
  });

  it('a bus reset resets the PHY as well', () => {
    const machine = new Machine();
    machine.linkUp();
    writePattern(machine);
    machine.writePhy(PHY.ANAR, 1);
    machine.write(STATUS, 0);
    machine.nic.reset();
    enableDevice(machine.slot.function);
    expectReset(machine, []);
    expect([machine.readPhy(PHY.ANAR), machine.read(STATUS)]).toEqual([0x0de1, 0x8008_0481]);
    machine.write(CTRL, 0x40);
    machine.clock.advance(20 * MILLISECOND);
    expect(machine.read(STATUS)).toBe(0x8008_0483);
  });

  it('waking from D3 puts every register back but those that woke it; asleep, nothing answers', () => {
    const machine = new Machine();
    machine.linkUp();
    writePattern(machine);
    const fn = machine.slot.function;
    const power = (findCapability(fn, CapabilityId.powerManagement) ?? 0) + PowerManagement.PM_CTRL.offset;
    fn.writeConfig(power, 2, 3);
    expect(machine.read(CTRL)).toBe(0xffff_ffff);
    machine.write(REGISTERS.FCAL, 0);
    fn.writeConfig(power, 2, 0);
    enableDevice(fn);
    expectReset(machine, WAKE);
  });
});

it('removal takes the link down and touches the host no more', () => {
  const machine = new Machine();
  machine.write(REGISTERS.IMS, 4);
  machine.linkUp();
  let calls = 0;
  machine.slot.connectIntx(() => calls++);
  machine.read(ICR);
  machine.slot.remove();
  machine.clock.run();
  expect(machine.link.up).toBe(false);
  expect([machine.read(CTRL), calls]).toEqual([0xffff_ffff, 0]);
  expect(machine.clock.pending).toBe(0);
});
