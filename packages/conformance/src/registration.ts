/*
 * What the runners share: how cases are registered, and which of them an implementation declares not to be for it. A case that
 * is declared so is no test of its own; one test looks that each of them says so itself.
 */

import { AssertionError } from 'node:assert';
import { runCase, type ConformanceCase, type RunSettings } from './conformance-case.ts';

/** Milliseconds that a case may take, unless told otherwise: a slow machine under coverage, with room to spare. */
export const DEFAULT_TIMEOUT = 120_000;

/** How cases are registered. */
export interface RegisterOptions extends RunSettings {
  /** Milliseconds that one case may take; 120,000 when left out. */
  readonly timeout?: number;
  /**
   * Parts of the names of cases about what the implementation does not have: they are no tests, but one test runs them and
   * fails when any of them does not say so itself. A case that says so and is not declared here counts as skipped.
   */
  readonly absent?: readonly string[];
}

/**
 * @param cases - what a suite returned
 * @param absent - parts of names
 * @returns those that apply, and those that are declared not to
 */
export function sortCases(
  cases: readonly ConformanceCase[],
  absent: readonly string[] = [],
): { readonly present: readonly ConformanceCase[]; readonly absent: readonly ConformanceCase[] } {
  const isAbsent = ({ name }: ConformanceCase): boolean => absent.some((part) => name.includes(part));
  return { present: cases.filter((one) => !isAbsent(one)), absent: cases.filter(isAbsent) };
}

/**
 * @param cases - declared not to apply
 * @param settings - seed and effort
 * @throws AssertionError naming those that do
 */
export async function expectAbsent(cases: readonly ConformanceCase[], settings: RunSettings): Promise<void> {
  const wrong: string[] = [];
  for (const one of cases) {
    const { name, verdict } = await runCase(one, settings);
    if (verdict !== 'skipped') wrong.push(`${name}: ${verdict}`);
  }
  if (wrong.length === 0) return;
  throw new AssertionError({ message: `declared absent, and not skipped: ${wrong.join('; ')}` });
}
