/*
 * A device's way to host memory. An engine whose burst lies below `directLimit` reaches memory by itself; everything else
 * goes through `translate`, or through the exact and slow copies here, which take any alignment and any split over pages.
 * Memory that is not this process's own (a virtual machine's) is only ever copied, by the domain. What the host does not
 * allow ends in a master abort: counted, answered with -1 or false, never thrown.
 * @hot
 */

import * as dma from '@netcx/dma';
import type { DmaDomain, ForeignMemory } from '@netcx/dma';
import * as memory from '@netcx/dma/memory';
import * as wire from './wire.ts';

const { PAGE_BYTES } = dma;
const { i32: host, u8: hostByte } = memory;
const { copyFromHost, copyToHost, u8: wireByte } = wire;

const TWO_32 = 0x1_0000_0000;
/** What `translate` answers when the host refuses. */
const REFUSED = -1;
/** What `translate` answers when the range is not one piece of host memory, or no part of it. */
const SPLIT = -2;

/** A word on its way to foreign memory. */
const word = new Int32Array(1);
const wordBytes = new Uint8Array(word.buffer);

/** As much of a device as its DMA needs. */
export interface BusMaster {
  /** Whether the device may reach memory now. */
  readonly busMaster: boolean;
  /** How it reaches memory; `undefined` while it is not plugged in. */
  readonly dma: DmaDomain | undefined;
  /** The direct limit of `dma`, and 0 while the device may not reach memory. */
  readonly directLimit: number;
}

/** The DMA of one device. */
export class DmaPort {
  #device: BusMaster;
  /** Accesses that the host refused. */
  masterAborts = 0;
  /** Whether an access to memory that is not this process's is under way: then others may run before it is over. */
  waiting = false;

  /**
   * @param device - whose memory accesses go through here
   */
  constructor(device: BusMaster) {
    this.#device = device;
  }

  /**
   * Has memory be reached in another way from now on: for a model that counts accesses, or loses them.
   *
   * @param device - whose memory accesses go through here
   */
  reroute(device: BusMaster): void {
    this.#device = device;
  }

  /**
   * Every logical address below this is the host offset of the same number; read it at the start of each burst. 0 when
   * each access must be translated, or none is allowed.
   */
  get directLimit(): number {
    return this.#device.directLimit;
  }

  /**
   * @param low - low 32 bits of a logical address
   * @param high - its high 32 bits
   * @param length - bytes from there on, 1 or more
   * @param access - what the device wants
   * @returns the host offset of the first byte, the others right behind it; -1 when the host refuses (a master abort);
   * -2 when all of it may be reached, but not in one piece or not in this process: `readToWire` and `writeFromWire` do
   */
  translate(low: number, high: number, length: number, access: 'read' | 'write'): number {
    const foreign = this.#foreign();
    if (foreign !== undefined)
      return this.#counted(foreign.reaches(low | 0, high | 0, length, access)) ? SPLIT : REFUSED;
    const start = low >>> 0;
    const first = this.#translatePiece(start, high, Math.min(length, bytesToPageEnd(start)), access);
    let contiguous = true;
    for (let done = bytesToPageEnd(start); first >= 0 && done < length; done += PAGE_BYTES) {
      const piece = this.#translatePiece(start + done, high, Math.min(length - done, PAGE_BYTES), access);
      if (piece < 0) return REFUSED;
      if (piece !== first + done) contiguous = false;
    }
    return contiguous ? first : SPLIT;
  }

  /**
   * Copies from host memory to device memory. When a page is refused, what lies before it was copied, as on a bus.
   *
   * @param low - low 32 bits of the logical address to read from
   * @param high - its high 32 bits
   * @param length - bytes, 0 or more
   * @param wireOffset - where they go in device memory
   * @returns false after a master abort
   */
  readToWire(low: number, high: number, length: number, wireOffset: number): boolean {
    const foreign = this.#foreign();
    if (foreign !== undefined && length > 0) {
      this.waiting = true;
      return this.#counted(foreign.read(low | 0, high | 0, length, wireByte, wireOffset));
    }
    const start = low >>> 0;
    let done = 0;
    while (done < length) {
      const bytes = Math.min(length - done, bytesToPageEnd(start + done));
      const piece = this.#translatePiece(start + done, high, bytes, 'read');
      if (piece < 0) return false;
      copyFromHost(wireOffset + done, piece, bytes);
      done += bytes;
    }
    return true;
  }

