/*
 * Owns: the far end of a cable that leads to a bridge. It sends frames that are numbered, and knows of each that comes whether it is
 * what the other far end sent.
 * Invariant: a frame's length and bytes follow from its number and where it comes from.
 */

import type { LinkEnd, LinkPartner } from '@netcx/hardware';
import * as wire from '@netcx/hardware/wire';

const { allocateWire, freeWire, Frame, FRAME_HEADER_BYTES, i32: w, u8: w8 } = wire;
const OUT_BYTES = 1 << 18;
const IN_BYTES = 1 << 18;
const LONGEST = 1514;
/** A frame's number stands behind its addresses and type. */
const NUMBER = 14;
const PATTERN = Uint8Array.from({ length: 256 + LONGEST }, (_, at) => (at * 31) & 0xff);
/** Where a frame's type stands, and the type of PAUSE frames, which the other NIC sends of its own accord. */
const TYPE = 12;
const MAC_CONTROL = 0x8808;

/** The far end of a cable: sends numbered frames, and keeps the numbers of those that come. */
export class FarEnd implements LinkEnd {
  up = true;
  readonly speed = 1000;
  readonly duplex = 'full';
  readonly partnerAbilities = 0xffff_ffff;
  available = OUT_BYTES;
  /** Whether it takes nothing. */
  stuck = false;
  /** Frames that were sent: the next one's number. */
  sent = 0;
  /** Numbers of the frames that came, of the other far end. */
  readonly arrived: number[] = [];
  readonly #out = allocateWire(OUT_BYTES);
  readonly #in = allocateWire(IN_BYTES);
  readonly #side: number;
  #partner: LinkPartner | undefined;

  /**
   * @param side - 0 or 1: which of the two
   */
  constructor(side: 0 | 1) {
    this.#side = side;
  }

  attach(partner: LinkPartner): void {
    this.#partner = partner;
    partner.changed(this.up);
  }

  enable(): void {
    // It has no transceiver to switch on.
  }

  reserve(): number {
    return this.stuck ? -1 : this.#out;
  }

  commit(frames: number): void {
    let at = this.#out;
    for (let index = 0; index < frames; index++) {
      const length = Frame.length.get(w, at >> 2);
      const start = at + FRAME_HEADER_BYTES;
      const bytes = w8.subarray(start, start + length);
      const pause = ((bytes[TYPE]! << 8) | bytes[TYPE + 1]!) === MAC_CONTROL;
      if (this.up && !pause) this.arrived.push(numberOf(bytes, 1 - this.#side));
      at += (FRAME_HEADER_BYTES + length + 7) & ~7;
    }
  }

  /**
   * Sends frames in one burst; where the link is down they are lost.
   *
   * @param count - how many, up to 128
   */
  send(count: number): void {
    let at = this.#in;
    for (let index = 0; index < count; index++) {
      const bytes = numbered(this.#side, this.sent++);
      Frame.length.set(w, at >> 2, bytes.length);
      Frame.status.set(w, at >> 2, 0);
      w8.set(bytes, at + FRAME_HEADER_BYTES);
      at += (FRAME_HEADER_BYTES + bytes.length + 7) & ~7;
    }
    if (this.up) this.#partner?.receive(this.#in, count);
  }

  /**
   * @param up - whether frames pass from now on
   */
  change(up: boolean): void {
    this.up = up;
    this.#partner?.changed(up);
  }

  /** It takes frames again. */
  release(): void {
    this.stuck = false;
    this.#partner?.room();
  }

  /** Its memory is given back. */
  free(): void {
    freeWire(this.#out, OUT_BYTES);
    freeWire(this.#in, IN_BYTES);
  }
}

/** A frame whose length and bytes follow from where it comes from and its number. */
function numbered(side: number, number: number): Uint8Array {
  const begin = (number * 7 + side) & 0xff;
  const bytes = PATTERN.slice(begin, begin + 60 + ((number * 37) % (LONGEST - 59)));
  bytes.set([2, 0, 0, 0, 0, 9, 2, 0, 0, 0, 0, side, 0x88, 0xb5]);
  new DataView(bytes.buffer).setUint32(NUMBER, number);
  return bytes;
}

/** The number of a frame, which must be all that it was. */
function numberOf(bytes: Uint8Array, side: number): number {
  const number = new DataView(bytes.buffer, bytes.byteOffset).getUint32(NUMBER);
  if (Buffer.compare(bytes, numbered(side, number)) !== 0)
    throw new Error(`frame ${number} of ${side} is not what it was`);
  return number;
}
