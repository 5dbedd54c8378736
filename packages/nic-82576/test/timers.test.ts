import { describe, expect, it } from 'vitest';
import { MILLISECOND, SECOND } from '@netcx/clock';
import { REGISTERS } from '../src/registers/index.ts';
import { Machine } from './machine.ts';

const { FRTIMER, ICR, TCPTIMER } = REGISTERS;
const KICK = 0x100;
const ENABLE = 0x200;
const FINISH = 0x400;
const LOOP = 0x800;
const TIMER = 0x4000_0000;

it('FRTIMER shows seconds, milliseconds and microseconds', () => {
  const machine = new Machine();
  machine.clock.advance(3 * SECOND + 42 * MILLISECOND + 999_999);
  expect(machine.read(FRTIMER)).toBe((3 << 20) | (42 << 10) | 999);
  machine.write(FRTIMER, 0);
  expect(machine.read(FRTIMER)).toBe((3 << 20) | (42 << 10) | 999);
  machine.write(REGISTERS.CTRL, REGISTERS.CTRL.RST.mask);
  expect(machine.read(FRTIMER)).toBe(0);
});

describe('TCPTIMER', () => {
  it('raises its cause once its milliseconds are over', () => {
    const machine = new Machine();
    machine.write(TCPTIMER, 5 | ENABLE | KICK);
    expect(machine.read(TCPTIMER)).toBe(5 | ENABLE);
    machine.clock.advance(5 * MILLISECOND - 1);
    expect(machine.read(ICR)).toBe(0);
    machine.clock.advance(1);
    expect(machine.read(ICR)).toBe(TIMER);
    machine.clock.advance(SECOND);
    expect(machine.read(ICR)).toBe(0);
  });

  it('starts over with LOOP, until it is switched off', () => {
    const machine = new Machine();
    machine.write(TCPTIMER, 2 | ENABLE | KICK | LOOP);
    for (let round = 0; round < 3; round++) {
      machine.clock.advance(2 * MILLISECOND);
      expect(machine.read(ICR)).toBe(TIMER);
    }
    machine.write(TCPTIMER, 2 | LOOP);
    machine.clock.advance(SECOND);
    expect(machine.read(ICR)).toBe(0);
  });

  it('can be finished by hand, counts only when enabled, and stops with a reset', () => {
    const machine = new Machine();
    machine.write(TCPTIMER, 200 | ENABLE | KICK);
    machine.write(TCPTIMER, 200 | ENABLE | FINISH);
    expect(machine.read(ICR)).toBe(TIMER);
    machine.write(TCPTIMER, 200 | ENABLE | FINISH); // nothing runs
    machine.write(TCPTIMER, 1 | KICK);
    machine.write(TCPTIMER, ENABLE | KICK); // no duration
    machine.clock.advance(SECOND);
    expect(machine.read(ICR)).toBe(0);
    machine.write(TCPTIMER, 1 | ENABLE | KICK);
    machine.write(REGISTERS.CTRL, REGISTERS.CTRL.RST.mask);
    machine.clock.advance(SECOND);
    expect(machine.read(ICR)).toBe(0);
  });

  it('does not outlive the device, however often it was to start over', () => {
    const machine = new Machine();
    machine.write(TCPTIMER, 1 | ENABLE | KICK | LOOP);
    machine.slot.remove();
    machine.clock.run();
    expect(machine.clock.pending).toBe(0);
  });
});