  /**
   * Copies from device memory to host memory. When a page is refused, what lies before it was written, as on a bus;
   * nothing is written behind it.
   *
   * @param wireOffset - where the bytes lie in device memory
   * @param length - bytes, 0 or more
   * @param low - low 32 bits of the logical address to write to
   * @param high - its high 32 bits
   * @returns false after a master abort
   */
  writeFromWire(wireOffset: number, length: number, low: number, high: number): boolean {
    const foreign = this.#foreign();
    if (foreign !== undefined && length > 0) {
      this.waiting = true;
      return this.#counted(foreign.write(wireByte, wireOffset, length, low | 0, high | 0));
    }
    const start = low >>> 0;
    let done = 0;
    while (done < length) {
      const bytes = Math.min(length - done, bytesToPageEnd(start + done));
      const piece = this.#translatePiece(start + done, high, bytes, 'write');
      if (piece < 0) return false;
      copyToHost(piece, wireOffset + done, bytes);
      done += bytes;
    }
    return true;
  }

  /**
   * Fetches descriptors.
   *
   * @param low - low 32 bits of their logical address
   * @param high - its high 32 bits
   * @param words - how many 32-bit words
   * @param wireWord - where they go, as an index of words into device memory
   * @returns false after a master abort
   */
  readWords(low: number, high: number, words: number, wireWord: number): boolean {
    return this.readToWire(low, high, words * 4, wireWord * 4);
  }

  /**
   * Writes one word, such as a head index. Where it is aligned nobody ever sees half of it, and who sees it sees all
   * that was written before.
   *
   * @param low - low 32 bits of its logical address
   * @param high - its high 32 bits
   * @param value - the word
   * @param direct - the direct limit, for an engine that has asked for it already
   * @returns false after a master abort
   */
  writeWord32(low: number, high: number, value: number, direct = this.directLimit): boolean {
    if (high === 0 && (low & 3) === 0 && low >>> 0 < direct - 3) {
      Atomics.store(host, low >>> 2, value | 0);
      return true;
    }
    const foreign = this.#foreign();
    if (foreign !== undefined) {
      word[0] = value;
      this.waiting = true;
      return this.#counted(foreign.write(wordBytes, 0, 4, low | 0, high | 0));
    }
    const start = low >>> 0;
    if ((start & 3) === 0) {
      const offset = this.#translatePiece(start, high, 4, 'write');
      if (offset < 0) return false;
      Atomics.store(host, offset >>> 2, value | 0);
      return true;
    }
    for (let byte = 0; byte < 4; byte++) {
      const offset = this.#translatePiece(start + byte, high, 1, 'write');
      if (offset < 0) return false;
      hostByte[offset] = value >>> (byte * 8);
    }
    return true;
  }

  /** The memory that is all that the device reaches, while it reaches any and it is not this process's. */
  #foreign(): ForeignMemory | undefined {
    const { busMaster, dma: domain } = this.#device;
    return busMaster ? domain?.foreign : undefined;
  }

  #counted(done: boolean): boolean {
    this.waiting = false;
    if (!done) this.masterAborts++;
    return done;
  }

  /** Translates a range inside one page; `low` may have run past 32 bits. */
  #translatePiece(low: number, high: number, length: number, access: 'read' | 'write'): number {
    const { busMaster, dma: domain } = this.#device;
    const carry = low >= TWO_32 ? 1 : 0;
    const top = (high >>> 0) + carry;
    // No address follows the last one.
    const offset =
      busMaster && domain !== undefined && top < TWO_32 ? domain.translate(low | 0, top | 0, length, access) : REFUSED;
    if (offset < 0) this.masterAborts++;
    return offset;
  }
}

/** Bytes from an address to the end of its page. */
function bytesToPageEnd(address: number): number {
  return PAGE_BYTES - (address % PAGE_BYTES);
}
