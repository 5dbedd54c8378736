/*
 * A list of pieces of memory for the kernel: `struct iovec`, 16 bytes each, an address and a length. Pieces lie in memory
 * whose address never changes and which the list keeps alive, so that nothing is allocated for a frame.
 */

import { addressOf } from './libc.ts';
import { TapError } from './tap-error.ts';

/** Bytes of an entry, and its words: the address's low and high half, the length, and the length's high half, always 0. */
const ENTRY_BYTES = 16;
const ENTRY_WORDS = ENTRY_BYTES / 4;
const WORD = 2 ** 32;

/** Memory that pieces may lie in. */
export class PieceMemory {
  /** Address of its first byte in this process, which a number holds exactly. */
  readonly address: number;
  readonly #bytes: Uint8Array;

  /**
   * @param bytes - the memory; it is kept for as long as this is
   */
  constructor(bytes: Uint8Array) {
    this.address = Number(addressOf(bytes));
    this.#bytes = bytes;
  }

  /** How many bytes it has. */
  get length(): number {
    return this.#bytes.length;
  }
}

/** A list of pieces. */
export class Pieces {
  /** The list as the kernel reads it. */
  readonly list: Uint8Array;
  /** Its address in this process. */
  readonly address: number;
  /** How many pieces it can take. */
  readonly most: number;
  /** How many pieces it has now. */
  count = 0;
  /** Bytes of all of them. */
  bytes = 0;
  readonly #words: Int32Array;

  /**
   * @param most - how many pieces it can take
   */
  constructor(most: number) {
    // A buffer of its own: what V8 keeps on its heap moves.
    const buffer = new ArrayBuffer(most * ENTRY_BYTES);
    this.most = most;
    this.list = new Uint8Array(buffer);
    this.address = Number(addressOf(this.list));
    this.#words = new Int32Array(buffer);
  }

  /** Starts anew. */
  clear(): void {
    this.count = 0;
    this.bytes = 0;
  }

  /**
   * @param memory - where the piece lies
   * @param offset - its first byte there
   * @param length - its bytes
   * @throws TapError `BAD_OPTION` when the list is full, or the piece does not lie in the memory
   */
  add(memory: PieceMemory, offset: number, length: number): void {
    const { count } = this;
    if (count === this.most) throw new TapError('BAD_OPTION', `a frame of more than ${String(count)} pieces`);
    if (!(offset >= 0 && length >= 0 && offset + length <= memory.length))
      throw new TapError(
        'BAD_OPTION',
        `${String(offset)} + ${String(length)} is not inside ${String(memory.length)} bytes`,
      );
    const words = this.#words;
    const at = count * ENTRY_WORDS;
    const address = memory.address + offset;
    words[at] = address; // modulo 2^32, as it is stored
    words[at + 1] = address / WORD;
    words[at + 2] = length;
    this.count = count + 1;
    this.bytes += length;
  }
}
