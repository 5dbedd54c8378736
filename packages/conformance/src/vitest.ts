/*
 * The runner for vitest: each case becomes a test of its own. Cases of a suite run one after the other, since all of them
 * look at the same host memory.
 */

import { describe, it } from 'vitest';
import { runCase, type ConformanceCase } from './conformance-case.ts';
import { DEFAULT_TIMEOUT, expectAbsent, sortCases, type RegisterOptions } from './registration.ts';

export type { RegisterOptions } from './registration.ts';

/**
 * Registers a test for each case; call it at the top of a test file.
 *
 * @param title - what is tested
 * @param cases - what a suite returned
 * @param options - seed, effort, timeout, and what does not apply
 */
export function register(title: string, cases: readonly ConformanceCase[], options: RegisterOptions = {}): void {
  const { timeout = DEFAULT_TIMEOUT, absent: names, ...settings } = options;
  const { present, absent } = sortCases(cases, names);
  describe(title, { concurrent: false }, () => {
    for (const one of present) {
      it(one.name, { timeout }, async (test) => {
        const result = await runCase(one, settings);
        if (result.verdict === 'skipped') test.skip(result.why);
        if (result.verdict === 'failed') throw result.error;
      });
    }
    if (absent.length === 0) return;
    it(`does not have what ${String(absent.length)} cases are about`, { timeout }, () =>
      expectAbsent(absent, settings),
    );
  });
}
