/* Pulling the device out at any point, and descriptions of faults that are none. */

import { describe, expect, it } from 'vitest';
import { MILLISECOND } from '@netcx/clock';
import { Iommu } from '@netcx/dma';
import { NicError, type Fault } from '../src/index.ts';
import { REGISTERS } from '../src/registers/index.ts';
import { Machine } from './machine.ts';
import { receiving, sending, traffic } from './queue-traffic.ts';
import { frame, peek } from './traffic.ts';

const R = REGISTERS;

describe('removal', () => {
  it('comes after so many register accesses', () => {
    const machine = new Machine();
    machine.linkUp();
    const fault = machine.nic.faults.inject({ kind: 'removal', of: 'registerAccess', after: 3 });
    machine.write(R.FCAL, 0x1234);
    expect([machine.read(R.FCAL), machine.read(R.FCAH), machine.read(R.FCAL)]).toEqual([0x1234, 0, 0xffff_ffff]);
    const fn = machine.slot.function;
    expect([fn.readConfig(0, 4), fn.readConfig(2, 2), fn.readConfig(0x3d, 1)]).toEqual([0xffff_ffff, 0xffff, 0xff]);
    fn.writeConfig(4, 2, 0);
    machine.clock.run();
    expect([machine.link.up, fault.active, machine.nic.device.removedFromBus]).toEqual([false, false, true]);
  });

  it('lets go of the pin, and nothing brings the device back', () => {
    const machine = new Machine();
    let calls = 0;
    machine.slot.connectIntx(() => calls++);
    machine.write(R.IMS, 0x4);
    machine.nic.faults.inject({ kind: 'linkFlap', down: MILLISECOND });
    machine.nic.faults.inject({ kind: 'removal', of: 'registerAccess', after: 1 });
    machine.write(R.ICS, 0x4);
    machine.clock.run();
    machine.nic.reset();
    expect([calls, machine.link.up, machine.read(R.STATUS)]).toEqual([0, false, 0xffff_ffff]);
  });

  it('can be the slot’s own, whose listeners hear of it', () => {
    const machine = new Machine();
    let heard = 0;
    machine.slot.onRemoval(() => heard++);
    machine.nic.faults.inject({
      kind: 'removal',
      of: 'registerAccess',
      after: 1,
      pull: () => machine.slot.remove(),
    });
    machine.read(R.STATUS);
    machine.clock.run();
    expect(heard).toBe(1);
  });

  it.each([1, 2, 3, 4, 5, 6, 1000])('comes after %i accesses to memory, in the middle of a burst', (after) => {
    const side = traffic();
    const tx = sending(side);
    receiving(side);
    const untouched = peek(tx.offset + 48);
    const fault = side.machine.nic.faults.inject({ kind: 'removal', of: 'dma', after });
    side.partner.send([frame(64, 1), frame(64, 2)]);
    tx.post(3);
    side.machine.clock.run();
    const gone = after < 1000;
    expect([side.machine.nic.device.removedFromBus, fault.hits, fault.active]).toEqual([gone, gone ? after : 0, !gone]);
    expect(side.partner.frames.length).toBe(gone ? Math.min(side.partner.frames.length, 2) : 3);
    expect(peek(tx.offset + 48)).toBe(untouched);
  });

  it('by closing the model ends all that was still to go wrong', () => {
    const machine = new Machine();
    machine.nic.faults.inject({ kind: 'linkFlap', down: MILLISECOND, times: 1000 });
    machine.nic.close();
    machine.clock.run();
    expect([machine.nic.faults.active, machine.clock.pending, machine.link.up]).toEqual([[], 0, false]);
  });

  it('can be called off', () => {
    const side = traffic(new Iommu());
    const tx = sending(side);
    const faults = (['registerAccess', 'dma'] as const).map((of) =>
      side.machine.nic.faults.inject({ kind: 'removal', of, after: 2 }),
    );
    side.machine.nic.faults.clear();
    tx.post(3);
    expect([side.partner.frames.length, faults.map((fault) => fault.active)]).toEqual([3, [false, false]]);
  });
});

describe('what is no fault', () => {
  it.each([
    [{ kind: 'fire' }, 'fire: no such kind of fault'],
    [
      { kind: 'hungQueue', direction: 'tx', queue: 16 },
      'hungQueue: queue: expected a whole number from 0 to 15, got 16',
    ],
    [{ kind: 'hungQueue', direction: 'up', queue: 0 }, 'hungQueue: direction: expected rx or tx, got up'],
    [{ kind: 'hungQueue', direction: 'rx' }, 'hungQueue: queue: expected a whole number from 0 to 15, got undefined'],
    [{ kind: 'lostInterrupt', times: 0 }, 'lostInterrupt: times: expected a whole number from 1'],
    [
      { kind: 'spuriousInterrupt', vector: 25 },
      'spuriousInterrupt: vector: expected a whole number from 0 to 24, got 25',
    ],
    [
      { kind: 'corruptWriteBack', direction: 'rx', queue: 0, word: 4, flip: 1 },
      'word: expected a whole number from 0 to 3',
    ],
    [{ kind: 'corruptWriteBack', direction: 'rx', queue: 0, word: 0, flip: 0 }, 'flip: expected a whole number from 1'],
    [{ kind: 'linkFlap', down: -1 }, 'linkFlap: down: expected a whole number from 0'],
    [{ kind: 'linkFlap', down: 1, up: 0.5 }, 'linkFlap: up: expected a whole number from 0'],
    [
      { kind: 'eepromWord', address: 256, flip: 1 },
      'eepromWord: address: expected a whole number from 0 to 255, got 256',
    ],
    [{ kind: 'removal', of: 'time', after: 1 }, 'removal: of: expected registerAccess or dma, got time'],
    [{ kind: 'removal', of: 'dma' }, 'removal: after: expected a whole number from 1'],
  ])('%j', (fault, message) => {
    const { faults } = new Machine().nic;
    expect(() => faults.inject(fault as Fault)).toThrow(
      expect.objectContaining({ code: 'FAULT', message: expect.stringContaining(message) as string }) as NicError,
    );
    expect(faults.active).toEqual([]);
  });
});
