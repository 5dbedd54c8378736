/*
 * A ring and a copy of it: what it was before a driver was called, so that what the driver changed is known, and can be
 * undone. A copy is taken of all of it, header and elements; what the driver is newly handed is poisoned first.
 */

import { i32 as m } from '@netcx/dma/memory';
import { describeStruct } from '@netcx/layout';
import { RING_HEADER_BYTES, RingHeader, type Ring } from '@netcx/rings';
import type { ElementMap } from './element-map.ts';
import type { PoisonedField } from './poison.ts';
import { hex, raise, type Site } from './site.ts';

const HEADER = RING_HEADER_BYTES >>> 2;
const END = RingHeader.endIndex.location.byteOffset >>> 2;
const BEGIN = RingHeader.beginIndex.location.byteOffset >>> 2;
const NEXT = RingHeader.nextIndex.location.byteOffset >>> 2;
/** What the gaps between extensions hold while somebody looks: nothing that a field is likely to be. */
const CANARY = 0xc5c5_c5c5 | 0;

/** An element that is not the driver's. */
const FOREIGN = 0x33;
/** Outside advance and cancel. */
const UNTIMELY = 0x82;
/** Rules that hold for every element, whoever has it: offers, and gaps. */
const EVERYWHERE: ReadonlySet<number> = new Set([0x32, 0x86]);

/** One ring under watch. */
export class RingShadow {
  readonly ring: Ring;
  /** Its element. */
  readonly map: ElementMap;
  /** The ring as it was: header, then elements. */
  readonly before: Int32Array;
  readonly #live: Int32Array;
  readonly #poison: readonly PoisonedField[];
  /** Elements as the framework handed them over. */
  readonly #clean: Int32Array;
  readonly #site: Site;
  /** Up to where elements were poisoned. */
  #handed = 0;

  /**
   * @param site - the queue
   * @param ring - empty
   * @param map - its element
   * @param poison - what is spoilt before a driver is handed an element
   */
  constructor(site: Site, ring: Ring, map: ElementMap, poison: readonly PoisonedField[]) {
    this.#site = site;
    this.ring = ring;
    this.map = map;
    this.#poison = poison;
    this.before = new Int32Array(HEADER + ring.elements * ring.stride);
    this.#live = m.subarray(ring.header, ring.header + this.before.length);
    this.#clean = new Int32Array(ring.elements * ring.stride);
    this.copy();
  }

  /** First element that was the driver's before. */
  get begin(): number {
    return this.before[BEGIN]!;
  }

  /** Elements that were the driver's before. */
  get count(): number {
    return (this.before[END]! - this.begin) & this.ring.mask;
  }

  /** Elements that the driver has given back since. */
  get returned(): number {
    return (this.ring.beginIndex - this.begin) & this.ring.mask;
  }

  /**
   * @param index - an element
   * @returns word index of its copy in `before`
   */
  at(index: number): number {
    return HEADER + (index & this.ring.mask) * this.ring.stride;
  }

  /**
   * @param index - an element
   * @param field - a field that was spoilt
   * @returns whether it still is
   */
  isPoisoned(index: number, field: PoisonedField): boolean {
    return field.read(m, this.ring.at(index)) === field.value(index & this.ring.mask);
  }

  /** Takes the copy. */
  copy(): void {
    this.before.set(this.#live);
  }

  /** Whether nothing behind a word has changed: mostly so, and quickly said. */
  #isSameFrom(first: number): boolean {
    const live = this.#live;
    const before = this.before;
    for (let word = first; word < before.length; word++) if (live[word] !== before[word]) return false;
    return true;
  }

