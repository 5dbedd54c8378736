import { beforeEach, describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { RegisterFile } from '@netcx/hardware';
import type { Register } from '@netcx/layout';
import { BAR, REGISTERS } from '../src/registers/index.ts';
import { STATISTICS } from '../src/registers/statistics.ts';
import { Statistics } from '../src/statistics.ts';

const {
  GORCH,
  GORCL,
  GOTCH,
  GOTCL,
  GPRC,
  GPTC,
  HGORCH,
  HGORCL,
  HGOTCL,
  HGPTC,
  MPC,
  RPTHC,
  TORH,
  TORL,
  TOTL,
  TPR,
  TPT,
} = REGISTERS;

let registers: RegisterFile;
let statistics: Statistics;

beforeEach(() => {
  registers = new RegisterFile('test', REGISTERS, BAR.REGISTERS.bytes);
  statistics = new Statistics(registers);
});

const read = (register: Register): number => registers.read32(register.offset);

describe('counters', () => {
  it('are cleared by reading', () => {
    statistics.GPRC += 5;
    statistics.GPRC += 2;
    expect([read(GPRC), read(GPRC)]).toEqual([7, 0]);
    statistics.GPRC += 1;
    expect(read(GPRC)).toBe(1);
  });

  it('do not care for writes', () => {
    statistics.MPC += 3;
    for (const register of Object.keys(STATISTICS))
      registers.write32(REGISTERS[register as keyof typeof STATISTICS].offset, 0xffff_ffff);
    expect(read(MPC)).toBe(3);
    for (const register of Object.keys(STATISTICS))
      expect(read(REGISTERS[register as keyof typeof STATISTICS]), register).toBe(0);
  });

  it('stay at their greatest value', () => {
    statistics.GPTC += 0xffff_fff0;
    statistics.flush();
    statistics.GPTC += 0x20;
    expect(read(GPTC)).toBe(0xffff_ffff);
  });

  it('count what went to and from the host along', () => {
    statistics.GPRC += 3;
    statistics.TPR += 4;
    statistics.GPTC += 5;
    expect([RPTHC, TPR, HGPTC, TPT].map(read)).toEqual([3, 4, 5, 5]);
  });

  it('are forgotten by a reset', () => {
    statistics.GPRC += 3;
    statistics.GORC += 300;
    statistics.reset();
    expect([GPRC, GORCL, GORCH].map(read)).toEqual([0, 0, 0]);
  });
});

describe('octets', () => {
  it('are kept by reading the low half and cleared by reading the high half', () => {
    statistics.GORC += 0x1_0000_0010;
    expect([read(GORCL), read(GORCL), read(GORCH), read(GORCL), read(GORCH)]).toEqual([0x10, 0x10, 1, 0, 0]);
  });

  it('carry into the high half', () => {
    statistics.GOTC += 0xffff_fff0;
    statistics.flush();
    statistics.GOTC += 0x40;
    expect([read(GOTCL), read(GOTCH)]).toEqual([0x30, 1]);
  });

  it('stay at their greatest value', () => {
    registers.set(GORCH, 0xffff_ffff);
    registers.set(GORCL, 0xffff_ff00);
    statistics.GORC += 0x100;
    expect([read(GORCL), read(GORCH), read(GORCL)]).toEqual([0xffff_ffff, 0xffff_ffff, 0]);
  });

  it('count what comes between the two readings for the next time', () => {
    statistics.GORC += 100;
    expect(read(GORCL)).toBe(100);
    statistics.GORC += 11;
    expect(read(GORCH)).toBe(0);
    expect(read(GORCL)).toBe(11);
  });

  it('are counted for the host and in total, each pair on its own', () => {
    statistics.GORC += 64;
    statistics.TOR += 128;
    statistics.GOTC += 256;
    expect([HGORCL, TORL, HGOTCL, TOTL, GOTCL, GORCL].map(read)).toEqual([64, 128, 256, 256, 256, 64]);
    expect([read(HGORCH), read(HGORCL), read(GORCL), read(TORH), read(TORL)]).toEqual([0, 0, 64, 0, 0]);
  });
});

it('agrees with a sum kept in one number, for any order of counting and reading', () => {
  const step = fc.record({ add: fc.nat({ max: 2 ** 31 }), read: fc.boolean() });
  fc.assert(
    fc.property(fc.array(step), (steps) => {
      registers = new RegisterFile('test', REGISTERS, BAR.REGISTERS.bytes);
      statistics = new Statistics(registers);
      let added = 0;
      let seen = 0;
      for (const { add, read: look } of [...steps, { add: 0, read: true }]) {
        statistics.GORC += add;
        added += add;
        if (look) seen += read(GORCL) + read(GORCH) * 2 ** 32;
      }
      expect(seen).toBe(added);
    }),
    { seed: 4088 },
  );
});
