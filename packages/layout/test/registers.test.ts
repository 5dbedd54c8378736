import fc from 'fast-check';
import { describe, expect, expectTypeOf, it } from 'vitest';
import {
  defineRegisters,
  LayoutError,
  register,
  type Register,
  type RegisterField,
  type RegisterSpec,
} from '../src/index.ts';

// prettier-ignore
const table = defineRegisters({
  CTRL:   register(0x00000, 'rw',  0x0010_0209, 'Device Control', { SLU: 6, SPEED: [9, 8], RST: [26, 26, 'sc'], ALL: [31, 30] }),
  STATUS: register(0x00008, 'ro',  0x0000_0000, 'Device Status'),
  EICR:   register(0x01580, 'w1c', 0x0000_0000, 'Extended Interrupt Cause', {}, { writable: 0x01ff_ffff }),
  RDBAL:  register(0x0c000, 'rw',  0x0000_0000, 'Receive Base Low', { BASE: [31, 7] },
                   { count: 16, stride: 0x40, aliases: [{ offset: 0x2800, stride: 0x100, count: 4 }] }),
});

describe('a register', () => {
  it('is what its row says', () => {
    const { fields, at, SLU, SPEED, RST, ALL, ...row } = table.CTRL;
    expect(row).toEqual({
      name: 'CTRL',
      title: 'Device Control',
      offset: 0,
      stride: 4,
      count: 1,
      access: 'rw',
      reset: 0x0010_0209,
      writable: 0xffff_ffff,
      aliases: [],
    });
    expect(Object.keys(fields)).toEqual(['SLU', 'SPEED', 'RST', 'ALL']);
    expect(fields.SLU).toBe(SLU);
    expect(at(0)).toBe(0);
    expect(SPEED).toMatchObject({ name: 'SPEED', mask: 0x300, shift: 8, width: 2, access: 'rw' });
    expect(RST).toMatchObject({ mask: 1 << 26, shift: 26, width: 1, access: 'sc' });
    expect(ALL.mask).toBe(0xc000_0000 | 0);
    expect(table.EICR.writable).toBe(0x01ff_ffff);
    expect(Object.isFrozen(table)).toBe(true);
    expect(Object.isFrozen(table.CTRL)).toBe(true);
  });

  it('repeats by its stride, and shows in its second window', () => {
    expect(table.RDBAL.at(0)).toBe(0xc000);
    expect(table.RDBAL.at(15)).toBe(0xc3c0);
    expect(table.RDBAL.aliases).toEqual([{ offset: 0x2800, stride: 0x100, count: 4 }]);
  });

  it('has its fields as properties, and no others', () => {
    expectTypeOf(table.CTRL.SLU).toEqualTypeOf<RegisterField>();
    expectTypeOf(table.CTRL).not.toHaveProperty('SPED');
    expectTypeOf(table.STATUS).not.toHaveProperty('SLU');
    expectTypeOf(table).not.toHaveProperty('NOTHING');
    expectTypeOf(table.CTRL.fields.SPEED).toEqualTypeOf<RegisterField>();
    expectTypeOf(table.CTRL).toExtend<Register>();
    expect(Object.keys(table.STATUS.fields)).toEqual([]);
  });
});

