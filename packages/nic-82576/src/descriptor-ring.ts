/*
 * The registers of one descriptor ring, as an engine holds them: plain integers, taken over when the driver writes the
 * registers. Hardware owns the descriptors from head up to tail; head == tail means none. A ring that the driver has
 * pointed at memory that the device cannot reach is found out at the next burst, as a master abort.
 *
 * An engine indexes descriptors where `locate` says that they lie: in host memory, or, when the ring is not one piece of
 * it, in a shadow copy in device memory, into which descriptors are fetched and from which `settle` writes back.
 */

import * as memory from '@netcx/dma/memory';
import type { DmaPort } from '@netcx/hardware';
import * as wire from '@netcx/hardware/wire';
import * as registers from './registers/index.ts';

const { i32: w, allocateWire, copyWithinWire, freeWire } = wire;
const { DESCRIPTOR_BYTES } = registers;

/** Whether host memory and device memory are one block, so that one index means the same in the views of both. */
const ONE_BLOCK = memory.buffer === wire.buffer;
const DESCRIPTOR_WORDS = DESCRIPTOR_BYTES / 4;
const TWO_32 = 0x1_0000_0000;
/** What `DmaPort.translate` answers for memory that can be reached, but not in one piece. */
const SPLIT = -2;

/** One ring's state. */
export class DescriptorRing {
  /** Low word of the ring's logical address. */
  baseLow = 0;
  /** High word of it. */
  baseHigh = 0;
  /** Descriptors in the ring; 0 before the driver has said. */
  count = 0;
  /** The next descriptor that the hardware handles. */
  head = 0;
  /** One past the last descriptor that the hardware owns. */
  tail = 0;
  /** Whether the queue is enabled. */
  enabled = false;
  /** Whether the tail stays where it is: the queue was switched off while a packet leaves in segments, which is finished. */
  protected pinned = false;
  /** Whether what `locate` last answered is the shadow copy: then a burst ends with `settle`. */
  shadowed = false;
  /**
   * What a burst reaches the shadow's memory by. Memory that is asked for by messages takes its time, and registers are
   * written meanwhile: what they change of the ring is put off until the burst is over.
   */
  #dma: DmaPort | undefined;
  /** Byte offset of the shadow in device memory: the descriptors, and behind them the same as they were fetched. */
  #shadow = -1;
  /** Bytes of each of the two. */
  #shadowBytes = 0;
  /** Where the ring was when the shadow was filled: another place makes it void. */
  #shadowLow = 0;
  #shadowHigh = 0;
  /** What was put off, in order. */
  readonly #late: (() => void)[] = [];
  /** Of the descriptors in the shadow, those from `#fetchedFrom` up to `#fetchedTo` are the hardware's and current. */
  #fetchedFrom = 0;
  #fetchedTo = 0;

  /** The ring is another one from here on: length, head or place have changed. */
  protected moved(): void {
    // A ring that remembers nothing of what it began has nothing to forget.
  }

