/*
 * The Toeplitz hash by which receive-side scaling spreads flows: bit i of the input, if it is set, adds the 32 bits of the key
 * that begin at bit i. Table-driven: what each value of each input byte adds is worked out once for a key, so a hash costs one
 * look-up and one exclusive or for each byte. Follows reference netadaptercx §5.8; checked against Microsoft's vectors.
 */

import { AdapterError } from '../adapter-error.ts';

/** Bytes of a secret key. */
export const HASH_SECRET_KEY_BYTES = 40;
/** Longest input: what a key of 40 bytes is long enough for, two IPv6 addresses and two ports. */
const LONGEST_INPUT = HASH_SECRET_KEY_BYTES - 4;

/** The hash function of one secret key. */
export class Toeplitz {
  /** For each input byte, what each of its 256 values adds. */
  readonly #table = new Int32Array(LONGEST_INPUT * 256);

  /**
   * @param key - 40 bytes, the first first
   * @throws AdapterError `HASH_KEY_INVALID` for another number of bytes
   * @example
   * ```ts
   * const toeplitz = new Toeplitz(key);
   * const hash = toeplitz.hash([...sourceAddress, ...destinationAddress, ...sourcePort, ...destinationPort]);
   * const queue = table[hash & (table.length - 1)];
   * ```
   */
  constructor(key: Uint8Array) {
    if (key.length !== HASH_SECRET_KEY_BYTES)
      throw new AdapterError('HASH_KEY_INVALID', `a secret key of ${String(key.length)} bytes; expected 40`);
    for (let byte = 0; byte < LONGEST_INPUT; byte++) {
      const row = byte * 256;
      for (let bit = 0; bit < 8; bit++) {
        // The 32 bits of the key from this bit on; the byte's highest bit comes first.
        const window = (word(key, byte) << bit) | (key[byte + 4]! >>> (8 - bit));
        const value = 0x80 >>> bit;
        for (let other = 0; other < 256; other++) if ((other & value) !== 0) this.#table[row + other]! ^= window;
      }
    }
  }

  /**
   * @param input - bytes as they lie in the frame: source address, destination address and, if they are hashed, source port and
   * destination port; 36 at most
   * @param from - the first of them in `input`
   * @param length - how many they are
   * @returns the hash, 32 bits unsigned
   * @throws AdapterError `HASH_INPUT_TOO_LONG`
   */
  hash(input: ArrayLike<number>, from = 0, length: number = input.length - from): number {
    if (length > LONGEST_INPUT)
      throw new AdapterError('HASH_INPUT_TOO_LONG', `an input of ${String(length)} bytes; expected 36 at most`);
    const table = this.#table;
    const end = (from + length) | 0;
    let at = from | 0;
    let row = 0;
    let hash = 0;
    // Addresses and ports come in words of four bytes.
    for (; at < ((end - 3) | 0); at = (at + 4) | 0) {
      const first = table[row + (input[at]! & 0xff)]! ^ table[row + 256 + (input[at + 1]! & 0xff)]!;
      const second = table[row + 512 + (input[at + 2]! & 0xff)]! ^ table[row + 768 + (input[at + 3]! & 0xff)]!;
      hash ^= first ^ second;
      row = (row + 1024) | 0;
    }
    for (; at < end; at = (at + 1) | 0) {
      hash ^= table[row + (input[at]! & 0xff)]!;
      row = (row + 256) | 0;
    }
    return hash >>> 0;
  }
}

const word = (key: Uint8Array, at: number): number =>
  (key[at]! << 24) | (key[at + 1]! << 16) | (key[at + 2]! << 8) | key[at + 3]!;
