/*
 * Structs: a name, a size in bytes and the fields in it. Declaring one checks that every field lies inside and that no
 * two share a bit unless they say so (`overlay`). The result has one accessor a field, so code reads
 * `Packet.fragmentIndex.get(memory, at)`; what is known about the struct itself is asked with `sizeOf` and
 * `describeStruct`.
 */

import { accessorOf, type Accessor, type WideAccessor } from './field.ts';
import { LayoutError } from './layout-error.ts';
import type { Location } from './word.ts';

/** Field names and where each lies. */
export type Fields = Readonly<Record<string, Location>>;

const description = Symbol('netcx.struct');

/** What `sizeOf`, `wordsOf`, `describeStruct` and `dump` know about a struct. */
export interface StructDescription {
  /** The name it was declared with. */
  readonly name: string;
  /** Size in bytes. */
  readonly size: number;
  /** The fields in the order of their declaration. */
  readonly fields: Fields;
}

/** A declared struct: one accessor a field. */
export type Struct<F extends Fields = Fields> = {
  readonly [K in keyof F]: F[K] extends Location<'wide'> ? WideAccessor : Accessor;
} & { readonly [description]: StructDescription };

/**
 * Declares a struct.
 *
 * @param name - how it is called in errors and dumps
 * @param size - its size in bytes; a struct that is followed by others in an array should give a multiple of 4
 * @param fields - each field's name and location
 * @returns an object with one accessor a field
 * @throws LayoutError `STRUCT_SIZE`, `FIELD_RANGE` or `FIELD_OVERLAP` when the declaration cannot be true
 * @example
 * ```ts
 * const Fragment = defineStruct('Fragment', 8, {
 *   validLength: bits(u64(0), 25, 0),
 *   capacity:    bits(u64(0), 51, 26),
 *   offset:      bits(u64(0), 61, 52),
 * });
 * const memory = new Int32Array(2);
 * Fragment.capacity.set(memory, 0, 2048);
 * Fragment.capacity.get(memory, 0); // 2048
 * ```
 */
export function defineStruct<const F extends Fields>(name: string, size: number, fields: F): Struct<F> {
  if (!Number.isInteger(size) || size <= 0) {
    throw new LayoutError(
      'STRUCT_SIZE',
      `${name}: the size must be a positive whole number of bytes, not ${String(size)}`,
    );
  }
  const owners = new Array<string | undefined>(size * 8);
  for (const [field, location] of Object.entries(fields)) claim(name, size, owners, field, location);
  // fromEntries, not one assignment after the other: past two dozen fields V8 would turn the object into a hash table, and
  // every access in every loop into a look-up.
  const struct = Object.fromEntries(Object.entries(fields).map(([field, location]) => [field, accessorOf(location)]));
  Object.defineProperty(struct, description, { value: { name, size, fields } satisfies StructDescription });
  return Object.freeze(struct) as Struct<F>;
}

function claim(name: string, size: number, owners: (string | undefined)[], field: string, location: Location): void {
  const first = location.byteOffset * 8 + location.low;
  const last = location.byteOffset * 8 + location.high;
  if (last >= size * 8) {
    throw new LayoutError(
      'FIELD_RANGE',
      `${name}.${field} ends at bit ${String(last)}, past the ${String(size)} bytes of the struct`,
    );
  }
  if (location.overlay) return;
  for (let bit = first; bit <= last; bit++) {
    const owner = owners[bit];
    if (owner !== undefined) {
      throw new LayoutError(
        'FIELD_OVERLAP',
        `${name}.${field} and ${name}.${owner} both hold bit ${String(bit)}; say overlay() if they should`,
      );
    }
    owners[bit] = field;
  }
}

/**
 * @param struct - a declared struct
 * @returns its name, its size in bytes and its fields
 */
export const describeStruct = (struct: Struct): StructDescription => struct[description];

/**
 * @param struct - a declared struct
 * @returns its size in bytes
 */
export const sizeOf = (struct: Struct): number => struct[description].size;

/**
 * @param struct - a declared struct
 * @returns how many 32-bit words it covers, the last one counted whole
 */
export const wordsOf = (struct: Struct): number => Math.ceil(struct[description].size / 4);
