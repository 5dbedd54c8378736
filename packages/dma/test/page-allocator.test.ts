import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { DmaError, hostPages, PAGE_BYTES, PageAllocator, type PageOptions } from '../src/index.ts';
import { hostBytes, u8 } from '../src/memory.ts';

const codeOf = (action: () => unknown): string => {
  try {
    action();
    return 'accepted';
  } catch (error) {
    if (error instanceof DmaError) return error.code;
    throw error;
  }
};

const PAGES = 24;
let start = 0;

beforeAll(() => {
  start = hostPages.allocate(PAGES * PAGE_BYTES, { alignment: 65_536, owner: 'allocator test' });
});

describe('PageAllocator', () => {
  it('hands out zeroed, aligned runs, the lowest first', () => {
    const pages = new PageAllocator(start, start + PAGES * PAGE_BYTES);
    u8.fill(0xff, start, start + PAGES * PAGE_BYTES);
    expect(pages.allocate(1)).toBe(start);
    expect(pages.allocate(PAGE_BYTES + 1)).toBe(start + PAGE_BYTES);
    expect(pages.allocate(1, { alignment: 4 * PAGE_BYTES })).toBe(start + 4 * PAGE_BYTES);
    expect(pages.allocate(1)).toBe(start + 3 * PAGE_BYTES);
    expect(pages.bytesTaken).toBe(5 * PAGE_BYTES);
    expect(pages.bytesFree).toBe((PAGES - 5) * PAGE_BYTES);
    expect(u8.slice(start, start + 5 * PAGE_BYTES).every((byte) => byte === 0)).toBe(true);
    expect(u8[start + 5 * PAGE_BYTES]).toBe(0xff);
    pages.free(start + PAGE_BYTES);
    expect(pages.allocate(3 * PAGE_BYTES)).toBe(start + 5 * PAGE_BYTES);
    expect(pages.allocate(2 * PAGE_BYTES)).toBe(start + PAGE_BYTES);
  });

  it('keeps the limit of a device that reaches only low memory', () => {
    const pages = new PageAllocator(start, start + PAGES * PAGE_BYTES);
    const maximumOffset = start + 2 * PAGE_BYTES - 1;
    expect(pages.allocate(2 * PAGE_BYTES, { maximumOffset })).toBe(start);
    expect(() => pages.allocate(1, { maximumOffset, owner: 'nic 0: ring' })).toThrow(
      `OUT_OF_MEMORY: nic 0: ring asked for 4096 bytes below ${maximumOffset + 1}: ${22 * PAGE_BYTES} are free, but no run of that size`,
    );
    pages.free(start);
    expect(codeOf(() => pages.allocate(1, { maximumOffset: start + PAGE_BYTES - 2 }))).toBe('OUT_OF_MEMORY');
    expect(codeOf(() => pages.allocate(1, { maximumOffset: NaN }))).toBe('OUT_OF_MEMORY');
    expect(pages.bytesTaken).toBe(0);
  });

  it.each<[string, number, PageOptions]>([
    ['BAD_LENGTH', 0, {}],
    ['BAD_LENGTH', -1, {}],
    ['BAD_LENGTH', 1.5, {}],
    ['BAD_LENGTH', NaN, {}],
    ['BAD_ALIGNMENT', 1, { alignment: 0 }],
    ['BAD_ALIGNMENT', 1, { alignment: 3 }],
    ['BAD_ALIGNMENT', 1, { alignment: 0.5 }],
    ['OUT_OF_MEMORY', PAGES * PAGE_BYTES + 1, {}],
    ['OUT_OF_MEMORY', Number.MAX_SAFE_INTEGER, {}],
    ['OUT_OF_MEMORY', 1, { alignment: 2 ** 30 }],
    ['accepted', PAGES * PAGE_BYTES, {}],
    ['accepted', 1, { alignment: 1 }],
  ])('%s: %d bytes, %o', (code, bytes, options) => {
    const pages = new PageAllocator(start, start + PAGES * PAGE_BYTES);
    expect(codeOf(() => pages.allocate(bytes, options))).toBe(code);
  });

  it.each([
    [1, PAGE_BYTES],
    [2 * PAGE_BYTES, PAGE_BYTES],
    [-PAGE_BYTES, PAGE_BYTES],
    [0, NaN],
  ])('refuses the range %d to %d', (from, to) => {
    expect(codeOf(() => new PageAllocator(from, to))).toBe('BAD_ADDRESS');
  });

  it('refuses what was freed before, or never handed out, and loses nothing', () => {
    const pages = new PageAllocator(start, start + PAGES * PAGE_BYTES);
    const run = pages.allocate(2 * PAGE_BYTES);
    expect(codeOf(() => pages.free(run + PAGE_BYTES))).toBe('NOT_ALLOCATED');
    expect(pages.bytesTaken).toBe(2 * PAGE_BYTES);
    pages.free(run);
    expect(codeOf(() => pages.free(run))).toBe('NOT_ALLOCATED');
    expect(pages.bytesFree).toBe(PAGES * PAGE_BYTES);
  });

  it('says who holds what', () => {
    const pages = new PageAllocator(0x10_0000, 0x20_0000);
    pages.allocate(1, { owner: 'nic 0: rings' });
    pages.allocate(3 * PAGE_BYTES);
    expect(pages.describe()).toBe('00100000       4096 nic 0: rings\n00101000      12288 unnamed');
  });
});

