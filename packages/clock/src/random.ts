/*
 * Random numbers that a seed decides: the same seed and stream give the same numbers on every machine. The generator is
 * sfc32 (Chris Doty-Humphrey's "small fast counting" generator): 128 bits of state, a period of at least 2^32, and only
 * 32-bit additions, shifts and rotations, which JavaScript does exactly.
 */

import { ClockError } from './clock-error.ts';

const TWO_32 = 0x1_0000_0000;
/** Rounds after which every bit of the seed has reached every bit of the state. */
const WARM_UP = 15;

/** A seeded generator of whole numbers. */
export class Random {
  readonly #seed: number;
  readonly #stream: string;
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  /**
   * @param seed - a whole number from 0 to 2^53 - 1
   * @param stream - a name; other names give independent sequences for the same seed
   * @throws ClockError `BAD_SEED` for any other seed
   */
  constructor(seed: number, stream = '') {
    if (!Number.isSafeInteger(seed) || seed < 0) {
      throw new ClockError('BAD_SEED', `a seed is a whole number from 0 to 2^53 - 1, not ${String(seed)}`);
    }
    this.#seed = seed;
    this.#stream = stream;
    this.#a = hash(stream);
    this.#b = seed | 0;
    this.#c = Math.floor(seed / TWO_32);
    for (let round = 0; round < WARM_UP; round++) this.next();
  }

  /**
   * @returns 32 random bits, unsigned
   */
  next(): number {
    const result = (this.#a + this.#b + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + result) | 0;
    return result >>> 0;
  }

  /**
   * @param bound - how many different results there are, 1 to 2^32
   * @returns a whole number from 0 to `bound - 1`, each equally likely
   * @throws ClockError `BAD_RANGE` for any other bound
   */
  below(bound: number): number {
    if (!Number.isInteger(bound) || bound < 1 || bound > TWO_32) {
      throw new ClockError('BAD_RANGE', `below(${String(bound)}): expected a whole number from 1 to 2^32`);
    }
    // Numbers past the last whole multiple of the bound are drawn again; else the low results would come too often.
    const limit = TWO_32 - (TWO_32 % bound);
    let value = this.next();
    while (value >= limit) value = this.next();
    return value % bound;
  }

  /**
   * @param lowest - the least result
   * @param highest - the greatest result, at most 2^32 - 1 more
   * @returns a whole number from `lowest` to `highest`, each equally likely
   * @throws ClockError `BAD_RANGE` when there is no such number, or too many
   */
  between(lowest: number, highest: number): number {
    return lowest + this.below(highest - lowest + 1);
  }

  /**
   * @returns a number from 0 up to but not including 1, in steps of 2^-53
   */
  fraction(): number {
    const high = this.next() >>> 5;
    return (high * 0x400_0000 + (this.next() >>> 6)) / 2 ** 53;
  }

  /**
   * @param probability - 0 for never, 1 for always
   * @returns true that often
   */
  chance(probability: number): boolean {
    return this.fraction() < probability;
  }

  /**
   * @param choices - at least one
   * @returns one of them, each equally likely
   * @throws ClockError `BAD_RANGE` when there is none
   */
  pick<T>(choices: readonly T[]): T {
    return choices[this.below(choices.length)] as T;
  }

  /**
   * @param target - filled with random bytes
   */
  fill(target: Uint8Array): void {
    for (let index = 0; index < target.length; index++) target[index] = this.next() >>> 24;
  }

  /**
   * @param name - what it is for
   * @returns a generator of its own, whose numbers do not depend on how many were drawn from this one
   */
  fork(name: string): Random {
    return new Random(this.#seed, `${this.#stream}/${name}`);
  }
}

/** FNV-1a over the UTF-16 code units: names that differ start the generator in different states. */
function hash(text: string): number {
  let value = 0x811c_9dc5;
  for (let index = 0; index < text.length; index++) value = Math.imul(value ^ text.charCodeAt(index), 0x0100_0193);
  return value | 0;
}
