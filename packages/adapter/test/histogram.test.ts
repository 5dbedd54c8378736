/* A histogram's answers against the sorted values themselves. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Histogram } from '../src/index.ts';

const SEED = 20_261_122;

describe('a histogram', () => {
  it('has nothing to say before anything was recorded', () => {
    const histogram = new Histogram();
    expect(histogram.summary()).toEqual({ count: 0, mean: 0, p50: 0, p99: 0, max: 0 });
    expect(histogram.buckets()).toEqual([]);
  });

  it('is exact below sixteen, and has sixteen buckets to each power of two from there', () => {
    const histogram = new Histogram();
    for (let value = 0; value < 64; value++) histogram.record(value);
    const buckets = histogram.buckets();
    expect(buckets.slice(0, 32).every(({ from, below }, index) => from === index && below === index + 1)).toBe(true);
    expect(buckets.slice(32)).toEqual(
      Array.from({ length: 16 }, (_, index) => ({ from: 32 + 2 * index, below: 34 + 2 * index, count: 2 })),
    );
  });

  it.each([-1, NaN, -Infinity])('counts %d as 0', (value) => {
    const histogram = new Histogram();
    histogram.record(value);
    expect(histogram.buckets()).toEqual([{ from: 0, below: 1, count: 1 }]);
  });

  it('has a last bucket for whatever takes longer than 18 minutes', () => {
    const histogram = new Histogram();
    for (const value of [2 ** 40 - 1, 2 ** 40, 2 ** 52, Infinity]) histogram.record(value);
    expect(histogram.buckets()).toEqual([{ from: 31 * 2 ** 35, below: 2 ** 40, count: 4 }]);
  });

  it.each([-0.1, 1.1, NaN])('has no quantile for a share of %d', (share) => {
    expect(() => new Histogram().quantile(share)).toThrow(RangeError);
  });

  it('gives quantiles that are never too low, and at most a sixteenth too high', () => {
    const values = fc.array(
      fc.oneof(
        fc.nat({ max: 40 }),
        fc.nat(),
        fc.maxSafeNat().map((value) => value % 2 ** 39),
      ),
      {
        minLength: 1,
        maxLength: 200,
      },
    );
    const property = fc.property(values, fc.double({ min: 0, max: 1, noNaN: true }), (recorded, share) => {
      const histogram = new Histogram();
      for (const value of recorded) histogram.record(value);
      const sorted = recorded.toSorted((a, b) => a - b);
      const exact = sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)]!;
      const found = histogram.quantile(share);
      expect(found).toBeGreaterThanOrEqual(exact);
      expect(found).toBeLessThanOrEqual(Math.floor(exact * (1 + 1 / 16)));
      const { count, mean, max } = histogram.summary();
      expect([count, max]).toEqual([recorded.length, sorted.at(-1)]);
      expect(mean).toBeCloseTo(recorded.reduce((sum, value) => sum + value, 0) / recorded.length, 0);
    });
    fc.assert(property, { seed: SEED, numRuns: 300 });
  });
});
