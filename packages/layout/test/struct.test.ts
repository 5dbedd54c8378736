import fc from 'fast-check';
import { describe, expect, expectTypeOf, it } from 'vitest';
import {
  bits,
  defineStruct,
  describeStruct,
  LayoutError,
  overlay,
  sizeOf,
  u16,
  u32,
  u64,
  u8,
  wordsOf,
  type Accessor,
  type Location,
  type Struct,
  type WideAccessor,
} from '../src/index.ts';

const codeOf = (declare: () => unknown): string => {
  try {
    declare();
    return 'accepted';
  } catch (error) {
    if (error instanceof LayoutError) return error.code;
    throw error;
  }
};

describe('a location', () => {
  it('is the whole word or the bits that were cut from it', () => {
    expect(u16(6)).toEqual({ width: 'narrow', byteOffset: 6, wordBits: 16, high: 15, low: 0, overlay: false });
    expect(u64(4)).toEqual({ width: 'wide', byteOffset: 4, wordBits: 64, high: 63, low: 0, overlay: false });
    expect(bits(u64(8), 51, 26)).toEqual({
      width: 'narrow',
      byteOffset: 8,
      wordBits: 64,
      high: 51,
      low: 26,
      overlay: false,
    });
    expect(bits(u32(0), 6)).toEqual({ width: 'narrow', byteOffset: 0, wordBits: 32, high: 6, low: 6, overlay: false });
    expect(overlay(u32(0)).overlay).toBe(true);
    expect(bits(overlay(u32(0)), 3, 0).overlay).toBe(true);
  });

  it.each<[string, () => Location]>([
    ['FIELD_RANGE', () => u8(-1)],
    ['FIELD_RANGE', () => u8(0.5)],
    ['FIELD_RANGE', () => u32(NaN)],
    ['FIELD_ALIGNMENT', () => u16(1)],
    ['FIELD_ALIGNMENT', () => u32(2)],
    ['FIELD_ALIGNMENT', () => u64(2)],
    ['FIELD_RANGE', () => bits(u8(0), 8)],
    ['FIELD_RANGE', () => bits(u32(0), 3, 4)],
    ['FIELD_RANGE', () => bits(u32(0), 3, -1)],
    ['FIELD_RANGE', () => bits(u32(0), 3.5, 0)],
    ['FIELD_RANGE', () => bits(u64(0), 32, 0)],
    ['FIELD_RANGE', () => bits(u64(0), 64, 60)],
    ['FIELD_RANGE', () => bits(bits(u32(0), 15, 0), 3, 0)],
    ['accepted', () => u64(4)],
    ['accepted', () => bits(u64(0), 32, 1)],
    ['accepted', () => bits(u64(0), 63)],
  ])('%s: %s', (code, declare) => {
    expect(codeOf(declare)).toBe(code);
  });
});

describe('a struct', () => {
  it('knows its name, size and fields', () => {
    const fields = { first: u32(0), last: u8(4) };
    const struct = defineStruct('Small', 5, fields);
    expect(describeStruct(struct)).toEqual({ name: 'Small', size: 5, fields });
    expect(sizeOf(struct)).toBe(5);
    expect(wordsOf(struct)).toBe(2);
    expect(Object.keys(struct)).toEqual(['first', 'last']);
    expect(Object.isFrozen(struct)).toBe(true);
  });

  it.each<[string, number, Readonly<Record<string, Location>>]>([
    ['STRUCT_SIZE', 0, {}],
    ['STRUCT_SIZE', -4, {}],
    ['STRUCT_SIZE', 1.5, {}],
    ['STRUCT_SIZE', NaN, {}],
    ['FIELD_RANGE', 4, { past: u32(4) }],
    ['FIELD_RANGE', 6, { half: u32(4) }],
    ['FIELD_RANGE', 8, { bit: bits(u64(4), 32) }],
    ['FIELD_OVERLAP', 8, { one: u32(0), other: u8(3) }],
    ['FIELD_OVERLAP', 8, { one: bits(u64(0), 40, 20), other: bits(u32(4), 8, 8) }],
    ['accepted', 8, { one: bits(u64(0), 40, 20), other: bits(u32(4), 9, 9) }],
    ['accepted', 8, { one: u32(0), other: overlay(u8(3)) }],
    ['accepted', 8, { one: overlay(u32(0)), other: u8(3) }],
    ['accepted', 1, { bit: bits(u32(0), 7) }],
    ['accepted', 1, {}],
  ])('%s: %d bytes, %o', (code, size, fields) => {
    expect(codeOf(() => defineStruct('Test', size, fields))).toBe(code);
  });

  it('names what is wrong', () => {
    expect(() => defineStruct('Packet', 8, { count: u16(4), flags: u8(5) })).toThrow(
      'FIELD_OVERLAP: Packet.flags and Packet.count both hold bit 40; say overlay() if they should',
    );
    expect(() => defineStruct('Packet', 4, { count: u16(4) })).toThrow(
      'FIELD_RANGE: Packet.count ends at bit 47, past the 4 bytes of the struct',
    );
  });

  it('accepts exactly the declarations in which no two fields share a bit', () => {
    const field = fc
      .record({
        word: fc.integer({ min: 0, max: 2 }),
        low: fc.integer({ min: 0, max: 31 }),
        more: fc.integer({ min: 0, max: 7 }),
      })
      .map(({ word, low, more }) => bits(u32(word * 4), Math.min(low + more, 31), low));
    fc.assert(
      fc.property(fc.array(field, { maxLength: 4 }), (list) => {
        const taken = new Set<number>();
        let clash = false;
        for (const { byteOffset, high, low } of list) {
          for (let bit = byteOffset * 8 + low; bit <= byteOffset * 8 + high; bit++) {
            clash ||= taken.has(bit);
            taken.add(bit);
          }
        }
        const fields = Object.fromEntries(list.map((location, index) => [`field${String(index)}`, location]));
        expect(codeOf(() => defineStruct('Test', 12, fields))).toBe(clash ? 'FIELD_OVERLAP' : 'accepted');
      }),
      { numRuns: 1_000 },
    );
  });
});

describe("a struct's type", () => {
  const Descriptor = defineStruct('Descriptor', 16, { address: u64(0), length: u16(8), flag: bits(u64(8), 63) });

  it('has one accessor a field, a wide one for 64 bits', () => {
    expectTypeOf(Descriptor.address).toEqualTypeOf<WideAccessor>();
    expectTypeOf(Descriptor.length).toEqualTypeOf<Accessor>();
    expectTypeOf(Descriptor.flag).toEqualTypeOf<Accessor>();
    expectTypeOf(Descriptor.address.low).toEqualTypeOf<Accessor>();
    expectTypeOf(Descriptor).not.toHaveProperty('nothing');
    expectTypeOf(Descriptor).toExtend<Struct>();
    expectTypeOf(Descriptor.length.get).parameters.toEqualTypeOf<[Int32Array, number]>();
    expectTypeOf(Descriptor.length.set).parameters.toEqualTypeOf<[Int32Array, number, number]>();
    expect(Object.keys(Descriptor)).toEqual(['address', 'length', 'flag']);
  });
});