  /** Elements that the framework has filled since are kept as they are, poisoned, and their gaps marked; then copies. */
  takeOver(): void {
    const { ring } = this;
    const { endIndex, mask, stride } = ring;
    for (; this.#handed !== endIndex; this.#handed = (this.#handed + 1) & mask) {
      const index = this.#handed;
      const at = ring.at(index);
      for (const [word, gap] of this.map.gaps.entries()) m[at + word] = (m[at + word]! & ~gap) | (CANARY & gap);
      this.#clean.set(m.subarray(at, at + stride), index * stride);
      for (const field of this.#poison) field.write(m, at, field.value(index));
    }
    this.copy();
  }

  /** What is spoilt still in elements that were given back is put right: nobody else may read it. */
  settle(): void {
    for (let index = this.begin, left = this.returned; left > 0; left--, index = (index + 1) & this.ring.mask)
      this.#cure(index);
  }

  #cure(index: number): void {
    const { ring } = this;
    for (const field of this.#poison)
      if (this.isPoisoned(index, field))
        field.write(m, ring.at(index), field.read(this.#clean, (index & ring.mask) * ring.stride));
  }

  /** Undoes whatever was done since the copy was taken, and cures all that the driver has. */
  restore(): void {
    m.set(this.before, this.ring.header);
    for (let index = this.begin, left = this.count; left > 0; left--, index = (index + 1) & this.ring.mask)
      this.#cure(index);
  }

  /**
   * Nobody but the driver can have changed the ring since the copy was taken, and no callback of it ran.
   *
   * @throws ViolationError 0x82
   */
  checkUntouched(): void {
    if (this.#isSameFrom(0)) return;
    const { ring, map } = this;
    for (let word = 0; word < HEADER; word++) {
      if (word > NEXT || m[ring.header + word] === this.before[word]) continue; // behind it are the driver's own words
      this.#changed(UNTIMELY, 'the header', word);
    }
    for (let index = 0; index < ring.elements; index++) {
      const at = ring.at(index);
      for (let word = 0; word < ring.stride; word++) {
        const bits = (m[at + word]! ^ this.before[this.at(index) + word]!) & ~map.scratch[word]!;
        if (bits !== 0) this.#elementChanged(index, word, bits, 'untimely');
      }
    }
  }

  /**
   * The framework's half of the header, and the indices.
   *
   * @throws ViolationError 0x32, 0x80, 0x3b or 0x81
   */
  checkHeader(): void {
    const { ring, before } = this;
    for (let word = 0; word < BEGIN; word++)
      if (m[ring.header + word] !== before[word]) this.#changed(0x32, 'the framework’s half of the header', word);
    for (const [word, field] of [
      [BEGIN, 'beginIndex'],
      [NEXT, 'nextIndex'],
    ] as const) {
      const found = m[ring.header + word]! >>> 0;
      if (found > ring.mask)
        raise(this.#site, 0x80, `${ring.name}: an index was moved without its mask`, {
          field,
          expected: `0 to ${String(ring.mask)}`,
          found,
        });
    }
    const { endIndex } = ring;
    if (this.returned > this.count)
      raise(this.#site, 0x3b, `${ring.name}: beginIndex left the driver’s elements`, {
        field: 'beginIndex',
        expected: `${String(this.begin)} to ${String(endIndex)}, going round`,
        found: ring.beginIndex,
      });
    if (ring.drainCount > ring.driverCount)
      raise(this.#site, 0x81, `${ring.name}: nextIndex left the driver’s elements`, {
        field: 'nextIndex',
        expected: `${String(ring.beginIndex)} to ${String(endIndex)}, going round`,
        found: ring.nextIndex,
      });
  }

  /**
   * Every element: what is not the driver's is as it was, and in what is the driver's only what it may write has changed.
   *
   * @throws ViolationError 0x33, or of the rule that protects the field
   */
  checkElements(): void {
    if (this.#isSameFrom(HEADER)) return;
    const { ring, before, map } = this;
    const { begin, count } = this;
    for (let index = 0; index < ring.elements; index++) {
      const own = ((index - begin) & ring.mask) < count;
      const now = ring.at(index);
      const then = this.at(index);
      for (let word = 0; word < ring.stride; word++) {
        const changed = m[now + word]! ^ before[then + word]!;
        const bits = own ? changed & map.immutable[word]! : changed;
        if (bits !== 0) this.#elementChanged(index, word, bits, own ? 'own' : 'foreign');
      }
    }
  }

  #elementChanged(index: number, word: number, bits: number, how: 'own' | 'foreign' | 'untimely'): never {
    const { ring, map } = this;
    const { name, rule = FOREIGN, read } = map.regionOf(word, bits);
    const code = how === 'untimely' ? UNTIMELY : how === 'own' || EVERYWHERE.has(rule) ? rule : FOREIGN;
    const [then, now] =
      read === undefined
        ? [hex(this.before[this.at(index) + word]!), hex(m[ring.at(index) + word]!)]
        : [read(this.before, this.at(index)), read(m, ring.at(index))];
    raise(this.#site, code, `${ring.name}: an element was changed that had to stay as it was`, {
      index,
      field: name === 'no field' ? `byte ${String(word * 4 + ((31 - Math.clz32(bits & -bits)) >>> 3))}` : name,
      expected: then,
      found: now,
    });
  }

  #changed(code: number, what: string, word: number): never {
    raise(this.#site, code, `${this.ring.name}: ${what} changed`, {
      field: headerField(word),
      expected: hex(this.before[word]!),
      found: hex(m[this.ring.header + word]!),
    });
  }
}

/** The header's field that a word belongs to, or its first byte. */
function headerField(word: number): string {
  const names = Object.entries(describeStruct(RingHeader).fields)
    .filter(([, { byteOffset }]) => byteOffset >>> 2 === word)
    .map(([name]) => name);
  return names.length === 0 ? `byte ${String(word * 4)}` : names.join(' or ');
}
