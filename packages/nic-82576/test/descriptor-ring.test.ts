/* One ring's registers as an engine holds them. */

import { beforeEach, describe, expect, it } from 'vitest';
import { DmaEnabler, hostPages, IdentityMap, Iommu, type DmaDomain } from '@netcx/dma';
import { hostBytes, i32 as m, u8 as host } from '@netcx/dma/memory';
import { DmaPort } from '@netcx/hardware';
import { allocateWire, freeWire } from '@netcx/hardware/wire';
import { DescriptorRing } from '../src/descriptor-ring.ts';
import { RxRing } from '../src/rx-ring.ts';
import { TX_RING_BYTES, TxRing } from '../src/tx-ring.ts';
import { CopiedMemory } from './copied-memory.ts';
import { peek, poke } from './traffic.ts';

let ring: DescriptorRing;

beforeEach(() => {
  ring = new DescriptorRing();
  ring.enabled = true;
});

const port = (dma: DmaDomain | undefined, busMaster = true): DmaPort =>
  new DmaPort({ busMaster, dma, directLimit: busMaster ? (dma?.directLimit ?? 0) : 0 });

/** Memory that is asked for by messages: something happens while it is read. */
const slowly = (memory: CopiedMemory, happens: () => void): CopiedMemory =>
  Object.assign(new CopiedMemory(), {
    foreign: {
      ...memory.foreign,
      read: (...rest: Parameters<typeof memory.foreign.read>) => {
        happens();
        return memory.foreign.read(...rest);
      },
    },
  });

describe('head and tail', () => {
  it.each([
    [8, 0, 0, 0],
    [8, 0, 7, 7],
    [8, 7, 0, 1],
    [8, 5, 4, 7],
    [4096, 4000, 96, 192],
  ])('of %i descriptors: from %i to %i the hardware owns %i', (count, head, tail, owned) => {
    ring.setLength(count * 16);
    ring.setHead(head);
    ring.setTail(tail);
    expect([ring.count, ring.ownedFrom(head), ring.hasWork]).toEqual([count, owned, owned > 0]);
  });

  it('beyond the ring are taken modulo its size, in whatever order the registers are written', () => {
    ring.setTail(0xffff);
    ring.setHead(0xfff3);
    expect(ring.hasWork).toBe(false); // no length yet
    ring.setLength(16 * 16);
    expect([ring.head, ring.tail, ring.ownedFrom(ring.head)]).toEqual([3, 15, 12]);
    ring.setLength(4 * 16);
    expect([ring.head, ring.tail]).toEqual([3, 3]);
    ring.setTail(6);
    expect(ring.tail).toBe(2);
    ring.setLength(0);
    expect([ring.count, ring.hasWork]).toEqual([0, false]);
    ring.setLength(15); // not one descriptor
    expect(ring.count).toBe(0);
  });

  it('mean no work while the queue is off', () => {
    ring.setLength(128);
    ring.setTail(3);
    expect(ring.hasWork).toBe(true);
    ring.enabled = false;
    expect(ring.hasWork).toBe(false);
  });

  it('are zero after a reset, and so is the rest', () => {
    Object.assign(ring, { baseLow: 1, baseHigh: 2, count: 3, head: 1, tail: 2 });
    ring.reset();
    expect(ring).toMatchObject({ baseLow: 0, baseHigh: 0, count: 0, head: 0, tail: 0, enabled: false });
  });
});

