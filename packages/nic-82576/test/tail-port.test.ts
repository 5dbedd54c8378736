/* The short way to the tail registers does what the long one does, whatever the function's state is meanwhile. */

import { afterEach, expect, it } from 'vitest';
import { CapabilityId, Configuration, findCapability, PowerManagement } from '@netcx/bus';
import type { Register } from '@netcx/layout';
import * as fc from 'fast-check';
import { BAR, REGISTERS } from '../src/registers/index.ts';
import { Machine } from './machine.ts';
import { receiving, sending, traffic } from './queue-traffic.ts';
import { seed, testSize } from './test-size.ts';
import { frame } from './traffic.ts';

const R = REGISTERS;
const REGISTER_BAR = BAR.REGISTERS.index;
const RUNS = testSize('tail port runs', { quick: 40, ci: 400, long: 4000 });

const machines: Machine[] = [];
afterEach(closeAll);

/** Devices' memory is the process's: what a machine has of it goes back. */
function closeAll(): void {
  for (const { nic, link } of machines.splice(0)) {
    nic.close();
    link.close();
  }
}

function made(): Machine {
  const machine = new Machine();
  machines.push(machine);
  return machine;
}

const portOf = (machine: Machine, register: Register, index = 0) =>
  machine.slot.function.port?.(REGISTER_BAR, register.at(index));

it('sends what was posted, and shows what was written', () => {
  const side = traffic();
  sending(side, 1);
  portOf(side.machine, R.TDT, 1)?.write(3);
  side.machine.clock.run();
  expect([side.partner.frames.length, side.machine.read(R.TDT, 1), side.machine.read(R.TDH, 1)]).toEqual([3, 3, 3]);
});

it('hands buffers to the receive queue that frames wait for', () => {
  const side = traffic();
  receiving(side);
  for (let burst = 0; burst < 2; burst++) side.arrive(Array.from({ length: 5 }, (_, index) => frame(64, index)));
  expect(side.machine.read(R.RDH)).toBe(7);
  portOf(side.machine, R.RDT)?.write(1);
  side.machine.clock.run();
  expect([side.machine.read(R.RDH), side.machine.read(R.RDT)]).toEqual([1, 1]);
});

it('is there for the tails alone', () => {
  const { function: fn } = made().slot;
  const found = [R.TDT.at(15), R.RDT.at(0), R.TDH.at(0), R.CTRL.at(0)].map((at) => fn.port?.(REGISTER_BAR, at));
  expect(found.map((port) => port !== undefined)).toEqual([true, true, false, false]);
  expect(fn.port?.(BAR.IO.index, 0)).toBeUndefined();
  expect(() => fn.port?.(6, 0)).toThrow(expect.objectContaining({ code: 'BAD_BAR' }));
  expect(() => fn.port?.(0, 2)).toThrow(expect.objectContaining({ code: 'BAD_OFFSET' }));
});

it('counts as an access where a fault counts them, and leads nowhere once the device is gone', () => {
  const machine = made();
  const port = portOf(machine, R.RDT, 2);
  machine.nic.faults.inject({ kind: 'removal', of: 'registerAccess', after: 2, pull: () => machine.slot.remove() });
  port?.write(1);
  expect(machine.nic.device.removedFromBus).toBe(false);
  port?.write(2);
  port?.write(3);
  expect([machine.nic.device.removedFromBus, machine.nic.registers.get(R.RDT, 2)]).toEqual([true, 2]);
  expect(machine.slot.function.port?.(REGISTER_BAR, R.RDT.at(2))).toBeUndefined();
});

it('does what the long way does, in any order of writes and of changes of the function', () => {
  const { COMMAND_STATUS } = Configuration;
  const write = fc.record({ tail: fc.constantFrom(R.TDT, R.RDT), queue: fc.nat(15), value: fc.integer() });
  const change = fc.constantFrom('decode', 'ignore', 'sleep', 'wake', 'reset', 'count', 'lift', 'remove');
  const steps = fc.array(fc.oneof({ weight: 3, arbitrary: write }, { weight: 1, arbitrary: change }), {
    maxLength: 40,
  });
  fc.assert(
    fc.property(steps, (taken) => {
      const [short, long] = [made(), made()];
      const ports = [R.TDT, R.RDT].map((tail) => Array.from({ length: 16 }, (_, queue) => portOf(short, tail, queue)));
      for (const step of taken) {
        if (typeof step === 'object') {
          ports[step.tail === R.TDT ? 0 : 1]?.[step.queue]?.write(step.value);
          long.write(step.tail, step.value, step.queue);
        } else {
          for (const machine of [short, long]) apply(machine, step);
        }
        const held = (machine: Machine) =>
          [R.TDT, R.RDT].map((tail) =>
            Array.from({ length: 16 }, (_, queue) => machine.nic.registers.get(tail, queue)),
          );
        expect(held(short)).toEqual(held(long));
        expect(short.nic.device.removedFromBus).toBe(long.nic.device.removedFromBus);
      }
      closeAll();
    }),
    { seed, numRuns: RUNS },
  );

  function apply({ nic, slot }: Machine, step: string): void {
    const { function: fn } = slot;
    const power = (findCapability(fn, CapabilityId.powerManagement) ?? 0) + PowerManagement.PM_CTRL.offset;
    if (step === 'decode') fn.writeConfig(COMMAND_STATUS.offset, 2, 6);
    else if (step === 'ignore') fn.writeConfig(COMMAND_STATUS.offset, 2, 4);
    else if (step === 'sleep') fn.writeConfig(power, 2, 3);
    else if (step === 'wake') fn.writeConfig(power, 2, 0);
    else if (step === 'reset') nic.reset();
    else if (step === 'count') nic.faults.inject({ kind: 'removal', of: 'registerAccess', after: 3 });
    else if (step === 'lift') nic.faults.clear();
    else slot.remove();
  }
});
