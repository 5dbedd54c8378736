/*
 * What a driver hands up in one call: the packets that it gave back, and their runs of fragments. Everything that it must write
 * was written, every run lies where the driver had fragments and has none any more, and runs ascend without touching each
 * other. Follows reference netadaptercx §5.11b, quirks closed: an ignored packet does not hide those behind it.
 */

import { i32 as m } from '@netcx/dma/memory';
import { DataBuffer } from '@netcx/extensions';
import { Fragment, Packet } from '@netcx/rings';
import { OfferedBuffer } from '../offered-source.ts';
import { checkExtensions, type ReceiveExtensions } from './extension-check.ts';
import { checkLayout } from './layout-check.ts';
import { fragmentPoison, OFFSET_POISONS, PACKET_POISON } from './poison.ts';
import type { RingShadow } from './ring-shadow.ts';
import { raise, type Site } from './site.ts';

/** What a receive queue's elements have. */
export interface ReceiveShape {
  readonly extensions: ReceiveExtensions;
  /** Byte offset of the virtual address where the driver's own buffers are attached; 0 elsewhere. */
  readonly virtualAddress: number;
  /** Byte offset of the data buffer's handle where the driver attaches the system's; 0 elsewhere. */
  readonly dataBuffer: number;
}

/** Bits of a packet that an ignored one may have changed: `ignore` and `scratch`. */
const FLAGS = 3 << 24;
/** Lengths of a layer that may stay unwritten when its type is not known. */
const TYPE_OF: Readonly<Record<string, 'layer2Type' | 'layer3Type' | 'layer4Type'>> = {
  layer2HeaderLength: 'layer2Type',
  layer3HeaderLength: 'layer3Type',
  layer4HeaderLength: 'layer4Type',
};

/** Checks what one receive queue's driver hands up. */
export class ReceiveCheck {
  readonly #site: Site;
  readonly #packets: RingShadow;
  readonly #fragments: RingShadow;
  readonly #offers: RingShadow | undefined;
  readonly #shape: ReceiveShape;
  readonly #fragmentPoison;
  /** Values of their poison that offsets had, in fragments one after the other. */
  readonly #suspiciousOffsets = new Set<number>();

  /**
   * @param site - the queue
   * @param packets - its packet ring
   * @param fragments - its fragment ring
   * @param offers - its data-buffer ring, if it has one
   * @param shape - what its elements have
   */
  constructor(
    site: Site,
    packets: RingShadow,
    fragments: RingShadow,
    offers: RingShadow | undefined,
    shape: ReceiveShape,
  ) {
    this.#site = site;
    this.#packets = packets;
    this.#fragments = fragments;
    this.#offers = offers;
    this.#shape = shape;
    this.#fragmentPoison = fragmentPoison(shape.virtualAddress, shape.dataBuffer);
  }

  /**
   * @throws ViolationError for the first packet that is wrong
   */
  check(): void {
    const { ring, begin, count, returned } = this.#packets;
    let taken = 0;
    for (let step = 0; step < count; step++) {
      const index = (begin + step) & ring.mask;
      const p = ring.at(index);
      if (Packet.ignore.get(m, p) !== 0) this.#checkIgnored(index, p);
      else if (step < returned) taken = this.#checkPacket(index, p, taken);
    }
  }

