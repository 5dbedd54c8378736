/*
 * An extension as the cases handle it: fields by name, and one element of memory to set them in, with every other bit
 * of it known.
 */

import {
  describeExtension,
  INVALID_OFFSET,
  planElement,
  type ElementPlan,
  type Extension,
  type ExtensionDescription,
  type ExtensionField,
  type ExtensionFields,
  type Level,
  type PlanMode,
} from '@netcx/extensions';
import { FRAGMENT_BYTES, PACKET_BYTES, SYSTEM_BUFFER_BYTES } from '@netcx/rings';
import type { Location } from '@netcx/layout';

/** The core descriptors that extensions follow. */
export const CORES: Readonly<Record<Level, { readonly coreSize: number; readonly coreAlignment: number }>> = {
  packet: { coreSize: PACKET_BYTES, coreAlignment: 4 },
  fragment: { coreSize: FRAGMENT_BYTES, coreAlignment: 8 },
  buffer: { coreSize: SYSTEM_BUFFER_BYTES, coreAlignment: 8 },
};

/** One thing that an extension must do. */
export interface ExtensionCase {
  /** What it must do, as a sentence without its subject. */
  readonly name: string;
  /** Throws an AssertionError when it does not. */
  readonly run: () => void;
}

/** Every way to lay an element out. */
export const MODES: readonly PlanMode[] = ['packed', 'cx', 'xdp'];

/** A field of an extension. */
export interface Field {
  readonly name: string;
  readonly location: Location;
  readonly accessor: ExtensionField;
  /** Bits that it has. */
  readonly width: number;
  /** Its first bit, counted from the start of the extension. */
  readonly firstBit: number;
}

/**
 * @param extension - a definition
 * @returns its fields, as the description has them, with the definition's own accessors
 */
export function fieldsOf(extension: Extension): readonly Field[] {
  const accessors = extension as unknown as Readonly<Record<string, ExtensionField | undefined>>;
  return Object.entries(describeExtension(extension).fields).map(([name, location]) => {
    const accessor = accessors[name];
    if (accessor === undefined) throw new TypeError(`the field ${name} is described and has no accessor`);
    const firstBit = location.byteOffset * 8 + location.low;
    return { name, location, accessor, width: location.high - location.low + 1, firstBit };
  });
}

/** The extension without knowledge of its fields' names: what plans and registries take. */
export const plain = <F extends ExtensionFields>(extension: Extension<F>): Extension => extension;

/** Three elements one behind the other, the extension set in the middle one. */
export class Elements {
  readonly plan: ElementPlan;
  /** The extension's byte offset in an element. */
  readonly offset: number;
  /** Word index of the middle element. */
  readonly element: number;
  readonly view: Int32Array;
  readonly #description: ExtensionDescription;

  /**
   * @param extension - what is looked at
   * @param others - what lies in the elements besides
   * @param mode - how they are laid out
   * @param fill - what every byte is at first
   */
  constructor(extension: Extension, others: readonly Extension[], mode: PlanMode, fill = 0) {
    const description = describeExtension(extension);
    const { level } = description;
    this.plan = planElement({ level, ...CORES[level], extensions: [extension, ...others], mode });
    this.offset = this.plan.offsetOf(extension);
    if (this.offset === INVALID_OFFSET)
      throw new RangeError(`${description.name} is not in the element planned for it`);
    this.element = this.plan.wordStride;
    this.view = new Int32Array(3 * this.plan.wordStride);
    this.#description = description;
    new Uint8Array(this.view.buffer).fill(fill);
  }

  /** The extension's bytes now. */
  get bytes(): readonly number[] {
    const first = this.element * 4 + this.offset;
    return [...new Uint8Array(this.view.buffer).subarray(first, first + this.#description.size)];
  }

  /**
   * @param fill - what every byte was at first
   * @returns the bits of all three elements that are different now, counted from the start of the extension
   */
  changedBits(fill: number): readonly number[] {
    const first = this.element * 4 + this.offset;
    const bits: number[] = [];
    for (const [index, byte] of new Uint8Array(this.view.buffer).entries()) {
      for (let bit = 0; bit < 8; bit++) if ((((byte ^ fill) >>> bit) & 1) === 1) bits.push((index - first) * 8 + bit);
    }
    return bits;
  }
}
