// Owns: the units and offsets in which pcapng interfaces count time.
import { describe, expect, it } from 'vitest';
import { concat, enhancedPacket, interfaceBlock, number, sectionHeader } from './bytes.ts';
import { outcomeOf } from './outcome.ts';

describe('times in pcapng', () => {
  it.each([
    { name: 'seconds', octet: 0, units: 3n, expected: 3_000_000_000n },
    { name: 'milliseconds', octet: 3, units: 1_500n, expected: 1_500_000_000n },
    { name: 'microseconds', octet: 6, units: 1n, expected: 1_000n },
    { name: 'nanoseconds', octet: 9, units: 2n ** 64n - 1n, expected: 2n ** 64n - 1n },
    { name: 'picoseconds, rounded down', octet: 12, units: 1_999n, expected: 1n },
    { name: '10^-20 s', octet: 20, units: 2n ** 64n - 1n, expected: 184_467_440n },
    { name: '10^-127 s', octet: 127, units: 2n ** 64n - 1n, expected: 0n },
    { name: '2^0 s', octet: 0x80, units: 2n, expected: 2_000_000_000n },
    { name: '2^-10 s', octet: 0x8a, units: 1n, expected: 976_562n },
    { name: '2^-32 s', octet: 0xa0, units: 2n ** 63n, expected: 2n ** 31n * 1_000_000_000n },
    { name: '2^-127 s', octet: 0xff, units: 2n ** 64n - 1n, expected: 0n },
  ])('counts time in $name', ({ octet, units, expected }) => {
    for (const le of [true, false]) {
      const list = [{ code: 9, value: [octet] }];
      const file = concat(
        sectionHeader(le),
        interfaceBlock(le, { list }),
        enhancedPacket({ time: units, data: [] }, le),
      );
      expect(outcomeOf(file).packets[0]?.timestamp).toBe(expected);
    }
  });

  it.each([
    { octet: 6, units: 1n, unit: 1_000n },
    { octet: 9, units: 1n, unit: 1n },
    { octet: 12, units: 5_000n, unit: 5n },
    { octet: 0x81, units: 1n, unit: 500_000_000n },
  ])('adds the time offset of the interface, which may be negative, at resolution $octet', ({ octet, units, unit }) => {
    for (const [offset, seconds] of [
      [10, 10_000_000_000n],
      [-1, -1_000_000_000n],
    ] as const) {
      const list = [
        { code: 14, value: number(offset, 8, true) },
        { code: 9, value: [octet] },
      ];
      const file = concat(sectionHeader(), interfaceBlock(true, { list }), enhancedPacket({ time: units, data: [] }));
      expect(outcomeOf(file).packets[0]?.timestamp).toBe(seconds + unit);
    }
  });
});
