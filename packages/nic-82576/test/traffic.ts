/* For tests of the engines: a machine with the link up, memory for rings and buffers, and a partner that keeps what it gets. */

import { DmaEnabler, IdentityMap, type CommonBuffer, type DmaDomain } from '@netcx/dma';
import { u8 as host } from '@netcx/dma/memory';
import type { LinkEnd, LinkPartner } from '@netcx/hardware';
import { Frame, FRAME_HEADER_BYTES, i32 as wireWords, u8 as wire } from '@netcx/hardware/wire';
import { REGISTERS } from '../src/registers/index.ts';
import { Machine } from './machine.ts';

/** The address of the model in `Machine`. */
const STATION = [2, 0, 0, 0, 0, 1];

/** Stands at the far end of the cable: keeps a copy of every frame, and sends bursts. */
export class Partner implements LinkPartner {
  readonly frames: string[] = [];
  /** How many frames came in each burst. */
  readonly bursts: number[] = [];
  readonly #end: LinkEnd;

  constructor(end: LinkEnd) {
    this.#end = end;
    end.attach(this);
  }

  receive(offset: number, frames: number): void {
    let at = offset;
    for (let frame = 0; frame < frames; frame++) {
      const length = Frame.length.get(wireWords, at >> 2);
      this.frames.push(hex(wire.slice(at + FRAME_HEADER_BYTES, at + FRAME_HEADER_BYTES + length)));
      at += FRAME_HEADER_BYTES + ((length + 7) & ~7);
    }
    this.bursts.push(frames);
  }

  room(): void {
    throw new Error('the partner never sends more than fits');
  }

  changed(): void {
    // Sends when a test says so.
  }

  /** Sends frames as one burst; each with the same status bits in front. */
  send(frames: readonly Uint8Array[], status = 0): void {
    const bytes = frames.reduce((sum, frame) => sum + FRAME_HEADER_BYTES + ((frame.length + 7) & ~7), 0);
    const start = this.#end.reserve(bytes);
    if (start < 0) throw new Error(`no room for a burst of ${String(bytes)} bytes`);
    let at = start;
    for (const frame of frames) {
      Frame.length.set(wireWords, at >> 2, frame.length);
      Frame.status.set(wireWords, at >> 2, status);
      wire.set(frame, at + FRAME_HEADER_BYTES);
      at += FRAME_HEADER_BYTES + ((frame.length + 7) & ~7);
    }
    this.#end.commit(frames.length, bytes);
  }
}

/** A machine that is ready for traffic. */
export class Traffic {
  readonly machine: Machine;
  readonly partner: Partner;
  readonly enabler: DmaEnabler;

  constructor(dma: DmaDomain = new IdentityMap()) {
    this.machine = new Machine({}, dma);
    this.partner = new Partner(this.machine.link.b);
    this.enabler = new DmaEnabler(dma, { addressWidth: 64, version: 3 });
    this.machine.linkUp();
    this.machine.read(REGISTERS.ICR); // the link's change is no news
  }

  /** Memory that the device reaches, holding `bytes` if they are given. */
  memory(bytes: number | Uint8Array): CommonBuffer {
    const buffer = this.enabler.allocateCommonBuffer(typeof bytes === 'number' ? bytes : bytes.length);
    if (typeof bytes !== 'number') host.set(bytes, buffer.offset);
    return buffer;
  }

  /** A transmit ring that is switched on, the transmitter with it. */
  txRing(descriptors: number, queue = 0): CommonBuffer {
    const ring = this.memory(descriptors * 16);
    const { TDBAL, TDBAH, TDLEN, TXDCTL, TCTL } = REGISTERS;
    this.machine.write(TDBAL, ring.address % 2 ** 32, queue);
    this.machine.write(TDBAH, Math.floor(ring.address / 2 ** 32), queue);
    this.machine.write(TDLEN, descriptors * 16, queue);
    this.machine.write(TXDCTL, TXDCTL.ENABLE.mask, queue);
    this.machine.write(TCTL, TCTL.EN.mask | TCTL.PSP.mask);
    return ring;
  }

  /** Queue 0's receive ring, switched on, with buffers of so many KiB. */
  rxRing(descriptors: number, kilobytes = 2): CommonBuffer {
    const ring = this.memory(descriptors * 16);
    const { RDBAL, RDBAH, RDLEN, RXDCTL, SRRCTL } = REGISTERS;
    this.machine.write(RDBAL, ring.address % 2 ** 32);
    this.machine.write(RDBAH, Math.floor(ring.address / 2 ** 32));
    this.machine.write(RDLEN, descriptors * 16);
    this.machine.write(SRRCTL, SRRCTL.BSIZEPACKET.set(SRRCTL.DESCTYPE.set(0, 1), kilobytes));
    this.machine.write(RXDCTL, RXDCTL.ENABLE.mask);
    return ring;
  }

  /** Writes a tail and lets everything happen that follows from it. */
  ring(register: typeof REGISTERS.TDT | typeof REGISTERS.RDT, tail: number, queue = 0): void {
    this.machine.write(register, tail, queue);
    this.machine.clock.run();
  }

  /** Frames arrive in one burst. */
  arrive(frames: readonly Uint8Array[], status = 0): void {
    this.partner.send(frames, status);
    this.machine.clock.run();
  }

  /** Gives the devices' memory back. */
  close(): void {
    this.machine.nic.close();
    this.machine.link.close();
  }
}

/** Bytes as hex digits. */
export const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** What lies in host memory, in hex, as words of four bytes where they are 16 bytes: a descriptor. */
export function peek(offset: number, bytes = 16): string {
  const digits = hex(host.slice(offset, offset + bytes));
  return bytes === 16 ? digits.replace(/(.{8})(?=.)/g, '$1 ') : digits;
}

/** Puts hex digits into host memory. */
export const poke = (offset: number, digits: string): void =>
  host.set(Buffer.from(digits.replaceAll(' ', ''), 'hex'), offset);

/** A descriptor: an address, and two words as they lie in memory. */
export function descriptor(address: number, rest = '00000000 00000000'): string {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(address));
  return bytes.toString('hex').replace(/(.{8})/g, '$1 ') + rest;
}

/** A number as it lies in a word in memory. */
export function little(value: number): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value >>> 0);
  return bytes.toString('hex');
}

/** A frame from the partner to the station (or to whoever `to` says), of a type that nobody parses. */
export function frame(length: number, seed = 0, to: readonly number[] = STATION): Uint8Array {
  const bytes = Uint8Array.from({ length }, (_, index) => (index * 7 + seed * 13 + (index >> 8)) & 255);
  bytes.set([...to, 2, 0, 0, 0, 0, 2, 0x88, 0xb5].slice(0, length));
  return bytes;
}
