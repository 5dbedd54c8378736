/*
 * Cuts a stream of bytes into messages. Bytes are received straight into its memory; a message's payload is a view of
 * that memory, good until the next bytes come. Descriptors belong to the last message that begins in the bytes which they
 * came with: a sender attaches them to a message's first byte, and a receive call ends behind the piece that has them.
 */

import { Fields } from './fields.ts';
import { HEADER_BYTES, MessageFlag } from './protocol.ts';

/** A message that was received. */
export interface Message {
  /** Chosen by its sender, who finds it in the reply. */
  readonly id: number;
  /** One of `Command`, if the peer knows what it does. */
  readonly command: number;
  /** `MessageFlag` bits. */
  readonly flags: number;
  /** The error number of a reply that has `MessageFlag.ERROR`. */
  readonly error: number;
  /** What follows the header. */
  readonly payload: Fields;
  /** Descriptors that came with it. Whoever keeps one takes it out; the rest is closed after the message. */
  readonly fds: number[];
}

/** Whether a message is a reply. */
export const isReply = (message: Message): boolean => (message.flags & MessageFlag.TYPE) === MessageFlag.REPLY;

interface Arrival {
  /** Where in the stream the bytes end that the descriptors came with. */
  readonly end: number;
  readonly fds: readonly number[];
}

/** A stream that became nonsense: where messages begin is not known any more. */
export class StreamError extends Error {
  override readonly name = 'StreamError';
}

/** Collects bytes, gives messages. */
export class MessageBuffer {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #longest: number;
  #start = 0;
  #end = 0;
  /** Where in the stream `#start` is. */
  #position = 0;
  readonly #arrivals: Arrival[] = [];

  /**
   * @param bytes - its memory
   * @param longest - bytes of the longest message, header included; half of the memory or less
   */
  constructor(bytes: Uint8Array, longest: number) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#longest = longest;
  }

  /**
   * @returns where the next bytes go, as an offset into the memory; everything from there on is free. Payloads that were
   * given before are void
   */
  room(): number {
    if (this.#start === this.#end) this.#start = this.#end = 0;
    else if (this.#start >= this.#longest) {
      this.#bytes.copyWithin(0, this.#start, this.#end);
      this.#end -= this.#start;
      this.#start = 0;
    }
    return this.#end;
  }

  /**
   * @param count - bytes that were received where `room` said
   * @param fds - descriptors that came with them
   */
  received(count: number, fds: readonly number[]): void {
    this.#end += count;
    if (fds.length > 0) this.#arrivals.push({ end: this.#position + this.#end - this.#start, fds });
  }

  /**
   * @returns the next message; `undefined` until all of it is there
   * @throws StreamError for a size that no message has
   */
  next(): Message | undefined {
    const start = this.#start;
    const available = this.#end - start;
    if (available < HEADER_BYTES) return undefined;
    const size = this.#view.getUint32(start + 4, true);
    if (size < HEADER_BYTES || size > this.#longest) {
      throw new StreamError(
        `a message of ${String(size)} bytes: expected ${String(HEADER_BYTES)} to ${String(this.#longest)}`,
      );
    }
    if (available < size) return undefined;
    this.#start += size;
    this.#position += size;
    const fds: number[] = [];
    while (this.#arrivals[0] !== undefined && this.#arrivals[0].end <= this.#position) {
      fds.push(...(this.#arrivals.shift()?.fds ?? []));
    }
    return {
      id: this.#view.getUint16(start, true),
      command: this.#view.getUint16(start + 2, true),
      flags: this.#view.getUint32(start + 8, true),
      error: this.#view.getUint32(start + 12, true),
      payload: new Fields(this.#bytes.subarray(start + HEADER_BYTES, start + size)),
      fds,
    };
  }

  /** Whether `next` has something to give: a whole message, or the news that there is none any more. */
  get waiting(): boolean {
    const available = this.#end - this.#start;
    if (available < HEADER_BYTES) return false;
    const size = this.#view.getUint32(this.#start + 4, true);
    return size < HEADER_BYTES || size > this.#longest || size <= available;
  }

  /** @returns descriptors whose message never came to its end: whoever asks closes them */
  leftOver(): readonly number[] {
    return this.#arrivals.splice(0).flatMap(({ fds }) => fds);
  }
}
