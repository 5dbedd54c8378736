/*
 * Words of the EEPROM (nic-82576 reference §7). Words are 16 bits; the first 64 sum to a fixed number, which is what the
 * checksum word is for.
 */

/** Addresses of the words that software reads. */
// prettier-ignore
export const EEPROM_WORD = {
  MAC_0:          0x00, // bytes 0 and 1 of the station address, byte 0 low
  MAC_1:          0x01, // bytes 2 and 3
  MAC_2:          0x02, // bytes 4 and 5
  COMPATIBILITY:  0x03,
  LED:            0x04, // 0 or FFFF: default
  PBA_0:          0x08, // part number
  PBA_1:          0x09,
  INIT_CONTROL_1: 0x0a,
  INIT_CONTROL_2: 0x0f,
  INIT_CONTROL_3: 0x24, // bit 10: wake-up enabled
  ALTERNATE_MAC:  0x37, // 0 or FFFF: none
  CHECKSUM:       0x3f,
} as const;

/** `INIT_CONTROL_2`: a driver that is not told otherwise advertises PAUSE in both directions. */
export const EEPROM_PAUSE = 0x3000;
/** What words 0 to 3F sum to, modulo 65536. */
export const EEPROM_SUM = 0xbaba;
/** How many words the checksum covers, itself included. */
export const EEPROM_SUMMED_WORDS = 0x40;
/** Words in the EEPROM: 64 shifted left by EECD.SIZE, which is 2. */
export const EEPROM_WORDS = 256;
