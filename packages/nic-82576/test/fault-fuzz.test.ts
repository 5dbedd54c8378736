/*
 * Faults at random under traffic and resets, from a seed: nothing throws, nothing hangs, and once all are lifted and the
 * driver has reset the chip, it works as on its first day. And the device pulled out at any register access of a bring-up.
 */

import { expect, it } from 'vitest';
import { MILLISECOND, Random, SECOND } from '@netcx/clock';
import { u8 as host } from '@netcx/dma/memory';
import type { Fault, InjectedFault } from '../src/index.ts';
import { REGISTERS } from '../src/registers/index.ts';
import { LinuxAccesses } from './linux-accesses.ts';
import { Machine } from './machine.ts';
import { seed, testSize } from './test-size.ts';
import { descriptor, frame, hex, little, poke, Traffic } from './traffic.ts';

const R = REGISTERS;
const RUNS = testSize('random faults, runs', { quick: 20, ci: 200, long: 5000 });
const POINTS = testSize('removal, points of a bring-up', { quick: 40, ci: 400, long: 4000 });
const RCTL = R.RCTL.EN.mask | R.RCTL.BAM.mask | R.RCTL.SECRC.mask;
const DESCRIPTORS = 16;

function randomFault(random: Random): Fault {
  const direction = random.pick(['rx', 'tx'] as const);
  const queue = random.below(3) === 0 ? random.below(16) : 0;
  const faults: readonly Fault[] = [
    { kind: 'hungQueue', direction, queue },
    { kind: 'stuckDma' },
    { kind: 'lostInterrupt', times: random.between(1, 5) },
    { kind: 'spuriousInterrupt', vector: random.below(25) },
    {
      kind: 'corruptWriteBack',
      direction,
      queue,
      word: random.below(4),
      flip: random.between(1, 0xffff_ffff),
      after: random.below(3),
    },
    {
      kind: 'linkFlap',
      down: random.below(50 * MILLISECOND),
      up: random.below(50 * MILLISECOND),
      times: random.between(1, 4),
    },
    { kind: 'eepromWord', address: random.below(256), flip: random.between(1, 0xffff) },
    { kind: 'eepromTimeout' },
  ];
  return random.pick(faults);
}

/** A driver that only knows how to begin: reset, rings, link. */
class Beginner {
  readonly side: Traffic;
  readonly #tx;
  readonly #rx;
  readonly #data;
  readonly #buffers;

  constructor(side: Traffic) {
    this.side = side;
    this.#tx = side.memory(DESCRIPTORS * 16);
    this.#rx = side.memory(DESCRIPTORS * 16);
    this.#data = side.memory(frame(64, 9));
    this.#buffers = Array.from({ length: DESCRIPTORS }, () => side.memory(2048));
  }

  begin(): void {
    const { machine } = this.side;
    machine.write(R.CTRL, R.CTRL.RST.mask);
    for (let index = 0; index < DESCRIPTORS; index++) {
      const rest = little(0x2b30_0000 | 64) + little(64 << 14);
      poke(this.#tx.offset + index * 16, descriptor(this.#data.address, rest));
      poke(this.#rx.offset + index * 16, descriptor(this.#buffers[index]!.address));
    }
    for (const [low, length, ring] of [
      [R.TDBAL, R.TDLEN, this.#tx],
      [R.RDBAL, R.RDLEN, this.#rx],
    ] as const) {
      machine.write(low, ring.address);
      machine.write(length, DESCRIPTORS * 16);
    }
    machine.write(R.SRRCTL, R.SRRCTL.DESCTYPE.set(2, 1));
    machine.write(R.RXDCTL, R.RXDCTL.ENABLE.mask);
    machine.write(R.TXDCTL, R.TXDCTL.ENABLE.mask);
    machine.write(R.TCTL, R.TCTL.EN.mask | R.TCTL.PSP.mask);
    machine.write(R.RCTL, RCTL);
    machine.write(R.RDT, DESCRIPTORS - 1);
    machine.write(R.IMS, 0xffff_ffff);
    machine.write(R.CTRL, R.CTRL.SLU.mask | R.CTRL.FD.mask);
  }

  /** What lies in a receive buffer. */
  received(index: number, bytes: number): string {
    const { offset } = this.#buffers[index]!;
    return hex(host.slice(offset, offset + bytes));
  }
}

it('the chip recovers from any faults', () => {
  for (let run = 0; run < RUNS; run++) {
    const random = new Random(seed, `faults ${String(run)}`);
    const note = `seed ${String(seed)}, run ${String(run)}`;
    const side = new Traffic();
    const { machine } = side;
    const { nic, clock } = machine;
    const driver = new Beginner(side);
    driver.begin();
    const injected: InjectedFault[] = [];
    for (let step = 0; step < 200; step++) {
      const what = random.below(10);
      if (what < 2) injected.push(nic.faults.inject(randomFault(random)));
      else if (what < 3 && injected.length > 0) random.pick(injected).lift();
      else if (what < 5) machine.write(R.TDT, random.below(DESCRIPTORS));
      else if (what < 7 && machine.link.up) side.partner.send([frame(random.between(60, 1500), step)]);
      else if (what < 8) machine.read(random.pick([R.ICR, R.STATUS, R.TDH, R.RDH, R.EICR]));
      else clock.advance(random.below(20 * MILLISECOND));
      if (random.below(40) === 0) driver.begin();
    }
    nic.faults.clear();
    clock.advance(SECOND);
    driver.begin();
    clock.advance(SECOND);
    expect([nic.faults.active, nic.linkUp], note).toEqual([[], true]);
    side.partner.frames.length = 0;
    machine.read(R.GPRC);
    side.ring(R.TDT, 3);
    side.arrive([frame(100, 1), frame(200, 2)]);
    expect(side.partner.frames, note).toEqual([1, 2, 3].map(() => hex(frame(64, 9))));
    expect([driver.received(0, 100), driver.received(1, 200)], note).toEqual([hex(frame(100, 1)), hex(frame(200, 2))]);
    expect([machine.read(R.GPRC), machine.read(R.RDH), machine.read(R.TDH)], note).toEqual([2, 2, 3]);
    machine.write(R.EERD, 1);
    expect(machine.read(R.EERD), note).toBe(0x0002_0002);
    side.close();
  }
});

it('the device can go at any register access of a bring-up', () => {
  const bringUp = (machine: Machine): void => {
    const linux = new LinuxAccesses(machine);
    linux.reset();
    linux.eepromSum();
    linux.setUpLink();
    linux.sleep(100);
    linux.hasLink();
  };
  const whole = new Machine();
  const count = whole.nic.faults.inject({ kind: 'removal', of: 'registerAccess', after: 1_000_000 });
  bringUp(whole);
  const accesses = count.hits;
  expect(accesses).toBeGreaterThan(400);
  for (let point = 0; point < POINTS; point++) {
    const after = 1 + Math.floor((point * accesses) / POINTS);
    const machine = new Machine();
    machine.nic.faults.inject({ kind: 'removal', of: 'registerAccess', after, pull: () => machine.slot.remove() });
    // The driver finds out, or does not: that is its affair.
    try {
      bringUp(machine);
    } catch (error) {
      expect(String(error), `after ${String(after)}`).toMatch(/never had|taken|firmware|error/);
    }
    machine.clock.run();
    expect([machine.read(R.STATUS), machine.link.up, machine.clock.pending], `after ${String(after)}`).toEqual([
      0xffff_ffff,
      false,
      0,
    ]);
    machine.nic.close();
    machine.link.close();
  }
});
