import { defineRegisters, register, type Access } from '@netcx/layout';
import * as fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { RegisterFile } from '../src/index.ts';

// prettier-ignore
const TABLE = defineRegisters({
  CTRL:   register(0x0000, 'rw',  0x0010_0209, 'Control',            { SLU: 6, RST: [26, 26, 'sc'], LRST: 3 }),
  STATUS: register(0x0008, 'ro',  0x8008_0480, 'Status',             { FD: 0, LU: 1 }),
  ICR:    register(0x00c0, 'rc',  0,           'Interrupt causes',   { TXDW: 0, LSC: 2 }),
  ICS:    register(0x00c8, 'wo',  0,           'Set causes'),
  CAUSE:  register(0x00d0, 'w1c', 0,           'Causes'),
  MIXED:  register(0x0100, 'ro',  0x1111_1111, 'Every mode',         { RW: [3, 0, 'rw'], WO: [7, 4, 'wo'], RC: [11, 8, 'rc'], W1C: [15, 12, 'w1c'], SC: [19, 16, 'sc'], RO: [23, 20] }),
  TAIL:   register(0xe018, 'rw',  0,           'Tail', { INDEX: [15, 0] }, { count: 16, stride: 0x40, writable: 0xffff, aliases: [{ offset: 0x3818, stride: 0x100, count: 4 }] }),
  COUNT:  register(0x4000, 'rc',  0,           'Statistics', {}, { count: 4 }),
});
const { CTRL, STATUS, ICR, ICS, CAUSE, MIXED, TAIL, COUNT } = TABLE;

let file: RegisterFile;
beforeEach(() => {
  file = new RegisterFile('nic', TABLE, 0x2_0000);
});

describe('access modes', () => {
  it('rw keeps what is written, ro does not, sc reads as zero', () => {
    file.write32(CTRL.offset, 0xffff_ffff);
    expect(file.read32(CTRL.offset)).toBe(0xfbff_ffff);
    file.write32(STATUS.offset, 0);
    expect(file.read32(STATUS.offset)).toBe(0x8008_0480);
  });

  it('rc clears when it is read', () => {
    file.set(ICR, 0x8000_0005);
    expect([file.read32(ICR.offset), file.read32(ICR.offset)]).toEqual([0x8000_0005, 0]);
    file.set(ICR, 5);
    file.write32(ICR.offset, 0xffff_ffff);
    expect(file.get(ICR)).toBe(5);
  });

  it('wo reads as zero, though the device sees what was written', () => {
    file.write32(ICS.offset, 0xf000_0001);
    expect([file.read32(ICS.offset), file.get(ICS)]).toEqual([0, 0xf000_0001]);
  });

  it('w1c clears the ones', () => {
    file.set(CAUSE, 0xff);
    file.write32(CAUSE.offset, 0x0f);
    expect(file.read32(CAUSE.offset)).toBe(0xf0);
  });

  it('go by the field, and by the register where no field is', () => {
    file.write32(MIXED.offset, 0xffff_ffff);
    expect(file.get(MIXED)).toBe(0x1111_01ff);
    expect(file.read32(MIXED.offset)).toBe(0x1110_010f);
    expect(file.read32(MIXED.offset)).toBe(0x1110_000f);
    file.write32(MIXED.offset, 0);
    expect(file.get(MIXED)).toBe(0x1111_0000);
  });

  it('never change bits that cannot be written', () => {
    file.write32(TAIL.at(2), 0xffff_ffff);
    expect(file.read32(TAIL.at(2))).toBe(0xffff);
  });
});

