/*
 * Owns: the options of a block to be written.
 * Invariant: every value is checked when it is added, so encoding cannot fail halfway through a block.
 */
import { OptionCode, padded } from './block.ts';
import { CaptureError } from './capture-error.ts';
import { unsigned, unsigned64 } from './capture-writer.ts';

const OPTION_HEADER_LENGTH = 4;
const LONGEST_VALUE = 0xffff;

const utf8 = new TextEncoder();

/** A value with the length that tells how it is written: numbers of 1 or 4 bytes, bigints and word pairs of 8. */
interface PendingOption {
  readonly code: number;
  readonly length: number;
  readonly value: Uint8Array | number | bigint;
  /** Upper 32-bit word first in either byte order, as timestamps are. */
  readonly wordPair: boolean;
}

/** Options of one block, in the order in which they are added. Values that are undefined are left out. */
export class OptionList {
  readonly #object: string;
  readonly #options: PendingOption[] = [];
  #byteLength = 0;

  constructor(object: string) {
    this.#object = object;
  }

  /** Bytes that the options take with their end marker; 0 if there are none. */
  get byteLength(): number {
    return this.#options.length === 0 ? 0 : this.#byteLength + OPTION_HEADER_LENGTH;
  }

  text(code: number, value: string | undefined, prefix?: number): void {
    if (value === undefined) {
      return;
    }
    if (value.includes('\0')) {
      // Readers take a zero byte for the end of the text.
      throw new CaptureError('bad-value', {
        object: `${this.#object}, text of option ${code}`,
        expected: 'text without zero characters',
        got: JSON.stringify(value.slice(0, 80)),
      });
    }
    const encoded = utf8.encode(value);
    this.bytes(code, prefix === undefined ? encoded : Uint8Array.of(prefix, ...encoded));
  }

  comments(values: readonly string[] | undefined): void {
    values?.forEach((value) => this.text(OptionCode.Comment, value));
  }

  bytes(code: number, value: Uint8Array | undefined, exactLength?: number): void {
    if (value === undefined) {
      return;
    }
    const fits = exactLength === undefined ? value.length <= LONGEST_VALUE : value.length === exactLength;
    if (!fits) {
      throw new CaptureError('bad-value', {
        object: `${this.#object}, option ${code}`,
        expected: exactLength === undefined ? `at most ${LONGEST_VALUE} bytes` : `${exactLength} bytes`,
        got: `${value.length} bytes`,
      });
    }
    this.#add({ code, length: value.length, value, wordPair: false });
  }

  u8(code: number, value: number | undefined): void {
    if (value !== undefined) {
      this.#add({ code, length: 1, value: unsigned(`${this.#object}, option ${code}`, value, 0xff), wordPair: false });
    }
  }

  u32(code: number, value: number | undefined): void {
    if (value !== undefined) {
      this.#add({ code, length: 4, value: unsigned(`${this.#object}, option ${code}`, value), wordPair: false });
    }
  }

  u64(code: number, value: bigint | undefined, wordPair = false): void {
    if (value !== undefined) {
      this.#add({ code, length: 8, value: unsigned64(`${this.#object}, option ${code}`, value), wordPair });
    }
  }

  /**
   * Writes the options and their end marker, if there are any.
   *
   * @param view - where to; zero where nothing has been written
   * @param from - position of the first option
   * @param little - byte order
   */
  encode(view: DataView, from: number, little: boolean): void {
    let at = from;
    for (const { code, length, value, wordPair } of this.#options) {
      view.setUint16(at, code, little);
      view.setUint16(at + 2, length, little);
      const valueAt = at + OPTION_HEADER_LENGTH;
      if (typeof value === 'bigint') {
        if (wordPair) setWordPair(view, valueAt, value, little);
        else view.setBigUint64(valueAt, value, little);
      } else if (typeof value === 'number') {
        if (length === 1) view.setUint8(valueAt, value);
        else view.setUint32(valueAt, value, little);
      } else {
        new Uint8Array(view.buffer, view.byteOffset + valueAt, length).set(value);
      }
      at = valueAt + padded(length);
    }
    // The end marker is all zero, as the memory is.
  }

  #add(option: PendingOption): void {
    this.#options.push(option);
    this.#byteLength += OPTION_HEADER_LENGTH + padded(option.length);
  }
}

/**
 * Writes a 64-bit number as two 32-bit words, the upper one first, each in the section's byte order.
 *
 * @param view - where to
 * @param at - position
 * @param value - the number
 * @param little - byte order
 */
export function setWordPair(view: DataView, at: number, value: bigint, little: boolean): void {
  view.setUint32(at, Number(value >> 32n), little);
  view.setUint32(at + 4, Number(value & 0xffff_ffffn), little);
}
