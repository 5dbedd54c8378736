// Owns: `npm test`: runs the steps, prints a line for each as it ends, and counts.
// Invariant: the last line is `N passed, N failed, N skipped`, tests and steps together; the exit code agrees with it.
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { schedule } from '../check/schedule.js';
import { steps } from '../check/steps.js';
import { listSuites } from '../lib/suites.js';
import { leftOutWhenQuick, testSize } from '../lib/test-size.js';

/** @returns {Promise<number>} */
export async function run() {
  const begin = performance.now();
  const counts = { passed: 0, failed: 0, skipped: 0 };
  /** @type {string[]} */
  const failures = [];
  const context = { folder: mkdtempSync(join(tmpdir(), 'netcx-check-')), packed: [] };

  /**
   * @param {import('../check/steps.js').Step} step
   * @param {import('../check/steps.js').Found | undefined} found
   * @param {number} seconds
   */
  function done({ name, needs }, found, seconds) {
    if (found === undefined) {
      counts.skipped++;
      console.log(`${name.padEnd(20)} NOT RUN, because it needs: ${needs.join(', ')}`);
      return;
    }
    const { problems, note = '', tests } = found;
    const isPassed = problems.length === 0;
    counts.passed += (tests?.passed ?? 0) + (isPassed ? 1 : 0);
    counts.failed += (tests?.failed ?? 0) + (isPassed ? 0 : 1);
    counts.skipped += tests?.skipped ?? 0;
    const told = tests ? `${tests.passed} passed, ${tests.failed} failed, ${tests.skipped} skipped; ${note}` : note;
    console.log(`${name.padEnd(20)} ${isPassed ? 'passed' : 'FAILED'} ${seconds.toFixed(1).padStart(7)} s  ${told}`);
    if (!isPassed) failures.push(`\n──── ${name} ────\n${problems.join('\n')}`);
  }

  try {
    await schedule(steps, Math.max(2, availableParallelism()), (step) => runStep(step, context), done);
  } finally {
    rmSync(context.folder, { recursive: true, force: true });
  }

  if (failures.length > 0) console.log(failures.join('\n'));
  if (testSize() === 'quick') {
    console.log('\nLeft out of the quick size; .ci/run has it:');
    for (const what of leftOutWhenQuick) console.log(`  ${what}`);
  }
  console.log(`\nNot run here, because they need more than npm; .ci/run runs them:`);
  for (const { name, covers } of listSuites()) console.log(`  ${name}: ${covers}`);
  console.log('  release rehearsal: versions, publishing and a stranger who installs, on a registry of our own');
  console.log(`\n${((performance.now() - begin) / 1000).toFixed(0)} s in all`);
  console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
  return counts.failed === 0 ? 0 : 1;
}

/**
 * @param {import('../check/steps.js').Step} step
 * @param {import('../check/steps.js').Context} context
 * @returns {Promise<import('../check/steps.js').Found>} a step that breaks has found its own breaking
 */
async function runStep(step, context) {
  try {
    return await step.run(context);
  } catch (error) {
    return { problems: [error instanceof Error ? (error.stack ?? error.message) : String(error)] };
  }
}
