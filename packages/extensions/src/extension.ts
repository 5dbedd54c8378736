/*
 * A definition: an extension's name, version, size, alignment and fields, checked once against the limits that
 * NetAdapterCx sets (reference netadaptercx §3.1). The result carries one accessor a field, so that a loop reads
 * `Checksum.layer4.get(memory, packet, offset)`; what is known about the definition is asked with `describeExtension`.
 */

import { defineStruct, type Location, type Struct } from '@netcx/layout';
import { ExtensionError } from './extension-error.ts';
import { extensionFieldOf, type ExtensionField, type WideExtensionField } from './extension-field.ts';

/**
 * Which ring's elements carry the extension: packets, fragments, or buffers on offer (the data-buffer ring).
 *
 * @example
 * ```ts
 * const levels: Level[] = ['packet', 'fragment', 'buffer'];
 * levels.map((level) => MAXIMUM_ALIGNMENT[level]); // [4, 8, 8]
 * ```
 */
export type Level = 'packet' | 'fragment' | 'buffer';

/**
 * Field names and where each lies, from the start of the extension.
 *
 * @example
 * ```ts
 * const fields: ExtensionFields = { color: bits(u32(0), 2, 0), flow: bits(u32(0), 31, 3) };
 * fields['flow']?.low; // 3
 * ```
 */
export type ExtensionFields = Readonly<Record<string, Location>>;

/**
 * What an extension is, as its author states it.
 *
 * @example
 * ```ts
 * const spec: ExtensionSpec = {
 *   name: 'example_packet_mark', version: 1, size: 4, alignment: 4, level: 'packet', fields: { mark: u32(0) },
 * };
 * describeExtension(defineExtension(spec)).size; // 4
 * ```
 */
export interface ExtensionSpec<F extends ExtensionFields = ExtensionFields> {
  /** How registrations and queries name it. Names that begin with `ms_` or `netcx_` are the predefined ones. */
  readonly name: string;
  /** 1 or more. A later version may only append: what an older reader knows stays where it was. */
  readonly version: number;
  /** Bytes, 1 to 1024. */
  readonly size: number;
  /** 1, 2 or 4; in a fragment and in a buffer on offer 8 as well. No field may need more. */
  readonly alignment: number;
  /** Which ring's elements carry it. */
  readonly level: Level;
  /** Each field's location, from the start of the extension. */
  readonly fields: F;
}

/**
 * What `describeExtension` knows.
 *
 * @example
 * ```ts
 * const description: ExtensionDescription = describeExtension(Hash);
 * describeStruct(description.struct).size; // 8
 * ```
 */
export interface ExtensionDescription<F extends ExtensionFields = ExtensionFields> extends ExtensionSpec<F> {
  /** The fields as a struct that starts at a whole 32-bit word: for dumps. */
  readonly struct: Struct<F>;
}

const description = Symbol('netcx.extension');

/**
 * A defined extension: one accessor a field.
 *
 * @example
 * ```ts
 * const extension: Extension = Checksum;
 * describeExtension(extension).name; // 'ms_packet_checksum'
 * ```
 */
export type Extension<F extends ExtensionFields = ExtensionFields> = {
  readonly [K in keyof F]: F[K] extends Location<'wide'> ? WideExtensionField : ExtensionField;
} & { readonly [description]: ExtensionDescription<F> };

/**
 * Largest extension, in bytes.
 *
 * @example
 * ```ts
 * MAXIMUM_EXTENSION_SIZE; // 1024
 * ```
 */
export const MAXIMUM_EXTENSION_SIZE = 1024;

/**
 * Largest alignment in each ring's elements: that of Microsoft's core descriptors.
 *
 * @example
 * ```ts
 * MAXIMUM_ALIGNMENT.packet; // 4
 * ```
 */
export const MAXIMUM_ALIGNMENT: Readonly<Record<Level, number>> = Object.freeze({ packet: 4, fragment: 8, buffer: 8 });

/** Properties of a bound extension, which a field cannot be called after. */
const TAKEN = ['enabled', 'offset', 'version', 'definition'];