  /** Whether the hardware owns descriptors that it may handle. */
  get hasWork(): boolean {
    if (this.#dma !== undefined) this.#catchUp();
    return this.enabled === true && this.count > 0 && this.head !== this.tail;
  }

  /**
   * @param head - a head that an engine has moved on to
   * @returns how many descriptors lie between it and the tail
   */
  ownedFrom(head: number): number {
    return this.#distance(head, this.tail);
  }

  /**
   * @param value - the low half of the ring's address
   */
  setBaseLow(value: number): void {
    if (this.isPutOff(() => this.setBaseLow(value))) return;
    this.baseLow = value;
    this.moved();
  }

  /**
   * @param value - the high half of it
   */
  setBaseHigh(value: number): void {
    if (this.isPutOff(() => this.setBaseHigh(value))) return;
    this.baseHigh = value;
    this.moved();
  }

  /**
   * @param value - a length register: bytes
   */
  setLength(value: number): void {
    if (this.isPutOff(() => this.setLength(value))) return;
    this.count = (value / DESCRIPTOR_BYTES) | 0;
    this.release();
    this.#keepInside();
    this.moved();
  }

  /**
   * @param value - a tail register; what lies beyond the ring is taken modulo its size, so that a driver's mistake can
   * only ever name its own descriptors
   */
  setTail(value: number): void {
    if (this.pinned === true) return;
    // A ring that was never reached by a shadow copy has nothing that was put off or fetched.
    if (this.#dma === undefined && value < this.count) this.tail = value;
    else this.#setTail(value);
  }

  #setTail(value: number): void {
    if (this.isPutOff(() => this.setTail(value))) return;
    this.tail = value;
    this.#keepInside();
    // A tail that moves backwards takes descriptors away again, which may come back changed.
    if (this.#distance(this.head, this.tail) < this.#distance(this.head, this.#fetchedTo)) {
      this.#fetchedTo = this.tail;
    }
  }

  /**
   * @param value - a head register
   */
  setHead(value: number): void {
    if (this.isPutOff(() => this.setHead(value))) return;
    this.head = value;
    this.#keepInside();
    this.#fetchedTo = this.#fetchedFrom; // nothing that was fetched counts any more
    this.moved();
  }

  #keepInside(): void {
    if (this.count === 0) return;
    if (this.head >= this.count) this.head %= this.count;
    if (this.tail >= this.count) this.tail %= this.count;
  }

