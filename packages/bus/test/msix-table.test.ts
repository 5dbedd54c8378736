import { VirtualClock } from '@netcx/clock';
import { IdentityMap } from '@netcx/dma';
import { beforeEach, describe, expect, it } from 'vitest';
import { enableDevice, HostBridge, MsixTable, type AttachedSlot } from '../src/index.ts';
import { PlainEndpoint } from './plain-endpoint.ts';

let clock: VirtualClock;
let endpoint: PlainEndpoint;
let slot: AttachedSlot;

/** A function with 3 vectors, whose table lies at 0x800 of BAR 3. */
beforeEach(() => {
  clock = new VirtualClock();
  endpoint = new PlainEndpoint([{ index: 3, fixed: 0, writable: 0xffff_c000 }]);
  endpoint.fill(0x40, 0x11 | (2 << 16), 0xc000_0000);
  endpoint.fill(0x44, 0x803, 0);
  endpoint.fill(0x48, 0x2003, 0);
  slot = new HostBridge(clock).attach(endpoint, { dma: new IdentityMap() });
});

const entry = (vector: number): readonly number[] =>
  [0, 4, 8, 12].map((word) => endpoint.memory.get(`3:${0x800 + vector * 16 + word}`) ?? -1);
const control = (): number => endpoint.dword(0x40) >>> 30;

function made(): MsixTable {
  enableDevice(slot.function);
  return new MsixTable(slot);
}

it('is found through the capability, with every vector masked', () => {
  const table = made();
  expect(table.size).toBe(3);
  expect([0, 1, 2].map((vector) => entry(vector)[3])).toEqual([1, 1, 1]);
});

it('needs the capability, and memory space', () => {
  expect(() => new MsixTable(slot)).toThrow(expect.objectContaining({ code: 'NOT_ENABLED' }));
  const other = new HostBridge(clock).attach(new PlainEndpoint(), { dma: new IdentityMap() });
  expect(() => new MsixTable(other)).toThrow(expect.objectContaining({ code: 'NO_CAPABILITY' }));
});

it('programs a message for a vector and unmasks it', () => {
  const table = made();
  let calls = 0;
  table.connect(1, () => calls++);
  expect(entry(1)).toEqual([0xfee0_0000, 0, 32, 0]);
  endpoint.upstream?.writeMessage(0xfee0_0000, 0, 32);
  clock.run();
  expect(calls).toBe(1);
});

it('gives a vector that is connected again a message of its own, and the old one back', () => {
  const table = made();
  const log: string[] = [];
  table.connect(0, () => log.push('old'));
  table.connect(0, () => log.push('new'));
  expect(entry(0)).toEqual([0xfee0_0000, 0, 33, 0]);
  endpoint.upstream?.writeMessage(0xfee0_0000, 0, 32);
  endpoint.upstream?.writeMessage(0xfee0_0000, 0, 33);
  clock.run();
  expect(log).toEqual(['new']);
  expect(slot.counters().strayMessages).toBe(1);
});

it('never shows a half-written entry unmasked', () => {
  const table = made();
  table.connect(2, () => undefined);
  const masks: number[] = [];
  const write32 = endpoint.write32.bind(endpoint);
  endpoint.write32 = (bar, offset, value) => {
    if (offset % 16 !== 12) masks.push(entry(2)[3] ?? -1);
    write32(bar, offset, value);
  };
  table.connect(2, () => undefined);
  expect(masks).toEqual([1, 1, 1]);
});

it('masks and unmasks single vectors', () => {
  const table = made();
  table.connect(0, () => undefined);
  table.mask(0);
  expect(entry(0)[3]).toBe(1);
  table.unmask(0);
  expect(entry(0)[3]).toBe(0);
  expect(() => table.unmask(1)).toThrow(expect.objectContaining({ code: 'BAD_VECTOR' }));
});

it('is switched on and off', () => {
  const table = made();
  slot.function.writeConfig(0x42, 2, 0x4000);
  table.enable();
  expect(control()).toBe(0b10);
  table.disable();
  expect(control()).toBe(0);
});

it('leaves nothing behind when it is released', () => {
  const table = made();
  let calls = 0;
  table.connect(0, () => calls++);
  table.connect(2, () => calls++);
  table.enable();
  table.release();
  expect([control(), entry(0)[3], entry(2)[3]]).toEqual([0, 1, 1]);
  endpoint.upstream?.writeMessage(0xfee0_0000, 0, 32);
  endpoint.upstream?.writeMessage(0xfee0_0000, 0, 33);
  clock.run();
  expect(calls).toBe(0);
});

describe('a vector that the function does not have', () => {
  it.each([-1, 3, 0.5, NaN])('is refused: %d', (vector) => {
    const table = made();
    for (const use of [
      () => table.connect(vector, () => undefined),
      () => table.mask(vector),
      () => table.unmask(vector),
      () => table.disconnect(vector),
    ]) {
      expect(use).toThrow(expect.objectContaining({ name: 'BusError', code: 'BAD_VECTOR' }));
    }
  });
});
