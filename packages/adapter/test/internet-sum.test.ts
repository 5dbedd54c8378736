/*
 * The sum's loop in TypeScript, which has memory from outside to itself: WebAssembly cannot reach that. Judged word by word
 * (RFC 1071), from any byte on.
 */

import { provideMemory } from '@netcx/dma/provide';
import fc from 'fast-check';
import { expect, it } from 'vitest';

const BYTES = 4096;
provideMemory({ buffer: new ArrayBuffer(BYTES) });
const { sumKernel } = await import('@netcx/dma');
const { u8 } = await import('@netcx/dma/memory');
const { internetSum } = await import('../src/layout/internet-sum.ts');

function naiveSum(from: number, length: number): number {
  let sum = 0;
  for (let at = 0; at < length; at += 2) {
    sum += u8[from + at]! * 256 + (at + 1 < length ? u8[from + at + 1]! : 0);
    if (sum > 0xffff) sum -= 0xffff;
  }
  return sum;
}

it('sums what a loop over words sums, where there is no kernel', () => {
  expect(sumKernel).toBeUndefined();
  for (let at = 0; at < BYTES; at++) u8[at] = Math.imul(at + 7, 2_654_435_761) >>> 24;
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 64 }), fc.integer({ min: 0, max: BYTES - 64 }), (from, length) => {
      expect(internetSum(from, length)).toBe(naiveSum(from, length));
    }),
    { numRuns: 300 },
  );
  u8.fill(0xff);
  expect(internetSum(0, BYTES)).toBe(0xffff);
});
