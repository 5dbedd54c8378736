// Owns: running every test, with coverage unless it shall be quick, and counting what came out.
// Invariant: a run that finds no test at all has failed.
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from '../lib/paths.js';
import { capture } from '../lib/process.js';
import { testSize } from '../lib/test-size.js';

/**
 * @typedef {object} Report what vitest's JSON reporter writes, as far as it is read here
 * @property {number} numPassedTests
 * @property {number} numFailedTests
 * @property {number} numPendingTests
 * @property {number} numTodoTests
 * @property {{ assertionResults: { status: string, fullName: string }[] }[]} testResults
 */

/**
 * @typedef {object} Outcome
 * @property {number} passed
 * @property {number} failed
 * @property {number} skipped
 * @property {string[]} skippedNames
 * @property {boolean} ok
 * @property {string} output vitest's own
 */

/** Tests of what users get: they measure what was built, and run nothing without it. Everything else reads sources. */
const ofTheBuild = ['apps/reference-driver/test/garbage.test.ts'];

/** Runs every test that needs no build. */
export async function testSources() {
  rmSync(join(root, 'coverage'), { recursive: true, force: true });
  const measured = testSize() === 'quick' ? [] : ['--coverage', '--coverage.reporter=json-summary'];
  const outcome = await runTests(measured, { NETCX_SOURCES_ONLY: '1' });
  return { ...outcome, coverage: readCoverage() };
}

/** Runs the others; one that finds no build is skipped, which is told. */
export const testBuild = () => runTests(ofTheBuild);

/**
 * @param {string[]} words vitest's arguments
 * @param {Record<string, string>} [env] as vitest.config.ts reads it
 * @returns {Promise<Outcome>}
 */
async function runTests(words, env = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'netcx-tests-'));
  const file = join(folder, 'report.json');
  try {
    const { code, output } = await capture(
      'vitest',
      ['run', ...words, '--reporter=default', '--reporter=json', `--outputFile.json=${file}`],
      { env },
    );
    const report = /** @type {Report} */ (JSON.parse(readFileSync(file, 'utf8')));
    const all = report.testResults.flatMap(({ assertionResults }) => assertionResults);
    const skipped = all.filter(({ status }) => status !== 'passed' && status !== 'failed');
    return {
      passed: report.numPassedTests,
      failed: report.numFailedTests,
      skipped: skipped.length,
      skippedNames: skipped.map(({ fullName }) => fullName),
      // A file that is no longer there would pass unseen.
      ok: code === 0 && all.length > 0,
      output,
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** @returns {string} such as `92 % of lines, 88 % of branches`; vitest writes no coverage when a test failed */
function readCoverage() {
  const file = join(root, 'coverage', 'coverage-summary.json');
  if (!existsSync(file)) return 'no coverage';
  const { total } = /** @type {{ total: Record<'lines' | 'branches', { pct: number }> }} */ (
    JSON.parse(readFileSync(file, 'utf8'))
  );
  return `${Math.floor(total.lines.pct)} % of lines, ${Math.floor(total.branches.pct)} % of branches`;
}
