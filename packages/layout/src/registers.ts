/*
 * Register tables: each row is a register's offset, access mode, reset value and long name, then its fields, in the
 * order and spelling of the datasheet. A table is data: a driver takes offsets and masks from it, and a device model
 * enforces the access modes that it states. A register that repeats (one per queue) has a stride and a count.
 */

import { LayoutError } from './layout-error.ts';

/**
 * What happens on access. `rw` keeps what is written; `ro` ignores writes; `wo` reads as zero; `rc` is cleared by
 * reading; `w1c` clears the bits that are written as one; `sc` acts when written as one and reads as zero at once.
 */
export type Access = 'rw' | 'ro' | 'wo' | 'rc' | 'w1c' | 'sc';

/** A run of bits in a 32-bit register. */
export interface RegisterField {
  /** The datasheet's name. */
  readonly name: string;
  /** The bits of the register that belong to the field. */
  readonly mask: number;
  /** Lowest bit. */
  readonly shift: number;
  /** Number of bits. */
  readonly width: number;
  /** What happens to these bits on access: the register's mode unless the row says otherwise. */
  readonly access: Access;
  /**
   * @param value - the register's value
   * @returns the field, unsigned
   */
  readonly get: (value: number) => number;
  /**
   * @param value - the register's value
   * @param field - the field's new value; bits that do not fit are dropped
   * @returns the register's value with the field replaced, as a signed 32-bit integer
   */
  readonly set: (value: number, field: number) => number;
}

/** A field as a table row states it: a bit, a `[high, low]` pair, or either with an access mode of its own. */
export type FieldSpec =
  number | readonly [high: number, low: number] | readonly [high: number, low: number, access: Access];

/** A register as a table row states it. */
export interface RegisterSpec<F extends Readonly<Record<string, FieldSpec>> = Readonly<Record<string, FieldSpec>>> {
  readonly offset: number;
  readonly access: Access;
  readonly reset: number;
  readonly title: string;
  readonly fieldSpecs: F;
  readonly count: number;
  readonly stride: number;
  readonly writable: number;
  /** Other byte offsets at which instance `index` answers as well. */
  readonly aliases: readonly Alias[];
}

/** A second window on the first `count` instances of a register. */
export interface Alias {
  /** Byte offset of instance 0 in the second window. */
  readonly offset: number;
  /** Distance between instances there, in bytes. */
  readonly stride: number;
  /** How many instances the second window shows. */
  readonly count: number;
}

/** The fields of a register that has none. */
// eslint-disable-next-line @typescript-eslint/no-generated-empty-object-type -- no names is just what it says
export type NoFields = Record<never, never>;

/** What every declared register has, whatever its fields are called. */
export interface RegisterBase {
  /** The datasheet's short name. */
  readonly name: string;
  /** The datasheet's long name. */
  readonly title: string;
  /** Byte offset of instance 0 in its BAR. */
  readonly offset: number;
  /** Distance between instances, in bytes. */
  readonly stride: number;
  /** Number of instances. */
  readonly count: number;
  /** Access mode of bits that no field claims. */
  readonly access: Access;
  /** Value after reset. */
  readonly reset: number;
  /** Bits that a write can change at all; the others read as the reset value. */
  readonly writable: number;
  /** Second windows on the same register. */
  readonly aliases: readonly Alias[];
  /** The fields by name. */
  readonly fields: Readonly<Record<string, RegisterField>>;
  /**
   * @param index - which instance
   * @returns its byte offset in the BAR
   */
  readonly at: (index: number) => number;
}

/**
 * A declared register; its fields are properties as well, so that `CTRL.SLU.mask` reads as the datasheet does.
 * `Register` alone is any register.
 */
export type Register<F extends Readonly<Record<string, FieldSpec>> = NoFields> = RegisterBase & {
  readonly fields: Readonly<Record<keyof F & string, RegisterField>>;
} & { readonly [K in keyof F]: RegisterField };

/** Options of a row that most rows do not need. */
export interface RowOptions {
  /** Number of instances; 1 when left out. */
  readonly count?: number;
  /** Distance between instances in bytes; 4 when left out. */
  readonly stride?: number;
  /** Bits that a write can change; all when left out. */
  readonly writable?: number;
  /** Second windows on the same register. */
  readonly aliases?: readonly Alias[];
}

/**
 * One row of a register table, of a register without fields.
 *
 * @param offset - byte offset in the BAR, a multiple of 4
 * @param access - mode of the register's bits
 * @param reset - value after reset
 * @param title - the datasheet's long name
 * @returns the row, for `defineRegisters`
 */
export function register(offset: number, access: Access, reset: number, title: string): RegisterSpec<NoFields>;
/**
 * One row of a register table.
 *
 * @param offset - byte offset in the BAR, a multiple of 4
 * @param access - mode of the register's bits
 * @param reset - value after reset
 * @param title - the datasheet's long name
 * @param fieldSpecs - the fields: `SLU: 6`, `SPEED: [9, 8]`, `RST: [26, 26, 'sc']`
 * @param options - count, stride, writable bits, aliases
 * @returns the row, for `defineRegisters`
 */
