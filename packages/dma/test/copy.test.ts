import fc from 'fast-check';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { kernelFile, kernelModule } from '@tooling/kernels';
import {
  clear,
  clearByWords,
  copy,
  copyAll,
  copyAllByWords,
  copyByWords,
  copyToAll,
  copyToAllByWords,
  type Copy,
} from '../src/copy.ts';
import { hostPages } from '../src/index.ts';
import { i32, u8 } from '../src/memory.ts';

const HALF = 16_384;
let arena = 0;

beforeAll(() => {
  arena = hostPages.allocate(2 * HALF, { owner: 'copy test' });
});
afterAll(() => hostPages.free(arena));

const byteLoop: Copy = (to, from, bytes) => {
  for (let done = 0; done < bytes; done++) u8[to + done] = u8[from + done]!;
};

/** Runs one copy over fresh bytes and returns the whole arena. */
function after(way: Copy, seed: number, to: number, from: number, bytes: number): Uint8Array {
  for (let at = 0; at < 2 * HALF; at++) u8[arena + at] = Math.imul(at + seed, 2_654_435_761) >>> 24;
  way(arena + to, arena + from, bytes);
  return u8.slice(arena, arena + 2 * HALF);
}

/** Two ranges that do not overlap: one in each half of the arena, in either direction, of any alignment. */
const ranges = fc
  .record({
    seed: fc.integer({ min: 0, max: 0xffff }),
    bytes: fc.oneof(fc.integer({ min: 0, max: 160 }), fc.integer({ min: 0, max: 12_000 })),
    low: fc.integer({ min: 0, max: 4_096 }),
    high: fc.integer({ min: 0, max: 4_096 }),
    aligned: fc.boolean(),
    up: fc.boolean(),
  })
  .map(({ seed, bytes, low, high, aligned, up }) => {
    const keep = aligned ? ~7 : ~0;
    const [lower, upper] = [low & keep, HALF + (high & keep)];
    return { seed, bytes, to: up ? upper : lower, from: up ? lower : upper };
  });

describe('copy', () => {
  it.each([
    ['the kernel', copy],
    ['the loop over words', copyByWords],
  ])('%s moves what a loop over bytes moves, and touches nothing else', (_, way) => {
    fc.assert(
      fc.property(ranges, ({ seed, to, from, bytes }) => {
        const expected = after(byteLoop, seed, to, from, bytes);
        expect(Buffer.compare(after(way, seed, to, from, bytes), expected)).toBe(0);
      }),
      { numRuns: 150 },
    );
  });

  it('is the kernel in a process whose memory is its own', () => {
    expect(copy).not.toBe(copyByWords);
  });

  it('moves literal bytes', () => {
    for (const way of [copy, copyByWords]) {
      u8.set([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12], arena);
      u8.fill(0xee, arena + 64, arena + 96);
      way(arena + 72, arena, 11);
      expect([...u8.slice(arena + 70, arena + 86)]).toEqual([
        0xee, 0xee, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 0xee, 0xee, 0xee,
      ]);
      way(arena + 65, arena + 1, 3);
      expect([...u8.slice(arena + 64, arena + 70)]).toEqual([0xee, 2, 3, 4, 0xee, 0xee]);
      way(arena + 64, arena, 0);
      expect(u8[arena + 64]).toBe(0xee);
    }
  });
});

describe('clear', () => {
  it.each([
    ['the kernel', clear],
    ['the loop over bytes', clearByWords],
  ])('%s writes zeros, and nothing else', (_, way) => {
    const range = fc.record({ at: fc.integer({ min: 0, max: 300 }), bytes: fc.integer({ min: 0, max: 4_000 }) });
    fc.assert(
      fc.property(range, ({ at, bytes }) => {
        u8.fill(0xee, arena, arena + HALF);
        way(arena + at, bytes);
        const expected = new Uint8Array(HALF).fill(0xee).fill(0, at, at + bytes);
        expect(Buffer.compare(u8.slice(arena, arena + HALF), expected)).toBe(0);
      }),
      { numRuns: 50 },
    );
  });
});

describe('a list of copies', () => {
  it.each([
    ['the kernel', copyAll],
    ['the loop over words', copyAllByWords],
  ])('is carried out by %s as one copy after the other', (_, way) => {
    // Each copy of a list has 320 bytes of the first half to itself, and 320 of the second.
    const one = fc.record({
      to: fc.integer({ min: 0, max: 64 }),
      from: fc.integer({ min: 0, max: 64 }),
      bytes: fc.oneof(fc.constant(64), fc.integer({ min: 0, max: 256 })),
    });
    const list = hostPages.allocate(4096, { owner: 'copy list' });
    fc.assert(
      fc.property(fc.array(one, { maxLength: 40 }), (copies) => {
        for (let at = 0; at < 2 * HALF; at++) u8[arena + at] = Math.imul(at, 2_654_435_761) >>> 24;
        const expected = u8.slice(arena, arena + 2 * HALF);
        copies.forEach(({ to, from, bytes }, index) => {
          const [target, source] = [index * 320 + to, HALF + index * 320 + from];
          i32.set([arena + target, arena + source, bytes], (list >>> 2) + index * 3);
          expected.copyWithin(target, source, source + bytes);
        });
        way(list, copies.length);
        expect(Buffer.compare(u8.slice(arena, arena + 2 * HALF), expected)).toBe(0);
      }),
      { numRuns: 100 },
    );
    hostPages.free(list);
  });
});

describe('a copy to many places', () => {
  it.each([
    ['the kernel', copyToAll],
    ['the loop over words', copyToAllByWords],
  ])('is made by %s, and touches nothing else', (_, way) => {
    // Each place has 320 bytes of the first half to itself; the bytes lie in the second, or in one of the places.
    const offsets = fc.array(fc.integer({ min: 0, max: 64 }), { maxLength: 40 });
    const bytes = fc.oneof(fc.constant(64), fc.integer({ min: 0, max: 256 }));
    const list = hostPages.allocate(4096, { owner: 'copy list' });
    fc.assert(
      fc.property(offsets, bytes, fc.nat(), fc.boolean(), (places, length, chosen, within) => {
        for (let at = 0; at < 2 * HALF; at++) u8[arena + at] = Math.imul(at, 2_654_435_761) >>> 24;
        const expected = u8.slice(arena, arena + 2 * HALF);
        const targets = places.map((offset, index) => index * 320 + offset);
        const from = (within ? targets[chosen % (targets.length || 1)] : undefined) ?? HALF + (chosen % 512);
        const source = expected.slice(from, from + length);
        for (const [index, target] of targets.entries()) {
          i32[(list >>> 2) + index] = arena + target;
          expected.set(source, target);
        }
        way(list, targets.length, arena + from, length);
        expect(Buffer.compare(u8.slice(arena, arena + 2 * HALF), expected)).toBe(0);
      }),
      { numRuns: 100 },
    );
    hostPages.free(list);
  });
});

describe('the checked-in kernel', () => {
  it('is what copy.wat assembles to', async () => {
    const source = new URL('../src/copy.wat', import.meta.url);
    expect(readFileSync(kernelFile(source), 'utf8')).toBe(await kernelModule(source));
  });
});
