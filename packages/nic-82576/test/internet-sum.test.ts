/*
 * The model's sum in TypeScript, which is what there is where memory comes from outside: WebAssembly cannot reach the
 * devices' block then. Judged word by word (RFC 1071), from any byte on.
 */

import { provideMemory } from '@netcx/dma/provide';
import fc from 'fast-check';
import { expect, it } from 'vitest';

const BYTES = 4096;
provideMemory({ buffer: new ArrayBuffer(65_536) });
const { allocateWire, sumKernel, u8 } = await import('@netcx/hardware/wire');
const { internetSum } = await import('../src/internet-sum.ts');
const arena = allocateWire(BYTES);

function naiveSum(from: number, length: number, seed: number): number {
  let sum = seed;
  for (let at = 0; at < length; at += 2) {
    sum += u8[from + at]! * 256 + (at + 1 < length ? u8[from + at + 1]! : 0);
    if (sum > 0xffff) sum -= 0xffff;
  }
  return sum;
}

it('sums what a loop over words sums, where there is no kernel', () => {
  expect(sumKernel).toBeUndefined();
  for (let at = 0; at < BYTES; at++) u8[arena + at] = Math.imul(at + 7, 2_654_435_761) >>> 24;
  const [from, length, seed] = [{ max: 64 }, { max: BYTES - 64 }, { max: 0xffff }].map(({ max }) =>
    fc.integer({ min: 0, max }),
  ) as [fc.Arbitrary<number>, fc.Arbitrary<number>, fc.Arbitrary<number>];
  fc.assert(
    fc.property(from, length, seed, (offset, bytes, more) => {
      expect(internetSum(arena + offset, bytes, more)).toBe(naiveSum(arena + offset, bytes, more));
    }),
    { numRuns: 300 },
  );
  u8.fill(0xff, arena, arena + BYTES);
  expect(internetSum(arena, BYTES)).toBe(0xffff);
});
