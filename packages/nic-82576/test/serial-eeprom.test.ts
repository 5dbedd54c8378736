/* The EEPROM behind the pins of EECD, driven as Linux's driver does: bits out and in, commands, pages, write enable. */

import { beforeEach, describe, expect, it } from 'vitest';
import { eepromChecksum, eepromImage } from '../src/index.ts';
import { REGISTERS } from '../src/registers/index.ts';
import { MAC, Machine } from './machine.ts';

const { CTRL, EECD, EERD, RAL } = REGISTERS;
const SK = 1;
const CS = 2;
const DI = 4;
const DO = 8;
const REQ = 0x40;

let machine: Machine;

beforeEach(() => {
  machine = new Machine();
  machine.write(EECD, REQ | CS);
  expect(machine.read(EECD) & EECD.GNT.mask).toBe(EECD.GNT.mask);
});

function shiftOut(value: number, bits: number): void {
  for (let bit = bits - 1; bit >= 0; bit--) {
    const data = ((value >>> bit) & 1) === 1 ? DI : 0;
    machine.write(EECD, REQ | data);
    machine.write(EECD, REQ | data | SK);
    machine.write(EECD, REQ | data);
  }
}

function shiftIn(bits: number): number {
  let value = 0;
  for (let bit = 0; bit < bits; bit++) {
    machine.write(EECD, REQ | SK);
    value = (value << 1) | ((machine.read(EECD) & DO) === 0 ? 0 : 1);
    machine.write(EECD, REQ);
  }
  return value;
}

/** One command, from selecting the chip to letting it go. */
function command<T>(talk: () => T): T {
  machine.write(EECD, REQ | CS);
  machine.write(EECD, REQ);
  const result = talk();
  machine.write(EECD, REQ | CS);
  return result;
}

const swap = (word: number): number => ((word & 0xff) << 8) | (word >>> 8);
const status = (): number => command(() => (shiftOut(0x05, 8), shiftIn(8)));
const enableWrites = (): void => command(() => shiftOut(0x06, 8));

function readWords(address: number, words: number): number[] {
  return command(() => {
    shiftOut(address >= 128 ? 0x0b : 0x03, 8);
    shiftOut((address * 2) & 0xff, 8);
    return Array.from({ length: words }, () => swap(shiftIn(16)));
  });
}

function writeWords(address: number, words: readonly number[]): void {
  command(() => {
    shiftOut(address >= 128 ? 0x0a : 0x02, 8);
    shiftOut((address * 2) & 0xff, 8);
    for (const word of words) shiftOut(swap(word), 16);
  });
}

describe('reading', () => {
  it('gives every word, from any address on and round the end', () => {
    const image = [...eepromImage(MAC)];
    expect(readWords(0, 256)).toEqual(image);
    expect(readWords(0x3f, 1)).toEqual([image[0x3f]]);
    expect(readWords(255, 3)).toEqual([image[255], image[0], image[1]]);
  });

  it('works only while access is granted', () => {
    machine.write(EECD, CS);
    machine.write(EECD, 0);
    expect(machine.read(EECD) & (EECD.GNT.mask | DO)).toBe(0);
    machine.write(EECD, REQ | CS);
    expect(readWords(0, 1)).toEqual([0x0002]);
  });

  it('begins anew when the chip is selected anew, or reset', () => {
    machine.write(EECD, REQ);
    shiftOut(0x03, 5); // breaks off in the middle
    machine.write(CTRL, CTRL.RST.mask);
    expect(machine.read(EECD)).toBe(EECD.reset);
    expect(readWords(1, 1)).toEqual([0x0000]);
  });
});

describe('writing', () => {
  it('needs a write-enable before each command', () => {
    expect(status()).toBe(0);
    writeWords(0x20, [0x1234]);
    expect(readWords(0x20, 1)).toEqual([0xffff]);
    enableWrites();
    expect(status()).toBe(2);
    writeWords(0x20, [0x1234]);
    expect([readWords(0x20, 1), status()]).toEqual([[0x1234], 0]);
    writeWords(0x20, [0x5678]);
    expect(readWords(0x20, 1)).toEqual([0x1234]);
    enableWrites();
    command(() => shiftOut(0x04, 8));
    expect(status()).toBe(0);
  });

  it('goes round within a page of four words', () => {
    enableWrites();
    writeWords(0x82, [0x1111, 0x2222, 0x3333]); // the page is 80 to 83
    expect(readWords(0x80, 5)).toEqual([0x3333, 0xffff, 0x1111, 0x2222, 0xffff]);
  });

  it('is dropped when the command breaks off within a byte', () => {
    enableWrites();
    command(() => {
      shiftOut(0x02, 8);
      shiftOut(0x40, 8);
      shiftOut(0x12, 8);
      shiftOut(0x3, 4);
    });
    expect(readWords(0x20, 1)).toEqual([0xffff]);
  });

  it('changes what EERD reads at once, and the station address with the next reset, as ethtool -E does it', () => {
    const image = eepromImage('02:00:00:00:00:09');
    enableWrites();
    writeWords(2, [image[2]!]);
    enableWrites();
    writeWords(0x3f, [eepromChecksum(image)]);
    machine.write(EERD, (2 << 2) | 1);
    expect(machine.read(EERD) >>> 16).toBe(0x0900);
    expect(machine.read(REGISTERS.RAH)).toBe(0x8000_0100);
    machine.write(CTRL, CTRL.RST.mask);
    expect([machine.read(RAL), machine.read(REGISTERS.RAH)]).toEqual([0x0000_0002, 0x8000_0900]);
  });
});
