/*
 * Messages for `recvmmsg` and `sendmmsg`: a list of `struct mmsghdr`, each with one piece of memory and room for what the
 * kernel says beside it. All of it lies in one block whose address never changes, so that nothing is allocated for a frame.
 */

import { addressOf } from './libc.ts';

// Offsets of 64-bit Linux: `struct mmsghdr`, `struct iovec`.
const HEADER_BYTES = 64;
const MSG_IOV = 16;
const MSG_IOVLEN = 24;
const MSG_CONTROL = 32;
const MSG_CONTROLLEN = 40;
const MSG_FLAGS = 48;
const MSG_LEN = 56;
const PIECE_BYTES = 16;

/** A list of messages in memory of its own. */
export class MessageList {
  /** The list as the kernel reads it. */
  readonly list: Uint8Array;
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly #count: number;
  readonly #control: number;
  readonly #room: number;
  readonly #controlRoom: number;
  readonly #address: bigint;

  /**
   * @param count - messages
   * @param room - bytes of each, a multiple of 8
   * @param controlRoom - bytes for what is said beside each, a multiple of 8
   */
  constructor(count: number, room: number, controlRoom: number) {
    this.#count = count;
    this.#room = room;
    this.#controlRoom = controlRoom;
    const pieces = count * HEADER_BYTES;
    this.#control = pieces + count * PIECE_BYTES;
    const payload = this.#control + count * controlRoom;
    this.bytes = new Uint8Array(new SharedArrayBuffer(payload + count * room));
    this.view = new DataView(this.bytes.buffer);
    this.list = this.bytes;
    this.#address = addressOf(this.bytes);
    for (let index = 0; index < count; index++) {
      const header = index * HEADER_BYTES;
      const piece = pieces + index * PIECE_BYTES;
      this.#point(header + MSG_IOV, piece);
      this.#word(header + MSG_IOVLEN, 1);
      this.#point(piece, payload + index * room);
      this.#word(piece + 8, room);
    }
    this.rearm(count);
  }

  /**
   * @param index - of a message
   * @returns its list from this one on
   */
  from(index: number): Uint8Array {
    return this.list.subarray(index * HEADER_BYTES);
  }

  /**
   * @param index - of a message
   * @returns offset of its first byte in `bytes`
   */
  at(index: number): number {
    return this.#control + this.#count * this.#controlRoom + index * this.#room;
  }

  /**
   * @param index - of a message
   * @returns offset in `bytes` of what was said beside it
   */
  controlAt(index: number): number {
    return this.#control + index * this.#controlRoom;
  }

  /**
   * @param index - of a message that came
   * @returns bytes that were said beside it
   */
  controlLength(index: number): number {
    return this.view.getUint32(index * HEADER_BYTES + MSG_CONTROLLEN, true);
  }

  /**
   * @param index - of a message that came
   * @returns its bytes
   */
  length(index: number): number {
    return this.view.getUint32(index * HEADER_BYTES + MSG_LEN, true);
  }

  /**
   * @param index - of a message that came
   * @returns its flags
   */
  flags(index: number): number {
    return this.view.getUint32(index * HEADER_BYTES + MSG_FLAGS, true);
  }

  /**
   * @param index - of a message that is to go
   * @param length - its bytes
   */
  setLength(index: number, length: number): void {
    this.view.setUint32(this.#count * HEADER_BYTES + index * PIECE_BYTES + 8, length, true);
  }

  /**
   * The kernel has written how much it said: it is told again how much room there is.
   *
   * @param count - messages, from the first one on
   */
  rearm(count: number): void {
    for (let index = 0; index < count; index++) {
      const header = index * HEADER_BYTES;
      if (this.#controlRoom > 0) this.#point(header + MSG_CONTROL, this.controlAt(index));
      this.#word(header + MSG_CONTROLLEN, this.#controlRoom);
      this.view.setUint32(header + MSG_FLAGS, 0, true);
    }
  }

  #point(at: number, offset: number): void {
    this.view.setBigUint64(at, this.#address + BigInt(offset), true);
  }

  #word(at: number, value: number): void {
    this.view.setUint32(at, value, true);
    this.view.setUint32(at + 4, 0, true);
  }
}
