/*
 * Owns: the bytes of a record that has not arrived whole.
 * Invariant: memory grows with what has really arrived, by doubling, and never past what the record needs: a hostile
 * length costs nothing, and many tiny chunks cost as much as one.
 */

const SMALLEST_CAPACITY = 64;

/** Collects the beginning of a record until as much is there as was asked for. */
export class RecordFeed {
  /** Bytes that the record needs before it can be looked at again. */
  needed = 0;
  #bytes = new Uint8Array(0);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /**
   * Gives what has been collected.
   *
   * @returns a view, valid until bytes are added
   */
  view(): DataView {
    return new DataView(this.#bytes.buffer, 0, this.#length);
  }

  /**
   * Adds bytes, no more than are needed.
   *
   * @param chunk - where they come from
   * @param at - first byte to take
   * @returns how many were taken
   */
  add(chunk: Uint8Array, at: number): number {
    const count = Math.min(this.needed - this.#length, chunk.length - at);
    const length = this.#length + count;
    if (length > this.#bytes.length) {
      const larger = new Uint8Array(Math.min(this.needed, Math.max(length, 2 * this.#bytes.length, SMALLEST_CAPACITY)));
      larger.set(this.#bytes.subarray(0, this.#length));
      this.#bytes = larger;
    }
    this.#bytes.set(chunk.subarray(at, at + count), this.#length);
    this.#length = length;
    return count;
  }

  /** Forgets the record. Its memory is left to the packet that views it. */
  clear(): void {
    this.#bytes = new Uint8Array(0);
    this.#length = 0;
    this.needed = 0;
  }
}