  #checkIgnored(index: number, p: number): void {
    const { before } = this.#packets;
    const then = this.#packets.at(index);
    for (let word = 0; word < 3; word++) {
      const changed = (m[p + word]! ^ before[then + word]!) & (word === 2 ? ~FLAGS : -1);
      if (changed === 0) continue;
      const { name, read } = this.#packets.map.regionOf(word, changed);
      this.#wrong(0x36, index, name, 'as it was', read?.(m, p), 'a packet is ignored and says something');
    }
  }

  /** Returns how many fragments from the first that the driver had are taken up to the end of this packet's. */
  #checkPacket(index: number, p: number, taken: number): number {
    this.#checkWritten(index, p);
    const { ring, begin, count: had, returned } = this.#fragments;
    const first = Packet.fragmentIndex.get(m, p);
    const run = Packet.fragmentCount.get(m, p);
    const last = (first + run - 1) & ring.mask;
    const from = (first - begin) & ring.mask;
    const to = (last - begin) & ring.mask;
    const before = `one of ${String(had)} from ${String(begin)} on`;
    if (run === 0) this.#wrong(0x3c, index, 'fragmentCount', '1 or more', 0);
    if (run > had) this.#wrong(0x3d, index, 'fragmentCount', `${String(had)} at most`, run);
    if (first > ring.mask || from >= had) this.#wrong(0x3e, index, 'fragmentIndex', before, first);
    if (to >= had) this.#wrong(0x3f, index, 'fragmentCount', `a run that ends at ${before}`, run);
    const since = `one of the ${String(returned)} that were given back`;
    if (from >= returned) this.#wrong(0x40, index, 'fragmentIndex', since, first);
    if (to >= returned) this.#wrong(0x41, index, 'fragmentCount', `a run that ends at ${since}`, run);
    if (from < taken)
      this.#wrong(0x4b, index, 'fragmentIndex', `${String((begin + taken) & ring.mask)} or behind it`, first);
    if (from + run > returned)
      this.#wrong(0x4c, index, 'fragmentCount', `${String(returned - from)} at most: there the first one begins`, run);
    let bytes = 0;
    for (let part = 0; part < run; part++) bytes += this.#checkFragment((first + part) & ring.mask, part);
    checkLayout(this.#site, this.#packets.ring.name, index, p, bytes);
    checkExtensions(this.#site, this.#packets.ring.name, index, p, this.#shape.extensions);
    return from + run;
  }

  #checkWritten(index: number, p: number): void {
    for (const field of PACKET_POISON) {
      if (!this.#packets.isPoisoned(index, field)) continue;
      const type = TYPE_OF[field.name];
      // A layer that is not known, or not there, has no length to be written. 65535 fragments may be meant in a ring of as many.
      if (type !== undefined && Packet[type].get(m, p) <= (type === 'layer2Type' ? 1 : 0)) continue;
      if (type === 'layer4Type' && Packet.layer4Type.get(m, p) > 2) continue;
      if (field.name === 'fragmentCount' && this.#fragments.count >= 0xffff) continue;
      this.#wrong(0x39, index, field.name, 'what the driver found', 'what it was before', 'a field was not written');
    }
  }

  /** Returns the bytes of the frame in it. */
  #checkFragment(index: number, part: number): number {
    const { ring } = this.#fragments;
    const f = ring.at(index);
    const length = Fragment.validLength.get(m, f);
    const offset = Fragment.offset.get(m, f);
    const capacity = Fragment.capacity.get(m, f);
    for (const field of this.#fragmentPoison) {
      const untouched = this.#fragments.isPoisoned(index, field);
      const suspicious = field.name === 'offset' && this.#isSuspicious(untouched, offset);
      if (!untouched || (field.name === 'offset' && !suspicious && offset + length <= capacity)) continue;
      const code = field.name.startsWith('ms_') ? 0x84 : 0x38;
      this.#wrongFragment(code, index, field.name, 'what the driver found', 'what it was before');
    }
    if (part > 0 && offset !== 0) this.#wrongFragment(0x4d, index, 'offset', '0 in all but the first', offset);
    if (offset + length > capacity)
      this.#wrongFragment(0x4e, index, 'validLength', `${String(capacity - offset)} at most`, length);
    if (this.#shape.dataBuffer !== 0) this.#checkHandle(index, f);
    return length;
  }

  /** An offset may be what the poison is; all values of the poison, one after the other, it is not. */
  #isSuspicious(untouched: boolean, offset: number): boolean {
    if (untouched) this.#suspiciousOffsets.add(offset);
    else this.#suspiciousOffsets.clear();
    return this.#suspiciousOffsets.size === OFFSET_POISONS;
  }

  /** The buffer that a fragment names was on offer when the driver was called. */
  #checkHandle(index: number, f: number): void {
    const offers = this.#offers;
    if (offers === undefined) return;
    const handle = DataBuffer.buffer.get(m, f, this.#shape.dataBuffer);
    for (let step = 0; step < offers.count; step++)
      if (OfferedBuffer.handle.get(offers.before, offers.at(offers.begin + step)) === handle) return;
    this.#wrongFragment(0x8f, index, 'ms_fragment_databuffer', 'a handle that is on offer to the driver', handle);
  }

  #wrong(code: number, index: number, field: string, expected: string, found: unknown, what?: string): never {
    const message = `${this.#packets.ring.name}: ${what ?? 'a packet was given back that cannot be'}`;
    raise(this.#site, code, message, { index, field, expected, found });
  }

  #wrongFragment(code: number, index: number, field: string, expected: string, found: unknown): never {
    const message = `${this.#fragments.ring.name}: a fragment was given back that cannot be`;
    raise(this.#site, code, message, { index, field, expected, found });
  }
}
