/*
 * Cases about versions: a driver written for this version works on a later one that appends, and is told that it cannot
 * have what an earlier one lacks.
 */

import { ok, strictEqual } from 'node:assert/strict';
import {
  defineExtension,
  describeExtension,
  ExtensionRegistry,
  MAXIMUM_EXTENSION_SIZE,
  planElement,
  PREDEFINED,
  type Extension,
  type ExtensionFields,
} from '@netcx/extensions';
import { CORES, fieldsOf, MODES, plain, type ExtensionCase } from './subject.ts';

/** The same extension, a version later and larger. */
function successorOf(extension: Extension): Extension {
  const { struct: _struct, ...spec } = describeExtension(extension);
  const size = Math.min(spec.size + spec.alignment, MAXIMUM_EXTENSION_SIZE);
  return plain(defineExtension({ ...spec, version: spec.version + 1, size }));
}

/**
 * @param definition - the extension
 * @returns the cases about its versions
 */
export function versionCases<F extends ExtensionFields>(definition: Extension<F>): readonly ExtensionCase[] {
  const extension = plain(definition);
  const { name, version, level } = describeExtension(extension);

  function isServedByALaterVersion(): void {
    const later = successorOf(extension);
    for (const mode of MODES) {
      const plan = planElement({ level, ...CORES[level], extensions: [later], mode });
      const handle = plan.extension(extension);
      strictEqual(handle.enabled, true, `version ${version + 1} serves a driver of version ${version}`);
      strictEqual(handle.version, version + 1, 'the handle says which version was laid out');
      const view = new Int32Array(plan.wordStride);
      const laidOut = fieldsOf(later);
      for (const field of fieldsOf(extension)) {
        const value = 2 ** Math.min(field.width, 53) - 1;
        field.accessor.set(view, 0, handle.offset, value);
        const read = laidOut.find((other) => other.name === field.name)?.accessor.get(view, 0, handle.offset);
        strictEqual(read, value, `${field.name} written by version ${version}, read by version ${version + 1}`);
        field.accessor.set(view, 0, handle.offset, 0);
      }
    }
  }

  function isNotEnoughForALaterDriver(): void {
    const plan = planElement({ level, ...CORES[level], extensions: [extension] });
    const handle = plan.extension(successorOf(extension));
    strictEqual(handle.enabled, false, `version ${version} does not serve a driver of version ${version + 1}`);
    ok(plan.extension(extension).enabled, `version ${version} serves a driver of its own version`);
  }

  const isOwn = (other: Extension): boolean => {
    const described = describeExtension(other);
    return described.name === name && described.level === level && described.version !== version;
  };
  const others = PREDEFINED.filter(isOwn);

  function appendsToItsPredecessors(): void {
    const registry = new ExtensionRegistry();
    // Throws INCOMPATIBLE when a later version does more than append.
    for (const one of [extension, ...others]) registry.register(one);
    const latest = Math.max(version, ...others.map((other) => describeExtension(other).version));
    const selected = registry.select(level, [extension]);
    strictEqual(selected.length, 1, 'a queue gets one version');
    strictEqual(selected[0] && describeExtension(selected[0]).version, latest, 'a queue gets the latest version');
  }

  const cases = [
    { name: 'is served by a later version that appends', run: isServedByALaterVersion },
    { name: 'does not stand in for a later version', run: isNotEnoughForALaterDriver },
  ];
  if (others.length === 0) return cases;
  return [...cases, { name: 'goes together with its other versions', run: appendsToItsPredecessors }];
}
