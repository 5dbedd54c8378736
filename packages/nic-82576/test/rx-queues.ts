/* For tests of the receive side as a whole: any number of queues with their buffers, and what arrived in them. */

import type { CommonBuffer, DmaDomain } from '@netcx/dma';
import { u8 as host } from '@netcx/dma/memory';
import type { Register } from '@netcx/layout';
import { REGISTERS } from '../src/registers/index.ts';
import { descriptor, peek, poke, Traffic } from './traffic.ts';

const { RDBAH, RDBAL, RDLEN, RDT, RXDCTL, SRRCTL } = REGISTERS;

const BUFFER = 2048;
const HEADER = 1024;

/** What the chip wrote for one descriptor. */
export interface Delivered {
  readonly queue: number;
  /** The descriptor, four words in hex. */
  readonly words: string;
  /** The packet buffer and the header buffer, whole. */
  readonly packet: Uint8Array;
  readonly header: Uint8Array;
}

/** A machine whose receive queues are switched on, each with buffers in all its descriptors but one. */
export class RxQueues {
  readonly traffic: Traffic;
  readonly descriptors: number;
  readonly #rings: CommonBuffer[] = [];
  readonly #packets: CommonBuffer[] = [];
  readonly #headers: CommonBuffer[] = [];
  readonly #seen: number[] = [];

  constructor(queues = 1, descriptors = 16, dma?: DmaDomain) {
    this.descriptors = descriptors;
    this.traffic = new Traffic(dma);
    for (let queue = 0; queue < queues; queue++) {
      this.#rings.push(this.traffic.memory(descriptors * 16));
      this.#packets.push(this.traffic.memory(descriptors * BUFFER));
      this.#headers.push(this.traffic.memory(descriptors * HEADER));
      this.#seen.push(0);
    }
  }

  write(register: Register, value: number, index = 0): void {
    this.traffic.machine.write(register, value, index);
  }

  read(register: Register, index = 0): number {
    return this.traffic.machine.read(register, index);
  }

  /** Starts every queue anew with these settings; `header` says whether descriptors name header buffers. */
  start(split: { type: number; kilobytes?: number; header?: number; drop?: number; threshold?: number }): void {
    const { type, kilobytes = 2, header = 0, drop = 0, threshold = 0 } = split;
    let value = SRRCTL.DESCTYPE.set(0, type);
    value = SRRCTL.BSIZEPACKET.set(value, kilobytes);
    value = SRRCTL.BSIZEHEADER.set(value, header / 64);
    value = SRRCTL.DROP_EN.set(value, drop);
    value = SRRCTL.RDMTS.set(value, threshold);
    this.#rings.forEach((ring, queue) => {
      this.write(RXDCTL, 0, queue);
      this.write(RDT, 0, queue);
      this.write(RDBAL, ring.address % 2 ** 32, queue);
      this.write(RDBAH, Math.floor(ring.address / 2 ** 32), queue);
      this.write(RDLEN, this.descriptors * 16, queue);
      this.write(SRRCTL, value, queue);
      this.write(RXDCTL, RXDCTL.ENABLE.mask, queue);
      this.#seen[queue] = 0;
      this.supply(queue, this.descriptors - 1);
    });
  }

  /** Posts descriptors behind those that were taken, `count` in all. */
  supply(queue: number, count: number): void {
    const seen = this.#seen[queue] ?? 0;
    for (let number = seen; number < seen + count; number++) {
      const index = number % this.descriptors;
      const packet = this.#packets[queue]!.address + index * BUFFER;
      const header = this.#headers[queue]!.address + index * HEADER;
      poke(this.#ring(queue).offset + index * 16, descriptor(packet, descriptor(header, '').trim()));
    }
    this.write(RDT, (seen + count) % this.descriptors, queue);
  }

  /** Everything that was written back since the last time, queue by queue; the buffers are emptied and posted anew. */
  take(): Delivered[] {
    const all: Delivered[] = [];
    for (const queue of this.#rings.keys()) {
      const head = this.read(REGISTERS.RDH, queue);
      const seen = this.#seen[queue] ?? 0;
      const count = (head - seen + this.descriptors) % this.descriptors;
      for (let number = seen; number < seen + count; number++) {
        const index = number % this.descriptors;
        const packet = this.#packets[queue]!.offset + index * BUFFER;
        const header = this.#headers[queue]!.offset + index * HEADER;
        all.push({
          queue,
          words: peek(this.#ring(queue).offset + index * 16),
          packet: host.slice(packet, packet + BUFFER),
          header: host.slice(header, header + HEADER),
        });
        host.fill(0, packet, packet + BUFFER);
        host.fill(0, header, header + HEADER);
      }
      if (count === 0) continue;
      this.#seen[queue] = head;
      this.supply(queue, this.descriptors - 1);
    }
    return all;
  }

  /** Frames arrive as one burst; what comes of them. */
  arrive(...frames: Uint8Array[]): Delivered[] {
    this.traffic.arrive(frames);
    return this.take();
  }

  close(): void {
    this.traffic.close();
    for (const buffer of [...this.#rings, ...this.#packets, ...this.#headers]) buffer.free();
  }

  #ring(queue: number): CommonBuffer {
    return this.#rings[queue]!;
  }
}

/** Bytes from hex digits, spaces left out, filled up with zeros to the shortest frame. */
export function bytes(digits: string): Uint8Array {
  return new Uint8Array(Buffer.from(digits.replaceAll(' ', '').padEnd(120, '0'), 'hex'));
}
