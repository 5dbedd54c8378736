/*
 * The runner for Node's own test runner: each case becomes a test of its own, one after the other, since all of them look
 * at the same host memory.
 */

import { describe, it } from 'node:test';
import { runCase, type ConformanceCase, type RunSettings } from './conformance-case.ts';

/** Milliseconds that a case may take, unless told otherwise. */
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
  void describe(title, { concurrency: 1 }, () => {
    for (const one of cases) {
      void it(one.name, { timeout }, async (test) => {
        const result = await runCase(one, settings);
        if (result.verdict === 'skipped') test.skip(result.why);
        if (result.verdict === 'failed') throw result.error;
      });
    }
  });
}
