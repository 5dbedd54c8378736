/*
 * The EEPROM, read word by word through EERD (nic-82576 reference §7): its checksum, and the station address in it.
 */

import { MILLISECOND } from '@netcx/clock';
import { EEPROM_SUM, EEPROM_SUMMED_WORDS, EEPROM_WORD, REGISTERS } from '@netcx/nic-82576/registers';
import type { Device } from './device.ts';
import { DriverError } from './driver-error.ts';

const { EERD } = REGISTERS;

/**
 * @param device - the device, after reset
 * @param address - which word
 * @returns its 16 bits
 * @throws DriverError `TIMEOUT` when the device does not answer
 */
async function readEepromWord(device: Device, address: number): Promise<number> {
  device.write(EERD, EERD.ADDR.set(EERD.START.mask, address));
  await device.until(`EEPROM word ${String(address)}`, 5 * MILLISECOND, () => EERD.DONE.get(device.read(EERD)) === 1);
  return EERD.DATA.get(device.read(EERD));
}

/**
 * Checks the sum over the words that it covers, then takes the station address from the first three.
 *
 * @param device - the device, after reset
 * @returns the six bytes of the permanent address
 * @throws DriverError `EEPROM_CHECKSUM` when the words do not sum to what they must, or `TIMEOUT`
 */
export async function readPermanentAddress(device: Device): Promise<Uint8Array> {
  const words: number[] = [];
  for (let address = 0; address < EEPROM_SUMMED_WORDS; address++) words.push(await readEepromWord(device, address));
  const sum = words.reduce((total, word) => (total + word) & 0xffff, 0);
  if (sum !== EEPROM_SUM) {
    throw new DriverError(
      'EEPROM_CHECKSUM',
      `${device.name}: the EEPROM sums to ${sum.toString(16)}; expected ${EEPROM_SUM.toString(16)}`,
    );
  }
  const address = new Uint8Array(6);
  [EEPROM_WORD.MAC_0, EEPROM_WORD.MAC_1, EEPROM_WORD.MAC_2].forEach((word, index) => {
    const value = words[word] ?? 0;
    address[2 * index] = value & 255;
    address[2 * index + 1] = value >>> 8;
  });
  return address;
}
