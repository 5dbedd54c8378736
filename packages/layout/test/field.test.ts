import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bits, defineStruct, overlay, u16, u32, u64, u8, type Location } from '../src/index.ts';
import { getBits, setBits } from './naive.ts';

/** 16 bytes of which byte 4 is the struct's first: 00 to 03 before it, f0 to f3 after it. */
const memory = (): { bytes: Uint8Array; view: Int32Array } => {
  const bytes = Uint8Array.of(
    0x00,
    0x01,
    0x02,
    0x03,
    0x78,
    0x56,
    0x34,
    0x12,
    0xef,
    0xcd,
    0xab,
    0x89,
    0xf0,
    0xf1,
    0xf2,
    0xf3,
  );
  return { bytes, view: new Int32Array(bytes.buffer) };
};

const AT = 1;

// prettier-ignore
const shapes: readonly [name: string, field: Location, value: number, written: number, after: readonly number[]][] = [
  ['u32, first word',           u32(0),               0x1234_5678, 0x89ab_cdef, [0xef, 0xcd, 0xab, 0x89, 0xef, 0xcd, 0xab, 0x89]],
  ['u32, above 2^31',           u32(4),               0x89ab_cdef, 0xffff_fffe, [0x78, 0x56, 0x34, 0x12, 0xfe, 0xff, 0xff, 0xff]],
  ['u16, low half',             u16(0),                    0x5678, 0xaaaa,      [0xaa, 0xaa, 0x34, 0x12, 0xef, 0xcd, 0xab, 0x89]],
  ['u16, high half',            u16(6),                    0x89ab, 0x0001,      [0x78, 0x56, 0x34, 0x12, 0xef, 0xcd, 0x01, 0x00]],
  ['u8, byte 0',                u8(0),                       0x78, 0xff,        [0xff, 0x56, 0x34, 0x12, 0xef, 0xcd, 0xab, 0x89]],
  ['u8, byte 1',                u8(1),                       0x56, 0x00,        [0x78, 0x00, 0x34, 0x12, 0xef, 0xcd, 0xab, 0x89]],
  ['u8, byte 3',                u8(3),                       0x12, 0x80,        [0x78, 0x56, 0x34, 0x80, 0xef, 0xcd, 0xab, 0x89]],
  ['u8, byte 7',                u8(7),                       0x89, 0x7f,        [0x78, 0x56, 0x34, 0x12, 0xef, 0xcd, 0xab, 0x7f]],
  ['one bit',                   bits(u32(0), 12),               1, 0,           [0x78, 0x46, 0x34, 0x12, 0xef, 0xcd, 0xab, 0x89]],
  ['the top bit',               bits(u32(4), 31),               1, 0,           [0x78, 0x56, 0x34, 0x12, 0xef, 0xcd, 0xab, 0x09]],
  ['bits 30:1 of a word',       bits(u32(0), 30, 1), 0x091a_2b3c, 0x3fff_ffff,  [0xfe, 0xff, 0xff, 0x7f, 0xef, 0xcd, 0xab, 0x89]],
  ['bits of a half',            bits(u16(2), 11, 4),         0x23, 0xff,        [0x78, 0x56, 0xf4, 0x1f, 0xef, 0xcd, 0xab, 0x89]],
  ['bits of a byte',            bits(u8(5), 7, 6),           0b11, 0b01,        [0x78, 0x56, 0x34, 0x12, 0xef, 0x4d, 0xab, 0x89]],
  ['64 bits, below bit 32',     bits(u64(0), 25, 0), 0x0234_5678, 0x03ff_ffff,  [0xff, 0xff, 0xff, 0x13, 0xef, 0xcd, 0xab, 0x89]],
  ['64 bits, across bit 32',    bits(u64(0), 51, 26), 0x02f3_7bc4, 0,           [0x78, 0x56, 0x34, 0x02, 0x00, 0x00, 0xa0, 0x89]],
  ['64 bits, 32 across bit 32', bits(u64(0), 35, 4), 0xf123_4567, 0xdead_beef,  [0xf8, 0xee, 0xdb, 0xea, 0xed, 0xcd, 0xab, 0x89]],
  ['64 bits, above bit 32',     bits(u64(0), 61, 52),       0x09a, 0x3ff,       [0x78, 0x56, 0x34, 0x12, 0xef, 0xcd, 0xfb, 0xbf]],
  ['64 bits, the high word',    bits(u64(0), 63, 32), 0x89ab_cdef, 1,           [0x78, 0x56, 0x34, 0x12, 0x01, 0x00, 0x00, 0x00]],
  ['64 bits, the low word',     bits(u64(0), 31, 0), 0x1234_5678, 1,            [0x01, 0x00, 0x00, 0x00, 0xef, 0xcd, 0xab, 0x89]],
];

