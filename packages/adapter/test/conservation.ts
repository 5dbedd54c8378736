/*
 * What the conservation tests share: a seed that is printed, so that a run can be repeated, and the rule that nothing is
 * left behind.
 */

import { env, stdout } from 'node:process';

/**
 * @returns parameters for fast-check: the seed and the number of runs come from NETCX_SEED and NETCX_RUNS when set
 */
export function seeded(what: string, runs: number): { readonly seed: number; readonly numRuns: number } {
  const seed = Number(env['NETCX_SEED'] ?? Math.trunc(Math.random() * 2 ** 31));
  const numRuns = Number(env['NETCX_RUNS'] ?? runs);
  stdout.write(`${what}: NETCX_SEED=${seed} NETCX_RUNS=${numRuns}\n`);
  return { seed, numRuns };
}
