/*
 * Accessors of an extension's fields for loops: they take the memory, the element's word index and the extension's byte
 * offset in the element, which is a queue's own and known at run time only. The word and the shift that follow from the
 * offset do not change in a loop, so V8 computes them once before it; an extension may start at any byte that its
 * alignment allows, and costs the same there (bench/extension.bench.ts).
 */

import type { Location } from '@netcx/layout';

/**
 * Reads and writes one field of up to 32 bits, wherever a queue has placed its extension.
 *
 * @example
 * ```ts
 * const layer4: ExtensionField = Checksum.layer4;
 * layer4.set(memory, 0, 13, RxChecksumEvaluation.Valid); // the extension starts at byte 13
 * layer4.get(memory, 0, 13); // 1
 * memory[3]; // 0x1000
 * ```
 */
export interface ExtensionField {
  /**
   * @param view - the memory
   * @param element - where the element starts, as an index of 32-bit words into `view`
   * @param offset - where the extension starts in the element, in bytes: `BoundExtension.offset`
   * @returns the field, unsigned
   */
  readonly get: (view: Int32Array, element: number, offset: number) => number;
  /**
   * Writes the field and leaves its neighbours as they are.
   *
   * @param view - the memory
   * @param element - where the element starts, as an index of 32-bit words into `view`
   * @param offset - where the extension starts in the element, in bytes: `BoundExtension.offset`
   * @param value - the new value; bits that do not fit the field are dropped
   */
  readonly set: (view: Int32Array, element: number, offset: number, value: number) => void;
  /** Where the field lies in the extension. */
  readonly location: Location;
}

/**
 * Reads and writes a 64-bit field. Its value as one number is exact below 2^53 and rounded above; `low` and `high`
 * reach the halves exactly, and are what a loop uses.
 *
 * @example
 * ```ts
 * const address: WideExtensionField = LogicalAddress.address;
 * address.set(memory, 0, 8, 0x2_0000_1000);
 * address.low.get(memory, 0, 8); // 0x1000
 * address.high.get(memory, 0, 8); // 2
 * ```
 */
export interface WideExtensionField extends ExtensionField {
  /** The least significant 32 bits. */
  readonly low: ExtensionField;
  /** The most significant 32 bits. */
  readonly high: ExtensionField;
}

const TWO_32 = 0x1_0000_0000;

/** A field that is a whole, aligned 32-bit word. */
function wholeWord(location: Location, byte: number): ExtensionField {
  return {
    location,
    get: (view, element, offset) => view[(element + ((offset + byte) >> 2)) | 0]! >>> 0,
    set: (view, element, offset, value) => {
      view[(element + ((offset + byte) >> 2)) | 0] = value;
    },
  };
}

/** A field inside one 32-bit word; only the offset tells which word and where in it, since shifts count modulo 32. */
function bitsOfWord(location: Location, byte: number, low: number, width: number): ExtensionField {
  const mask = (2 ** width - 1) | 0;
  return {
    location,
    get: (view, element, offset) =>
      (view[(element + ((offset + byte) >> 2)) | 0]! >>> (((offset + byte) << 3) + low)) & mask,
    set: (view, element, offset, value) => {
      const at = (element + ((offset + byte) >> 2)) | 0;
      const shift = ((offset + byte) << 3) + low;
      view[at] = (view[at]! & ~(mask << shift)) | ((value & mask) << shift);
    },
  };
}

/** A field of a 64-bit word that starts below bit 32 and ends above it; its extension starts at a whole 32-bit word. */
function bitsAcrossWords(location: Location, byte: number, low: number, width: number): ExtensionField {
  const lowWidth = 32 - low;
  const lowKeep = 2 ** low - 1;
  const highMask = 2 ** (width - lowWidth) - 1;
  return {
    location,
    get: (view, element, offset) => {
      const at = (element + ((offset + byte) >> 2)) | 0;
      return ((view[at]! >>> low) | ((view[(at + 1) | 0]! & highMask) << lowWidth)) >>> 0;
    },
    set: (view, element, offset, value) => {
      const at = (element + ((offset + byte) >> 2)) | 0;
      view[at] = (view[at]! & lowKeep) | (value << low);
      view[(at + 1) | 0] = (view[(at + 1) | 0]! & ~highMask) | ((value >>> lowWidth) & highMask);
    },
  };
}

/** A whole 64-bit word. */
function wideWord(location: Location, byte: number): WideExtensionField {
  const half = (at: number): Location => ({ ...location, width: 'narrow', byteOffset: at, wordBits: 32, high: 31 });
  return {
    location,
    get: (view, element, offset) => {
      const at = (element + ((offset + byte) >> 2)) | 0;
      return (view[(at + 1) | 0]! >>> 0) * TWO_32 + (view[at]! >>> 0);
    },
    set: (view, element, offset, value) => {
      const at = (element + ((offset + byte) >> 2)) | 0;
      view[at] = value; // a typed array keeps the value modulo 2^32
      view[(at + 1) | 0] = Math.floor(value / TWO_32);
    },
    low: wholeWord(half(byte), byte),
    high: wholeWord(half(byte + 4), byte + 4),
  };
}

/**
 * @param location - where the field lies, from the start of its extension
 * @returns the code that reads and writes it
 */
export function extensionFieldOf(location: Location): ExtensionField | WideExtensionField {
  const { byteOffset, low, high } = location;
  const width = high - low + 1;
  if (location.width === 'wide') return wideWord(location, byteOffset);
  if (low >= 32) return narrow(location, byteOffset + 4, low - 32, width);
  if (high >= 32) return bitsAcrossWords(location, byteOffset, low, width);
  return narrow(location, byteOffset, low, width);
}

function narrow(location: Location, byte: number, low: number, width: number): ExtensionField {
  return width === 32 ? wholeWord(location, byte) : bitsOfWord(location, byte, low, width);
}
