/*
 * Where a field lies: a word of 8 to 64 bits at a byte offset, and a run of bits in it. A location is a plain
 * description; `field.ts` turns it into code. Bit numbers count from the least significant bit, as datasheets do, and
 * words are little-endian, as on every bus that this house models.
 */

import { LayoutError } from './layout-error.ts';

/** A run of bits in a naturally aligned word of `wordBits` bits that starts `byteOffset` bytes into its struct. */
export interface Location<Width extends 'narrow' | 'wide' = 'narrow' | 'wide'> {
  /** Whether the field is read as one number of up to 32 bits (`narrow`) or needs two words (`wide`). */
  readonly width: Width;
  /** Distance of the word from the start of the struct, in bytes. */
  readonly byteOffset: number;
  /** Size of the word in bits: 8, 16, 32 or 64. */
  readonly wordBits: number;
  /** Highest bit of the field within its word. */
  readonly high: number;
  /** Lowest bit of the field within its word. */
  readonly low: number;
  /** Whether the field may share bits with others of its struct (a union, or a view of several fields at once). */
  readonly overlay: boolean;
}

function word<Width extends 'narrow' | 'wide'>(width: Width, byteOffset: number, wordBits: number): Location<Width> {
  const alignment = wordBits / 8;
  if (!Number.isInteger(byteOffset) || byteOffset < 0) {
    throw new LayoutError(
      'FIELD_RANGE',
      `a word must start at a whole byte offset of 0 or more, not ${String(byteOffset)}`,
    );
  }
  // A 64-bit word only needs the alignment of the 32-bit words through which it is reached.
  if (byteOffset % Math.min(alignment, 4) !== 0) {
    throw new LayoutError(
      'FIELD_ALIGNMENT',
      `a ${String(wordBits)}-bit word cannot start at byte ${String(byteOffset)}`,
    );
  }
  return { width, byteOffset, wordBits, high: wordBits - 1, low: 0, overlay: false };
}

/**
 * @param byteOffset - distance from the start of the struct, in bytes
 * @returns the whole byte there
 */
export const u8 = (byteOffset: number): Location<'narrow'> => word('narrow', byteOffset, 8);

/**
 * @param byteOffset - distance from the start of the struct, in bytes; a multiple of 2
 * @returns the whole 16-bit word there
 */
export const u16 = (byteOffset: number): Location<'narrow'> => word('narrow', byteOffset, 16);

/**
 * @param byteOffset - distance from the start of the struct, in bytes; a multiple of 4
 * @returns the whole 32-bit word there
 */
export const u32 = (byteOffset: number): Location<'narrow'> => word('narrow', byteOffset, 32);

/**
 * @param byteOffset - distance from the start of the struct, in bytes; a multiple of 4
 * @returns the whole 64-bit word there, which reads as two halves or as one number below 2^53
 */
export const u64 = (byteOffset: number): Location<'wide'> => word('wide', byteOffset, 64);

/**
 * Cuts a run of bits out of a word, the way a datasheet writes `31:26`.
 *
 * @param of - the word: `u8`, `u16`, `u32` or `u64` of a byte offset
 * @param high - highest bit of the run, counted from the word's least significant bit
 * @param low - lowest bit of the run; the same bit when left out
 * @returns a field of `high - low + 1` bits, 32 at most; in a 64-bit word it may cross bit 32
 */
export function bits(of: Location, high: number, low: number = high): Location<'narrow'> {
  const whole = of.low === 0 && of.high === of.wordBits - 1;
  if (!whole) throw new LayoutError('FIELD_RANGE', 'bits() cuts a whole word; this one was cut before');
  const valid = Number.isInteger(high) && Number.isInteger(low) && low >= 0 && high >= low && high < of.wordBits;
  if (!valid) {
    throw new LayoutError(
      'FIELD_RANGE',
      `bits ${String(high)}:${String(low)} do not fit a ${String(of.wordBits)}-bit word`,
    );
  }
  if (high - low + 1 > 32) {
    throw new LayoutError(
      'FIELD_RANGE',
      `bits ${String(high)}:${String(low)} are ${String(high - low + 1)} wide; a bit field has 32 at most, use u64`,
    );
  }
  return { ...of, width: 'narrow', high, low };
}

/**
 * Marks a field that lies on others on purpose: a member of a union, or one word that writes several fields at once.
 *
 * @param location - the field
 * @returns the same field, exempt from the overlap check
 */
export function overlay<Width extends 'narrow' | 'wide'>(location: Location<Width>): Location<Width> {
  return { ...location, overlay: true };
}
