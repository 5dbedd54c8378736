/*
 * Looking for an Ether type in a burst: the kernel and the loop in TypeScript agree with a search frame by frame, and nothing
 * behind the last frame is read.
 */

import fc from 'fast-check';
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { allocateWire, Frame, FRAME_HEADER_BYTES, freeWire, i32 as w, u8 } from '@netcx/hardware/wire';
import { kernelFile, kernelModule } from '@tooling/kernels';
import { rowKernel, rowsByWords } from '../src/rows.ts';
import { seed, testSize } from './test-size.ts';

const RUNS = testSize('random bursts to look for a type in', { quick: 300, ci: 5000, long: 200_000 });
const TYPE = 0x0888;
const BYTES = 32_768;

const frame = fc.record({
  length: fc.oneof(fc.constant(64), fc.nat(80), fc.nat(1600)),
  type: fc.constantFrom(0x0008, 0x0008, 0x0008, TYPE, 0x8808),
  repeat: fc.integer({ min: 1, max: 5 }),
});

it('is what seek.wat assembles to', async () => {
  const source = new URL('../src/seek.wat', import.meta.url);
  expect(readFileSync(kernelFile(source), 'utf8')).toBe(await kernelModule(source));
});

it.each([
  ['the kernel', rowKernel!.seekType],
  ['the loop', rowsByWords.seekType],
])('%s finds the first frame of a type, or none', (_, seek) => {
  const start = allocateWire(BYTES);
  fc.assert(
    fc.property(fc.array(frame, { maxLength: 4 }), (kinds) => {
      const burst = kinds.flatMap(({ repeat, ...kind }) => Array.from({ length: repeat }, () => kind));
      let at = start;
      // Whatever lies in memory must not matter: everything else looks like the type.
      u8.fill(0x88, start, start + BYTES);
      for (const { length, type } of burst) {
        Frame.length.set(w, at >> 2, length);
        Frame.status.set(w, at >> 2, 0);
        if (length >= 14) u8.set([type & 0xff, type >>> 8], at + FRAME_HEADER_BYTES + 12);
        at += FRAME_HEADER_BYTES + ((length + 7) & ~7);
      }
      const first = burst.findIndex(({ length, type }) => length >= 14 && type === TYPE);
      expect(seek(start, burst.length, TYPE)).toBe(first < 0 ? 0 : burst.length - first);
    }),
    { numRuns: RUNS, seed },
  );
  freeWire(start, BYTES);
});
