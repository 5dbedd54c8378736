/*
 * What bytes mean: fields, bit fields, structs and register tables, and dumps of them for people.
 * Reading order: word.ts, field.ts, struct.ts, registers.ts, dump.ts.
 */

export { bits, overlay, u16, u32, u64, u8, type Location } from './word.ts';
export type { Accessor, WideAccessor } from './field.ts';
export {
  defineStruct,
  describeStruct,
  sizeOf,
  wordsOf,
  type Fields,
  type Struct,
  type StructDescription,
} from './struct.ts';
export {
  defineRegisters,
  register,
  type Access,
  type Alias,
  type FieldSpec,
  type NoFields,
  type Register,
  type RegisterBase,
  type RegisterField,
  type RegisterSpec,
  type RowOptions,
} from './registers.ts';
export { dump, dumpRegister } from './dump.ts';
export { LayoutError, type LayoutErrorCode } from './layout-error.ts';
