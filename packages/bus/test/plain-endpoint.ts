/*
 * The plainest function that behaves: bytes of configuration space with a mask of writable bits, and words behind BARs.
 * Written out here, byte by byte, so that nothing of the bus package is used to test it.
 */

import type { AccessSize, PciEndpoint, Upstream } from '../src/index.ts';

/** A base address register as its bits: what is fixed, and what sizing leaves writable. */
export interface PlainBar {
  readonly index: number;
  readonly fixed: number;
  readonly writable: number;
}

export class PlainEndpoint implements PciEndpoint {
  readonly bytes = new Uint8Array(4096);
  readonly writable = new Uint8Array(4096);
  readonly memory = new Map<string, number>();
  readonly log: string[] = [];
  upstream: Upstream | undefined;

  constructor(bars: readonly PlainBar[] = []) {
    this.fill(0x00, 0x10c9_8086, 0);
    this.fill(0x04, 0x0010_0000, 0x0000_0547);
    this.fill(0x34, 0x40, 0);
    for (const { index, fixed, writable } of bars) this.fill(0x10 + index * 4, fixed, writable);
  }

  /** Sets a dword and which of its bits can be written. */
  fill(offset: number, value: number, writable: number): void {
    for (let byte = 0; byte < 4; byte++) {
      this.bytes[offset + byte] = value >>> (byte * 8);
      this.writable[offset + byte] = writable >>> (byte * 8);
    }
  }

  /** What is in a dword. */
  dword(offset: number): number {
    return this.readConfig(offset, 4);
  }

  connect(upstream: Upstream): void {
    this.upstream = upstream;
  }

  readConfig(offset: number, size: AccessSize): number {
    let value = 0;
    for (let byte = size - 1; byte >= 0; byte--) value = value * 256 + (this.bytes[offset + byte] ?? 0);
    return value;
  }

  writeConfig(offset: number, size: AccessSize, value: number): void {
    for (let byte = 0; byte < size; byte++) {
      const mask = this.writable[offset + byte] ?? 0;
      this.bytes[offset + byte] = ((this.bytes[offset + byte] ?? 0) & ~mask) | ((value >>> (byte * 8)) & mask);
    }
  }

  read32(bar: number, offset: number): number {
    return this.memory.get(`${bar}:${offset}`) ?? 0;
  }

  write32(bar: number, offset: number, value: number): void {
    this.memory.set(`${bar}:${offset}`, value);
  }

  reset(): void {
    this.log.push('reset');
  }

  removed(): void {
    this.log.push('removed');
  }
}
