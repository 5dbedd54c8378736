/*
 * Cases about where an extension lies: alone and among all predefined ones, in both modes, and what a queue says that
 * does not have it.
 */

import { ok, strictEqual, throws } from 'node:assert/strict';
import {
  describeExtension,
  ExtensionError,
  ExtensionRegistry,
  INVALID_OFFSET,
  planElement,
  PREDEFINED,
  type Extension,
  type ExtensionFields,
} from '@netcx/extensions';
import { expectEqual } from '../expectations.ts';
import { CORES, Elements, fieldsOf, MODES, plain, type ExtensionCase } from './subject.ts';

/** The latest version of each predefined extension of the same level, other than the one that is looked at. */
function companions(extension: Extension): readonly Extension[] {
  const { name, level } = describeExtension(extension);
  const latest = new Map<string, Extension>();
  for (const other of PREDEFINED) {
    const described = describeExtension(other);
    if (described.level !== level || described.name === name) continue;
    const known = latest.get(described.name);
    if (known === undefined || describeExtension(known).version < described.version) latest.set(described.name, other);
  }
  return [...latest.values()];
}

/**
 * @param definition - the extension
 * @returns the cases about where it lies
 */
export function placementCases<F extends ExtensionFields>(definition: Extension<F>): readonly ExtensionCase[] {
  const extension = plain(definition);
  const { name, version, level, size, alignment } = describeExtension(extension);

  function liesAmongOthers(): void {
    const others = companions(extension);
    for (const mode of MODES) {
      const { plan, offset } = new Elements(extension, others, mode);
      strictEqual(offset % alignment, 0, `${mode}: byte ${offset} is a multiple of its alignment, ${alignment}`);
      const taken = plan.placements.map((placement) => ({
        from: placement.offset,
        to: placement.offset + describeExtension(placement.definition).size,
      }));
      strictEqual(taken.length, others.length + 1, `${mode}: everything that was asked for is in the element`);
      const spans = [{ from: 0, to: plan.coreSize }, ...taken, { from: plan.stride, to: plan.stride }];
      spans.sort((a, b) => a.from - b.from);
      for (const [index, span] of spans.slice(1).entries()) {
        ok(
          span.from >= (spans[index]?.to ?? 0),
          `${mode}: what starts at byte ${span.from} overlaps what lies before it`,
        );
      }
    }
  }

  function leavesOthersAlone(): void {
    const others = companions(extension);
    for (const mode of MODES) {
      for (const field of fieldsOf(extension)) {
        for (const fill of [0, 0xff]) {
          const elements = new Elements(extension, others, mode, fill);
          const { view, element, offset } = elements;
          field.accessor.set(view, element, offset, fill === 0 ? 2 ** Math.min(field.width, 53) - 1 : 0);
          const outside = elements.changedBits(fill).filter((bit) => bit < 0 || bit >= size * 8);
          expectEqual(outside, [], `${mode}: bits outside the extension that setting ${field.name} has changed`);
        }
      }
    }
  }

  function saysThatItIsAbsent(): void {
    const plan = planElement({ level, ...CORES[level], extensions: companions(extension) });
    const handle = plan.extension(extension);
    strictEqual(handle.enabled, false, 'an element without it says that it is not enabled');
    strictEqual(handle.offset, INVALID_OFFSET, 'an element without it has no offset for it');
    strictEqual(handle.version, 0, 'an element without it has no version of it');
    strictEqual(plan.offsetOf(extension), INVALID_OFFSET, 'a plan without it has no offset for it');
    const view = new Int32Array(plan.wordStride);
    const accessors = handle as unknown as Readonly<
      Record<
        string,
        { get(view: Int32Array, at: number): number; set(view: Int32Array, at: number, value: number): void }
      >
    >;
    const isNotEnabled = (error: unknown): boolean => error instanceof ExtensionError && error.code === 'NOT_ENABLED';
    for (const field of fieldsOf(extension)) {
      throws(() => accessors[field.name]?.get(view, 0), isNotEnabled, `reading ${field.name} where it is absent`);
      throws(() => accessors[field.name]?.set(view, 0, 1), isNotEnabled, `writing ${field.name} where it is absent`);
    }
    ok(
      view.every((word) => word === 0),
      'an absent extension writes nothing',
    );
  }

  function canBeRegistered(): void {
    const registry = new ExtensionRegistry();
    strictEqual(registry.query(extension), undefined, 'a registry does not know it before');
    registry.register(extension);
    ok(registry.has(extension), 'a registry knows it once it was registered');
    expectEqual(registry.select(level, [extension]), [extension], 'a queue that proposes it gets it');
    expectEqual(registry.select(level, []), [], 'a queue that does not propose it does not get it');
    const isDuplicate = (error: unknown): boolean => error instanceof ExtensionError && error.code === 'DUPLICATE';
    throws(() => registry.register(extension), isDuplicate, `${name} version ${version} registered twice`);
  }

  return [
    { name: 'can be registered, once', run: canBeRegistered },
    { name: 'lies apart from every predefined extension, in both modes', run: liesAmongOthers },
    { name: 'leaves every predefined extension and the elements around it alone', run: leavesOthersAlone },
    { name: 'says so where a queue does not have it', run: saysThatItIsAbsent },
  ];
}
