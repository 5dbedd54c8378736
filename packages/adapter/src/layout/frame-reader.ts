/*
 * The bytes of a frame by their place in it, wherever its parts lie: headers may be split anywhere. It looks through a
 * window, the part that was read last, so that a frame in one piece costs one comparison a byte. Offsets are the caller's to
 * check against `length`.
 *
 * @hot
 */

import * as memory from '@netcx/dma/memory';
import * as frames from '../edge/frame-descriptor.ts';

const { i32: m, u8 } = memory;
const { FrameDescriptor } = frames;

/** Reads and writes the bytes of one frame at a time. */
export class FrameReader {
  /** Bytes of the frame that is open. */
  length = 0;
  /** How many descriptors it takes. */
  parts = 0;
  #base = 0;
  #mask = 0;
  #first = 0;
  /** First byte of the window, as an offset in the frame. */
  #start = 0;
  /** Bytes of the window. */
  #size = 0;
  /** What an offset in the frame and its host offset differ by, within the window. */
  #shift = 0;

  /**
   * Opens a frame whose descriptors lie in a ring; the ring must hold all of them.
   *
   * @param base - word index of the ring's element 0
   * @param mask - elements of the ring less 1
   * @param first - index of the frame's first descriptor
   */
  open(base: number, mask: number, first: number): void {
    let d = (base + ((first & mask) << 3)) | 0;
    const size = FrameDescriptor.length.get(m, d) | 0;
    this.#base = base;
    this.#mask = mask;
    this.#first = first;
    this.#start = 0;
    this.#size = size;
    this.#shift = FrameDescriptor.address.get(m, d) | 0;
    let length = size;
    let parts = 1;
    while (FrameDescriptor.more.get(m, d) !== 0 && parts <= mask) {
      d = (base + (((first + parts) & mask) << 3)) | 0;
      length = (length + FrameDescriptor.length.get(m, d)) | 0;
      parts = (parts + 1) | 0;
    }
    this.length = length;
    this.parts = parts;
  }

  /**
   * @param offset - a place in the frame, below `length`
   * @returns the byte there
   */
  byte(offset: number): number {
    if ((offset - this.#start) >>> 0 >= this.#size) this.#seek(offset);
    return u8[(this.#shift + offset) | 0]!;
  }

  /**
   * @param offset - a place in the frame, 2 bytes or more before its end
   * @returns the two bytes there, in network order
   */
  half(offset: number): number {
    if ((offset - this.#start) >>> 0 < ((this.#size - 1) | 0)) {
      const at = (this.#shift + offset) | 0;
      return (u8[at]! << 8) | u8[at + 1]!;
    }
    const high = this.byte(offset);
    return (high << 8) | this.byte((offset + 1) | 0);
  }

  /**
   * @param offset - a place in the frame, 4 bytes or more before its end
   * @returns the four bytes there, in network order, as a signed integer
   */
  word(offset: number): number {
    if ((offset - this.#start) >>> 0 < ((this.#size - 3) | 0)) {
      const at = (this.#shift + offset) | 0;
      return (u8[at]! << 24) | (u8[at + 1]! << 16) | (u8[at + 2]! << 8) | u8[at + 3]!;
    }
    const high = this.half(offset);
    return (high << 16) | this.half((offset + 2) | 0);
  }

  /**
   * @param offset - a place in the frame, below `length`
   * @param value - its low 8 bits are written
   */
  setByte(offset: number, value: number): void {
    if ((offset - this.#start) >>> 0 >= this.#size) this.#seek(offset);
    u8[(this.#shift + offset) | 0] = value;
  }

  /**
   * @param offset - a place in the frame, 2 bytes or more before its end
   * @param value - its low 16 bits are written, in network order
   */
  setHalf(offset: number, value: number): void {
    this.setByte(offset, value >>> 8);
    this.setByte((offset + 1) | 0, value);
  }

  /**
   * @param offset - a place in the frame, below `length`
   * @returns the host offset of the byte there
   */
  addressOf(offset: number): number {
    if ((offset - this.#start) >>> 0 >= this.#size) this.#seek(offset);
    return (this.#shift + offset) | 0;
  }

  /**
   * @param offset - a place in the frame, below `length`
   * @returns how many bytes lie in one piece from there on
   */
  runFrom(offset: number): number {
    if ((offset - this.#start) >>> 0 >= this.#size) this.#seek(offset);
    return (this.#start + this.#size - offset) | 0;
  }

  /** Moves the window to the part that holds a byte. */
  #seek(offset: number): void {
    const base = this.#base | 0;
    const mask = this.#mask | 0;
    let index = this.#first | 0;
    let start = 0;
    let size = 0;
    let d = 0;
    for (let left = this.parts | 0; left > 0; left = (left - 1) | 0) {
      d = (base + ((index & mask) << 3)) | 0;
      start = (start + size) | 0;
      size = FrameDescriptor.length.get(m, d) | 0;
      if (offset < ((start + size) | 0)) break;
      index = (index + 1) | 0;
    }
    this.#start = start;
    this.#size = size;
    this.#shift = (FrameDescriptor.address.get(m, d) - start) | 0;
  }
}
