// Owns: the order of steps: each starts as soon as what it needs has passed and a lane is free.
// Invariant: a step whose needs failed is never started and never counted as passed.

/**
 * @template {{ name: string, needs: string[] }} S
 * @template {{ problems: string[] }} F
 * @param {S[]} steps in order of preference
 * @param {number} lanes how many run at a time
 * @param {(step: S) => Promise<F>} run
 * @param {(step: S, found: F | undefined, seconds: number) => void} done called as each ends; nothing was found by a step that could not start
 * @returns {Promise<void>}
 */
export async function schedule(steps, lanes, run, done) {
  const waiting = [...steps];
  /** @type {Map<string, boolean>} */
  const passed = new Map();
  /** @type {Set<Promise<void>>} */
  const running = new Set();

  /** @param {S} step */
  async function start(step) {
    const begin = performance.now();
    const found = await run(step);
    passed.set(step.name, found.problems.length === 0);
    done(step, found, (performance.now() - begin) / 1000);
  }

  while (waiting.length > 0 || running.size > 0) {
    for (const step of [...waiting]) {
      if (!step.needs.some((need) => passed.get(need) === false)) continue;
      waiting.splice(waiting.indexOf(step), 1);
      passed.set(step.name, false);
      done(step, undefined, 0);
    }
    const next = waiting.find((step) => step.needs.every((need) => passed.get(need) === true));
    if (next !== undefined && running.size < lanes) {
      waiting.splice(waiting.indexOf(next), 1);
      const ended = start(next).finally(() => running.delete(ended));
      running.add(ended);
    } else if (running.size > 0) {
      await Promise.race(running);
    } else if (waiting.length > 0 && !waiting.some((step) => step.needs.some((need) => passed.get(need) === false))) {
      throw new Error(`These steps wait for something that is no step: ${waiting.map(({ name }) => name).join(', ')}`);
    }
  }
}