describe('places', () => {
  it('a register that repeats has one value an instance, and a second window on the same', () => {
    for (let index = 0; index < 16; index++) file.write32(0xe018 + index * 0x40, index + 1);
    expect([0, 1, 2, 3].map((index) => file.read32(0x3818 + index * 0x100))).toEqual([1, 2, 3, 4]);
    file.write32(0x3918, 77);
    expect([file.read32(0xe058), file.get(TAIL, 1), file.get(TAIL, 15)]).toEqual([77, 77, 16]);
  });

  it('where no register is, reads give zero, writes vanish, and both are counted', () => {
    expect([file.undefinedReads, file.undefinedWrites, file.lastUndefinedOffset]).toEqual([0, 0, -1]);
    expect(file.read32(0x4)).toBe(0);
    file.write32(0x1_fffc, 1);
    expect(file.read32(0x1_fffc)).toBe(0);
    expect(file.read32(0x40_0000)).toBe(0);
    expect([file.undefinedReads, file.undefinedWrites, file.lastUndefinedOffset]).toEqual([3, 1, 0x40_0000]);
  });

  it('a device can find a place once and reach it by that', () => {
    const place = file.place(TAIL, 3);
    file.store(place, 0xffff_fffe);
    expect([file.load(place), file.get(TAIL, 3), file.get(TAIL, 2)]).toEqual([0xffff_fffe, 0xffff_fffe, 0]);
  });

  it('a device can take a write of the host by itself: modes hold, and no hook is told', () => {
    file.onWrite(MIXED, () => expect.unreachable());
    expect(file.accept(file.place(TAIL, 3), 0x1_2345)).toBe(0x2345);
    file.store(file.place(MIXED), 0x0000_f000);
    expect(file.accept(file.place(MIXED), 0xffff_5fff)).toBe(0x0000_a0ff);
    expect([file.get(TAIL, 3), file.get(MIXED)]).toEqual([0x2345, 0xa0ff]);
  });

  it('what the file does not have is refused', () => {
    const { OTHER } = defineRegisters({ OTHER: register(0x500, 'rw', 0, 'Elsewhere') });
    for (const use of [
      () => file.get(OTHER),
      () => file.set(TAIL, 0, 16),
      () => file.place(TAIL, -1),
      () => file.add(COUNT, 1, 4),
    ]) {
      expect(use).toThrow(expect.objectContaining({ name: 'HardwareError', code: 'BAD_REGISTER' }));
    }
    expect(() => new RegisterFile('small', TABLE, 0x1000)).toThrow(expect.objectContaining({ code: 'BAD_REGISTER' }));
  });
});

describe('hooks', () => {
  it('compute what is read', () => {
    file.onRead(STATUS, () => -1);
    file.onRead(TAIL, (index) => index * 10);
    expect([file.read32(STATUS.offset), file.read32(TAIL.at(7)), file.read32(0x3a18)]).toEqual([0xffff_ffff, 70, 20]);
    expect(file.get(STATUS)).toBe(0x8008_0480);
  });

  it('run before reading clears', () => {
    file.set(ICR, 6);
    file.onRead(ICR, () => file.get(ICR) | 1);
    expect([file.read32(ICR.offset), file.get(ICR)]).toEqual([7, 0]);
  });

  it('are told of writes: what is held now, which instance, what was written', () => {
    const seen: number[][] = [];
    file.onWrite(CTRL, (...all) => seen.push([...all, file.get(CTRL)]));
    file.onWrite(TAIL, (...all) => seen.push(all));
    file.write32(CTRL.offset, 0xf400_0040);
    file.write32(0x3918, 0x1_0005);
    expect(seen).toEqual([
      [0xf000_0040, 0, 0xf400_0040, 0xf000_0040],
      [5, 1, 0x1_0005],
    ]);
  });

  it('take each other’s place, and are not told of what the device or a reset does', () => {
    const seen: string[] = [];
    file.onWrite(CTRL, () => seen.push('first'));
    file.onWrite(CTRL, () => seen.push('second'));
    file.set(CTRL, 1);
    file.reset();
    file.write32(CTRL.offset, 2);
    expect(seen).toEqual(['second']);
  });
});