/**
 * Defines an extension.
 *
 * @param spec - name, version, size, alignment, level and fields
 * @returns the definition, with one accessor a field
 * @throws ExtensionError `NAME`, `VERSION`, `LEVEL`, `SIZE`, `ALIGNMENT`, `FIELD_NAME` or `FIELD_ALIGNMENT` for what no
 * extension can be
 * @throws LayoutError `FIELD_RANGE` or `FIELD_OVERLAP` for fields past the end or on one another
 * @example
 * ```ts
 * const Mark = defineExtension({
 *   name: 'example_packet_mark', version: 1, size: 4, alignment: 4, level: 'packet',
 *   fields: { color: bits(u32(0), 2, 0), flow: bits(u32(0), 31, 3) },
 * });
 * const plan = planElement({ level: 'packet', coreSize: 12, coreAlignment: 4, extensions: [Mark] });
 * const mark = plan.extension(Mark).offset; // 12
 * const packet = 3 * plan.wordStride;
 * Mark.color.set(memory, packet, mark, 3);
 * Mark.color.get(memory, packet, mark); // 3
 * ```
 */
export function defineExtension<const F extends ExtensionFields>(spec: ExtensionSpec<F>): Extension<F> {
  checkLimits(spec);
  for (const [field, location] of Object.entries(spec.fields)) checkField(spec, field, location);
  const struct = defineStruct(spec.name, spec.size, spec.fields);
  const extension: Record<string | symbol, unknown> = {};
  for (const [field, location] of Object.entries(spec.fields)) extension[field] = extensionFieldOf(location);
  const value: ExtensionDescription<F> = Object.freeze({ ...spec, struct });
  Object.defineProperty(extension, description, { value });
  return Object.freeze(extension) as Extension<F>;
}

function checkLimits({ name, version, size, alignment, level }: ExtensionSpec): void {
  if (typeof name !== 'string' || name === '') throw new ExtensionError('NAME', 'an extension needs a name');
  if (!Number.isInteger(version) || version < 1) {
    throw new ExtensionError('VERSION', `${name}: version ${version}; expected a whole number of 1 or more`);
  }
  if (!Object.hasOwn(MAXIMUM_ALIGNMENT, level)) {
    throw new ExtensionError('LEVEL', `${name}: level '${level}'; expected 'packet', 'fragment' or 'buffer'`);
  }
  if (!Number.isInteger(size) || size < 1 || size > MAXIMUM_EXTENSION_SIZE) {
    throw new ExtensionError('SIZE', `${name}: ${size} bytes; expected 1 to ${MAXIMUM_EXTENSION_SIZE}`);
  }
  const limit = MAXIMUM_ALIGNMENT[level];
  if (![1, 2, 4, 8].includes(alignment) || alignment > limit) {
    throw new ExtensionError(
      'ALIGNMENT',
      `${name}: ${alignment}; expected a power of two up to ${limit} in a ${level}`,
    );
  }
}

function checkField({ name, alignment }: ExtensionSpec, field: string, location: Location): void {
  if (TAKEN.includes(field)) {
    throw new ExtensionError('FIELD_NAME', `${name}.${field}: a queue's handle has a property of that name`);
  }
  const needed = Math.min(location.wordBits / 8, 4);
  if (needed > alignment) {
    throw new ExtensionError(
      'FIELD_ALIGNMENT',
      `${name}.${field} is read through a ${location.wordBits}-bit word and needs alignment ${needed}; the extension has ${alignment}`,
    );
  }
}

/**
 * @param extension - a definition
 * @returns its name, version, size, alignment, level and fields
 * @example
 * ```ts
 * describeExtension(Checksum).name; // 'ms_packet_checksum'
 * describeExtension(Rsc).version; // 2
 * ```
 */
export const describeExtension = <F extends ExtensionFields>(extension: Extension<F>): ExtensionDescription<F> =>
  extension[description];

/**
 * Whether a reader of one definition may read what another one laid out: the same name and level, not older, nothing
 * moved.
 *
 * @param reader - what a driver was written for
 * @param laidOut - what is in the element
 * @returns why not, or `undefined` when it may
 */
export function whyUnreadable(reader: Extension, laidOut: Extension): string | undefined {
  const asked = describeExtension(reader);
  const given = describeExtension(laidOut);
  const versions = `${asked.name} version ${asked.version} (asked) and ${given.version} (registered)`;
  const bigger = asked.version === given.version ? asked.size !== given.size : asked.size > given.size;
  if (bigger) return `${versions} have ${asked.size} and ${given.size} bytes; a later version only appends`;
  if (asked.alignment > given.alignment) {
    return `${versions} have alignments ${asked.alignment} and ${given.alignment}`;
  }
  for (const [field, { byteOffset, wordBits, high, low }] of Object.entries(asked.fields)) {
    const other = given.fields[field];
    if (other === undefined) continue; // a reader may name what it knows as it likes
    const first = byteOffset * 8 + low;
    const moved = first !== other.byteOffset * 8 + other.low || high - low !== other.high - other.low;
    if (moved) return `${versions} have the field ${field} (of a ${wordBits}-bit word) in different places`;
  }
  return undefined;
}
