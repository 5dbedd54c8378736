/* For tests of the receive engine: a ring of eight descriptors with a buffer each, and what came of them. */

import type { CommonBuffer, DmaDomain } from '@netcx/dma';
import type { Register } from '@netcx/layout';
import { REGISTERS } from '../src/registers/index.ts';
import { descriptor, peek, poke, Traffic } from './traffic.ts';

const { EN, SECRC } = REGISTERS.RCTL;

/** Reception on, check sequences stripped. */
export const RX = EN.mask | SECRC.mask;
const SIZE = 8;
const BUFFER = 2048;

/** A machine that receives. */
export class RxBench {
  readonly traffic: Traffic;
  readonly ring: CommonBuffer;
  readonly buffers: CommonBuffer;

  constructor(control = RX, options: { dma?: DmaDomain; kilobytes?: number } = {}) {
    this.traffic = new Traffic(options.dma);
    this.ring = this.traffic.rxRing(SIZE, options.kilobytes ?? 2);
    this.buffers = this.traffic.memory(SIZE * BUFFER);
    this.control(control);
  }

  control(value: number): void {
    this.traffic.machine.write(REGISTERS.RCTL, value);
  }

  /** Has a queue without descriptors drop at once, or wait. */
  dropEnable(drop = true): void {
    const { SRRCTL } = REGISTERS;
    const { machine } = this.traffic;
    machine.write(SRRCTL, SRRCTL.DROP_EN.set(machine.read(SRRCTL), Number(drop)));
  }

  /** Writes so many descriptors from an index on, each with its own buffer; returns the tail that says so. */
  post(first: number, count: number, low = 0): number {
    for (let number = first; number < first + count; number++) {
      const index = number % SIZE;
      poke(this.ring.offset + index * 16, descriptor(this.buffers.address + index * BUFFER + low));
    }
    return (first + count) % SIZE;
  }

  /** The same, and rings. */
  supply(first: number, count: number, low = 0): void {
    this.traffic.ring(REGISTERS.RDT, this.post(first, count, low));
  }

  arrive(frames: readonly Uint8Array[], status = 0): void {
    this.traffic.arrive(frames, status);
  }

  read(...registers: Register[]): number[] {
    return registers.map((register) => this.traffic.machine.read(register));
  }

  /** Second half of a descriptor: status, and length. */
  readonly back = (index: number): string => peek(this.ring.offset + index * 16).slice(18);

  /** Bytes of a descriptor's buffer. */
  bytes(index: number, length: number, low = 0): string {
    return peek(this.buffers.offset + index * BUFFER + low, length);
  }

  close(): void {
    this.traffic.close();
    this.buffers.free();
    this.ring.free();
  }
}