describe('where it lies', () => {
  it.each([
    [0x1000, 0, 8, 0x400],
    [hostBytes - 128, 0, 8, (hostBytes - 128) / 4],
    [hostBytes - 128, 0, 9, -1],
    [hostBytes, 0, 8, -1],
    [0xffff_ff80 | 0, 0, 8, -1],
    [0xffff_ff80 | 0, 0xffff_ffff | 0, 16, -1],
    [0x1000, 1, 8, -1],
    [0x1000, 0, 0, -1],
  ])('without an IOMMU: %i, %i with %i descriptors is word %i', (low, high, count, word) => {
    Object.assign(ring, { baseLow: low, baseHigh: high, count });
    const dma = port(new IdentityMap());
    expect(ring.locate(dma)).toBe(word);
    expect(dma.masterAborts).toBe(word < 0 && count > 0 ? 1 : 0);
  });

  it('through an IOMMU is where its first page is mapped, if the device may write all of it', () => {
    const iommu = new Iommu();
    const enabler = new DmaEnabler(iommu, { addressWidth: 64, version: 3 });
    const buffer = enabler.allocateCommonBuffer(3 * 4096);
    const readOnly = enabler.map(buffer.offset, 4096, 'read');
    const at = (address: number, count: number): void =>
      void Object.assign(ring, { baseLow: (address % 2 ** 32) | 0, baseHigh: Math.floor(address / 2 ** 32), count });
    at(buffer.address + 128, 512);
    expect(ring.locate(port(iommu))).toBe((buffer.offset + 128) / 4);
    at(buffer.address + 128, 768);
    expect(ring.locate(port(iommu))).toBe(-1);
    at(readOnly, 8);
    expect(ring.locate(port(iommu))).toBe(-1);
  });

  it('is a copy in device memory where its pages lie scattered', () => {
    const { iommu, at, page } = scattered();
    Object.assign(ring, { baseLow: at | 0, baseHigh: Math.floor(at / 2 ** 32) });
    ring.setLength(512 * 16);
    ring.setHead(254);
    ring.setTail(258);
    for (const index of [254, 255]) poke(page[0] + index * 16, `0000000${String(index - 250)} `.repeat(4));
    for (const index of [256, 257]) poke(page[1] + (index - 256) * 16, `0000000${String(index - 250)} `.repeat(4));
    const dma = port(iommu);
    const word = ring.locate(dma);
    expect([word * 4 >= hostBytes, ring.shadowed]).toEqual([true, true]);
    for (let index = 254; index < 258; index++) {
      expect(peek((word + index * 4) * 4)).toBe(`0000000${String(index - 250)} `.repeat(4).trim());
    }
    m[word + 255 * 4 + 3] = 0x1234;
    m[word + 256 * 4 + 2] = 0x5678;
    ring.settle(dma, 254, 258, 3);
    expect(peek(page[0] + 254 * 16)).toBe('00000004 00000004 00000004 00000004');
    expect(peek(page[0] + 255 * 16)).toBe('00000005 00000005 00000005 34120000');
    expect(peek(page[1])).toBe('00000006 00000006 78560000 00000006');
    expect([dma.masterAborts, iommu.faultCount]).toEqual([0, 0]);
  });

  it('is nowhere without bus mastering or a slot', () => {
    Object.assign(ring, { baseLow: 0x1000, count: 8 });
    expect(ring.locate(port(new IdentityMap(), false))).toBe(-1);
    expect(ring.locate(port(undefined))).toBe(-1);
  });
});

/** Two logical pages, one behind the other, whose host pages lie the other way round. */
function scattered(): { iommu: Iommu; at: number; page: readonly [number, number] } {
  const iommu = new Iommu();
  const enabler = new DmaEnabler(iommu, { addressWidth: 64, version: 3 });
  const memory = hostPages.allocate(2 * 4096, { owner: 'ring test' });
  const at = enabler.map(memory + 4096, 4096, 'both');
  expect(enabler.map(memory, 4096, 'both')).toBe(at + 4096);
  return { iommu, at, page: [memory + 4096, memory] };
}

