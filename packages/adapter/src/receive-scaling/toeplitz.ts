/*
 * The Toeplitz hash by which receive-side scaling spreads flows: bit i of the input, if it is set, adds the 32 bits of the key
 * that begin at bit i. Table-driven: what each value of each input byte adds is worked out once for a key, so a hash costs one
 * look-up and one exclusive or for each byte. Follows reference netadaptercx §5.8; checked against Microsoft's vectors.
 * Bytes are read from a Uint8Array and nothing else: V8 then knows that they are below 256, and masks and checks nothing twice.
 */

import { AdapterError } from '../adapter-error.ts';

/** Bytes of a secret key. */
export const HASH_SECRET_KEY_BYTES = 40;
/** Longest input: what a key of 40 bytes is long enough for, two IPv6 addresses and two ports. */
const LONGEST_INPUT = HASH_SECRET_KEY_BYTES - 4;
/** The usual input: two IPv4 addresses and two ports. */
const IPV4_WITH_PORTS = 12;

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
    if (length !== IPV4_WITH_PORTS || !(input instanceof Uint8Array)) return this.#hashAny(input, from, length);
    const table = this.#table;
    const at = from | 0;
    const source = four(table, 0, input, at);
    const destination = four(table, 1024, input, (at + 4) | 0);
    return (source ^ destination ^ four(table, 2048, input, (at + 8) | 0)) >>> 0;
  }

  #hashAny(input: ArrayLike<number>, from: number, length: number): number {
    if (length > LONGEST_INPUT)
      throw new AdapterError('HASH_INPUT_TOO_LONG', `an input of ${String(length)} bytes; expected 36 at most`);
    const table = this.#table;
    const bytes = input instanceof Uint8Array ? input : Uint8Array.from(input);
    let hash = 0;
    let row = 0;
    let at = from | 0;
    const end = (at + length) | 0;
    // Addresses and ports come in words of four bytes.
    for (; at < ((end - 3) | 0); at = (at + 4) | 0) {
      hash ^= four(table, row, bytes, at);
      row = (row + 1024) | 0;
    }
    for (; at < end; at = (at + 1) | 0) {
      hash ^= table[(row + bytes[at]!) | 0]!;
      row = (row + 256) | 0;
    }
    return hash >>> 0;
  }
}

/** What four bytes add that stand where the rows from this one on are for. */
const four = (table: Int32Array, row: number, bytes: Uint8Array, at: number): number =>
  table[(row + bytes[at]!) | 0]! ^
  table[(row + 256 + bytes[(at + 1) | 0]!) | 0]! ^
  table[(row + 512 + bytes[(at + 2) | 0]!) | 0]! ^
  table[(row + 768 + bytes[(at + 3) | 0]!) | 0]!;

const word = (key: Uint8Array, at: number): number =>
  (key[at]! << 24) | (key[at + 1]! << 16) | (key[at + 2]! << 8) | key[at + 3]!;
