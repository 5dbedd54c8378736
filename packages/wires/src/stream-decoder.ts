/*
 * QEMU's stream framing, read: each frame has its length in front, four bytes in network order. Bytes come in pieces of
 * any size. At most one frame is held; a length that no frame has ends the stream, since nothing behind it can be trusted.
 */

/** Bytes in front of each frame. */
export const LENGTH_BYTES = 4;

/** Cuts a stream of bytes into frames. */
export class StreamDecoder {
  readonly #longest: number;
  readonly #take: (frame: Uint8Array) => void;
  readonly #head = new Uint8Array(LENGTH_BYTES);
  /** Bytes of the length, or of the frame, that are there. */
  #have = 0;
  #frame: Uint8Array | undefined;
  #broken: number | undefined;

  /**
   * @param longest - bytes of a frame at most
   * @param take - given each frame, which is its own from then on
   */
  constructor(longest: number, take: (frame: Uint8Array) => void) {
    this.#longest = longest;
    this.#take = take;
  }

  /** The length that no frame has, once one came; nothing is read from then on. */
  get broken(): number | undefined {
    return this.#broken;
  }

  /** Whether the stream stands between two frames. */
  get between(): boolean {
    return this.#frame === undefined && this.#have === 0;
  }

  /**
   * @param chunk - the next bytes of the stream; copied
   * @returns false once the stream is broken
   */
  push(chunk: Uint8Array): boolean {
    for (let at = 0; this.#broken === undefined && at < chunk.length;) {
      const target = this.#frame ?? this.#head;
      const piece = chunk.subarray(at, at + target.length - this.#have);
      target.set(piece, this.#have);
      this.#have += piece.length;
      at += piece.length;
      if (this.#have === target.length) this.#complete();
    }
    return this.#broken === undefined;
  }

  #complete(): void {
    this.#have = 0;
    const frame = this.#frame;
    if (frame !== undefined) {
      this.#frame = undefined;
      this.#take(frame);
      return;
    }
    const length = new DataView(this.#head.buffer).getUint32(0);
    if (length === 0 || length > this.#longest) this.#broken = length;
    else this.#frame = new Uint8Array(length);
  }
}