describe('hostPages', () => {
  it('covers all of host memory but page 0', () => {
    expect(hostPages.bytesTaken + hostPages.bytesFree).toBe(hostBytes - PAGE_BYTES);
    const run = hostPages.allocate(1, { owner: 'allocator test' });
    expect(run).toBeGreaterThanOrEqual(PAGE_BYTES);
    hostPages.free(run);
  });
});

/** One flag a page, and the runs that are out; allocation tries every page from the bottom. */
interface Model {
  readonly taken: boolean[];
  readonly runs: { offset: number; pages: number }[];
}

function naiveFit(model: Model, wanted: number, alignment: number, maximumPages: number): number | undefined {
  for (let first = 0; first + wanted <= maximumPages; first++) {
    if ((start + first * PAGE_BYTES) % alignment !== 0) continue;
    if (!model.taken.slice(first, first + wanted).includes(true)) return first;
  }
  return undefined;
}

const commands = [
  fc
    .record({
      bytes: fc.integer({ min: 1, max: 6 * PAGE_BYTES }),
      alignment: fc.constantFrom(1, 64, PAGE_BYTES, 2 * PAGE_BYTES, 4 * PAGE_BYTES),
      maximumPages: fc.oneof({ weight: 3, arbitrary: fc.constant(PAGES) }, fc.integer({ min: 1, max: PAGES })),
    })
    .map(({ bytes, alignment, maximumPages }) => ({
      toString: () => `allocate ${bytes} aligned to ${alignment} in ${maximumPages} pages`,
      check: () => true,
      run: (model: Model, real: PageAllocator) => {
        const wanted = Math.ceil(bytes / PAGE_BYTES);
        const first = naiveFit(model, wanted, alignment, maximumPages);
        const options = { alignment, maximumOffset: start + maximumPages * PAGE_BYTES - 1 };
        if (first === undefined) {
          expect(codeOf(() => real.allocate(bytes, options))).toBe('OUT_OF_MEMORY');
          return;
        }
        const offset = real.allocate(bytes, options);
        expect(offset).toBe(start + first * PAGE_BYTES);
        expect(u8[offset]).toBe(0);
        expect(u8[offset + wanted * PAGE_BYTES - 1]).toBe(0);
        u8[offset] = u8[offset + wanted * PAGE_BYTES - 1] = 0xff;
        model.taken.fill(true, first, first + wanted);
        model.runs.push({ offset, pages: wanted });
      },
    })),
  fc.nat().map((which) => ({
    toString: () => `free run ${which}`,
    check: (model: Readonly<Model>) => model.runs.length > 0,
    run: (model: Model, real: PageAllocator) => {
      const [run] = model.runs.splice(which % model.runs.length, 1);
      real.free(run!.offset);
      const first = (run!.offset - start) / PAGE_BYTES;
      model.taken.fill(false, first, first + run!.pages);
    },
  })),
  fc.integer({ min: -1, max: PAGES * 2 }).map((half) => ({
    toString: () => `free at half page ${half}`,
    check: (model: Readonly<Model>) => !model.runs.some(({ offset }) => offset === start + (half * PAGE_BYTES) / 2),
    run: (_: Model, real: PageAllocator) => {
      expect(codeOf(() => real.free(start + (half * PAGE_BYTES) / 2))).toBe('NOT_ALLOCATED');
    },
  })),
];

describe('PageAllocator beside a naive one', () => {
  it('agrees on every sequence of commands', () => {
    fc.assert(
      fc.property(fc.commands(commands, { maxCommands: 100 }), (sequence) => {
        const model: Model = { taken: new Array<boolean>(PAGES).fill(false), runs: [] };
        const real = new PageAllocator(start, start + PAGES * PAGE_BYTES);
        fc.modelRun(() => ({ model, real }), sequence);
        const out = model.runs.reduce((sum, { pages }) => sum + pages, 0) * PAGE_BYTES;
        expect(real.bytesTaken).toBe(out);
        expect(real.bytesFree).toBe(PAGES * PAGE_BYTES - out);
      }),
      { numRuns: 300 },
    );
  });
});
