/*
 * The plan of a ring's element: the core descriptor, then every enabled extension, and the stride from one element to
 * the next. Made when a queue is created and constant for its life; an extension that the queue does not use costs no
 * byte. Three modes: as tight as can be, or byte for byte what NetAdapterCx or XDP lays out (reference
 * netadaptercx §3.3).
 */

import { absentExtension, bindExtension, INVALID_OFFSET, type BoundExtension } from './bound-extension.ts';
import { explainElement } from './explanation.ts';
import { describeExtension, whyUnreadable, type Extension, type ExtensionFields, type Level } from './extension.ts';
import { ExtensionError } from './extension-error.ts';
import { ascending, descendingTwoPass, place, roundUp, scatter, tightest, type Block } from './placement.ts';

/**
 * `packed` is the smallest stride that can be; `cx` repeats NetAdapterCx's order and rounding, `xdp` those of XDP for
 * Windows. `scattered` is for tests and verifiers: no extension lies where `packed` would have one, and gaps are between them.
 *
 * @example
 * ```ts
 * const modes: PlanMode[] = ['packed', 'cx', 'xdp'];
 * const packet = { level: 'packet', coreSize: 12, coreAlignment: 4, extensions: [Checksum, Rsc, Hash] } as const;
 * modes.map((mode) => planElement({ ...packet, mode }).stride); // [28, 36, 28]
 * planElement({ ...packet, mode: 'scattered' }).offsetOf(Hash); // 32
 * ```
 */
export type PlanMode = 'packed' | 'cx' | 'xdp' | 'scattered';

/**
 * What an element is made of.
 *
 * @example
 * ```ts
 * const spec: ElementSpec = { level: 'packet', coreSize: 20, coreVersion: 2, coreAlignment: 4, extensions: [Checksum] };
 * planElement(spec).stride; // 24
 * ```
 */
export interface ElementSpec {
  /** Which ring's element it is. */
  readonly level: Level;
  /** Bytes of the core descriptor: a multiple of its alignment. */
  readonly coreSize: number;
  /** Version of the core descriptor, 1 to 65535; 1 when left out. A later one has more fields at its end. */
  readonly coreVersion?: number;
  /** Alignment of the core descriptor: 4 or 8. */
  readonly coreAlignment: number;
  /** The extensions that this queue uses, as they were registered. */
  readonly extensions: readonly Extension[];
  /** How to lay them out; `packed` when left out. */
  readonly mode?: PlanMode;
}

/**
 * An extension and the byte at which it starts.
 *
 * @example
 * ```ts
 * const plan = planElement({ level: 'packet', coreSize: 12, coreAlignment: 4, extensions: [Gso] });
 * const first: Placement = plan.placements[0]!;
 * first.offset; // 12
 * ```
 */
export interface Placement {
  /** What lies there. */
  readonly definition: Extension;
  /** Bytes from the start of the element. */
  readonly offset: number;
}

/** Highest offset that an extension may have. */
const MAXIMUM_OFFSET = 0xffff;

/** In which order extensions follow the core descriptor. */
const ORDERS: Readonly<Record<PlanMode, <B extends Block>(blocks: readonly B[], start: number) => B[]>> = {
  packed: tightest,
  cx: ascending,
  xdp: descendingTwoPass,
  scattered: (blocks, start) => tightest(blocks, start).toReversed(),
};

/** XDP gives each extension a multiple of its alignment. */
const wholeMultiple = ({ size, alignment }: Block): Block => ({ size: roundUp(size, alignment), alignment });

/**
 * Where everything lies in the elements of one ring.
 *
 * @example
 * ```ts
 * const plan = planElement({ level: 'packet', coreSize: 12, coreAlignment: 4, extensions: [Checksum, Gso] });
 * plan.wordStride; // 5
 * plan.offsetOf(Gso); // 12
 * plan.offsetOf(Hash); // INVALID_OFFSET
 * plan.extension(Checksum).offset; // 16
 * ```
 */
export class ElementPlan {
  /** Which ring's element it is. */
  readonly level: Level;
  /** How it was laid out. */
  readonly mode: PlanMode;
  /** Bytes of the core descriptor. */
  readonly coreSize: number;
  /** Its version: a driver may use the fields that this or an earlier version has. */
  readonly coreVersion: number;
  /** Bytes from one element to the next: a multiple of 4, and of 8 when anything in it is aligned to 8. */
  readonly stride: number;
  /** The same in 32-bit words. */
  readonly wordStride: number;
  /** The extensions by offset, lowest first. */
  readonly placements: readonly Placement[];

