/*
 * Cases about an extension's fields: literal bytes, limits, and that none touches another.
 */

import { ok, strictEqual } from 'node:assert/strict';
import { describeExtension, type Extension, type ExtensionFields } from '@netcx/extensions';
import { expectBytes, expectEqual } from '../expectations.ts';
import type { ExtensionSample } from './extension-suite.ts';
import { Elements, fieldsOf, MODES, plain, type Field, type ExtensionCase } from './subject.ts';

/** Values that find a field's limits: none, one, all ones, and each bit by itself. Above 2^53 a number is not exact. */
function valuesOf({ width }: Field): readonly number[] {
  const values = [0, 1, 2 ** Math.min(width, 53) - 1];
  for (let bit = 1; bit < Math.min(width, 53); bit++) values.push(2 ** bit);
  return values;
}

/** The bits of a field, counted from the start of its extension. */
const bitsOf = ({ firstBit, width }: Field): readonly number[] =>
  Array.from({ length: width }, (_, index) => firstBit + index);

/** A number with a one in every bit of the field; a 64-bit field takes it in two halves. */
function setAll(elements: Elements, field: Field, one: boolean): void {
  const { accessor } = field;
  const { view, element, offset } = elements;
  if ('low' in accessor && 'high' in accessor) {
    const halves = accessor as unknown as Record<'low' | 'high', Field['accessor']>;
    halves.low.set(view, element, offset, one ? 0xffff_ffff : 0);
    halves.high.set(view, element, offset, one ? 0xffff_ffff : 0);
  } else {
    accessor.set(view, element, offset, one ? 2 ** field.width - 1 : 0);
  }
}

/**
 * @param definition - the extension
 * @param samples - its literal bytes
 * @returns the cases about its fields
 */
export function fieldCases<F extends ExtensionFields>(
  definition: Extension<F>,
  samples: readonly ExtensionSample<F>[],
): readonly ExtensionCase[] {
  const extension = plain(definition);
  const { size } = describeExtension(extension);
  const fields = (): readonly Field[] => fieldsOf(extension);

  /** The samples. */
  function makesItsBytes(): void {
    ok(samples.length > 0, 'there is no sample: literal bytes are what the definition is judged by');
    const sampled = new Set(samples.flatMap((sample) => Object.keys(sample.fields)));
    const missing = fields().filter(({ name, location }) => !location.overlay && !sampled.has(name));
    expectEqual(
      missing.map(({ name }) => name),
      [],
      'fields that no sample sets',
    );
    for (const sample of samples) {
      const elements = new Elements(extension, [], 'packed');
      const { view, element, offset } = elements;
      const values = Object.entries(sample.fields) as [string, number][];
      const accessorOf = (name: string): Field['accessor'] => {
        const field = fields().find((one) => one.name === name);
        ok(field, `a sample sets ${name}, which the extension does not have`);
        return field.accessor;
      };
      for (const [name, value] of values) accessorOf(name).set(view, element, offset, value);
      const text = JSON.stringify(sample.fields);
      expectBytes(Uint8Array.from(elements.bytes), Uint8Array.from(sample.bytes), `the bytes of ${text}`);
      for (const [name, value] of values)
        strictEqual(accessorOf(name).get(view, element, offset), value, `${name} of ${text}`);
    }
  }

  function keepsValues(): void {
    for (const mode of MODES) {
      for (const field of fields()) {
        const elements = new Elements(extension, [], mode);
        const { view, element, offset, plan } = elements;
        const handle = plan.extension(extension) as unknown as Readonly<
          Record<string, { get(view: Int32Array, at: number): number }>
        >;
        for (const value of valuesOf(field)) {
          field.accessor.set(view, element, offset, value);
          strictEqual(field.accessor.get(view, element, offset), value, `${field.name} keeps ${value}`);
          strictEqual(handle[field.name]?.get(view, element), value, `${field.name} reads ${value} through the handle`);
        }
      }
    }
  }

  function dropsWhatDoesNotFit(): void {
    for (const field of fields()) {
      if (field.width > 32) continue;
      const elements = new Elements(extension, [], 'packed');
      const { view, element, offset } = elements;
      field.accessor.set(view, element, offset, 0xffff_ffff);
      strictEqual(
        field.accessor.get(view, element, offset),
        2 ** field.width - 1,
        `${field.name} has ${field.width} bits`,
      );
      expectEqual(elements.changedBits(0), bitsOf(field), `bits that 0xffffffff in ${field.name} has set`);
    }
  }

  function touchesItsOwnBits(): void {
    for (const mode of MODES) {
      for (const field of fields()) {
        const zeros = new Elements(extension, [], mode);
        setAll(zeros, field, true);
        expectEqual(zeros.changedBits(0), bitsOf(field), `bits that are set by ones in ${field.name}`);
        const ones = new Elements(extension, [], mode, 0xff);
        setAll(ones, field, false);
        expectEqual(ones.changedBits(0xff), bitsOf(field), `bits that are cleared by zeros in ${field.name}`);
      }
    }
  }

  function keepsFieldsApart(): void {
    const owners = new Map<number, string>();
    for (const field of fields()) {
      const bits = bitsOf(field);
      const last = bits.at(-1) ?? 0;
      ok(last < size * 8, `${field.name} ends at bit ${last} of an extension of ${size} bytes`);
      if (field.location.overlay) continue;
      for (const bit of bits) {
        const owner = owners.get(bit);
        ok(
          owner === undefined,
          `${field.name} and ${owner ?? ''} share bit ${bit}, and neither says that it is an overlay`,
        );
        owners.set(bit, field.name);
      }
    }
    const separate = fields().filter(({ location }) => !location.overlay);
    for (const field of separate) {
      const { view, element, offset } = new Elements(extension, [], 'packed');
      const value = (other: Field): number => 2 ** Math.min(other.width, 32) - 1;
      for (const other of separate) other.accessor.set(view, element, offset, value(other));
      field.accessor.set(view, element, offset, 0);
      for (const other of separate) {
        const expected = other === field ? 0 : value(other);
        strictEqual(
          other.accessor.get(view, element, offset),
          expected,
          `${other.name} after ${field.name} was set to 0`,
        );
      }
    }
  }

  return [
    { name: 'makes the bytes that its author states', run: makesItsBytes },
    { name: 'keeps every value that its fields can have', run: keepsValues },
    { name: 'drops bits that do not fit a field', run: dropsWhatDoesNotFit },
    { name: 'touches the bits of a field and no other', run: touchesItsOwnBits },
    { name: 'keeps its fields apart', run: keepsFieldsApart },
  ];
}
