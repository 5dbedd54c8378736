/*
 * The extension suite: a definition keeps its promises wherever a queue lays it out. Its bytes are compared with literal
 * samples that its author states, since only those are independent of the definition.
 */

import type { ExtensionFields, Extension } from '@netcx/extensions';
import { describeExtension } from '@netcx/extensions';
import type { ConformanceCase } from '../conformance-case.ts';
import { fieldCases } from './field-cases.ts';
import { placementCases } from './placement-cases.ts';
import { versionCases } from './version-cases.ts';

/** Field values and the bytes that they make. */
export interface ExtensionSample<F extends ExtensionFields = ExtensionFields> {
  /** What is set; other fields stay zero. */
  readonly fields: Readonly<Partial<Record<keyof F & string, number>>>;
  /** The whole extension, byte by byte, lowest address first. */
  readonly bytes: readonly number[];
}

/**
 * What every extension must do.
 *
 * @param definition - what `defineExtension` returned
 * @param samples - literal bytes, one at least; between them every field that is no overlay should be set
 * @returns the cases; none depends on another
 */
export function extensionSuite<F extends ExtensionFields>(
  definition: Extension<F>,
  samples: readonly ExtensionSample<F>[],
): readonly ConformanceCase[] {
  const { name, version } = describeExtension(definition);
  const cases = [...fieldCases(definition, samples), ...placementCases(definition), ...versionCases(definition)];
  return cases.map((one) => ({
    name: `${name} version ${version} ${one.name}`,
    // In a promise of its own, so that what it throws is a rejection.
    run: () => Promise.resolve().then(one.run),
  }));
}
