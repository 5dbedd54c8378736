/* Faults on demand, each seen from where a driver sees it: registers, memory, interrupts. */

import { describe, expect, it } from 'vitest';
import { MILLISECOND, SECOND } from '@netcx/clock';
import { REGISTERS } from '../src/registers/index.ts';
import { Machine } from './machine.ts';
import { receiving, sending, traffic } from './queue-traffic.ts';
import { frame, hex, little, peek } from './traffic.ts';

const R = REGISTERS;

describe('a hung queue', () => {
  it('sends nothing until the fault is lifted, and the others do not mind', () => {
    const side = traffic();
    const [first, second] = [sending(side, 0), sending(side, 1)];
    const fault = side.machine.nic.faults.inject({ kind: 'hungQueue', direction: 'tx', queue: 0 });
    first.post(3);
    second.post(2);
    expect(side.partner.frames).toEqual([hex(frame(64, 1)), hex(frame(64, 1))]);
    expect([side.machine.read(R.TDH, 0), side.machine.read(R.TDT, 0), side.machine.read(R.TDH, 1)]).toEqual([0, 3, 2]);
    // No reset of the chip gets it going.
    side.machine.clock.advance(SECOND);
    expect(side.partner.frames).toHaveLength(2);
    fault.lift();
    side.machine.clock.run();
    expect(side.partner.frames).toHaveLength(5);
    expect([side.machine.read(R.TDH, 0), fault.active, side.machine.nic.faults.active]).toEqual([3, false, []]);
  });

  it('stands still as long as one of two faults holds it', () => {
    const side = traffic();
    const ring = sending(side);
    const faults = [1, 2].map(() => side.machine.nic.faults.inject({ kind: 'hungQueue', direction: 'tx', queue: 0 }));
    ring.post(1);
    faults[0]!.lift();
    faults[0]!.lift();
    side.machine.clock.run();
    expect(side.partner.frames).toHaveLength(0);
    faults[1]!.lift();
    side.machine.clock.run();
    expect(side.partner.frames).toHaveLength(1);
  });

  it('lets what comes in wait in the packet buffer, and hands it on afterwards', () => {
    const side = traffic();
    const ring = receiving(side);
    const fault = side.machine.nic.faults.inject({ kind: 'hungQueue', direction: 'rx', queue: 0 });
    side.arrive([frame(64, 1), frame(64, 2)]);
    expect([side.machine.read(R.RDH), peek(ring.offset, 4)]).toEqual([0, peek(ring.offset, 4)]);
    expect(side.machine.read(R.GPRC)).toBe(0);
    fault.lift();
    side.machine.clock.run();
    expect([side.machine.read(R.RDH), side.machine.read(R.GPRC)]).toEqual([2, 2]);
  });
});

it('stuck DMA stops both directions', () => {
  const side = traffic();
  const tx = sending(side);
  receiving(side);
  const fault = side.machine.nic.faults.inject({ kind: 'stuckDma' });
  tx.post(2);
  side.arrive([frame(64)]);
  expect([side.machine.read(R.TDH), side.machine.read(R.RDH), side.partner.frames]).toEqual([0, 0, []]);
  fault.lift();
  side.machine.clock.run();
  expect([side.machine.read(R.TDH), side.machine.read(R.RDH), side.partner.frames.length]).toEqual([2, 1, 2]);
});

it('CTRL.GIO_MASTER_DISABLE stops both directions too, and STATUS tells', () => {
  const side = traffic();
  const tx = sending(side);
  receiving(side);
  const control = side.machine.read(R.CTRL);
  side.machine.write(R.CTRL, control | R.CTRL.GIO_MASTER_DISABLE.mask);
  expect(side.machine.read(R.STATUS) & R.STATUS.GIO_MASTER_ENABLE.mask).toBe(0);
  tx.post(2);
  side.arrive([frame(64)]);
  expect([side.machine.read(R.TDH), side.machine.read(R.RDH)]).toEqual([0, 0]);
  side.machine.write(R.CTRL, control);
  side.machine.clock.run();
  expect([side.machine.read(R.TDH), side.machine.read(R.RDH)]).toEqual([2, 1]);
  side.machine.write(R.CTRL, control | R.CTRL.GIO_MASTER_DISABLE.mask);
  side.machine.write(R.CTRL, R.CTRL.RST.mask);
  expect(side.machine.read(R.STATUS) & R.STATUS.GIO_MASTER_ENABLE.mask).not.toBe(0);
});

