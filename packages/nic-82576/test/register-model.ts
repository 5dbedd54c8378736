/*
 * The registers once more, the naive way: a value a register, and the access mode of each of its 32 bits looked up one by
 * one in the table. What changes by itself (time, frames, causes) is left out bit by bit; everything else must agree.
 */

import type { Access, Register } from '@netcx/layout';
import { REGISTERS } from '../src/registers/index.ts';

const table = Object.values(REGISTERS) as readonly Register[];

/** Bits that change without an access to their register, by name; statistics count in all of theirs. */
// prettier-ignore
const VOLATILE: Readonly<Record<string, number>> = {
  STATUS: 0x0008_04d3, EECD: 0x88, EERD: 0xffff_0002, MDIC: -1, FRTIMER: -1,
  ICR: 0xf7d4_fbfd, ICS: 0xf7d4_fbfd, IMS: 0x77d4_fbfd, EICR: 0xc1ff_ffff, EICS: 0xc1ff_ffff, EIMS: 0xc1ff_ffff, PBACL: 0x01ff_ffff,
  RDH: 0xffff, TDH: 0xffff, RQDPC: -1,
  SYSTIML: -1, SYSTIMH: -1, TSYNCTXCTL: 1, TSYNCRXCTL: 1, TXSTMPL: -1, TXSTMPH: -1, RXSTMPL: -1, RXSTMPH: -1,
  WUC: 0x4, WUS: -1, WUPL: -1, WUPM: -1,
};

/** Registers that a reset leaves alone, by the reset. */
const WAKE = ['WUC', 'WUFC', 'WUS', 'WUPL', 'WUPM', 'IPAV', 'IP4AT', 'IP6AT'];
const KEPT = { bus: [], function: [], power: WAKE, device: ['PBS', 'RXPBS', 'TXPBS', 'EITR', ...WAKE] } as const;

/** What puts registers back. */
export type Reset = keyof typeof KEPT;

/** One instance of a register. */
interface Cell {
  readonly register: Register;
  readonly index: number;
  value: number;
}

const isStatistic = ({ offset }: Register): boolean => offset >= 0x4000 && offset < 0x4200;

function accessOfBit(register: Register, bit: number): Access {
  for (const field of Object.values(register.fields)) {
    if (((field.mask >>> bit) & 1) === 1) return field.access;
  }
  return register.access;
}

/** The naive model: what a host may read after what it has written. */
export class RegisterModel {
  readonly #cells = new Map<number, Cell>();

  constructor() {
    for (const register of table) {
      for (let index = 0; index < register.count; index++) {
        const cell = { register, index, value: register.reset };
        this.#cells.set(register.at(index), cell);
        for (const alias of register.aliases) {
          if (index < alias.count) this.#cells.set(alias.offset + index * alias.stride, cell);
        }
      }
    }
    this.reset('bus');
  }

  /** Puts registers back. */
  reset(kind: Reset): void {
    for (const cell of this.#cells.values()) {
      const { register, index } = cell;
      if ((KEPT[kind] as readonly string[]).includes(register.name)) continue;
      cell.value = register.reset;
      if (index > 0) continue;
      if (register.name === 'RXDCTL' || register.name === 'TXDCTL') cell.value += 2 ** 25;
      if (register.name === 'RAL') cell.value = 0x0000_0002;
      if (register.name === 'RAH') cell.value = 0x8000_0100;
    }
  }

  /** The host writes. */
  write(offset: number, value: number): void {
    const cell = this.#cells.get(offset);
    if (cell === undefined) return;
    const { register } = cell;
    if (register.name === 'CTRL' && ((value >>> 26) & 1) === 1) {
      this.reset('device');
      return;
    }
    for (let bit = 0; bit < 32; bit++) {
      const access = accessOfBit(register, bit);
      const mask = 1 << bit;
      const takes = ((register.writable >>> bit) & 1) === 1;
      if (takes && (access === 'rw' || access === 'wo')) cell.value = (cell.value & ~mask) | (value & mask);
      if (takes && access === 'w1c') cell.value &= ~(value & mask);
    }
  }

  /** The host has read: what is wrong with what it got, if anything. */
  check(offset: number, read: number): string | undefined {
    const cell = this.#cells.get(offset);
    if (cell === undefined)
      return read === 0 ? undefined : `0x${offset.toString(16)} is nowhere and reads ${hex(read)}`;
    const { register } = cell;
    const loose = isStatistic(register) ? -1 : (VOLATILE[register.name] ?? 0);
    let wanted = 0;
    for (let bit = 0; bit < 32; bit++) {
      const access = accessOfBit(register, bit);
      if (access !== 'wo' && access !== 'sc') wanted |= cell.value & (1 << bit);
      if (access === 'rc') cell.value &= ~(1 << bit);
    }
    if (register.name === 'SWSM') cell.value |= 1; // whoever reads takes it
    if (((wanted ^ read) & ~loose) === 0) return undefined;
    return `${register.name}[${String(cell.index)}] at 0x${offset.toString(16)} reads ${hex(read)}, expected ${hex(wanted)} but for ${hex(loose)}`;
  }

  /** Whether reading the register at an offset clears it. */
  clearedByReading(offset: number): boolean {
    return this.#cells.get(offset)?.register.access === 'rc';
  }
}

const hex = (value: number): string => (value >>> 0).toString(16).padStart(8, '0');
