/* When the transmit side tells what it has done: thresholds, flushes, head write-back, and silence that the link asks for. */

import { describe, expect, it } from 'vitest';
import { Iommu, type CommonBuffer, type DmaDomain } from '@netcx/dma';
import { REGISTERS } from '../src/registers/index.ts';
import { CopiedMemory } from './copied-memory.ts';
import { descriptor, frame, little, peek, poke, Traffic } from './traffic.ts';

const R = REGISTERS;
const { TDH, TDT, TXDCTL } = R;
const EOP = 0x2330_0000;
const LAST = 0x2b30_0000;
/** Longer than descriptors wait for others. */
const WHILE = 20_000;

/** A ring whose descriptors are written back so many at a time. */
class Rig {
  readonly t: Traffic;
  readonly ring: CommonBuffer;
  readonly #data: CommonBuffer;
  tail = 0;

  constructor(threshold: number, domain?: DmaDomain) {
    this.t = new Traffic(domain);
    this.ring = this.t.txRing(16);
    this.#data = this.t.memory(frame(60));
    this.t.machine.write(TXDCTL, TXDCTL.ENABLE.mask | TXDCTL.WTHRESH.set(0, threshold));
  }

  /** Posts frames and lets them leave, but no more time pass than that. */
  send(frames: number, command = LAST): void {
    const { machine } = this.t;
    for (let sent = 0; sent < frames; sent++) {
      poke(this.ring.offset + this.tail * 16, descriptor(this.#data.address, `${little(command | 60)} 00000000`));
      this.tail = (this.tail + 1) % 16;
    }
    machine.write(TDT, this.tail);
    machine.clock.run({ until: machine.clock.now() });
  }

  /** Which descriptors are marked as done, as digits. */
  get done(): string {
    return Array.from({ length: 16 }, (_, index) => peek(this.ring.offset + index * 16).slice(-7, -6)).join('');
  }

  /** Whether the cause is there; reading clears it. */
  get told(): boolean {
    return (this.t.machine.read(R.ICR) & R.ICR.TXDW.mask) !== 0;
  }
}

describe.each([
  ['in plain sight', undefined],
  ['in scattered pages', () => new Iommu()],
  ['in memory that can only be copied', () => new CopiedMemory()],
] as const)('a write-back threshold, with a ring %s', (_where, domain) => {
  it('keeps descriptors until there are enough', () => {
    const rig = new Rig(4, domain?.());
    rig.send(3);
    expect([rig.done, rig.told, rig.t.machine.read(TDH)]).toEqual(['0000000000000000', false, 3]);
    rig.send(1);
    expect([rig.done, rig.told]).toEqual(['1111000000000000', true]);
    rig.send(5);
    expect([rig.done, rig.told]).toEqual(['1111111110000000', true]);
    rig.send(1);
    expect([rig.done, rig.told]).toEqual(['1111111110000000', false]);
  });

  it('lets them go after a while', () => {
    const rig = new Rig(16, domain?.());
    rig.send(3);
    expect([rig.done, rig.told]).toEqual(['0000000000000000', false]);
    rig.t.machine.clock.advance(WHILE);
    expect([rig.done, rig.told]).toEqual(['1110000000000000', true]);
    rig.t.machine.clock.advance(WHILE);
    expect(rig.told).toBe(false);
  });

  it('wraps with the ring', () => {
    const rig = new Rig(8, domain?.());
    rig.send(14);
    expect(rig.done).toBe('1111111111111100');
    rig.send(7);
    expect(rig.done).toBe('0000011111111100'); // five posted anew
    rig.send(1);
    expect(rig.done).toBe('1111111111111111');
  });
});

describe('what waits for a threshold', () => {
  it.each([
    ['TXDCTL.SWFLUSH', TXDCTL.ENABLE.mask | TXDCTL.SWFLUSH.mask | TXDCTL.WTHRESH.set(0, 8)],
    ['a smaller threshold', TXDCTL.ENABLE.mask | TXDCTL.WTHRESH.set(0, 1)],
    ['switching the queue off', TXDCTL.WTHRESH.set(0, 8)],
  ])('is written back by %s', (_what, value) => {
    const rig = new Rig(8);
    rig.send(3);
    expect(rig.done).toBe('0000000000000000');
    rig.t.machine.write(TXDCTL, value);
    expect([rig.done, rig.told]).toEqual(['1110000000000000', true]);
    expect(rig.t.machine.read(TXDCTL) & TXDCTL.SWFLUSH.mask).toBe(0);
  });

  it('keeps waiting when TXDCTL is written and says the same', () => {
    const rig = new Rig(8);
    rig.send(3);
    rig.t.machine.write(TXDCTL, TXDCTL.ENABLE.mask | TXDCTL.WTHRESH.set(0, 8));
    expect([rig.done, rig.told]).toEqual(['0000000000000000', false]);
    rig.send(5);
    expect([rig.done, rig.told]).toEqual(['1111111100000000', true]);
  });

  it('is only told when a descriptor asked for it, and only that one is marked', () => {
    const rig = new Rig(4);
    rig.send(6, EOP);
    rig.t.machine.clock.advance(WHILE);
    expect([rig.done, rig.told]).toEqual(['0000000000000000', false]);
    rig.send(1);
    rig.send(1, EOP);
    rig.send(1);
    expect(rig.told).toBe(false); // three wait: those before nobody asked for
    rig.send(1, EOP);
    expect([rig.done, rig.told]).toEqual(['0000001010000000', true]);
  });

  it('is told once for the head, too', () => {
    const rig = new Rig(4);
    const words = rig.t.memory(64);
    rig.t.machine.write(R.TDWBAL, words.address | 1);
    rig.send(3);
    expect(peek(words.offset, 4)).toBe('00000000');
    rig.send(2);
    expect([peek(words.offset, 4), rig.told, rig.done]).toEqual(['05000000', true, '0000000000000000']);
    rig.send(1);
    rig.t.machine.clock.advance(WHILE);
    expect([peek(words.offset, 4), rig.told]).toEqual(['06000000', true]);
  });

  it('is forgotten by a reset and by a new head', () => {
    const rig = new Rig(4);
    rig.send(2);
    rig.t.machine.write(TDH, 2);
    rig.t.machine.clock.advance(WHILE);
    expect([rig.done, rig.told]).toEqual(['0000000000000000', false]);
    rig.send(2);
    rig.t.machine.write(R.CTRL, R.CTRL.RST.mask);
    rig.t.machine.clock.advance(WHILE);
    expect(rig.done).toBe('0000000000000000');
  });
});

/** The partner asks for silence of so many quanta of 512 bit times, which are 512 ns; a microsecond or two later it is heard. */
function pause(t: Traffic, quanta: number): void {
  const { machine, partner } = t;
  machine.write(R.FCAL, 0x00c2_8001);
  machine.write(R.FCAH, 0x0100);
  machine.write(R.FCT, 0x8808);
  machine.write(R.CTRL, machine.read(R.CTRL) | R.CTRL.RFCE.mask);
  machine.write(R.RCTL, R.RCTL.EN.mask);
  const request = `0180c2000001 020000000002 8808 0001 ${quanta.toString(16).padStart(4, '0')}`.replaceAll(' ', '');
  partner.send([Buffer.from(request.padEnd(120, '0'), 'hex')]);
  machine.clock.advance(2000);
}

describe('silence that the partner asks for', () => {
  const silent = (rig: Rig): boolean => (rig.t.machine.read(R.STATUS) & R.STATUS.TXOFF.mask) !== 0;

  it('keeps descriptors in the ring until it is over', () => {
    const rig = new Rig(0);
    const { machine, partner } = rig.t;
    pause(rig.t, 100);
    rig.send(2);
    machine.clock.advance(45_000);
    expect([partner.frames.length, machine.read(TDH), silent(rig)]).toEqual([0, 0, true]);
    machine.clock.advance(10_000);
    expect([partner.frames.length, machine.read(TDH), silent(rig)]).toEqual([2, 2, false]);
  });

  it('lets what is on the link already go', () => {
    const rig = new Rig(0);
    rig.send(1);
    pause(rig.t, 0xffff);
    expect(rig.t.partner.frames).toHaveLength(1);
  });

  it('ends at once when the partner says so', () => {
    const rig = new Rig(0);
    pause(rig.t, 0xffff);
    rig.send(1);
    expect(rig.t.partner.frames).toHaveLength(0);
    pause(rig.t, 0);
    rig.t.machine.clock.advance(WHILE);
    expect([rig.t.partner.frames.length, silent(rig)]).toEqual([1, false]);
  });

  it('ends with a reset', () => {
    const rig = new Rig(0);
    pause(rig.t, 0xffff);
    expect(silent(rig)).toBe(true);
    rig.t.machine.write(R.CTRL, R.CTRL.RST.mask);
    expect(silent(rig)).toBe(false);
  });
});
