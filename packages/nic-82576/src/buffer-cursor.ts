/*
 * A place in the buffers of a frame that is sent: which descriptor, and how many bytes of its buffer are read. It stays
 * where it is between bursts, so that a packet that is segmented can wait for room on the link. Never reads past the
 * frame's last descriptor, whatever the driver has made of the descriptors meanwhile.
 *
 * @hot
 */

import * as memory from '@netcx/dma/memory';
import type { DmaPort } from '@netcx/hardware';
import * as wire from '@netcx/hardware/wire';
import * as registers from './registers/index.ts';
import * as lines from './segment-row.ts';

const { i32: m } = memory;
const { i32: w, copyFromHost } = wire;
const { Piece, PIECE_WORDS } = lines;
const { TxData } = registers;

const TWO_32 = 0x1_0000_0000;

/** Reads the buffers of one frame, one behind the other. */
export class BufferCursor {
  #index = 0;
  #end = 0;
  #offset = 0;

  /**
   * @param head - index of the frame's first descriptor
   * @param end - index behind its last one
   */
  begin(head: number, end: number): void {
    this.#index = head;
    this.#end = end;
    this.#offset = 0;
  }

  /**
   * Reads on.
   *
   * @param dma - the device's way to host memory
   * @param ring - word index of descriptor 0, for this burst
   * @param count - descriptors in the ring
   * @param bytes - how many bytes to read
   * @param to - byte offset in device memory where they go
   * @returns false when there are not so many, or after a master abort
   */
  read(dma: DmaPort, ring: number, count: number, bytes: number, to: number): boolean {
    const direct = dma.directLimit | 0;
    let done = 0;
    while (done < bytes) {
      if (this.#index === this.#end) return false;
      const d = (ring + (this.#index << 2)) | 0;
      const part = Math.min(TxData.dtalen.get(m, d) - this.#offset, bytes - done) | 0;
      if (part <= 0) {
        this.#index = this.#index + 1 === count ? 0 : this.#index + 1;
        this.#offset = 0;
        continue;
      }
      const low = (TxData.bufferAddress.low.get(m, d) >>> 0) + this.#offset;
      const high = TxData.bufferAddress.high.get(m, d) | 0;
      if (high === 0 && low > 0 && low + part <= direct) copyFromHost(to + done, low, part);
      else if (!dma.readToWire(low | 0, low < TWO_32 ? high : (high + 1) | 0, part, to + done)) return false;
      this.#offset = (this.#offset + part) | 0;
      done = (done + part) | 0;
    }
    return true;
  }

  /**
   * Notes where the bytes lie that `read` would read, for buffers in plain sight; nothing is read.
   *
   * @param ring - word index of descriptor 0, for this burst
   * @param count - descriptors in the ring
   * @param direct - below this, host memory is reached without translation
   * @param bytes - how many bytes
   * @param list - word index of the first `Piece` to write
   * @param room - how many there is room for
   * @returns how many bytes the pieces hold: fewer when what follows is not in plain sight, or there is no room for it
   */
  note(ring: number, count: number, direct: number, bytes: number, list: number, room: number): number {
    const limit = (list + room * PIECE_WORDS) | 0;
    let index = this.#index | 0;
    let offset = this.#offset | 0;
    let piece = list | 0;
    let done = 0;
    while (done < bytes && index !== this.#end && piece !== limit) {
      const d = (ring + (index << 2)) | 0;
      const part = Math.min(TxData.dtalen.get(m, d) - offset, bytes - done) | 0;
      if (part > 0) {
        const low = (TxData.bufferAddress.low.get(m, d) >>> 0) + offset;
        if (TxData.bufferAddress.high.get(m, d) !== 0 || low === 0 || low + part > direct) break;
        Piece.from.set(w, piece, low);
        Piece.bytes.set(w, piece, part);
        piece = (piece + PIECE_WORDS) | 0;
        done = (done + part) | 0;
      }
      index = index + 1 === count ? 0 : (index + 1) | 0;
      offset = 0;
    }
    return done;
  }

  /**
   * Passes over bytes that `note` has noted.
   *
   * @param ring - word index of descriptor 0, for this burst
   * @param count - descriptors in the ring
   * @param bytes - how many
   */
  skip(ring: number, count: number, bytes: number): void {
    let left = bytes | 0;
    while (left > 0 && this.#index !== this.#end) {
      const part = Math.min(TxData.dtalen.get(m, (ring + (this.#index << 2)) | 0) - this.#offset, left) | 0;
      if (part > 0) {
        this.#offset = (this.#offset + part) | 0;
        left = (left - part) | 0;
      } else {
        this.#index = this.#index + 1 === count ? 0 : this.#index + 1;
        this.#offset = 0;
      }
    }
  }
}