describe('each shape of field, byte for byte', () => {
  it.each(shapes)('%s', (_, field, value, written, after) => {
    const struct = defineStruct('Shape', 8, { field });
    const { bytes, view } = memory();
    expect(struct.field.get(view, AT)).toBe(value);
    expect(struct.field.location).toEqual(field);
    struct.field.set(view, AT, written);
    expect([...bytes]).toEqual([0x00, 0x01, 0x02, 0x03, ...after, 0xf0, 0xf1, 0xf2, 0xf3]);
    expect(struct.field.get(view, AT)).toBe(written);
  });

  it('64 bits whole: one number below 2^53, or two halves', () => {
    const { field } = defineStruct('Shape', 8, { field: u64(0) });
    const { bytes, view } = memory();
    expect(field.low.get(view, AT)).toBe(0x1234_5678);
    expect(field.high.get(view, AT)).toBe(0x89ab_cdef);
    expect(field.low.location).toMatchObject({ byteOffset: 0, wordBits: 32, high: 31, low: 0 });
    expect(field.high.location).toMatchObject({ byteOffset: 4, wordBits: 32, high: 31, low: 0 });
    field.set(view, AT, Number.MAX_SAFE_INTEGER);
    expect([...bytes.slice(4, 12)]).toEqual([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x1f, 0x00]);
    expect(field.get(view, AT)).toBe(Number.MAX_SAFE_INTEGER);
    field.set(view, AT, 0x6_0000_0007);
    expect([...bytes.slice(4, 12)]).toEqual([7, 0, 0, 0, 6, 0, 0, 0]);
    field.high.set(view, AT, 0x8000_0000);
    field.low.set(view, AT, 1);
    expect([...bytes.slice(4, 12)]).toEqual([1, 0, 0, 0, 0, 0, 0, 0x80]);
    expect(field.get(view, AT)).toBe(2 ** 63);
    expect([...bytes.slice(0, 4), ...bytes.slice(12)]).toEqual([0x00, 0x01, 0x02, 0x03, 0xf0, 0xf1, 0xf2, 0xf3]);
  });

  it('64 bits that start at a multiple of 4', () => {
    const struct = defineStruct('Shape', 12, { field: u64(4), cut: overlay(bits(u64(4), 40, 30)) });
    const view = new Int32Array(3);
    struct.field.set(view, 0, 0x1_8000_0002);
    expect([...view]).toEqual([0, 0x8000_0002 | 0, 1]);
    expect(struct.cut.get(view, 0)).toBe(0b110);
  });

  it('drops what does not fit, as a register does', () => {
    const { field } = defineStruct('Shape', 4, { field: bits(u32(0), 7, 4) });
    const view = Int32Array.of(0);
    field.set(view, 0, 0x1_0000_0003);
    field.set(view, 0, 0x53);
    expect(view[0]).toBe(0x30);
    field.set(view, 0, -1);
    expect(view[0]).toBe(0xf0);
  });
});

const anyField: fc.Arbitrary<Location> = fc
  .record({
    word: fc.constantFrom(8, 16, 32, 64),
    step: fc.integer({ min: 0, max: 5 }),
    low: fc.integer({ min: 0, max: 63 }),
    more: fc.integer({ min: 0, max: 31 }),
  })
  .map(({ word, step, low, more }) => {
    const first = low % word;
    const whole = { 8: u8, 16: u16, 32: u32, 64: u64 }[word];
    return bits(whole(step * Math.min(word / 8, 4)), Math.min(first + more, word - 1), first);
  });

describe('any field in any memory', () => {
  it('reads its bits, and writing it leaves all others as they are', () => {
    fc.assert(
      fc.property(
        anyField,
        fc.uint8Array({ minLength: 40, maxLength: 40 }),
        fc.integer({ min: 0, max: 2 }),
        fc.integer({ min: 0, max: 0xffff_ffff }),
        (field, bytes, at, value) => {
          const struct = defineStruct('Any', 28, { field });
          const first = (at * 4 + field.byteOffset) * 8 + field.low;
          const width = field.high - field.low + 1;
          const expected = setBits(bytes, first, width, BigInt(value));
          const changed = bytes.slice();
          const view = new Int32Array(changed.buffer);
          expect(BigInt(struct.field.get(view, at))).toBe(getBits(bytes, first, width));
          struct.field.set(view, at, value);
          expect(Buffer.compare(changed, expected)).toBe(0);
          expect(BigInt(struct.field.get(view, at))).toBe(getBits(expected, first, width));
        },
      ),
      { numRuns: 5_000 },
    );
  });
});