describe('a copy of it', () => {
  let memory: CopiedMemory;
  let dma: DmaPort;
  let base: number;

  beforeEach(() => {
    memory = new CopiedMemory();
    dma = port(memory);
    base = hostPages.allocate(4096, { owner: 'ring test' });
    host.fill(0, base, base + 4096);
    Object.assign(ring, { baseLow: base });
    ring.setLength(8 * 16);
  });

  /** Which descriptors were read since this was asked last. */
  const read = (): number[][] => memory.reads.splice(0).map(({ at, length }) => [(at - base) / 16, length / 16]);

  it('fetches what the hardware owns, once', () => {
    ring.setTail(3);
    expect(ring.locate(dma)).toBeGreaterThan(hostBytes / 4);
    expect(read()).toEqual([[0, 3]]);
    ring.locate(dma);
    ring.head = 2;
    ring.locate(dma);
    expect(read()).toEqual([]);
    ring.setTail(7);
    ring.locate(dma);
    expect(read()).toEqual([[3, 4]]);
    ring.head = 6;
    ring.setTail(2);
    ring.locate(dma);
    expect(read()).toEqual([
      [7, 1],
      [0, 2],
    ]);
    ring.head = 2;
    ring.setTail(3);
    ring.locate(dma);
    expect(read()).toEqual([[2, 1]]);
  });

  it('fetches anew what a driver may have changed', () => {
    ring.setTail(5);
    ring.locate(dma);
    ring.setTail(3); // two are taken back
    ring.setTail(6);
    read();
    ring.locate(dma);
    expect(read()).toEqual([[3, 3]]);
    ring.setHead(1);
    ring.locate(dma);
    expect(read()).toEqual([[1, 5]]);
    ring.baseLow = base + 1024;
    ring.locate(dma);
    expect(read()).toEqual([[65, 5]]);
    ring.baseLow = base;
    ring.setLength(8 * 16);
    ring.locate(dma);
    expect(read()).toEqual([[1, 5]]);
    ring.head = 0; // as enabling a queue does
    ring.locate(dma);
    expect(read()).toEqual([[0, 6]]);
  });

  it.each([2, 3] as const)('writes back what changed alone, word %i of each last', (statusWord) => {
    ring.setHead(7);
    ring.setTail(2);
    const word = ring.locate(dma);
    for (const index of [7, 1]) for (let part = 0; part < 4; part++) m[word + index * 4 + part] = index * 16 + part + 1;
    m[word + statusWord] = 1; // descriptor 0: its status alone
    ring.settle(dma, 7, 2, statusWord);
    const rest = statusWord === 3 ? [[0, 12]] : [[0, 8], [12, 4]]; // prettier-ignore
    const whole = (index: number): number[][] =>
      [...rest, [statusWord * 4, 4]].map(([at = 0, length = 0]) => [index * 16 + at, length]);
    expect(memory.writes.map(({ at, length }) => [at - base, length])).toEqual([
      ...whole(7),
      [statusWord * 4, 4],
      ...whole(1),
    ]);
    expect([peek(base + 7 * 16), peek(base + 16)]).toEqual([
      '71000000 72000000 73000000 74000000',
      '11000000 12000000 13000000 14000000',
    ]);
    memory.writes.splice(0);
    ring.settle(dma, 7, 2, statusWord);
    expect(memory.writes).toEqual([]);
  });

  it('is out of reach where memory ends, and device memory used up is no more than that', () => {
    Object.assign(ring, { baseLow: hostBytes - 64 });
    expect([ring.locate(dma), dma.masterAborts, memory.faultCount]).toEqual([-1, 1, 1]);
    const rings = Array.from({ length: 1024 }, () => new DescriptorRing()); // a mebibyte each
    const located = rings.map((one) => {
      Object.assign(one, { baseLow: base, enabled: true });
      one.setLength(0xffff0);
      one.setTail(1);
      return one.locate(dma) >= 0;
    });
    expect([located[0], located.at(-1)]).toEqual([true, false]);
    for (const one of rings) one.release();
    expect(rings.at(-1)!.locate(dma)).toBeGreaterThan(0);
    for (const one of rings) one.reset();
  });

  it('stays as it is while a burst waits for memory: what registers change meanwhile comes after it', () => {
    ring.setTail(3);
    let during: (() => void) | undefined;
    const slow = slowly(memory, () => during?.());
    const there = port(slow);
    during = () => {
      ring.setTail(5);
      ring.setLength(4 * 16);
      expect([ring.hasWork, ring.tail, ring.count]).toEqual([true, 3, 8]);
    };
    expect(ring.locate(there)).toBeGreaterThan(0);
    during = undefined;
    expect([ring.tail, read()]).toEqual([3, [[0, 3]]]);
    expect([ring.hasWork, ring.tail, ring.count]).toEqual([true, 1, 4]);
    ring.locate(there);
    expect(read()).toEqual([[0, 1]]);
    ring.head = 1; // a burst ends
    during = () => ring.reset();
    ring.setTail(2);
    ring.locate(there);
    ring.head = 2;
    during = undefined;
    ring.setTail(3);
    expect([ring.hasWork, ring.head, ring.tail, ring.count]).toEqual([false, 0, 3, 0]);
  });

  /** A burst waits for memory while the driver resets the ring and sets it up anew; none of it may show before the burst is over. */
  function setUpAnew(one: RxRing | TxRing, further: () => void): void {
    one.setBaseLow(base);
    one.setLength(8 * 16);
    one.enabled = true;
    one.setTail(3);
    const before = Object.entries(one);
    const slow = slowly(memory, () => {
      one.reset();
      one.setBaseLow(0x7000);
      one.setBaseHigh(1);
      one.setLength(4 * 16);
      further();
      one.setTail(2);
      expect(Object.entries(one)).toEqual(before);
    });
    expect(one.locate(port(slow))).toBeGreaterThan(0);
    one.head = 3; // the burst ends
    expect(one.hasWork).toBe(true);
    expect([one.baseLow, one.baseHigh, one.count, one.head, one.tail]).toEqual([0x7000, 1, 4, 0, 2]);
  }

  it('that is reset while a burst waits is afterwards what the driver has made of it since', () => {
    const rx = new RxRing();
    setUpAnew(rx, () => rx.start());
    expect(rx.enabled).toBe(true);
  });

  it('is a transmit queue likewise, with its write-back and its threshold', () => {
    const memoryOfQueue = allocateWire(TX_RING_BYTES);
    const tx = new TxRing(0, memoryOfQueue);
    tx.setThreshold(4);
    setUpAnew(tx, () => {
      tx.setWriteBack(0x5001, 2);
      tx.setThreshold(4); // as before: the reset between them counts
      tx.start(1);
    });
    const { enabled, headWriteBack, writeBackLow, writeBackHigh, threshold, quiet } = tx;
    expect([enabled, headWriteBack, writeBackLow, writeBackHigh, threshold, quiet]).toEqual([
      true,
      true,
      0x5000,
      2,
      4,
      true,
    ]);
    freeWire(memoryOfQueue, TX_RING_BYTES);
  });

  it('reads descriptors as memory has them, across the end of 32 bits', () => {
    const seen: string[] = [];
    const foreign = {
      ...memory.foreign,
      read: (low: number, high: number) => !!seen.push(`${String(high)}:${(low >>> 0).toString(16)}`),
    };
    Object.assign(ring, { baseLow: 0xffff_ff80 | 0, baseHigh: 4 });
    ring.setLength(16 * 16);
    const there = port({
      directLimit: 0,
      faultCount: 0,
      faults: [],
      foreign,
      map: () => 0 as never,
      unmap: () => undefined,
      translate: () => -1,
    });
    expect([ring.load(there, 7, 1, 0), ring.load(there, 8, 1, 0)]).toEqual([true, true]);
    expect(seen).toEqual(['4:fffffff0', '5:0']);
  });
});
