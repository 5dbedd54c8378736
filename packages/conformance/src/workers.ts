/*
 * The runner for workers: a station of `@netcx/workers` whose call `run` runs a suite, so that implementations are tried where they
 * share memory with others that run at the same time. Only numbers come back; what failed comes as an error that names it.
 */

import { AssertionError } from 'node:assert';
import type { Numbers, Station } from '@netcx/workers';
import { runCases, type ConformanceCase, type RunSettings } from './conformance-case.ts';

/**
 * @param cases - what a suite returned
 * @returns a station whose call `run` takes `seed` and `effort`, and answers with how many cases `passed` and were `skipped`; when cases
 * fail, it fails with an AssertionError that has their names and reasons
 * @example
 * ```ts
 * // my-suite.ts, the module of a WorkerGroup; then `await group.callAll('run', { effort: 1 })`
 * export const buildStation: BuildStation = () => suiteStation(driverSuite({ create: myMachine }));
 * ```
 */
export function suiteStation(cases: readonly ConformanceCase[]): Station {
  return {
    start: () => undefined,
    stop: () => undefined,
    calls: { run: (numbers) => runAll(cases, numbers) },
  };
}

async function runAll(cases: readonly ConformanceCase[], settings: RunSettings): Promise<Numbers> {
  let skipped = 0;
  const failed: string[] = [];
  for (const result of await runCases(cases, settings)) {
    if (result.verdict === 'skipped') skipped++;
    if (result.verdict === 'failed') failed.push(`${result.name}: ${result.error.message}`);
  }
  if (failed.length > 0)
    throw new AssertionError({
      message: `${String(failed.length)} of ${String(cases.length)} cases failed\n${failed.join('\n')}`,
    });
  return { passed: cases.length - skipped, skipped };
}
