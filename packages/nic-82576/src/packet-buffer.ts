/*
 * The receive packet buffer: where frames wait in the chip until the driver posts descriptors for them. 64 KiB, as RXPBS
 * says after reset, or more while PAUSE frames are sent; a frame that does not fit is missed. Frames lie as they do on the link, one behind the other, so
 * that the engine reads them from here as it reads a burst.
 */

import { allocateWire, copyWithinWire, Frame, FRAME_HEADER_BYTES, freeWire, i32 } from '@netcx/hardware/wire';

/** Bytes of the buffer. */
export const PACKET_BUFFER_BYTES = 64 * 1024;
/**
 * Bytes of the buffer while the chip sends PAUSE frames. Frames travel in bursts here, and a burst that is on the link
 * cannot be stopped any more: there is room for it, so that flow control loses nothing, as on silicon.
 */
export const LOSSLESS_BYTES = PACKET_BUFFER_BYTES + 1024 * 1024;

/** Frames in the order of their arrival. */
export class PacketBuffer {
  #capacity = PACKET_BUFFER_BYTES;
  #base = allocateWire(PACKET_BUFFER_BYTES);
  #head = 0;
  #tail = 0;
  #frames = 0;
  #bytes = 0;
  /** Frames from the head to the wrap, or to the tail when they do not wrap. */
  #run = 0;

  /** Frames that wait. */
  get frames(): number {
    return this.#frames;
  }

  /** Bytes that they take, with what is around them. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Byte offset of the first frame in device memory. */
  get offset(): number {
    return this.#base + this.#head;
  }

  /** @returns how many frames lie in a row from `offset` on */
  run(): number {
    return this.#run;
  }

  /**
   * @param at - byte offset of a frame's header in device memory
   * @returns false when it found no room
   */
  store(at: number): boolean {
    const bytes = FRAME_HEADER_BYTES + ((Frame.length.get(i32, at >> 2) + 7) & ~7);
    if (this.#frames === 0) this.clear();
    const wrapped = this.#run < this.#frames;
    if (!wrapped && this.#tail + bytes > this.#capacity) {
      if (bytes >= this.#head) return false;
      copyWithinWire(this.#base, at, bytes);
      this.#tail = bytes;
      this.#frames++;
      this.#bytes += bytes;
      return true;
    }
    if (wrapped && this.#tail + bytes >= this.#head) return false;
    copyWithinWire(this.#base + this.#tail, at, bytes);
    this.#tail += bytes;
    this.#frames++;
    this.#bytes += bytes;
    if (!wrapped) this.#run++;
    return true;
  }

  /**
   * @param frames - how many to forget, from the first one; up to `run()`
   */
  remove(frames: number): void {
    for (let frame = 0; frame < frames; frame++) {
      const bytes = FRAME_HEADER_BYTES + ((Frame.length.get(i32, (this.#base + this.#head) >> 2) + 7) & ~7);
      this.#head += bytes;
      this.#bytes -= bytes;
    }
    this.#frames -= frames;
    this.#run -= frames;
    if (this.#run === 0 && this.#frames > 0) {
      this.#head = 0;
      this.#run = this.#frames;
    }
  }

  /**
   * Takes more or less memory, if no frame waits and there is as much; otherwise nothing changes.
   *
   * @param bytes - how much
   */
  resize(bytes: number): void {
    if (bytes === this.#capacity || this.#frames > 0) return;
    let base: number;
    try {
      base = allocateWire(bytes);
    } catch (error) {
      if (error instanceof RangeError) return;
      throw error;
    }
    this.free();
    this.#capacity = bytes;
    this.#base = base;
  }

  /** Forgets every frame. */
  clear(): void {
    this.#head = 0;
    this.#tail = 0;
    this.#frames = 0;
    this.#bytes = 0;
    this.#run = 0;
  }

  /** Gives the memory back. */
  free(): void {
    this.clear();
    freeWire(this.#base, this.#capacity);
  }
}