describe("a register's field", () => {
  it('reads and writes its bits of a value', () => {
    expect(table.CTRL.SLU.set(0, 1)).toBe(0x40);
    expect(table.CTRL.SPEED.set(0x0010_0209, 3)).toBe(0x0010_0309);
    expect(table.CTRL.SPEED.set(0, 7)).toBe(0x300);
    expect(table.CTRL.SPEED.get(0xffff_fdff)).toBe(1);
    expect(table.CTRL.ALL.get(-1)).toBe(3);
    expect(table.CTRL.ALL.set(0, 2)).toBe(0x8000_0000 | 0);
    expect(table.RDBAL.BASE.get(0xffff_ffff)).toBe(0x1ff_ffff);
  });

  it('agrees with big integers, whatever the bits', () => {
    const run = fc
      .integer({ min: 0, max: 31 })
      .chain((low) => fc.tuple(fc.integer({ min: low, max: 31 }), fc.constant(low)));
    const word = fc.integer({ min: 0, max: 0xffff_ffff });
    fc.assert(
      fc.property(run, word, word, ([high, low], value, part) => {
        const { R } = defineRegisters({ R: register(0, 'rw', 0, 'Test', { F: [high, low] }) });
        const width = BigInt(high - low + 1);
        const mask = ((1n << width) - 1n) << BigInt(low);
        expect(BigInt(R.F.mask >>> 0)).toBe(mask);
        expect(BigInt(R.F.get(value))).toBe((BigInt(value) & mask) >> BigInt(low));
        const expected = (BigInt(value) & ~mask) | ((BigInt(part) << BigInt(low)) & mask);
        expect(R.F.set(value, part)).toBe(Number(BigInt.asIntN(32, expected)));
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('a table that contradicts itself', () => {
  const row = (offset: number, fields = {}, options = {}): RegisterSpec =>
    register(offset, 'rw', 0, 'Test', fields, options);
  it.each<[string, Readonly<Record<string, RegisterSpec>>]>([
    ['REGISTER_ALIGNMENT', { A: row(2) }],
    ['REGISTER_ALIGNMENT', { A: row(-4) }],
    ['REGISTER_ALIGNMENT', { A: row(0, {}, { count: 2, stride: 6 }) }],
    ['REGISTER_OVERLAP', { A: row(4), B: row(4) }],
    ['REGISTER_OVERLAP', { A: row(0, {}, { count: 2, stride: 0 }) }],
    ['REGISTER_OVERLAP', { A: row(0, {}, { count: 4 }), B: row(12) }],
    ['REGISTER_OVERLAP', { A: row(0), B: row(8, {}, { aliases: [{ offset: 0, stride: 4, count: 1 }] }) }],
    ['REGISTER_RANGE', { A: row(0, {}, { count: 0 }) }],
    ['REGISTER_RANGE', { A: row(0, {}, { count: 1.5 }) }],
    ['REGISTER_RANGE', { A: row(0, {}, { writable: -1 }) }],
    ['REGISTER_RANGE', { A: register(0, 'rw', 2 ** 32, 'Test') }],
    ['REGISTER_RANGE', { A: row(0, {}, { aliases: [{ offset: 4, stride: 4, count: 2 }] }) }],
    ['FIELD_RANGE', { A: row(0, { F: 32 }) }],
    ['FIELD_RANGE', { A: row(0, { F: [3, 4] }) }],
    ['FIELD_RANGE', { A: row(0, { F: [3, -1] }) }],
    ['FIELD_OVERLAP', { A: row(0, { F: [7, 4], G: 7 }) }],
    ['FIELD_OVERLAP', { A: row(0, { F: 31, G: [31, 0] }) }],
    ['FIELD_NAME', { A: row(0, { reset: 3 }) }],
    ['FIELD_NAME', { A: row(0, { at: 3 }) }],
    ['accepted', { A: row(0), B: row(4, { F: [31, 0] }) }],
    ['accepted', { A: row(0, {}, { count: 4, stride: 8 }), B: row(4, {}, { count: 4, stride: 8 }) }],
  ])('%s', (code, rows) => {
    let came = 'accepted';
    try {
      defineRegisters(rows);
    } catch (error) {
      came = error instanceof LayoutError ? error.code : String(error);
    }
    expect(came).toBe(code);
  });

  it('names both registers', () => {
    expect(() => defineRegisters({ TDT: row(0x3818), TDH: row(0x3818) })).toThrow(
      'REGISTER_OVERLAP: TDH and TDT both lie at 0x3818',
    );
  });
});