  #distance(from: number, to: number): number {
    const distance = to - from;
    return distance < 0 ? distance + this.count : distance;
  }

  /**
   * Finds the descriptors that the hardware owns, for one burst: what it answers is not to be kept any longer.
   *
   * @param dma - the device's way to host memory
   * @param direct - its direct limit, for an engine that has asked for it already
   * @returns word index of descriptor 0, for the views of host memory and device memory alike; -1 when the device cannot
   * reach the whole ring
   */
  locate(dma: DmaPort, direct = dma.directLimit): number {
    this.shadowed = false;
    if (this.#dma !== undefined) this.#catchUp();
    if (this.count === 0) return -1;
    const bytes = this.count * DESCRIPTOR_BYTES;
    const low = this.baseLow >>> 0;
    if (this.baseHigh === 0 && low + bytes <= direct) return low >>> 2;
    // Descriptors are read and written back.
    const offset = dma.translate(this.baseLow, this.baseHigh, bytes, 'write');
    if (offset >= 0) return offset >>> 2;
    if (offset !== SPLIT || !ONE_BLOCK) return -1;
    this.#dma = dma;
    return this.#fetch(dma);
  }

  /**
   * Writes back what an engine has changed in the shadow copy, one descriptor after the other, each one's status word
   * last and at once, so that whoever sees it sees the rest. A write that fails is a master abort, which the port counts.
   *
   * @param dma - the device's way to host memory
   * @param from - the first descriptor that may have changed
   * @param to - the one behind the last
   * @param statusWord - which of a descriptor's words says that it is done
   */
  settle(dma: DmaPort, from: number, to: number, statusWord: 2 | 3): void {
    for (let index = from; index !== to; index = index + 1 === this.count ? 0 : index + 1) {
      const now = (this.#shadow + index * DESCRIPTOR_BYTES) >>> 2;
      const before = now + (this.#shadowBytes >>> 2);
      this.#writeWords(dma, index, now, before, 0, statusWord);
      this.#writeWords(dma, index, now, before, statusWord + 1, DESCRIPTOR_WORDS);
      if (w[now + statusWord] === w[before + statusWord]) continue;
      const address = this.#low(index) + statusWord * 4;
      dma.writeWord32(address, this.#high(index), w[now + statusWord]!);
      w[before + statusWord] = w[now + statusWord]!;
    }
  }

  /**
   * Reads descriptors as they are in memory now.
   *
   * @param dma - the device's way to host memory
   * @param first - the first of them
   * @param count - how many, not past the end of the ring
   * @param wireOffset - byte offset in device memory where they go
   * @returns false after a master abort
   */
  load(dma: DmaPort, first: number, count: number, wireOffset: number): boolean {
    return dma.readToWire(this.#low(first), this.#high(first), count * DESCRIPTOR_BYTES, wireOffset);
  }

  /** Gives the shadow copy back; the next burst makes a new one where it needs it. */
  release(): void {
    if (this.#shadow >= 0) freeWire(this.#shadow, 2 * this.#shadowBytes);
    this.#shadow = -1;
    this.#shadowBytes = 0;
    this.#fetchedFrom = this.#fetchedTo = 0;
    this.shadowed = false;
  }

  /** Everything as after power-on. */
  reset(): void {
    if (this.isPutOff(() => this.reset())) return;
    this.release();
    this.baseLow = 0;
    this.baseHigh = 0;
    this.count = 0;
    this.head = 0;
    this.tail = 0;
    this.enabled = false;
    this.moved();
  }

  /**
   * A change that comes in the middle of a burst is made when the ring is next looked at, behind those before it.
   *
   * @param again - asks for the change once more
   * @returns whether it was put off
   */
  protected isPutOff(again: () => void): boolean {
    if (this.#dma?.waiting === true) {
      this.#late.push(again);
      return true;
    }
    this.#catchUp();
    return false;
  }

  #catchUp(): void {
    if (this.#late.length === 0 || this.#dma?.waiting === true) return;
    for (const again of this.#late.splice(0)) again();
  }

  /** Brings what the hardware owns into the shadow: what is there since an earlier burst is not fetched again. */
  #fetch(dma: DmaPort): number {
    if (!this.#haveShadow()) return -1;
    const fetched = this.#distance(this.#fetchedFrom, this.#fetchedTo);
    const moved = this.#distance(this.#fetchedFrom, this.head);
    const next = moved <= fetched ? this.#fetchedTo : this.head;
    const wraps = next > this.tail;
    const end = wraps ? this.count : this.tail;
    if (!this.#fetchRun(dma, next, end) || (wraps && !this.#fetchRun(dma, 0, this.tail))) return -1;
    this.#fetchedFrom = this.head;
    this.#fetchedTo = this.tail;
    this.shadowed = true;
    return this.#shadow >>> 2;
  }

  #fetchRun(dma: DmaPort, first: number, end: number): boolean {
    const bytes = (end - first) * DESCRIPTOR_BYTES;
    if (bytes === 0) return true;
    const at = this.#shadow + first * DESCRIPTOR_BYTES;
    if (!this.load(dma, first, end - first, at)) return false;
    copyWithinWire(at + this.#shadowBytes, at, bytes);
    return true;
  }

  /** Whether there is a shadow, made now if need be; without device memory for it the ring cannot be reached. */
  #haveShadow(): boolean {
    if (this.#shadowLow !== this.baseLow || this.#shadowHigh !== this.baseHigh) this.release();
    if (this.#shadow >= 0) return true;
    // A power of two, so that rings of many sizes one after the other do not use up the devices' memory.
    const bytes = 2 ** Math.ceil(Math.log2(this.count * DESCRIPTOR_BYTES));
    try {
      this.#shadow = allocateWire(2 * bytes);
    } catch (error) {
      if (error instanceof RangeError) return false;
      throw error;
    }
    this.#shadowBytes = bytes;
    this.#shadowLow = this.baseLow;
    this.#shadowHigh = this.baseHigh;
    this.#fetchedFrom = this.#fetchedTo = this.head;
    return true;
  }

  #writeWords(dma: DmaPort, index: number, now: number, before: number, first: number, end: number): void {
    let changed = false;
    for (let word = first; word < end; word++) {
      if (w[now + word] === w[before + word]) continue;
      changed = true;
      w[before + word] = w[now + word]!;
    }
    if (changed) {
      dma.writeFromWire((now + first) * 4, (end - first) * 4, this.#low(index) + first * 4, this.#high(index));
    }
  }

  /** Low word of a descriptor's logical address. */
  #low(index: number): number {
    return ((this.baseLow >>> 0) + index * DESCRIPTOR_BYTES) % TWO_32;
  }

  /** High word of it. */
  #high(index: number): number {
    return this.baseHigh + Number((this.baseLow >>> 0) + index * DESCRIPTOR_BYTES >= TWO_32);
  }
}
