/*
 * The EEPROM and the two registers that lead to it: EERD reads a word, EECD shows that it is there, grants access at once
 * and then leads to the chip's pins (nic-82576 reference §2, §7). Resets read the station address from it; only software
 * that writes it through the pins changes it.
 */

import type { RegisterFile } from '@netcx/hardware';
import {
  EEPROM_PAUSE,
  EEPROM_SUM,
  EEPROM_SUMMED_WORDS,
  EEPROM_WORD,
  EEPROM_WORDS,
  REGISTERS,
} from './registers/index.ts';
import { macBytes, type MacAddress } from './mac-address.ts';
import { NicError } from './nic-error.ts';
import { SerialEeprom } from './serial-eeprom.ts';

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
 * ask for wake-up, flow control in both directions as the default, and the checksum.
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
  words[EEPROM_WORD.INIT_CONTROL_2] = EEPROM_PAUSE;
  words[EEPROM_WORD.CHECKSUM] = eepromChecksum(words);
  return words;
}

/** The EEPROM behind EERD and EECD. */
export class Eeprom {
  /** How many faults keep EERD from ever being done. */
  stuck = 0;
  readonly #registers: RegisterFile;
  readonly #words: Uint16Array;
  /** The bits of each word that a fault reads wrong. */
  readonly #flips = new Uint16Array(EEPROM_WORDS);
  readonly #chip: SerialEeprom;

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
    this.#chip = new SerialEeprom({
      size: EEPROM_WORDS * 2,
      read: (address) => (this.word(address >>> 1) >>> ((address & 1) * 8)) & 0xff,
      write: (address, value) => this.#writeByte(address, value),
    });
    registers.onWrite(EERD, (value, _index, written) => this.#read(value, written));
    registers.onWrite(EECD, (value) => this.#drivePins(value));
  }

  /**
   * @param address - which word
   * @returns the word; all ones beyond the end
   */
  word(address: number): number {
    return (this.#words[address] ?? 0xffff) ^ (this.#flips[address] ?? 0);
  }

  /**
   * A fault of the chip: bits of a word read wrong from now on, or right again when it comes twice.
   *
   * @param address - which word
   * @param bits - which bits
   */
  flip(address: number, bits: number): void {
    this.#flips[address] = (this.#flips[address] ?? 0) ^ bits;
  }

  /** Lets go of the pins and loads the station address into receive address 0, as the chip does after a reset. */
  load(): void {
    const { MAC_0, MAC_1, MAC_2 } = EEPROM_WORD;
    this.#chip.drive(false, false, false);
    this.#registers.set(RAL, (this.word(MAC_1) << 16) | this.word(MAC_0));
    this.#registers.set(RAH, RAH.AV.mask | this.word(MAC_2));
  }

  #read(value: number, written: number): void {
    const address = EERD.ADDR.get(value);
    // An address beyond the end is never done, which is how a driver learns of it.
    if (EERD.START.get(written) === 0 || address >= this.#words.length || this.stuck > 0) {
      this.#registers.set(EERD, EERD.ADDR.set(0, address));
      return;
    }
    this.#registers.set(EERD, EERD.DATA.set(EERD.ADDR.set(EERD.DONE.mask, address), this.word(address)));
  }

  /** The pins are the driver's while it has asked for them; CS selects the chip when it is low. */
  #drivePins(value: number): void {
    const granted = EECD.REQ.get(value);
    const selected = granted === 1 && EECD.CS.get(value) === 0;
    const out = this.#chip.drive(selected, EECD.SK.get(value) === 1, EECD.DI.get(value) === 1);
    this.#registers.set(EECD, EECD.DO.set(EECD.GNT.set(value, granted), Number(out)));
  }

  #writeByte(address: number, value: number): void {
    const shift = (address & 1) * 8;
    const word = this.#words[address >>> 1] ?? 0;
    this.#words[address >>> 1] = (word & ~(0xff << shift)) | (value << shift);
  }
}