describe('interrupts', () => {
  it('get lost: messages, as many as asked for', () => {
    const machine = new Machine();
    const counts = machine.countMessages();
    machine.write(R.IMS, 0x4);
    const fault = machine.nic.faults.inject({ kind: 'lostInterrupt', times: 2 });
    for (let round = 1; round <= 3; round++) {
      machine.write(R.ICS, 0x4);
      machine.clock.run();
      expect([counts[0], fault.hits, fault.active]).toEqual([round === 3 ? 1 : 0, Math.min(round, 2), round < 2]);
      expect(machine.read(R.ICR)).toBe(0x8000_0004); // the cause is there all the same
    }
  });

  it('get lost one fault after the other', () => {
    const machine = new Machine();
    const counts = machine.countMessages();
    machine.write(R.IMS, 0x4);
    const faults = [1, 2].map(() => machine.nic.faults.inject({ kind: 'lostInterrupt' }));
    for (let round = 0; round < 3; round++) {
      machine.write(R.ICS, 0x4);
      machine.clock.run();
      machine.read(R.ICR);
    }
    expect([counts[0], faults.map((fault) => fault.hits)]).toEqual([1, [1, 1]]);
  });

  it('get lost: a pin that does not rise until the cause is cleared and comes again', () => {
    const machine = new Machine();
    let calls = 0;
    machine.slot.connectIntx(() => {
      calls++;
      machine.read(R.ICR);
    });
    machine.write(R.IMS, 0x4);
    machine.nic.faults.inject({ kind: 'lostInterrupt' });
    machine.write(R.ICS, 0x4);
    machine.clock.run();
    machine.write(R.ICS, 0x4);
    machine.clock.run();
    expect(calls).toBe(0);
    expect(machine.read(R.ICR)).toBe(0x8000_0004);
    machine.write(R.ICS, 0x4);
    machine.clock.run();
    expect(calls).toBe(1);
  });

  it('come from nowhere: a message, or the pin for a microsecond', () => {
    const machine = new Machine();
    const seen: number[] = [];
    machine.slot.connectIntx(() => seen.push(machine.read(R.ICR)));
    machine.nic.faults.inject({ kind: 'spuriousInterrupt' });
    machine.clock.run();
    expect(seen).toEqual([0]);
    const counts = machine.countMessages();
    const fault = machine.nic.faults.inject({ kind: 'spuriousInterrupt', vector: 7 });
    machine.clock.run();
    expect([counts.findIndex((count) => count > 0), counts[7], fault.active, fault.hits]).toEqual([7, 1, false, 1]);
    expect(seen).toEqual([0]);
  });
});

describe('a corrupted write-back', () => {
  it('of the transmit side: bits of the descriptors that are due, and no others', () => {
    const side = traffic();
    const ring = sending(side);
    const fault = side.machine.nic.faults.inject({
      kind: 'corruptWriteBack',
      direction: 'tx',
      queue: 0,
      word: 3,
      flip: 0x8000_0001,
      after: 1,
      times: 2,
    });
    ring.post(4);
    const status = (index: number): string => peek(ring.offset + index * 16 + 12, 4);
    const done = little((64 << 14) | 1);
    expect([0, 1, 2, 3].map(status)).toEqual([
      done,
      little((64 << 14) ^ 0x8000_0000),
      little((64 << 14) ^ 0x8000_0000),
      done,
    ]);
    expect([fault.hits, fault.active]).toEqual([2, false]);
    expect(side.partner.frames).toHaveLength(4);
  });

  it('of the receive side: a length that no frame has', () => {
    const side = traffic();
    const ring = receiving(side);
    side.machine.nic.faults.inject({ kind: 'corruptWriteBack', direction: 'rx', queue: 0, word: 3, flip: 0xff00 });
    side.arrive([frame(64, 1), frame(64, 2)]);
    expect([peek(ring.offset + 12, 4), peek(ring.offset + 28, 4)]).toEqual([little(0xff40), little(64)]);
  });
});

