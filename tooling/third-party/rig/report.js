// Owns: the checks of one suite: their names, their outcome, the time they took, and the notes worth reading in the end.
// Invariant: a check that fails leaves the others to run; one that throws because the machine is gone ends the suite.
import { setTimeout } from 'node:timers/promises';

/** The rest of a suite makes no sense: the machine or the server is gone. */
export class SuiteOver extends Error {
  /** @override */
  name = 'SuiteOver';
}

export class Report {
  #say;
  passed = 0;
  failed = 0;
  /** @type {string[]} */
  notes = [];

  /** @param {(line: string) => void} say */
  constructor(say) {
    this.#say = say;
  }

  /**
   * Runs one check.
   * @param {string} name
   * @param {() => Promise<unknown>} action
   * @returns {Promise<boolean>} whether it passed
   */
  async check(name, action) {
    const begin = performance.now();
    const took = () => `${((performance.now() - begin) / 1000).toFixed(1).padStart(5)} s`;
    try {
      await action();
      this.passed++;
      this.#say(`  ok     ${took()}  ${name}`);
      return true;
    } catch (error) {
      this.failed++;
      const text = error instanceof Error ? error.message : String(error);
      this.#say(`  FAILED ${took()}  ${name}\n${text.trim().replace(/^/gm, '      ')}`);
      if (error instanceof SuiteOver) throw error;
      return false;
    }
  }

  /**
   * Keeps a line for the summary.
   * @param {string} line
   */
  note(line) {
    this.notes.push(line);
    this.#say(`         note     ${line}`);
  }
}

/**
 * @param {string} what
 * @param {unknown} got
 * @param {unknown} expected
 */
export function same(what, got, expected) {
  const [left, right] = [JSON.stringify(got), JSON.stringify(expected)];
  if (left !== right) throw new Error(`${what}: expected ${right}, got ${left}`);
}

/**
 * @param {boolean} holds
 * @param {string} what is expected, and what came
 */
export function hold(holds, what) {
  if (!holds) throw new Error(what);
}

/**
 * Asks again until the answer is as it should be: two who count the same frame do so each in its own time.
 * @template T
 * @param {number} seconds to ask at most
 * @param {() => Promise<T>} ask
 * @param {(answer: T) => boolean} isRight
 * @returns {Promise<T>} the last answer, right or not
 */
export async function settled(seconds, ask, isRight) {
  const deadline = performance.now() + seconds * 1000;
  for (;;) {
    const answer = await ask();
    if (isRight(answer) || performance.now() > deadline) return answer;
    await setTimeout(100);
  }
}
