/*
 * The EEPROM and the two registers that lead to it: EERD reads a word, EECD shows that it is there and grants access at
 * once (nic-82576 reference §2, §7). The image is fixed when the model is made; resets read the station address from it.
 */

import type { RegisterFile } from '@netcx/hardware';
import { EEPROM_SUM, EEPROM_SUMMED_WORDS, EEPROM_WORD, EEPROM_WORDS, REGISTERS } from './registers/index.ts';
import { macBytes, type MacAddress } from './mac-address.ts';
import { NicError } from './nic-error.ts';

const { EECD, EERD, RAH, RAL } = REGISTERS;

/**
 * @param words - an image whose first 64 words count
 * @returns the value of the checksum word that makes them sum to what drivers expect
 */
export function eepromChecksum(words: ArrayLike<number>): number {
  let sum = 0;
  for (let word = 0; word < EEPROM_SUMMED_WORDS; word++) {
    if (word !== EEPROM_WORD.CHECKSUM) sum += words[word] ?? 0;
  }
  return (EEPROM_SUM - sum) & 0xffff;
}

/**
 * An image that drivers accept: erased (all ones) except for the station address, the control words that would otherwise
 * ask for wake-up, and the checksum.
 *
 * @param macAddress - the station address
 * @returns 256 words of 16 bits
 * @throws NicError `MAC_ADDRESS`
 */
export function eepromImage(macAddress: MacAddress): Uint16Array {
  const words = new Uint16Array(EEPROM_WORDS).fill(0xffff);
  const bytes = macBytes(macAddress);
  words[EEPROM_WORD.MAC_0] = bytes[0]! | (bytes[1]! << 8);
  words[EEPROM_WORD.MAC_1] = bytes[2]! | (bytes[3]! << 8);
  words[EEPROM_WORD.MAC_2] = bytes[4]! | (bytes[5]! << 8);
  for (const word of ['COMPATIBILITY', 'INIT_CONTROL_1', 'INIT_CONTROL_2', 'INIT_CONTROL_3'] as const) {
    words[EEPROM_WORD[word]] = 0;
  }
  words[EEPROM_WORD.CHECKSUM] = eepromChecksum(words);
  return words;
}

/** The EEPROM behind EERD and EECD. */
export class Eeprom {
  readonly #registers: RegisterFile;
  readonly #words: Uint16Array;

  /**
   * @param registers - the MAC's registers
   * @param image - 256 words; copied
   * @throws NicError `EEPROM_IMAGE` for any other number of words
   */
  constructor(registers: RegisterFile, image: Uint16Array) {
    if (image.length !== EEPROM_WORDS) {
      throw new NicError('EEPROM_IMAGE', `expected ${String(EEPROM_WORDS)} words, got ${String(image.length)}`);
    }
    this.#registers = registers;
    this.#words = image.slice();
    registers.onWrite(EERD, (value, _index, written) => this.#read(value, written));
    registers.onWrite(EECD, (value) => registers.set(EECD, EECD.GNT.set(value, EECD.REQ.get(value))));
  }

  /**
   * @param address - which word
   * @returns the word; all ones beyond the end
   */
  word(address: number): number {
    return this.#words[address] ?? 0xffff;
  }

  /** Loads the station address into receive address 0, as the chip does after a reset. */
  load(): void {
    const { MAC_0, MAC_1, MAC_2 } = EEPROM_WORD;
    this.#registers.set(RAL, (this.word(MAC_1) << 16) | this.word(MAC_0));
    this.#registers.set(RAH, RAH.AV.mask | this.word(MAC_2));
  }

  #read(value: number, written: number): void {
    const address = EERD.ADDR.get(value);
    // An address beyond the end is never done, which is how a driver learns of it.
    if (EERD.START.get(written) === 0 || address >= this.#words.length) {
      this.#registers.set(EERD, EERD.ADDR.set(0, address));
      return;
    }
    this.#registers.set(EERD, EERD.DATA.set(EERD.ADDR.set(EERD.DONE.mask, address), this.word(address)));
  }
}
