import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  DmaError,
  highWord,
  Iommu,
  logicalAddress,
  lowWord,
  PAGE_BYTES,
  type Direction,
  type LogicalAddress,
} from '../src/index.ts';
import { hostBytes } from '../src/memory.ts';

const GIB_4 = 2 ** 32;
const wide = { maximumAddress: Number.MAX_SAFE_INTEGER };

const codeOf = (action: () => unknown): string => {
  try {
    action();
    return 'accepted';
  } catch (error) {
    if (error instanceof DmaError) return error.code;
    throw error;
  }
};

const translate = (iommu: Iommu, address: number, length: number, access: 'read' | 'write'): number =>
  iommu.translate(lowWord(logicalAddress(address)), highWord(logicalAddress(address)), length, access);

describe('Iommu', () => {
  it('translates what is mapped, at its place in the page, and nothing around it', () => {
    const iommu = new Iommu();
    const address = iommu.map(0x5_0123, 0x2000, 'both', wide);
    expect(iommu.directLimit).toBe(0);
    expect(address).toBe(GIB_4 + 0x123);
    expect(iommu.mappedPages).toBe(3);
    expect(translate(iommu, address, 0x2000, 'read')).toBe(0x5_0123);
    expect(translate(iommu, address + 0x1fff, 1, 'write')).toBe(0x5_2122);
    expect(translate(iommu, GIB_4 - 1, 1, 'read')).toBe(-1);
    expect(translate(iommu, GIB_4 + 3 * PAGE_BYTES - 1, 2, 'read')).toBe(-1);
    expect(iommu.translate(0x123, 0, 1, 'read')).toBe(-1); // a driver that dropped the high word
    expect(iommu.faultCount).toBe(3);
    expect(iommu.faults.map(({ reason }) => reason)).toEqual(['not mapped', 'not mapped', 'not mapped']);
  });

  it('faults on the wrong direction', () => {
    const iommu = new Iommu();
    const read = iommu.map(0x1_0000, 64, 'read', wide);
    const write = iommu.map(0x1_0000, 64, 'write', wide);
    expect(translate(iommu, read, 64, 'read')).toBe(0x1_0000);
    expect(translate(iommu, read, 64, 'write')).toBe(-1);
    expect(translate(iommu, write, 64, 'write')).toBe(0x1_0000);
    expect(translate(iommu, write, 64, 'read')).toBe(-1);
    expect(iommu.faults).toEqual([
      { address: read, length: 64, access: 'write', reason: 'read only' },
      { address: write, length: 64, access: 'read', reason: 'write only' },
    ]);
  });

  it('faults on a stale address, for a long time', () => {
    const iommu = new Iommu();
    const stale = iommu.map(0x1_0000, 64, 'both', wide);
    iommu.unmap(stale, 64);
    expect(iommu.mappedPages).toBe(0);
    for (let again = 0; again < 100; again++) {
      const fresh = iommu.map(0x2_0000, 64, 'both', wide);
      expect(translate(iommu, stale, 1, 'read')).toBe(-1);
      iommu.unmap(fresh, 64);
    }
  });

  it('refuses an access from one mapping into the next when host memory is elsewhere, and serves it when it follows', () => {
    const iommu = new Iommu();
    const first = iommu.map(0x1_0000, PAGE_BYTES, 'both', wide);
    const second = iommu.map(0x8_0000, PAGE_BYTES, 'both', wide);
    const third = iommu.map(0x8_1000, PAGE_BYTES, 'both', wide);
    expect([second - first, third - second]).toEqual([PAGE_BYTES, PAGE_BYTES]);
    expect(translate(iommu, second - 4, 8, 'read')).toBe(-1);
    expect(translate(iommu, third - 4, 8, 'read')).toBe(0x8_0ffc);
  });

  it('never lets a mapping cross 4 GiB', () => {
    const iommu = new Iommu({ base: 2 * GIB_4 - 2 * PAGE_BYTES });
    const small = iommu.map(0x1_0000, PAGE_BYTES, 'both', wide);
    expect(small).toBe(2 * GIB_4 - 2 * PAGE_BYTES);
    const large = iommu.map(0x1_0000, 2 * PAGE_BYTES, 'both', wide);
    expect(large).toBe(2 * GIB_4);
    expect(highWord(logicalAddress(large + 2 * PAGE_BYTES - 1))).toBe(highWord(large));
    expect(new Iommu({ base: 2 * GIB_4 - PAGE_BYTES }).map(0, PAGE_BYTES, 'both', wide)).toBe(2 * GIB_4 - PAGE_BYTES);
  });

  it('gives a device with few address bits addresses that it can express, and never 0', () => {
    const iommu = new Iommu();
    const limits = { maximumAddress: 4 * PAGE_BYTES - 1 };
    const addresses = [1, 2, 3].map(() => iommu.map(0x1_0000, 1, 'both', limits));
    expect(addresses).toEqual([PAGE_BYTES, 2 * PAGE_BYTES, 3 * PAGE_BYTES]);
    expect(() => iommu.map(0x1_0000, 1, 'both', limits)).toThrow(
      'OUT_OF_ADDRESSES: no 1 free logical pages in a row below 0x4000',
    );
    expect(iommu.mappedPages).toBe(3);
    iommu.unmap(addresses[1]!, 1);
    expect(iommu.map(0x2_0000, 1, 'both', limits)).toBe(2 * PAGE_BYTES);
    expect(codeOf(() => iommu.map(0x1_0000, 1, 'both', { maximumAddress: PAGE_BYTES - 1 }))).toBe('OUT_OF_ADDRESSES');
    expect(iommu.map(0x1_0000, 1, 'both', { maximumAddress: GIB_4 - 1 })).toBeLessThan(GIB_4);
    expect(iommu.map(0x1_0000, 1, 'both', wide)).toBeGreaterThanOrEqual(GIB_4);
  });

  it('keeps the alignment that a device asks for', () => {
    const iommu = new Iommu();
    iommu.map(0x1_0000, 1, 'both', wide);
    expect(iommu.map(0x1_0000, 3 * PAGE_BYTES, 'both', { ...wide, alignment: 65_536 })).toBe(GIB_4 + 65_536);
    expect(iommu.map(0x1_0000, 3 * PAGE_BYTES, 'both', { ...wide, alignment: 65_536 })).toBe(GIB_4 + 2 * 65_536);
    expect(iommu.map(0x1_0010, 8, 'both', { ...wide, alignment: 16 }) % 16).toBe(0);
  });

  it.each([
    ['BAD_ALIGNMENT', 0],
    ['BAD_ALIGNMENT', 100],
    ['BAD_ALIGNMENT', -PAGE_BYTES],
    ['BAD_ALIGNMENT', NaN],
    ['accepted', PAGE_BYTES],
  ])('%s: addresses from %d', (code, base) => {
    expect(codeOf(() => new Iommu({ base }))).toBe(code);
  });

  it('refuses to map what is no host memory, and to unmap what is not mapped', () => {
    const iommu = new Iommu();
    expect(codeOf(() => iommu.map(hostBytes, 1, 'both', wide))).toBe('BAD_ADDRESS');
    expect(codeOf(() => iommu.map(0, 0, 'both', wide))).toBe('BAD_LENGTH');
    const address = iommu.map(0x1_0000, 2 * PAGE_BYTES, 'both', wide);
    expect(codeOf(() => iommu.unmap(logicalAddress(address + PAGE_BYTES), PAGE_BYTES))).toBe('NOT_MAPPED');
    expect(codeOf(() => iommu.unmap(address, PAGE_BYTES))).toBe('NOT_MAPPED');
    expect(codeOf(() => iommu.unmap(address, 3 * PAGE_BYTES))).toBe('NOT_MAPPED');
    expect(iommu.mappedPages).toBe(2);
    iommu.unmap(address, 2 * PAGE_BYTES);
    expect(() => iommu.unmap(address, 2 * PAGE_BYTES)).toThrow(
      'NOT_MAPPED: no mapping of 2 pages starts at logical address 0x100000000',
    );
  });

  it('answers any address that a device can think of', () => {
    const iommu = new Iommu();
    iommu.map(0x1_0000, 64 * PAGE_BYTES, 'read', wide);
    const word = fc.oneof(fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }), fc.constantFrom(-1, 0, 1));
    fc.assert(
      fc.property(word, word, fc.integer({ min: 1, max: 2 ** 31 - 1 }), (low, high, length) => {
        const offset = iommu.translate(low, high, length, 'read');
        expect(offset === -1 || (offset >= 0x1_0000 && offset + length <= 0x1_0000 + 64 * PAGE_BYTES)).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });
});

interface Live {
  readonly address: LogicalAddress;
  readonly offset: number;
  readonly length: number;
  readonly direction: Direction;
}

/** One entry a logical page. */
interface Model {
  readonly pages: Map<number, { host: number; direction: Direction }>;
  readonly live: Live[];
  readonly dead: LogicalAddress[];
  faults: number;
}

const pagesOf = (address: number, length: number): number[] => {
  const first = Math.floor(address / PAGE_BYTES);
  const last = Math.floor((address + length - 1) / PAGE_BYTES);
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
};

/** Byte by byte: where the first lies, if all may be reached and follow one another. */
function naiveTranslate(model: Model, address: number, length: number, access: 'read' | 'write'): number {
  let start = -1;
  for (const at of [
    ...pagesOf(address, length)
      .slice(1)
      .map((page) => page * PAGE_BYTES),
    address,
    address + length - 1,
  ]) {
    const page = model.pages.get(Math.floor(at / PAGE_BYTES));
    if (page === undefined || (page.direction !== 'both' && page.direction !== access)) return -1;
    const implied = page.host * PAGE_BYTES + (at % PAGE_BYTES) - (at - address);
    if (start !== -1 && start !== implied) return -1;
    start = implied;
  }
  return start;
}

const DEVICE = { maximumAddress: 40 * PAGE_BYTES - 1 };

const commands = [
  fc
    .record({
      offset: fc.integer({ min: 0, max: 64 * PAGE_BYTES }),
      length: fc.integer({ min: 1, max: 4 * PAGE_BYTES }),
      direction: fc.constantFrom<Direction>('read', 'write', 'both'),
      narrow: fc.boolean(),
    })
    .map(({ offset, length, direction, narrow }) => ({
      toString: () => `map ${offset}+${length} ${direction}${narrow ? ' for a narrow device' : ''}`,
      check: () => true,
      run: (model: Model, real: Iommu) => {
        const limits = narrow ? DEVICE : wide;
        let address: LogicalAddress;
        try {
          address = real.map(offset, length, direction, limits);
        } catch (error) {
          expect(narrow && error instanceof DmaError && error.code === 'OUT_OF_ADDRESSES').toBe(true);
          const wanted = pagesOf(offset, length).length;
          for (let first = 1; first + wanted <= 40; first++) {
            const run = Array.from({ length: wanted }, (_, index) => first + index);
            expect(run.some((page) => model.pages.has(page))).toBe(true);
          }
          return;
        }
        expect(address % PAGE_BYTES).toBe(offset % PAGE_BYTES);
        expect(address).toBeGreaterThanOrEqual(narrow ? PAGE_BYTES : GIB_4);
        expect(address + length - 1).toBeLessThanOrEqual(limits.maximumAddress);
        expect(Math.floor(address / GIB_4)).toBe(Math.floor((address + length - 1) / GIB_4));
        for (const [index, page] of pagesOf(address, length).entries()) {
          expect(model.pages.has(page)).toBe(false);
          model.pages.set(page, { host: Math.floor(offset / PAGE_BYTES) + index, direction });
        }
        model.live.push({ address, offset, length, direction });
      },
    })),
  fc.nat().map((which) => ({
    toString: () => `unmap ${which}`,
    check: (model: Readonly<Model>) => model.live.length > 0,
    run: (model: Model, real: Iommu) => {
      const [gone] = model.live.splice(which % model.live.length, 1);
      real.unmap(gone!.address, gone!.length);
      for (const page of pagesOf(gone!.address, gone!.length)) model.pages.delete(page);
      model.dead.push(gone!.address);
      expect(codeOf(() => real.unmap(gone!.address, gone!.length))).toBe('NOT_MAPPED');
    },
  })),
  fc
    .record({
      which: fc.nat(),
      shift: fc.integer({ min: -PAGE_BYTES, max: 5 * PAGE_BYTES }),
      length: fc.integer({ min: 1, max: 3 * PAGE_BYTES }),
      access: fc.constantFrom<'read' | 'write'>('read', 'write'),
      stale: fc.boolean(),
    })
    .map(({ which, shift, length, access, stale }) => ({
      toString: () => `${access} ${length} at ${stale ? 'stale' : 'live'} ${which} + ${shift}`,
      check: (model: Readonly<Model>) => (stale ? model.dead : model.live).length > 0,
      run: (model: Model, real: Iommu) => {
        const from = stale ? model.dead[which % model.dead.length]! : model.live[which % model.live.length]!.address;
        const address = Math.max(0, from + shift);
        const expected = naiveTranslate(model, address, length, access);
        expect(translate(real, address, length, access)).toBe(expected);
        if (expected === -1) model.faults++;
        expect(real.faultCount).toBe(model.faults);
        expect(real.mappedPages).toBe(model.pages.size);
      },
    })),
];

describe('Iommu beside a naive page table', () => {
  it('agrees on every sequence of commands', () => {
    fc.assert(
      fc.property(fc.commands(commands, { maxCommands: 100 }), (sequence) => {
        const model: Model = { pages: new Map(), live: [], dead: [], faults: 0 };
        fc.modelRun(() => ({ model, real: new Iommu() }), sequence);
      }),
      { numRuns: 300 },
    );
  });
});