export function register<const F extends Readonly<Record<string, FieldSpec>>>(
  offset: number,
  access: Access,
  reset: number,
  title: string,
  fieldSpecs: F,
  options?: RowOptions,
): RegisterSpec<F>;
export function register(
  offset: number,
  access: Access,
  reset: number,
  title: string,
  fieldSpecs: Readonly<Record<string, FieldSpec>> = {},
  options: RowOptions = {},
): RegisterSpec {
  const { count = 1, stride = 4, writable = 0xffff_ffff, aliases = [] } = options;
  return { offset, access, reset, title, fieldSpecs, count, stride, writable, aliases };
}

/**
 * Declares a register table.
 *
 * @param rows - one `register(...)` a name, in the datasheet's order
 * @returns the same names, each a {@link Register}
 * @throws LayoutError `REGISTER_ALIGNMENT`, `REGISTER_RANGE`, `REGISTER_OVERLAP`, `FIELD_RANGE`, `FIELD_NAME` or
 * `FIELD_OVERLAP` when the table contradicts itself
 * @example
 * ```ts
 * const { CTRL } = defineRegisters({
 *   CTRL: register(0x00000, 'rw', 0x0010_0209, 'Device Control', { SLU: 6, SPEED: [9, 8], RST: [26, 26, 'sc'] }),
 * });
 * const value = CTRL.SLU.set(0, 1); // 0x40
 * ```
 */
export function defineRegisters<const T extends Readonly<Record<string, RegisterSpec>>>(
  rows: T,
): { readonly [K in keyof T]: T[K] extends RegisterSpec<infer F> ? Register<F> : never } {
  const owners = new Map<number, string>();
  const table: Record<string, unknown> = {};
  for (const [name, spec] of Object.entries(rows)) {
    checkRange(name, spec);
    for (const window of [spec, ...spec.aliases]) {
      for (let index = 0; index < window.count; index++) occupy(owners, name, window.offset + index * window.stride);
    }
    table[name] = build(name, spec);
  }
  return Object.freeze(table) as ReturnType<typeof defineRegisters<T>>;
}

function checkRange(name: string, { reset, writable, count, aliases }: RegisterSpec): void {
  for (const value of [reset, writable]) {
    if (!Number.isInteger(value) || value < 0 || value > 0xffff_ffff) {
      throw new LayoutError('REGISTER_RANGE', `${name}: ${String(value)} is no 32-bit value`);
    }
  }
  if (!Number.isInteger(count) || count < 1) {
    throw new LayoutError('REGISTER_RANGE', `${name}: ${String(count)} instances; expected 1 or more`);
  }
  for (const alias of aliases) {
    if (!Number.isInteger(alias.count) || alias.count < 1 || alias.count > count) {
      throw new LayoutError(
        'REGISTER_RANGE',
        `${name}: a second window on ${String(alias.count)} of ${String(count)} instances`,
      );
    }
  }
}

function occupy(owners: Map<number, string>, name: string, offset: number): void {
  if (!Number.isInteger(offset) || offset < 0 || offset % 4 !== 0) {
    throw new LayoutError(
      'REGISTER_ALIGNMENT',
      `${name} at ${String(offset)}: an offset is a multiple of 4, 0 or more`,
    );
  }
  const owner = owners.get(offset);
  if (owner !== undefined) {
    throw new LayoutError('REGISTER_OVERLAP', `${name} and ${owner} both lie at 0x${offset.toString(16)}`);
  }
  owners.set(offset, name);
}

function build(name: string, spec: RegisterSpec): Register {
  const fields: Record<string, RegisterField> = {};
  let claimed = 0;
  for (const [fieldName, fieldSpec] of Object.entries(spec.fieldSpecs)) {
    const field = buildField(`${name}.${fieldName}`, fieldName, fieldSpec, spec.access);
    if ((claimed & field.mask) !== 0) {
      throw new LayoutError(
        'FIELD_OVERLAP',
        `${name}.${fieldName} shares bits 0x${((claimed & field.mask) >>> 0).toString(16)} with another field`,
      );
    }
    claimed |= field.mask;
    fields[fieldName] = field;
  }
  const { offset, stride, count, access, reset, writable, title, aliases } = spec;
  const at = (index: number): number => offset + index * stride;
  const own = { name, title, offset, stride, count, access, reset, writable, aliases, fields, at };
  for (const field of Object.keys(fields)) {
    if (field in own) throw new LayoutError('FIELD_NAME', `${name}.${field}: a register has a property of that name`);
  }
  return Object.freeze({ ...own, ...fields });
}

function buildField(path: string, name: string, spec: FieldSpec, inherited: Access): RegisterField {
  const [high, low, access = inherited] = typeof spec === 'number' ? ([spec, spec] as const) : spec;
  if (!Number.isInteger(high) || !Number.isInteger(low) || low < 0 || high < low || high > 31) {
    throw new LayoutError('FIELD_RANGE', `${path}: bits ${String(high)}:${String(low)} do not fit 32 bits`);
  }
  const width = high - low + 1;
  const ones = 2 ** width - 1;
  const mask = ones << low;
  return {
    name,
    mask,
    shift: low,
    width,
    access,
    get: (value) => ((value & mask) >>> low) >>> 0,
    set: (value, field) => (value & ~mask) | ((field << low) & mask),
  };
}
