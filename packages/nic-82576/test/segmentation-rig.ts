/*
 * Packets that are to leave in segments, in hex, and a machine that sends them.
 */

import type { CommonBuffer } from '@netcx/dma';
import { REGISTERS } from '../src/registers/index.ts';
import { descriptor, little, peek, poke, Traffic } from './traffic.ts';

const R = REGISTERS;
const { TDT } = R;

export const squeeze = (digits: string): string => digits.replaceAll(' ', '');
export const bytes = (digits: string): Uint8Array => Buffer.from(squeeze(digits), 'hex');

/** DTYP 3, DEXT, IFCS, TSE. */
export const TSE = 0xa230_0000;
const EOP = 0x100_0000;
const RS = 0x800_0000;
export const LAST = TSE | EOP | RS;
/** IXSM and TXSM, TXSM alone. */
export const BOTH = 0x300;
export const TXSM = 0x200;
export const SLOT_1 = 0x10;
export const payload = (length: number): number => length << 14;

/** A machine with a ring that does not pad; contexts and buffers are posted one behind the other. */
export class Rig {
  readonly t: Traffic;
  readonly ring: CommonBuffer;
  readonly #queue: number;
  #tail = 0;

  constructor(t = new Traffic(), queue = 0) {
    this.t = t;
    this.#queue = queue;
    this.ring = this.t.txRing(64, queue);
    this.t.machine.write(R.TCTL, R.TCTL.EN.mask);
  }

  /** A context, in hex as it lies in memory. */
  context(words: string): this {
    poke(this.ring.offset + 16 * this.#tail++, words);
    return this;
  }

  /** One buffer of a packet. */
  data(content: string | Uint8Array, command: number, status: number): this {
    const packet = typeof content === 'string' ? bytes(content) : content;
    this.at(this.t.memory(packet).address, command | packet.length, status);
    return this;
  }

  /** One buffer anywhere. */
  at(address: number, command: number, status: number): this {
    poke(this.ring.offset + 16 * this.#tail++, descriptor(address, `${little(command)} ${little(status)}`));
    return this;
  }

  /** Rings and returns what left. */
  send(): string[] {
    const before = this.t.partner.frames.length;
    this.t.ring(TDT, this.#tail, this.#queue);
    return this.t.partner.frames.slice(before);
  }

  status(index: number): string {
    return peek(this.ring.offset + index * 16).slice(-8);
  }
}

export const LINK = '020000000002 020000000001 ';
// From 10.0.0.1:80 to 10.0.0.2:4660: id fffe, sequence fffffffe, flags CWR ACK PSH FIN, no length, ffff for a header checksum.
// The seed is 0a00 + 0001 + 0a00 + 0002 + 0006.
const IPV4 = '4500 0000 fffe4000 4006 ffff 0a000001 0a000002 ';
const TCP = '0050 1234 fffffffe 00000000 5099 2000 1409 0000 ';
export const TCP4 = `${LINK}0800 ${IPV4}${TCP}`;
/** IPLEN 20, MACLEN 14; IPV4, TCP; L4LEN 20, MSS 4. */
export const CONTEXT4 = '141c0000 00000000 000c2020 00140400';
