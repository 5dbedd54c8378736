/*
 * The registers of one descriptor ring, as an engine holds them: plain integers, taken over when the driver writes the
 * registers. Hardware owns the descriptors from head up to tail; head == tail means none. A ring that the driver has
 * pointed at memory that the device cannot reach is found out at the next burst, as a master abort.
 */

import type { DmaPort } from '@netcx/hardware';
import { DESCRIPTOR_BYTES } from './registers/index.ts';

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

  /** Whether the hardware owns descriptors that it may handle. */
  get hasWork(): boolean {
    return this.enabled && this.count > 0 && this.head !== this.tail;
  }

  /**
   * @param head - a head that an engine has moved on to
   * @returns how many descriptors lie between it and the tail
   */
  ownedFrom(head: number): number {
    const distance = this.tail - head;
    return distance < 0 ? distance + this.count : distance;
  }

  /**
   * @param value - a length register: bytes
   */
  setLength(value: number): void {
    this.count = (value / DESCRIPTOR_BYTES) | 0;
    this.#keepInside();
  }

  /**
   * @param value - a tail register; what lies beyond the ring is taken modulo its size, so that a driver's mistake can
   * only ever name its own descriptors
   */
  setTail(value: number): void {
    this.tail = value;
    this.#keepInside();
  }

  /**
   * @param value - a head register
   */
  setHead(value: number): void {
    this.head = value;
    this.#keepInside();
  }

  #keepInside(): void {
    if (this.count === 0) return;
    this.head %= this.count;
    this.tail %= this.count;
  }

  /**
   * @param dma - the device's way to host memory
   * @returns word index of descriptor 0 in host memory; -1 when the device cannot reach the whole ring
   */
  locate(dma: DmaPort): number {
    if (this.count === 0) return -1;
    const bytes = this.count * DESCRIPTOR_BYTES;
    const low = this.baseLow >>> 0;
    if (this.baseHigh === 0 && low + bytes <= dma.directLimit) return low >>> 2;
    // Descriptors are read and written back.
    const offset = dma.translate(this.baseLow, this.baseHigh, bytes, 'write');
    return offset < 0 ? -1 : offset >>> 2;
  }

  /** Everything as after power-on. */
  reset(): void {
    this.baseLow = 0;
    this.baseHigh = 0;
    this.count = 0;
    this.head = 0;
    this.tail = 0;
    this.enabled = false;
  }
}
