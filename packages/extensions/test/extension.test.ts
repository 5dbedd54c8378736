import { bits, describeStruct, LayoutError, overlay, u16, u32, u64, u8, type Location } from '@netcx/layout';
import fc from 'fast-check';
import { describe, expect, expectTypeOf, it } from 'vitest';
import {
  defineExtension,
  describeExtension,
  ExtensionError,
  type ExtensionField,
  type ExtensionSpec,
  type WideExtensionField,
} from '../src/index.ts';
import { getBits, setBits } from './naive.ts';

const valid = {
  name: 'test_thing',
  version: 1,
  size: 4,
  alignment: 4,
  level: 'packet',
  fields: { whole: u32(0) },
} as const satisfies ExtensionSpec;

const codeOf = (change: Partial<Record<keyof ExtensionSpec, unknown>>): string => {
  try {
    defineExtension({ ...valid, ...change } as ExtensionSpec);
    return 'accepted';
  } catch (error) {
    if (error instanceof ExtensionError || error instanceof LayoutError) return error.code;
    throw error;
  }
};

describe('defineExtension', () => {
  it('says what was defined', () => {
    const extension = defineExtension(valid);
    const { struct, ...described } = describeExtension(extension);
    expect(described).toEqual(valid);
    expect(describeStruct(struct)).toEqual({ name: 'test_thing', size: 4, fields: valid.fields });
    expect(Object.keys(extension)).toEqual(['whole']);
    expect(Object.isFrozen(extension)).toBe(true);
  });

  it.each([
    ['NAME', { name: '' }],
    ['NAME', { name: undefined }],
    ['VERSION', { version: 0 }],
    ['VERSION', { version: 1.5 }],
    ['VERSION', { version: '1' }],
    ['LEVEL', { level: 'ring' }],
    ['accepted', { level: 'buffer' }],
    ['LEVEL', { level: 'toString' }],
    ['SIZE', { size: 0 }],
    ['SIZE', { size: 1025 }],
    ['SIZE', { size: 2.5 }],
    ['ALIGNMENT', { alignment: 0 }],
    ['ALIGNMENT', { alignment: 3 }],
    ['ALIGNMENT', { alignment: 8 }],
    ['ALIGNMENT', { alignment: 16, level: 'fragment' }],
    ['FIELD_ALIGNMENT', { alignment: 2 }],
    ['FIELD_ALIGNMENT', { alignment: 1, fields: { half: u16(0) } }],
    ['FIELD_ALIGNMENT', { alignment: 2, size: 8, fields: { wide: u64(0) } }],
    ['FIELD_NAME', { fields: { offset: u32(0) } }],
    ['FIELD_NAME', { fields: { enabled: u32(0) } }],
    ['FIELD_NAME', { fields: { version: u32(0) } }],
    ['FIELD_NAME', { fields: { definition: u32(0) } }],
    ['FIELD_RANGE', { fields: { past: u32(4) } }],
    ['FIELD_OVERLAP', { fields: { one: u16(0), other: u8(1) } }],
    ['accepted', {}],
    ['accepted', { size: 1024 }],
    ['accepted', { alignment: 8, level: 'fragment' }],
    ['accepted', { size: 1, alignment: 1, fields: { bit: bits(u8(0), 7) } }],
    ['accepted', { fields: { one: u16(0), other: overlay(u8(1)) } }],
    ['accepted', { fields: {} }],
  ])('%s: %o', (code, change) => {
    expect(codeOf(change)).toBe(code);
  });

  it('names the extension, what was expected and what came', () => {
    expect(() => defineExtension({ ...valid, alignment: 8 })).toThrow(
      'ALIGNMENT: test_thing: 8; expected a power of two up to 4 in a packet',
    );
  });

  it('gives each field the accessor that its location says', () => {
    const extension = defineExtension({
      ...valid,
      size: 16,
      fields: { word: u32(0), run: bits(u64(8), 40, 20), wide: overlay(u64(8)) },
    });
    expectTypeOf(extension.word).toEqualTypeOf<ExtensionField>();
    expectTypeOf(extension.run).toEqualTypeOf<ExtensionField>();
    expectTypeOf(extension.wide).toEqualTypeOf<WideExtensionField>();
    expectTypeOf(extension).not.toHaveProperty('nothing');
  });
});

/** Any field that an extension of the alignment may have, in its first 24 bytes. */
const location = (alignment: number): fc.Arbitrary<Location> =>
  fc.constantFrom(...[8, 16, 32, 64].filter((wordBits) => Math.min(wordBits / 8, 4) <= alignment)).chain((wordBits) =>
    fc
      .tuple(fc.integer({ min: 0, max: 4 }), fc.integer({ min: 0, max: wordBits - 1 }), fc.integer({ min: 0, max: 31 }))
      .map(([step, low, more]) => {
        const word = { 8: u8, 16: u16, 32: u32, 64: u64 }[wordBits]!(step * Math.min(wordBits / 8, 4));
        return bits(word, Math.min(low + more, wordBits - 1), low);
      }),
  );

const anywhere = fc.constantFrom(1, 2, 4, 8).chain((alignment) =>
  fc.record({
    field: location(alignment),
    offset: fc.integer({ min: 1, max: 4 }).map((step) => step * alignment),
    element: fc.integer({ min: 0, max: 4 }),
    bytes: fc.uint8Array({ minLength: 96, maxLength: 96 }),
    value: fc.bigInt({ min: 0n, max: 2n ** 32n - 1n }),
  }),
);

describe('accessors of a field', () => {
  it('read and write its bits and no others, wherever the extension starts', () => {
    fc.assert(
      fc.property(anywhere, ({ field, offset, element, bytes, value }) => {
        const extension = defineExtension({
          ...valid,
          level: 'fragment',
          alignment: 8,
          size: 64,
          fields: { field },
        });
        const first = (element * 4 + offset + field.byteOffset) * 8 + field.low;
        const width = field.high - field.low + 1;
        const memory = bytes.slice();
        const view = new Int32Array(memory.buffer);
        expect(BigInt(extension.field.get(view, element, offset))).toBe(getBits(bytes, first, width));
        extension.field.set(view, element, offset, Number(value));
        expect(Buffer.compare(memory, setBits(bytes, first, width, value))).toBe(0);
        expect(BigInt(extension.field.get(view, element, offset))).toBe(getBits(memory, first, width));
      }),
      { numRuns: 5_000 },
    );
  });

  it('reach both halves of 64 bits, and the whole up to 2^53', () => {
    const extension = defineExtension({ ...valid, size: 12, fields: { wide: u64(4) } });
    const view = new Int32Array(8);
    extension.wide.set(view, 1, 8, 0x12_3456_789a_bcde);
    expect([...view]).toEqual([0, 0, 0, 0, 0x789a_bcde, 0x0012_3456, 0, 0]);
    expect(extension.wide.get(view, 1, 8)).toBe(0x12_3456_789a_bcde);
    extension.wide.low.set(view, 1, 8, 0xffff_fffe);
    extension.wide.high.set(view, 1, 8, 0x8000_0001);
    expect([...view]).toEqual([0, 0, 0, 0, -2, 0x8000_0001 | 0, 0, 0]);
    expect(extension.wide.low.get(view, 1, 8)).toBe(0xffff_fffe);
    expect(extension.wide.high.get(view, 1, 8)).toBe(0x8000_0001);
    expect(extension.wide.low.location.byteOffset).toBe(4);
    expect(extension.wide.high.location.byteOffset).toBe(8);
  });
});
