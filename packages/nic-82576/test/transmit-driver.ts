/*
 * A driver for the transmit tests: posts batches of wishes to some queues of a machine, one doorbell for each queue, and
 * collects what leaves.
 */

import { expect } from 'vitest';
import type { CommonBuffer, DmaDomain } from '@netcx/dma';
import { i32 as words, u8 as host } from '@netcx/dma/memory';
import { REGISTERS } from '../src/registers/index.ts';
import { Traffic } from './traffic.ts';
import { post, type Manner } from './wishes.ts';

const { CTRL, TDH, TDT } = REGISTERS;
/** The queues that it uses. */
export const QUEUES = [0, 3, 15] as const;
const DESCRIPTORS = 256;
const DATA = 256 * 1024;
/** Most packets of a batch; they go to the queues in turn. */
export const BATCH = 16;

/** A machine with some queues, and a driver that posts wishes to them. */
export class Driver {
  readonly traffic: Traffic;
  readonly #data: CommonBuffer;
  readonly #rings: CommonBuffer[];
  readonly #tails: number[] = QUEUES.map(() => 0);
  #used = 0;

  constructor(domain: DmaDomain) {
    this.traffic = new Traffic(domain);
    const { machine } = this.traffic;
    this.#data = this.traffic.memory(DATA);
    this.#rings = QUEUES.map((queue) => this.traffic.txRing(DESCRIPTORS, queue));
    machine.write(CTRL, machine.read(CTRL) | CTRL.VME.mask);
  }

  /** Posts a batch, lets it leave, and returns the frames of each queue. */
  send(batch: readonly Manner[]): string[][] {
    this.#used = 0;
    const { machine, partner } = this.traffic;
    batch.forEach((manner, index) => this.#post(manner, index % QUEUES.length));
    const before = partner.frames.length;
    QUEUES.forEach((queue, index) => machine.write(TDT, this.#tails[index]!, queue));
    machine.clock.run();
    QUEUES.forEach((queue, index) => expect(machine.read(TDH, queue)).toBe(this.#tails[index]));
    const frames = partner.frames.splice(before);
    partner.bursts.length = 0;
    return QUEUES.map((_queue, index) => frames.filter((frame) => frame.includes(marker(index))));
  }

  #post(manner: Manner, queue: number): void {
    const { packet, context, data } = post(manner);
    // Anywhere, over the ends of pages, and marked with its queue in the source address.
    const at = this.#used + (packet.length & 7);
    this.#used += packet.length + 8;
    host.set(packet, this.#data.offset + at);
    host[this.#data.offset + at + 9] = MARK + queue;
    if (context !== undefined) this.#write(queue, context);
    for (const { offset, words: rest } of data) {
      const address = this.#data.address + at + offset;
      this.#write(queue, [address % 2 ** 32, Math.floor(address / 2 ** 32), ...rest]);
    }
  }

  #write(queue: number, descriptor: readonly number[]): void {
    const tail = this.#tails[queue]!;
    const at = (this.#rings[queue]!.offset >> 2) + tail * 4;
    descriptor.forEach((word, index) => (words[at + index] = word));
    this.#tails[queue] = (tail + 1) % DESCRIPTORS;
  }
}

/** The fourth byte of the source address says which queue a frame left by. */
export const MARK = 0xa0;
const marker = (queue: number): string => `0200000000020200 00${(MARK + queue).toString(16)}0001`.replace(' ', '');
