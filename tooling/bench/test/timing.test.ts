// Which blocks count: those that the gauge found undisturbed, whatever they took themselves.
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { takeTime, timingOf, undisturbed, unlessDisturbed } from '../timing.mjs';

const QUIET = 17_000;
const look = fc.oneof(fc.integer({ min: QUIET, max: QUIET + 800 }), fc.integer({ min: 2 * QUIET, max: 9 * QUIET }));

describe('an undisturbed block', () => {
  it('lies between two good looks', () => {
    expect(undisturbed([100, 104, 106, 100, 101, 180, 100])).toEqual([0, 3]); // up to 5 % above the shortest
    fc.assert(
      fc.property(fc.array(look, { maxLength: 60 }), (some) => {
        const looks = [QUIET, QUIET, ...some];
        const quiet = looks.map((nanoseconds) => nanoseconds < 2 * QUIET);
        const expected = looks.flatMap((_, block) =>
          quiet[block] === true && quiet[block + 1] === true ? [block] : [],
        );
        expect(undisturbed(looks)).toEqual(expected);
      }),
    );
  });
});

describe('a single look that is shorter than any other', () => {
  it('makes no others bad', () => {
    const looks = Array.from({ length: 60 }, (_, index) => (index === 30 ? QUIET / 2 : QUIET));
    expect(undisturbed(looks)).toHaveLength(59);
  });
});

describe('a figure', () => {
  it('is the median of the undisturbed blocks, the slow among them too', () => {
    // Blocks 0 to 9 are undisturbed, and five of them slow; the fast one behind them was disturbed.
    const times = [30, 31, 32, 33, 34, 80, 81, 82, 83, 84, 1];
    const looks = [...Array.from({ length: 11 }, () => QUIET), 2 * QUIET];
    expect(timingOf(times, looks)).toEqual({
      ...{ nanoseconds: 80, undisturbed: (10 / 11) * 100, all: 34, least: 1, most: 84, gauge: QUIET },
    });
  });

  it('is that of all blocks where nine undisturbed ones were not found, and says so', () => {
    const times = Array.from({ length: 20 }, (_, block) => 20 + block);
    const looks = Array.from({ length: 21 }, (_, index) => (index < 9 ? QUIET : 3 * QUIET));
    expect(timingOf(times, looks)).toMatchObject({ nanoseconds: 30, undisturbed: 0, all: 30, least: 20, most: 39 });
  });
});

describe('a program', () => {
  const before = process.env['NETCX_BENCH_SIZE'];
  beforeEach(() => (process.env['NETCX_BENCH_SIZE'] = 'quick'));
  afterEach(() => {
    if (before === undefined) delete process.env['NETCX_BENCH_SIZE'];
    else process.env['NETCX_BENCH_SIZE'] = before;
  });

  it('does a block at a time and counts what was done in it', () => {
    let blocks = 0;
    const timing = takeTime(() => {
      blocks++;
      for (const begin = performance.now(); performance.now() < begin + 1;);
      return 1000;
    });
    expect(blocks).toBeGreaterThanOrEqual(9);
    expect(timing.least).toBeGreaterThanOrEqual(1000); // a millisecond, a thousand times
    expect(timing.nanoseconds).toBeGreaterThanOrEqual(timing.least);
    expect(timing.most).toBeGreaterThanOrEqual(timing.all);
    expect(timing.undisturbed).toBeLessThanOrEqual(100);
  });
});

describe('a program that was disturbed throughout', () => {
  const given = (...samples: { nanoseconds: number; undisturbed?: number; gauge?: number }[]) => {
    const measure = unlessDisturbed(() => {
      const sample = samples.shift();
      if (sample === undefined) throw new Error('asked once more');
      return Promise.resolve(sample);
    });
    return async () => (await measure()).nanoseconds;
  };

  it('measures again', async () => {
    const measure = given(
      { nanoseconds: 60, undisturbed: 0, gauge: 100 },
      { nanoseconds: 30, undisturbed: 20, gauge: 101 },
      { nanoseconds: 61, undisturbed: 90, gauge: 160 }, // as even as if it had been alone
      { nanoseconds: 31, undisturbed: 1, gauge: 104 },
    );
    expect(await measure()).toBe(30);
    expect(await measure()).toBe(31);
  });

  it('does so three times', async () => {
    const bad = { undisturbed: 0, gauge: 100 };
    const measure = given(...[1, 2, 3, 4].map((nanoseconds) => ({ nanoseconds, ...bad })));
    expect(await measure()).toBe(4);
  });

  it('is not one that has no gauge', async () => {
    expect(await given({ nanoseconds: 20 })()).toBe(20);
  });
});
