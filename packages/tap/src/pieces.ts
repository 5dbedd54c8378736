/*
 * A list of pieces of memory for the kernel: `struct iovec`, 16 bytes each, an address and a length. Pieces lie in memory
 * whose address never changes and which the list keeps alive, so that nothing is allocated for a frame.
 */

import { addressOf } from './libc.ts';
import { TapError } from './tap-error.ts';

const ENTRY_BYTES = 16;

/** Memory that pieces may lie in. */
export class PieceMemory {
  readonly #bytes: Uint8Array;
  readonly #low: number;
  readonly #high: number;

  /**
   * @param bytes - the memory; it is kept for as long as this is
   */
  constructor(bytes: Uint8Array) {
    const address = addressOf(bytes);
    this.#bytes = bytes;
    this.#low = Number(address & 0xffff_ffffn);
    this.#high = Number(address >> 32n);
  }

  /** How many bytes it has. */
  get length(): number {
    return this.#bytes.length;
  }

  /**
   * @param offset - of a byte in it
   * @param into - takes the byte's address, 8 bytes
   * @param at - where in `into`
   */
  writeAddress(offset: number, into: DataView, at: number): void {
    const low = this.#low + offset;
    into.setUint32(at, low, true); // the sum modulo 2^32
    into.setUint32(at + 4, this.#high + (low > 0xffff_ffff ? 1 : 0), true);
  }
}

/** A list of pieces. */
export class Pieces {
  /** The list as the kernel reads it. */
  readonly list: Uint8Array;
  /** How many pieces it has now. */
  count = 0;
  /** Bytes of all of them. */
  bytes = 0;
  readonly #view: DataView;

  /**
   * @param most - how many pieces it can take
   */
  constructor(most: number) {
    this.list = new Uint8Array(most * ENTRY_BYTES);
    this.#view = new DataView(this.list.buffer);
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
    const at = this.count * ENTRY_BYTES;
    if (at === this.list.length) throw new TapError('BAD_OPTION', `a frame of more than ${String(this.count)} pieces`);
    if (!(offset >= 0 && length >= 0 && offset + length <= memory.length))
      throw new TapError(
        'BAD_OPTION',
        `${String(offset)} + ${String(length)} is not inside ${String(memory.length)} bytes`,
      );
    memory.writeAddress(offset, this.#view, at);
    this.#view.setUint32(at + 8, length, true);
    this.#view.setUint32(at + 12, 0, true);
    this.count++;
    this.bytes += length;
  }
}
