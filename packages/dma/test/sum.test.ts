/*
 * The sum kernel against RFC 1071 word by word: any length up to 64 KiB, any alignment, nothing but the bytes it was told.
 */

import fc from 'fast-check';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { kernelFile, kernelModule } from '@tooling/kernels';
import { hostPages, sumKernel } from '../src/index.ts';
import { u8 } from '../src/memory.ts';

const BYTES = 70_000;
let arena = 0;

beforeAll(() => {
  arena = hostPages.allocate(BYTES, { owner: 'sum test' });
});
afterAll(() => hostPages.free(arena));

function naiveSum(from: number, bytes: number): number {
  let sum = 0;
  for (let at = 0; at < bytes; at += 2) {
    sum += u8[from + at]! * 256 + (at + 1 < bytes ? u8[from + at + 1]! : 0);
    if (sum > 0xffff) sum -= 0xffff;
  }
  return sum;
}

describe('the sum kernel', () => {
  it('sums what a loop over words sums, from any byte on', () => {
    for (let at = 0; at < BYTES; at++) u8[arena + at] = Math.imul(at + 7, 2_654_435_761) >>> 24;
    const lengths = fc.oneof(fc.integer({ min: 0, max: 200 }), fc.integer({ min: 0, max: 65_536 }));
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 100 }), lengths, (from, bytes) => {
        expect(sumKernel!(arena + from, bytes)).toBe(naiveSum(arena + from, bytes));
      }),
      { numRuns: 300 },
    );
  });

  it('counts what is carried out of 64 bits, whichever way the rough sum errs', () => {
    // Two words in turns, a run of each: means are rounded up, down and not at all, and carries come often or never.
    const word = fc.constantFrom(0, 1, 2, 0x7fff, 0x8000, 0xfffe, 0xffff);
    const runs = fc.constantFrom(1, 2, 4, 8, 64, 1000);
    const lengths = fc.oneof(fc.constant(65_536), fc.integer({ min: 16, max: 65_536 }));
    fc.assert(
      fc.property(word, word, runs, lengths, (one, other, run, bytes) => {
        for (let at = 0; at < bytes; at += 2) {
          const value = (at / 2 / run) & 1 ? other : one;
          u8[arena + at] = value >>> 8;
          u8[arena + at + 1] = value;
        }
        expect(sumKernel!(arena, bytes)).toBe(naiveSum(arena, bytes));
      }),
      { numRuns: 60 },
    );
  });

  it('sums literal bytes', () => {
    // The example of RFC 1071 §3.
    u8.set([0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7], arena);
    expect(sumKernel!(arena, 8)).toBe(0xddf2);
    expect(sumKernel!(arena + 1, 3)).toBe(0x01f2 + 0x0300);
    expect(sumKernel!(arena, 0)).toBe(0);
  });

  it('holds the largest sum', () => {
    u8.fill(0xff, arena, arena + 65_536);
    expect(sumKernel!(arena, 65_536)).toBe(0xffff);
    expect(sumKernel!(arena, 65_535)).toBe(naiveSum(arena, 65_535));
  });

  it('is what sum.wat assembles to', async () => {
    const source = new URL('../src/sum.wat', import.meta.url);
    expect(readFileSync(kernelFile(source), 'utf8')).toBe(await kernelModule(source));
  });
});
