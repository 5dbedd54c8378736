/*
 * Which bits of a ring's element belong to what, and which of them a driver may change: the core descriptor's fields, each
 * extension, and the gaps between them that belong to nobody. Made once for each ring of a queue.
 */

import { describeExtension, type ElementPlan } from '@netcx/extensions';
import { describeStruct, type Struct } from '@netcx/layout';

/** A run of bits with a name. */
export interface Region {
  /** Field of the core descriptor, name of an extension, or `no field`. */
  readonly name: string;
  /** The rule that a driver breaks by changing it; `undefined` where it may. */
  readonly rule: number | undefined;
  /**
   * @param view - memory or a copy of it
   * @param at - word index of an element in it
   * @returns the field's value; `undefined` where there is no one number to show
   */
  readonly read?: (view: Int32Array, at: number) => number;
}

/** A byte that belongs to no descriptor and no extension was changed. */
const GAP: Region = { name: 'no field', rule: 0x86 };

/** Which rule protects a field or an extension, by its name; `undefined` where a driver may write. */
export type Protection = (name: string) => number | undefined;

/** The element of one ring, bit by bit. */
export class ElementMap {
  /** Words of an element. */
  readonly words: number;
  /** By word: bits that a driver may not change. */
  readonly immutable: Int32Array;
  /** By word: bits that are nobody's. */
  readonly gaps: Int32Array;
  /** By word: the driver's own bits, which it may change at any time. */
  readonly scratch: Int32Array;
  readonly #regions: Region[];

  /**
   * @param words - words of an element
   * @param core - its core descriptor
   * @param plan - where extensions lie; none where the core is all
   * @param protection - what protects each field of the core, and each extension
   */
  constructor(words: number, core: Struct, plan: ElementPlan | undefined, protection: Protection) {
    this.words = words;
    this.#regions = new Array<Region>(words * 32).fill(GAP);
    for (const [name, { byteOffset, low, high, overlay }] of Object.entries(describeStruct(core).fields)) {
      if (overlay) continue;
      const read = (view: Int32Array, at: number): number => core[name]?.get(view, at) ?? 0;
      this.#claim(byteOffset * 8 + low, byteOffset * 8 + high + 1, { name, rule: protection(name), read });
    }
    for (const { definition, offset } of plan?.placements ?? []) {
      const { name, size } = describeExtension(definition);
      this.#claim(offset * 8, (offset + size) * 8, { name, rule: protection(name) });
    }
    this.immutable = this.#bits((region) => region.rule !== undefined);
    this.gaps = this.#bits((region) => region === GAP);
    this.scratch = this.#bits(({ name }) => name === 'scratch');
  }

  #claim(first: number, end: number, region: Region): void {
    this.#regions.fill(region, first, end);
  }

  #bits(wanted: (region: Region) => boolean): Int32Array {
    const masks = new Int32Array(this.words);
    for (const [bit, region] of this.#regions.entries()) if (wanted(region)) masks[bit >>> 5]! |= 1 << (bit & 31);
    return masks;
  }

  /**
   * @param word - a word of an element
   * @param bits - bits of it, not 0
   * @returns what the lowest of them belongs to
   */
  regionOf(word: number, bits: number): Region {
    return this.#regions[word * 32 + 31 - Math.clz32(bits & -bits)] ?? GAP;
  }
}