describe('the device', () => {
  it('counts up to the greatest value and stays there', () => {
    file.add(COUNT, 5, 2);
    file.add(COUNT, 2 ** 32 - 7, 2);
    expect(file.get(COUNT, 2)).toBe(0xffff_fffe);
    file.add(COUNT, 1, 2);
    file.add(COUNT, 1, 2);
    expect([file.get(COUNT, 2), file.get(COUNT, 1)]).toEqual([0xffff_ffff, 0]);
    expect([file.read32(COUNT.at(2)), file.read32(COUNT.at(2))]).toEqual([0xffff_ffff, 0]);
  });

  it('resets all registers but those that are kept', () => {
    for (const each of Object.values(TABLE)) file.set(each, 0x1234);
    file.set(TAIL, 0x99, 15);
    file.reset((each) => each === CAUSE || each.name === 'TAIL');
    expect([file.get(CTRL), file.get(STATUS), file.get(CAUSE), file.get(TAIL), file.get(TAIL, 15)]).toEqual([
      0x0010_0209, 0x8008_0480, 0x1234, 0x1234, 0x99,
    ]);
  });

  it('describes itself, repeated registers only where they differ from reset', () => {
    file.set(TAIL, 3, 7);
    file.set(CTRL, 0x40);
    expect(file.describe((each) => ['CTRL', 'TAIL', 'STATUS'].includes(each.name)).split('\n')).toEqual([
      'CTRL @00000 = 00000040  SLU',
      'STATUS @00008 = 80080480',
      'TAIL[7] @0e1d8 = 00000003  INDEX=0x3',
    ]);
    expect(file.describe().split('\n')).toHaveLength(7);
  });
});

describe('random accesses', () => {
  const modes: readonly Access[] = ['rw', 'ro', 'wo', 'rc', 'w1c', 'sc'];

  /** A table of eight registers, each with four fields of a byte in random modes. */
  const tables = fc.array(
    fc.record({
      own: fc.constantFrom(...modes),
      fields: fc.array(fc.option(fc.constantFrom(...modes)), { minLength: 4, maxLength: 4 }),
      reset: fc.nat(),
      writable: fc.integer(),
    }),
    {
      minLength: 8,
      maxLength: 8,
    },
  );

  it('never throw, and keep every mode bit for bit against a model of bits', () => {
    const rounds = Number(process.env['NETCX_FUZZ_ACCESSES'] ?? 100_000) / 20;
    fc.assert(
      fc.property(tables, fc.nat(), (rows, seed) => {
        const specs = rows.map(({ own, fields, reset, writable }, index) => {
          const list = fields.flatMap((mode, byte) =>
            mode === null ? [] : [[`F${byte}`, [byte * 8 + 7, byte * 8, mode]] as const],
          );
          return [
            `R${index}`,
            register(index * 8, own, reset, 'random', Object.fromEntries(list), { writable: writable >>> 0 }),
          ] as const;
        });
        const subject = new RegisterFile('random', defineRegisters(Object.fromEntries(specs)), 128);
        const bits = rows.map(({ reset }) => Array.from({ length: 32 }, (_, bit) => (reset >>> bit) & 1));
        const modeOf = (row: number, bit: number): Access => rows[row]?.fields[bit >> 3] ?? rows[row]?.own ?? 'ro';
        let state = seed;
        const next = (): number => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0) >>> 8;
        for (let round = 0; round < rounds; round++) {
          const row = next() % 8;
          const register32 = bits[row] ?? [];
          if (next() % 2 === 0) {
            let expected = 0;
            for (let bit = 31; bit >= 0; bit--) {
              const mode = modeOf(row, bit);
              expected = expected * 2 + (mode === 'wo' || mode === 'sc' ? 0 : (register32[bit] ?? 0));
              if (mode === 'rc') register32[bit] = 0;
            }
            if (subject.read32(row * 8) !== expected) throw new Error(`round ${round}: register ${row}`);
          } else {
            const value = (next() << 16) ^ next();
            subject.write32(row * 8, value);
            for (let bit = 0; bit < 32; bit++) {
              if ((((rows[row]?.writable ?? 0) >>> bit) & 1) === 0) continue;
              const mode = modeOf(row, bit);
              const one = (value >>> bit) & 1;
              if (mode === 'rw' || mode === 'wo') register32[bit] = one;
              if (mode === 'w1c' && one === 1) register32[bit] = 0;
            }
          }
        }
      }),
      { numRuns: 20 },
    );
  });

  it('anywhere in a window never throw', () => {
    fc.assert(
      fc.property(fc.nat(0xffff_ffff), fc.integer(), (offset, value) => {
        const aligned = (offset & ~3) >>> 0;
        file.write32(aligned, value);
        const read = file.read32(aligned);
        expect(read).toBe(read >>> 0);
      }),
      { numRuns: 2000 },
    );
  });
});
