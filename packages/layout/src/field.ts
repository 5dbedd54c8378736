/*
 * Accessors: the code that reads and writes one field. They touch 32-bit words of an Int32Array only, and take the view
 * as a parameter (the one place in the house that does): once inlined into a loop that holds a constant view, a field
 * costs what hand-written shifts cost (bench/field.bench.ts). Each shape of field has its own one-line body, because V8
 * always inlines a function that small, and a closure over constants folds to immediates.
 */

import { LayoutError } from './layout-error.ts';
import type { Location } from './word.ts';

/** Reads and writes one field of up to 32 bits. */
export interface Accessor {
  /**
   * @param view - the memory
   * @param at - where the struct starts, as an index of 32-bit words into `view`
   * @returns the field, unsigned
   */
  readonly get: (view: Int32Array, at: number) => number;
  /**
   * Writes the field and leaves its neighbours as they are.
   *
   * @param view - the memory
   * @param at - where the struct starts, as an index of 32-bit words into `view`
   * @param value - the new value; bits that do not fit the field are dropped, as a register drops them
   */
  readonly set: (view: Int32Array, at: number, value: number) => void;
  /** Where the field lies. */
  readonly location: Location;
}

/**
 * Reads and writes a 64-bit field. Its value as one number is exact below 2^53 and rounded above; `low` and `high`
 * reach the halves exactly, and are what a loop uses.
 */
export interface WideAccessor extends Accessor {
  /** The least significant 32 bits. */
  readonly low: Accessor;
  /** The most significant 32 bits. */
  readonly high: Accessor;
}

const bigEndian = new Uint8Array(Uint32Array.of(1).buffer)[0] !== 1;
if (bigEndian)
  throw new LayoutError('BYTE_ORDER', 'structs are reached through 32-bit words and need a little-endian host');

const TWO_32 = 0x1_0000_0000;

/** A field that is a whole, aligned 32-bit word. */
function wholeWord(location: Location, word: number): Accessor {
  return {
    location,
    get: (view, at) => view[(at + word) | 0]! >>> 0,
    set: (view, at, value) => {
      view[(at + word) | 0] = value;
    },
  };
}

/** A field inside one 32-bit word. */
function bitsOfWord(location: Location, word: number, shift: number, width: number): Accessor {
  const mask = (2 ** width - 1) | 0;
  const keep = ~(mask << shift);
  return {
    location,
    get: (view, at) => (view[(at + word) | 0]! >>> shift) & mask,
    set: (view, at, value) => {
      view[(at + word) | 0] = (view[(at + word) | 0]! & keep) | ((value & mask) << shift);
    },
  };
}

/** A field of a 64-bit word that starts below bit 32 and ends above it. */
function bitsAcrossWords(location: Location, word: number, shift: number, width: number): Accessor {
  const lowWidth = 32 - shift;
  const lowKeep = 2 ** shift - 1;
  const highMask = 2 ** (width - lowWidth) - 1;
  return {
    location,
    get: (view, at) =>
      ((view[(at + word) | 0]! >>> shift) | ((view[(at + word + 1) | 0]! & highMask) << lowWidth)) >>> 0,
    set: (view, at, value) => {
      view[(at + word) | 0] = (view[(at + word) | 0]! & lowKeep) | (value << shift);
      view[(at + word + 1) | 0] = (view[(at + word + 1) | 0]! & ~highMask) | ((value >>> lowWidth) & highMask);
    },
  };
}

/** A whole 64-bit word. */
function wideWord(location: Location, word: number): WideAccessor {
  const half = (byteOffset: number): Location => ({
    ...location,
    width: 'narrow',
    byteOffset,
    wordBits: 32,
    high: 31,
    low: 0,
  });
  return {
    location,
    get: (view, at) => (view[(at + word + 1) | 0]! >>> 0) * TWO_32 + (view[(at + word) | 0]! >>> 0),
    set: (view, at, value) => {
      view[(at + word) | 0] = value; // a typed array keeps the value modulo 2^32
      view[(at + word + 1) | 0] = Math.floor(value / TWO_32);
    },
    low: wholeWord(half(location.byteOffset), word),
    high: wholeWord(half(location.byteOffset + 4), word + 1),
  };
}

/**
 * @param location - where the field lies
 * @returns the code that reads and writes it
 */
export function accessorOf(location: Location): Accessor | WideAccessor {
  const word = location.byteOffset >>> 2;
  if (location.width === 'wide') return wideWord(location, word);
  const shift = (location.byteOffset & 3) * 8 + location.low;
  const width = location.high - location.low + 1;
  if (shift >= 32) return narrow(location, word + 1, shift - 32, width);
  if (shift + width > 32) return bitsAcrossWords(location, word, shift, width);
  return narrow(location, word, shift, width);
}

function narrow(location: Location, word: number, shift: number, width: number): Accessor {
  return width === 32 ? wholeWord(location, word) : bitsOfWord(location, word, shift, width);
}

/**
 * V8 compiles an accessor into a loop as it has seen it used, and a field that was always below 2^31 so far gets a check
 * that it still is. All accessors of one shape share what was seen: each has to do with a great number once, before any
 * loop is compiled, often enough for V8 to take note.
 */
const TAKES_NOTE = 1000;

function showGreatNumbers(): void {
  const full = new Int32Array(2).fill(-1);
  const location = { byteOffset: 0, width: 'narrow', wordBits: 32, high: 31, low: 0 } as Location;
  const shapes = [wholeWord(location, 0), bitsOfWord(location, 0, 0, 32), bitsAcrossWords(location, 0, 16, 32)];
  for (let time = 0; time < TAKES_NOTE; time++) for (const shape of shapes) shape.get(full, 0);
}
showGreatNumbers();
