/* What `ethtool -t ... offline` writes and reads back on a 82576 (nic-82576 reference §8), through a bus. */

import { beforeEach, describe, expect, it } from 'vitest';
import type { Register } from '@netcx/layout';
import { REGISTERS } from '../src/registers/index.ts';
import { Machine } from './machine.ts';

const {
  FCAH,
  FCAL,
  FCRTH,
  FCT,
  FCTTV,
  ICR,
  ICS,
  IMC,
  IMS,
  MTA,
  RAH,
  RAH2,
  RAL,
  RAL2,
  RCTL,
  RDBAH,
  RDBAL,
  RDLEN,
  RDT,
  STATUS,
  TCTL,
  TDBAH,
  TDBAL,
  TDLEN,
  TIPG,
  VET,
} = REGISTERS;

const PATTERNS = [0x5a5a_5a5a, 0xa5a5_a5a5, 0x0000_0000, 0xffff_ffff];

let machine: Machine;
beforeEach(() => {
  machine = new Machine();
});

/** Each pattern, cut to what may be written, reads back in the bits that count. */
// prettier-ignore
const patternTests: readonly (readonly [register: Register, mask: number, writable: number])[] = [
  [FCAL,  0xffff_ffff, 0xffff_ffff], [FCAH,  0x0000_ffff, 0xffff_ffff], [FCT,   0x0000_ffff, 0xffff_ffff], [VET,   0xffff_ffff, 0xffff_ffff],
  [RDBAL, 0xffff_ff80, 0xffff_ffff], [RDBAH, 0xffff_ffff, 0xffff_ffff], [RDLEN, 0x000f_fff0, 0x000f_ffff], [RDT,   0x0000_ffff, 0x0000_ffff],
  [FCRTH, 0x0000_fff0, 0x0000_fff0], [FCTTV, 0x0000_ffff, 0xffff_ffff], [TIPG,  0x3fff_ffff, 0x3fff_ffff],
  [TDBAL, 0xffff_ff80, 0xffff_ffff], [TDBAH, 0xffff_ffff, 0xffff_ffff], [TDLEN, 0x000f_fff0, 0x000f_ffff],
  [RAL,   0xffff_ffff, 0xffff_ffff], [RAL2,  0xffff_ffff, 0xffff_ffff], [RAH,   0x83ff_ffff, 0xffff_ffff], [RAH2,  0x83ff_ffff, 0xffff_ffff],
  [MTA,   0xffff_ffff, 0xffff_ffff],
];

describe('patterns', () => {
  it.each(patternTests.map(([register, mask, writable]) => [register.name, register, mask, writable] as const))(
    '%s',
    (_name, register, mask, writable) => {
      for (let index = 0; index < register.count; index++) {
        for (const pattern of PATTERNS) {
          machine.write(register, (pattern & writable) >>> 0, index);
          const read = machine.read(register, index) & mask;
          expect(read >>> 0, `[${String(index)}] ${pattern.toString(16)}`).toBe((pattern & writable & mask) >>> 0);
        }
      }
    },
  );

  it('reads back through both windows on the first four queues', () => {
    const { function: fn } = machine.slot;
    for (const register of [RDBAL, RDBAH, RDLEN, TDBAL, TDBAH, TDLEN] as readonly Register[]) {
      const low = register.aliases[0]?.offset ?? 0;
      for (let queue = 0; queue < 4; queue++) {
        fn.write32(0, low + queue * 0x100, 0xa_5a80 + queue * 0x1000);
        expect(machine.read(register, queue)).toBe(0xa_5a80 + queue * 0x1000);
        machine.write(register, 0x5_a500, queue);
        expect(fn.read32(0, low + queue * 0x100)).toBe(0x5_a500);
      }
      expect(fn.read32(0, low + 4 * 0x100)).toBe(0); // only four
    }
  });
});

describe('set and read', () => {
  it.each([
    ['RCTL', RCTL, 0xffff_ffff, 0x0000_0000],
    ['RCTL', RCTL, 0x04cf_b0fe, 0x003f_fffb],
    ['RCTL', RCTL, 0x04cf_b0fe, 0xffff_ffff],
    ['TCTL', TCTL, 0xffff_ffff, 0x0000_0000],
  ])('%s', (_name, register, mask, value) => {
    machine.write(register, (value & mask) >>> 0);
    expect((machine.read(register) & mask) >>> 0).toBe((value & mask) >>> 0);
  });
});

it('STATUS cannot be toggled', () => {
  const toggle = 0x7fff_f3ff;
  const before = machine.read(STATUS) & toggle;
  machine.write(STATUS, toggle);
  expect(machine.read(STATUS) & toggle).toBe(before);
  machine.write(STATUS, ~toggle >>> 0);
  expect(machine.read(STATUS) & toggle).toBe(before);
});

it('ICS causes each interrupt that is enabled, and none that is not', () => {
  let causes = 0;
  machine.slot.connectIntx(() => (causes |= machine.read(ICR)));
  for (let bit = 0; bit < 31; bit++) {
    const cause = 2 ** bit;
    if ((0x77d4_fbfd & cause) === 0) continue;
    machine.write(IMC, 0xffff_ffff);
    causes = 0;
    machine.write(ICS, cause);
    machine.clock.advance(0);
    expect(causes, `disabled ${cause.toString(16)}`).toBe(0);
    machine.write(IMS, cause);
    machine.write(ICS, cause);
    machine.clock.advance(0);
    expect(causes & cause, `enabled ${cause.toString(16)}`).toBe(cause);
  }
});