  /**
   * @param spec - level, core descriptor and extensions
   * @throws ExtensionError `CORE`, `LEVEL`, `ALIGNMENT`, `DUPLICATE` or `ELEMENT_SIZE` for an element that cannot be
   */
  constructor(spec: ElementSpec) {
    const { level, coreSize, coreVersion = 1, coreAlignment, extensions, mode = 'packed' } = spec;
    checkElement(spec);
    const blocks = extensions.map((definition) => {
      const { size, alignment } = describeExtension(definition);
      return { definition, size, alignment };
    });
    const order = ORDERS[mode](blocks, coreSize);
    const { offsets, end } =
      mode === 'scattered'
        ? scatter(order, coreSize)
        : place(mode === 'xdp' ? order.map(wholeMultiple) : order, coreSize);
    this.level = level;
    this.mode = mode;
    this.coreSize = coreSize;
    this.coreVersion = coreVersion;
    // NetAdapterCx rounds an element with extensions up to a multiple of its core descriptor's size, not its alignment.
    this.stride = roundUp(end, mode === 'cx' ? coreSize : coreAlignment);
    this.wordStride = this.stride / 4;
    this.placements = order.map(({ definition }, index) => ({ definition, offset: offsets[index] ?? INVALID_OFFSET }));
    const last = offsets.at(-1) ?? 0;
    if (last > MAXIMUM_OFFSET) {
      throw new ExtensionError(
        'ELEMENT_SIZE',
        `the last extension would start at byte ${last}; expected ${MAXIMUM_OFFSET} at most`,
      );
    }
  }

  /** Each extension's name and offset. */
  get offsets(): ReadonlyMap<string, number> {
    return new Map(this.placements.map(({ definition, offset }) => [describeExtension(definition).name, offset]));
  }

  /**
   * @param definition - what a driver was written for
   * @returns bytes from the start of an element; `INVALID_OFFSET` when the element does not have it
   * @throws ExtensionError `INCOMPATIBLE` as `extension` does
   */
  offsetOf(definition: Extension): number {
    return this.#find(definition)?.offset ?? INVALID_OFFSET;
  }

  /**
   * Follows the documents' query: the same name, and the version that was asked for or a later one.
   *
   * @param definition - what a driver was written for
   * @returns a handle with the offset, or one that says that the element does not have it
   * @throws ExtensionError `INCOMPATIBLE` when what is laid out under that name is no later version of the definition
   */
  extension<F extends ExtensionFields>(definition: Extension<F>): BoundExtension<F> {
    const found = this.#find(definition);
    if (found === undefined) return absentExtension(definition, `this ${this.level} element`);
    return bindExtension(definition, found.offset, describeExtension(found.definition).version);
  }

  /**
   * @returns the element for people: a line for each run of bytes, with its owner, and every byte of padding
   */
  explain(): string {
    return explainElement(this);
  }

  #find(asked: Extension): Placement | undefined {
    const { name, version, level } = describeExtension(asked);
    if (level !== this.level) {
      throw new ExtensionError('LEVEL', `${name} is a ${level} extension; this is the element of a ${this.level} ring`);
    }
    const found = this.placements.find(({ definition }) => describeExtension(definition).name === name);
    if (found === undefined || describeExtension(found.definition).version < version) return undefined;
    const reason = whyUnreadable(asked, found.definition);
    if (reason !== undefined) throw new ExtensionError('INCOMPATIBLE', reason);
    return found;
  }
}

function checkElement({ level, coreSize, coreVersion = 1, coreAlignment, extensions, mode }: ElementSpec): void {
  if (mode !== undefined && !Object.hasOwn(ORDERS, mode)) {
    throw new ExtensionError('MODE', `mode '${mode}'; expected ${Object.keys(ORDERS).join(', ')}`);
  }
  if (!Number.isInteger(coreVersion) || coreVersion < 1 || coreVersion > 0xffff) {
    throw new ExtensionError('CORE', `a ${level} core descriptor of version ${coreVersion}; expected 1 to 65535`);
  }
  if (coreAlignment !== 4 && coreAlignment !== 8) {
    throw new ExtensionError('CORE', `a ${level} core descriptor aligned to ${coreAlignment}; expected 4 or 8`);
  }
  if (!Number.isInteger(coreSize) || coreSize <= 0 || coreSize % coreAlignment !== 0) {
    throw new ExtensionError(
      'CORE',
      `a ${level} core descriptor of ${coreSize} bytes; expected a multiple of ${coreAlignment}`,
    );
  }
  const names = new Set<string>();
  for (const extension of extensions) {
    const { name, alignment, level: own } = describeExtension(extension);
    if (own !== level)
      throw new ExtensionError('LEVEL', `${name} is a ${own} extension; this is the element of a ${level} ring`);
    if (alignment > coreAlignment) {
      throw new ExtensionError(
        'ALIGNMENT',
        `${name} is aligned to ${alignment}, the ${level} core descriptor to ${coreAlignment}`,
      );
    }
    if (names.has(name))
      throw new ExtensionError('DUPLICATE', `${name} is in the ${level} element twice; its latest version serves all`);
    names.add(name);
  }
}

/**
 * Plans the elements of a ring.
 *
 * @param spec - level, core descriptor, extensions and mode
 * @returns the stride and each extension's offset
 * @throws ExtensionError `CORE`, `LEVEL`, `ALIGNMENT`, `DUPLICATE` or `ELEMENT_SIZE` for an element that cannot be
 * @example
 * ```ts
 * const plan = planElement({ level: 'packet', coreSize: 12, coreAlignment: 4, extensions: [Checksum, Gso] });
 * plan.stride; // 20
 * const checksum = plan.extension(Checksum);
 * checksum.enabled; // true
 * console.log(plan.explain());
 * ```
 */
export const planElement = (spec: ElementSpec): ElementPlan => new ElementPlan(spec);