it('a link flaps as often and as long as asked for', () => {
  const machine = new Machine();
  machine.linkUp();
  machine.read(R.ICR);
  const events: [time: number, up: boolean][] = [];
  machine.slot.connectIntx(() => {
    machine.read(R.ICR);
    events.push([machine.clock.now() / MILLISECOND, (machine.read(R.STATUS) & 2) !== 0]);
  });
  machine.write(R.IMS, 0x4);
  const start = machine.clock.now() / MILLISECOND;
  const fault = machine.nic.faults.inject({
    kind: 'linkFlap',
    down: 50 * MILLISECOND,
    up: 100 * MILLISECOND,
    times: 2,
  });
  expect(machine.link.up).toBe(false);
  machine.clock.advance(SECOND);
  // Down at once, up after 50 ms and 20 ms of autonegotiation; again 100 ms after it was plugged in.
  expect(events.map(([time, up]) => [time - start, up])).toEqual([
    [0, false],
    [70, true],
    [150, false],
    [220, true],
  ]);
  expect([fault.hits, fault.active]).toEqual([2, false]);
});

it('a flap that is lifted in the middle ends there', () => {
  const machine = new Machine();
  machine.linkUp();
  const fault = machine.nic.faults.inject({ kind: 'linkFlap', down: SECOND, times: 100 });
  machine.clock.advance(MILLISECOND);
  fault.lift();
  machine.clock.run();
  expect([machine.link.up, fault.hits]).toEqual([true, 0]);
});

describe('the EEPROM', () => {
  const read = (machine: Machine, address: number): number => {
    machine.write(R.EERD, (address << 2) | 1);
    return machine.read(R.EERD);
  };
  const sum = (machine: Machine): number => {
    let total = 0;
    for (let address = 0; address < 64; address++) total += read(machine, address) >>> 16;
    return total & 0xffff;
  };

  it('reads a word wrong, which breaks the sum, and the address that the chip loads', () => {
    const machine = new Machine();
    expect(sum(machine)).toBe(0xbaba);
    const fault = machine.nic.faults.inject({ kind: 'eepromWord', address: 2, flip: 0x0200 });
    expect([read(machine, 2) >>> 16, sum(machine)]).toEqual([0x0300, 0xbcba]);
    machine.write(R.CTRL, R.CTRL.RST.mask);
    expect(machine.read(R.RAH)).toBe(0x8000_0300);
    fault.lift();
    machine.write(R.CTRL, R.CTRL.RST.mask);
    expect([sum(machine), machine.read(R.RAH)]).toEqual([0xbaba, 0x8000_0100]);
  });

  it('never answers', () => {
    const machine = new Machine();
    const fault = machine.nic.faults.inject({ kind: 'eepromTimeout' });
    expect(read(machine, 0)).toBe(0);
    fault.lift();
    expect(read(machine, 0)).toBe(0x0002_0002);
  });
});

it('the same faults in the same run do the same', () => {
  const run = (): string => {
    const side = traffic();
    const tx = sending(side);
    const rx = receiving(side);
    const { faults } = side.machine.nic;
    faults.inject({ kind: 'corruptWriteBack', direction: 'rx', queue: 0, word: 2, flip: 0x40, after: 1 });
    faults.inject({ kind: 'lostInterrupt' });
    faults.inject({ kind: 'linkFlap', down: 3 * MILLISECOND, times: 2 });
    faults.inject({ kind: 'removal', of: 'registerAccess', after: 20 });
    const log: number[] = [];
    for (let step = 0; step < 10; step++) {
      tx.post((step % 7) + 1);
      side.partner.send([frame(100, step)]);
      side.machine.clock.advance(10 * MILLISECOND);
      log.push(side.machine.clock.now(), side.machine.read(R.ICR), side.machine.read(R.GPTC));
    }
    return `${log.join(' ')} ${peek(rx.offset, 128)}`;
  };
  const first = run();
  expect(first).toContain('4294967295');
  expect(run().replace(/ [0-9a-f]{256}$/, '')).toBe(first.replace(/ [0-9a-f]{256}$/, ''));
});
