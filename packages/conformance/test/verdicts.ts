/* What the tests of the suites themselves expect of verdicts. */

import { expect } from 'vitest';
import type { Verdict } from '../src/index.ts';

/** What a broken implementation must be told: which cases fail. */
export interface Expectation {
  /** Ends of the names of cases that must fail. */
  readonly fails: readonly string[];
  /** Ends of the names of cases that fail or not, as chance has it. */
  readonly mayFail?: readonly string[];
  /** Ends of the names of cases about what the implementation does not have. */
  readonly skips?: readonly string[];
}

const namesOf = (verdicts: readonly Verdict[], verdict: Verdict['verdict']): string[] =>
  verdicts.filter((one) => one.verdict === verdict).map(({ name }) => name);

/** Exactly the expected cases fail, and every other one passes. */
export function expectFailures(verdicts: readonly Verdict[], { fails, mayFail = [], skips = [] }: Expectation): void {
  const failed = namesOf(verdicts, 'failed');
  for (const end of [...fails, ...mayFail]) {
    const matching = verdicts.filter(({ name }) => name.endsWith(end));
    expect(matching, `there is a case "${end}"`).not.toEqual([]);
  }
  const certain = failed.filter((name) => !mayFail.some((end) => name.endsWith(end)));
  const expected = verdicts.filter(({ name }) => fails.some((end) => name.endsWith(end))).map(({ name }) => name);
  expect(certain).toEqual(expected);
  const skipped = namesOf(verdicts, 'skipped').filter((name) => !skips.some((end) => name.endsWith(end)));
  expect(skipped).toEqual([]);
}
