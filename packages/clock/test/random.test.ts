import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Random } from '../src/index.ts';

const WORD = (1n << 32n) - 1n;

// sfc32 again, from its definition, in integers without limit.
function* sfc32(a: bigint, b: bigint, c: bigint): Generator<bigint, never> {
  let counter = 1n;
  for (;;) {
    const result = (a + b + counter) & WORD;
    counter = (counter + 1n) & WORD;
    a = b ^ (b >> 9n);
    b = (c + (c << 3n)) & WORD;
    c = (((c << 21n) | (c >> 11n)) + result) & WORD;
    yield result;
  }
}

// FNV-1a of a text's code units.
function fnv(text: string): bigint {
  let hash = 0x811c9dc5n;
  for (const unit of text) hash = ((hash ^ BigInt(unit.charCodeAt(0))) * 0x01000193n) & WORD;
  return hash;
}

describe('the generator', () => {
  it('is sfc32', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), fc.string({ unit: 'grapheme-ascii', maxLength: 8 }), (seed, stream) => {
        const oracle = sfc32(fnv(stream), BigInt(seed) & WORD, BigInt(seed) >> 32n);
        for (let round = 0; round < 15; round++) oracle.next();
        const random = new Random(seed, stream);
        for (let draw = 0; draw < 20; draw++) expect(BigInt(random.next())).toBe(oracle.next().value);
      }),
    );
  });

  it('gives the same numbers on every machine', () => {
    const random = new Random(1);
    expect([random.next(), random.next(), random.next()].map((value) => value.toString(16))).toEqual(FIRST);
  });

  it.each([-1, 0.5, NaN, Infinity, 2 ** 53])('refuses the seed %d', (seed) => {
    expect(() => new Random(seed)).toThrow(expect.objectContaining({ code: 'BAD_SEED' }));
  });
});

/** The first numbers of seed 1: they may never change, since runs are repeated by their seed. */
const FIRST: readonly string[] = ['5f2bb518', '43637c4', 'a4ce6ae3'];

describe('whole numbers', () => {
  it('lie below the bound and take every value', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), fc.integer({ min: 1, max: 12 }), (seed, bound) => {
        const random = new Random(seed);
        const seen = new Set(Array.from({ length: 400 }, () => random.below(bound)));
        expect([...seen].sort((one, other) => one - other)).toEqual(Array.from({ length: bound }, (_, index) => index));
      }),
    );
  });

  it('are equally likely, even just above half of the range', () => {
    const random = new Random(3);
    const bound = 0xc000_0000;
    let low = 0;
    const draws = 30_000;
    for (let draw = 0; draw < draws; draw++) if (random.below(bound) < bound / 3) low++;
    // Five standard deviations of a binomial with p = 1/3.
    expect(Math.abs(low - draws / 3)).toBeLessThan(5 * Math.sqrt((draws * 2) / 9));
  });

  it('lie between both ends, both included', () => {
    const random = new Random(5);
    const seen = new Set(Array.from({ length: 200 }, () => random.between(-2, 2)));
    expect([...seen].sort((one, other) => one - other)).toEqual([-2, -1, 0, 1, 2]);
    expect(random.between(9, 9)).toBe(9);
    expect(random.below(2 ** 32)).toBeLessThan(2 ** 32);
  });

  it.each([0, -1, 1.5, 2 ** 32 + 1, NaN])('refuse the bound %d', (bound) => {
    expect(() => new Random(1).below(bound)).toThrow(expect.objectContaining({ code: 'BAD_RANGE' }));
  });

  it('refuse ends in the wrong order, and a choice among nothing', () => {
    expect(() => new Random(1).between(2, 1)).toThrow(expect.objectContaining({ code: 'BAD_RANGE' }));
    expect(() => new Random(1).pick([])).toThrow(expect.objectContaining({ code: 'BAD_RANGE' }));
  });
});

describe('the rest', () => {
  it('draws fractions in [0, 1) with their mean in the middle', () => {
    const random = new Random(11);
    let sum = 0;
    for (let draw = 0; draw < 10_000; draw++) {
      const fraction = random.fraction();
      expect(fraction >= 0 && fraction < 1).toBe(true);
      sum += fraction;
    }
    expect(Math.abs(sum / 10_000 - 0.5)).toBeLessThan(0.02);
  });

  it('decides by chance', () => {
    const random = new Random(12);
    const hits = Array.from({ length: 10_000 }, () => random.chance(0.25)).filter(Boolean).length;
    expect(Math.abs(hits - 2500)).toBeLessThan(250);
    expect([random.chance(0), random.chance(1)]).toEqual([false, true]);
  });

  it('picks every choice, and fills bytes of every value', () => {
    const random = new Random(13);
    expect(new Set(Array.from({ length: 100 }, () => random.pick(['a', 'b', 'c'])))).toEqual(new Set(['a', 'b', 'c']));
    const bytes = new Uint8Array(8192);
    random.fill(bytes);
    expect(new Set(bytes).size).toBe(256);
  });

  it('forks by name, whatever was drawn before', () => {
    const one = new Random(14, 'machine');
    const other = new Random(14, 'machine');
    other.next();
    expect(one.fork('link').next()).toBe(other.fork('link').next());
    expect(one.fork('link').next()).not.toBe(one.fork('host').next());
    expect(one.fork('link').next()).toBe(new Random(14, 'machine/link').next());
  });
});
