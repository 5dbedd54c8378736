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
 * Datagrams at a rate that nobody has an excuse to lose them at.
 * @param {import('./lab.js').Lab} lab
 * @param {...string} args of iperf3's client
 */
export async function checkUdp(lab, ...args) {
  await check(`UDP, 20 Mbit/s${args.includes('-R') ? ', backwards' : ''}`, async () => {
    const { lost, note } = await lab.iperf('-c', '192.0.2.2', '-u', '-b', '20M', ...args);
    if (lost > 1) throw new Error(`${lost.toFixed(1)} % lost`);
    return `${note}, ${lost.toFixed(2)} % lost`;
  });
}

/**
 * That an impaired wire did its worst: a download that lost nothing shows nothing.
 * @param {Record<string, number>} counters of a suite
 */
export async function checkLosses(counters) {
  await check('the wire was as bad as it was told to be', () => {
    const lost = Object.entries(counters).reduce(
      (sum, [name, value]) => sum + (/loss.*lost/.test(name) ? value : 0),
      0,
    );
    if (!(lost > 0)) throw new Error(`${lost} frames lost`);
    return `${lost} frames lost`;
  });
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
