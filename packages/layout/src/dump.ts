/*
 * Dumps for people: memory with the names of the fields that lie in it, and a register's value with the names of its
 * bits. For debuggers, error messages and tests; nothing here is fast.
 */

import { accessorOf, type Accessor, type WideAccessor } from './field.ts';
import type { Register } from './registers.ts';
import { describeStruct, type Struct } from './struct.ts';

const hex = (value: number | bigint, digits: number): string => value.toString(16).padStart(digits, '0');

/**
 * @param struct - what lies in the memory
 * @param view - the memory
 * @param at - where the struct starts, as an index of 32-bit words into `view`
 * @returns the raw bytes on the first line, then one line a field: byte offset, bits, name, value in hex and decimal
 */
export function dump(struct: Struct, view: Int32Array, at: number): string {
  const { name, size, fields } = describeStruct(struct);
  const bytes = new Uint8Array(view.buffer, view.byteOffset + at * 4, size);
  const lines = [`${name} at word 0x${hex(at, 1)}: ${Array.from(bytes, (byte) => hex(byte, 2)).join(' ')}`];
  const widest = Math.max(0, ...Object.keys(fields).map((field) => field.length));
  for (const [field, location] of Object.entries(fields)) {
    const whole = location.low === 0 && location.high === location.wordBits - 1;
    const span = whole ? `u${String(location.wordBits)}` : `${String(location.high)}:${String(location.low)}`;
    const value = valueOf(accessorOf(location), view, at);
    lines.push(
      `  +${hex(location.byteOffset, 2)} ${span.padEnd(6)} ${field.padEnd(widest)} 0x${hex(value, 1)} (${String(value)})`,
    );
  }
  return lines.join('\n');
}

/** The field's value, exact for 64 bits as well. */
function valueOf(field: Accessor | WideAccessor, view: Int32Array, at: number): number | bigint {
  if (!('high' in field)) return field.get(view, at);
  return (BigInt(field.high.get(view, at)) << 32n) | BigInt(field.low.get(view, at));
}

/**
 * @param register - the declaration
 * @param value - what was read from it
 * @param index - which instance, for a register that repeats
 * @returns one line: name, offset, value, and each field that is not zero
 */
export function dumpRegister(register: Register, value: number, index = 0): string {
  const name = register.count > 1 ? `${register.name}[${String(index)}]` : register.name;
  const fields = Object.values(register.fields)
    .map((field) => [field, field.get(value)] as const)
    .filter(([, part]) => part !== 0)
    .map(([field, part]) => (field.width === 1 ? field.name : `${field.name}=0x${hex(part, 1)}`));
  const tail = fields.length === 0 ? '' : `  ${fields.join(' ')}`;
  return `${name} @${hex(register.at(index), 5)} = ${hex(value >>> 0, 8)}${tail}`;
}
