import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { eepromChecksum, eepromImage, NicError } from '../src/index.ts';
import { EEPROM_SUM, EEPROM_WORD, REGISTERS } from '../src/registers/index.ts';
import { Machine } from './machine.ts';

const { EECD, EERD, RAH, RAL } = REGISTERS;

/** Reads a word as a driver does: start, poll for done. */
function readWord(machine: Machine, address: number): number | undefined {
  machine.write(EERD, (address << 2) | 1);
  const value = machine.read(EERD);
  return (value & 2) === 0 ? undefined : value >>> 16;
}

describe('the image', () => {
  it('holds the address low byte first, and the checksum that makes it right', () => {
    const words = eepromImage('02:34:56:78:9a:bc');
    expect([...words.slice(0, 3)]).toEqual([0x3402, 0x7856, 0xbc9a]);
    expect(words[EEPROM_WORD.ALTERNATE_MAC]).toBe(0xffff);
    // 3402 + 7856 + bc9a + 3000 + 3 control words of 0 + 56 words of ffff + checksum = baba mod 10000
    expect(words[EEPROM_WORD.CHECKSUM]).toBe((0xbaba - 0x3402 - 0x7856 - 0xbc9a - 0x3000 - 56 * 0xffff) & 0xffff);
  });

  it('sums to baba for every address', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 6, maxLength: 6 }), (bytes) => {
        bytes[0] = (bytes[0] ?? 0) & 0xfe;
        let sum = 0;
        for (const word of eepromImage(bytes).slice(0, 64)) sum = (sum + word) & 0xffff;
        expect(sum).toBe(0xbaba);
        expect(sum).toBe(EEPROM_SUM);
      }),
      { seed: 82576 },
    );
  });

  it('leaves the checksum word itself out of the sum that gives it', () => {
    const words = eepromImage('02:00:00:00:00:01');
    words[EEPROM_WORD.CHECKSUM] = 0x1234;
    expect(eepromChecksum(words)).toBe(eepromImage('02:00:00:00:00:01')[EEPROM_WORD.CHECKSUM]);
  });

  it.each([
    '',
    '02:00:00:00:00',
    '02:00:00:00:00:0g',
    '01:00:00:00:00:00',
    [1, 2, 3],
    [2, 0, 0, 0, 0, 256],
    [2, 0, 0, 0, 0, 0.5],
  ])('refuses %j as an address', (address) => {
    expect(() => eepromImage(address)).toThrow(
      expect.objectContaining({ name: 'NicError', code: 'MAC_ADDRESS' }) as NicError,
    );
  });
});

describe('EERD and EECD', () => {
  it('reads every word, done at once', () => {
    const machine = new Machine({ macAddress: '02:34:56:78:9a:bc' });
    const words = eepromImage('02:34:56:78:9a:bc');
    for (const [address, word] of words.entries()) expect(readWord(machine, address), String(address)).toBe(word);
  });

  it('is never done beyond the end, nor without the start bit', () => {
    const machine = new Machine();
    expect(readWord(machine, 256)).toBeUndefined();
    expect(readWord(machine, 0x3fff)).toBeUndefined();
    machine.write(EERD, 3 << 2);
    expect(machine.read(EERD)).toBe(3 << 2);
  });

  it('shows that the EEPROM is there, was read, and has 256 words, whatever is written', () => {
    const machine = new Machine();
    expect(machine.read(EECD)).toBe(0x1310);
    machine.write(EECD, 0xffff_ffff);
    expect(machine.read(EECD) & 0x7b00).toBe(0x1300);
    machine.write(EECD, 0);
    expect(machine.read(EECD) & 0x7b80).toBe(0x1300);
  });

  it('grants access as soon as it is asked for', () => {
    const machine = new Machine();
    machine.write(EECD, EECD.REQ.mask);
    expect(machine.read(EECD) & EECD.GNT.mask).toBe(EECD.GNT.mask);
    machine.write(EECD, 0);
    expect(machine.read(EECD) & EECD.GNT.mask).toBe(0);
  });

  it('loads the station address into receive address 0', () => {
    const machine = new Machine({ macAddress: '02:34:56:78:9a:bc' });
    expect([machine.read(RAL), machine.read(RAH)]).toEqual([0x78563402, 0x8000bc9a]);
    expect([machine.read(RAL, 1), machine.read(RAH, 1)]).toEqual([0, 0]);
  });

  it('takes an image of the user, and only a whole one', () => {
    const image = eepromImage('02:00:00:00:00:07');
    image[0x10] = 0xbeef;
    const machine = new Machine({ eeprom: image });
    image[0x10] = 0;
    expect(readWord(machine, 0x10)).toBe(0xbeef);
    expect(() => new Machine({ eeprom: new Uint16Array(64) })).toThrow(
      expect.objectContaining({ code: 'EEPROM_IMAGE' }) as NicError,
    );
  });
});
