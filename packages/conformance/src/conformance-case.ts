/*
 * What a suite is made of: named cases that know no test runner. A case passes by returning, fails by throwing, and says
 * through its context when it does not apply. `runCase` turns that into a verdict that any runner can report.
 */

import { AssertionError } from 'node:assert';

/** What a case is told, and what it may say. */
export interface ConformanceContext {
  /** Chooses everything that is left to chance. The same seed gives the same run. */
  readonly seed: number;
  /** How much random and repeated work to do: 1 for a verdict, more for a long run, less only to try a suite out. */
  readonly effort: number;
  /**
   * Ends the case without a verdict: what it is about does not exist in the implementation.
   *
   * @param why - what does not exist
   * @returns never: the case ends here
   */
  readonly skip: (why: string) => never;
}

/** One thing that an implementation must do. */
export interface ConformanceCase {
  /** What it must do, as a sentence without its subject; unique in a suite. */
  readonly name: string;
  /**
   * Tries it.
   *
   * @param context - seed, effort, and the way to say that it does not apply
   * @returns when the implementation does it; rejects with an AssertionError that says what it does instead
   */
  run(context: ConformanceContext): Promise<void>;
}

/** How cases are run. */
export interface RunSettings {
  /** A whole number from 0 to 2^53 - 1; the environment's NETCX_SEED, or 1, when left out. */
  readonly seed?: number;
  /** See {@link ConformanceContext.effort}; the environment's NETCX_EFFORT, or 1, when left out. */
  readonly effort?: number;
}

/** What became of a case. */
export type Verdict =
  | { readonly name: string; readonly verdict: 'passed' }
  | { readonly name: string; readonly verdict: 'skipped'; readonly why: string }
  | { readonly name: string; readonly verdict: 'failed'; readonly error: Error };

/** How a case leaves when it does not apply. */
class Skipped extends Error {
  override readonly name = 'Skipped';
}

const fromEnvironment = (name: string): number => Number(process.env[name] ?? 1);

/**
 * Runs one case.
 *
 * @param one - the case
 * @param settings - seed and effort
 * @returns its verdict; the error of a failed case ends with the seed that replays it
 */
export async function runCase(one: ConformanceCase, settings: RunSettings = {}): Promise<Verdict> {
  const { name } = one;
  const { seed = fromEnvironment('NETCX_SEED'), effort = fromEnvironment('NETCX_EFFORT') } = settings;
  try {
    checkSettings(seed, effort);
    const skip = (why: string): never => {
      throw new Skipped(why);
    };
    await one.run({ seed, effort, skip });
    return { name, verdict: 'passed' };
  } catch (error) {
    if (error instanceof Skipped) return { name, verdict: 'skipped', why: error.message };
    return { name, verdict: 'failed', error: withSeed(error, seed) };
  }
}

/**
 * Runs cases one after the other, whatever becomes of each: for programs that are no test runner.
 *
 * @param cases - what a suite returned
 * @param settings - seed and effort
 * @returns a verdict for each, in the same order
 */
export async function runCases(
  cases: readonly ConformanceCase[],
  settings: RunSettings = {},
): Promise<readonly Verdict[]> {
  const verdicts: Verdict[] = [];
  for (const one of cases) verdicts.push(await runCase(one, settings));
  return verdicts;
}

function checkSettings(seed: number, effort: number): void {
  if (!Number.isSafeInteger(seed) || seed < 0) throw new RangeError(`a seed is a whole number from 0 on, not ${seed}`);
  if (!(effort > 0 && effort < Infinity)) throw new RangeError(`the effort is a number above 0, not ${effort}`);
}

function withSeed(thrown: unknown, seed: number): Error {
  const what = thrown instanceof AssertionError ? thrown.message : String(thrown);
  return Object.assign(new AssertionError({ message: `${what} [NETCX_SEED=${seed} replays it]` }), { cause: thrown });
}
