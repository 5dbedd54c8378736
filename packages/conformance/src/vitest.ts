/*
 * The runner for vitest: each case becomes a test of its own. Cases of a suite run one after the other, since all of them
 * look at the same host memory.
 */

import { describe, it } from 'vitest';
import { runCase, type ConformanceCase, type RunSettings } from './conformance-case.ts';

/** Milliseconds that a case may take, unless told otherwise: a slow machine under coverage, with room to spare. */
const DEFAULT_TIMEOUT = 120_000;

/** How cases are registered. */
export interface RegisterOptions extends RunSettings {
  /** Milliseconds that one case may take; 120,000 when left out. */
  readonly timeout?: number;
}

/**
 * Registers a test for each case; call it at the top of a test file.
 *
 * @param title - what is tested
 * @param cases - what a suite returned
 * @param options - seed, effort, timeout
 */
export function register(title: string, cases: readonly ConformanceCase[], options: RegisterOptions = {}): void {
  const { timeout = DEFAULT_TIMEOUT, ...settings } = options;
  describe(title, { concurrent: false }, () => {
    for (const one of cases) {
      it(one.name, { timeout }, async (test) => {
        const result = await runCase(one, settings);
        if (result.verdict === 'skipped') test.skip(result.why);
        if (result.verdict === 'failed') throw result.error;
      });
    }
  });
}
