// Owns: the checks of a run: each is named, timed, and counted as passed or failed.
// Invariant: a check that fails says why, and the others go on.

let passed = 0;
let failed = 0;
let skipped = 0;

/**
 * @param {string} what
 * @param {() => Promise<string | undefined> | string | undefined} run what it returns is said beside the verdict
 */
export async function check(what, run) {
  const begin = performance.now();
  try {
    const note = await run();
    passed++;
    const time = ((performance.now() - begin) / 1000).toFixed(1);
    console.log(`  passed  ${what}${note === undefined ? '' : `: ${note}`} (${time} s)`);
  } catch (error) {
    failed++;
    console.log(`  FAILED  ${what}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/**
 * @param {string} what
 * @param {string} reason what outside the repository is missing
 */
export function skip(what, reason) {
  skipped++;
  console.log(`  SKIPPED ${what}: ${reason}`);
}

/** Prints the sums; the exit code that they come to. */
export function closeChecks() {
  console.log(`\n${passed} passed, ${failed} failed, ${skipped} skipped`);
  return failed === 0 ? 0 : 1;
}
