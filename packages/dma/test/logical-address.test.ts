import fc from 'fast-check';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { DmaError, highWord, logicalAddress, lowWord, type LogicalAddress } from '../src/index.ts';

describe('a logical address', () => {
  it('is two words where it is stored', () => {
    const address = logicalAddress(0x12_3456_89ab_cdef);
    expect(lowWord(address)).toBe(0x89ab_cdef | 0);
    expect(highWord(address)).toBe(0x12_3456);
  });

  it('comes back from its two words', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }), (value) => {
        const address = logicalAddress(value);
        const stored = Int32Array.of(lowWord(address), highWord(address));
        expect(new BigUint64Array(stored.buffer)[0]).toBe(BigInt(value));
      }),
    );
  });

  it.each([-1, 0.5, NaN, Infinity, 2 ** 53])('is not %d', (value) => {
    expect(() => logicalAddress(value)).toThrow(DmaError);
    expect(() => logicalAddress(value)).toThrow('BAD_ADDRESS');
  });

  it('is a type of its own: a host offset is none', () => {
    expectTypeOf<number>().not.toExtend<LogicalAddress>();
    expectTypeOf<LogicalAddress>().toExtend<number>();
    expectTypeOf(lowWord).parameter(0).toEqualTypeOf<LogicalAddress>();
  });
});
