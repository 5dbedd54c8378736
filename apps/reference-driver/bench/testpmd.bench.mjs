/*
 * The whole path beside DPDK's testpmd, in one run: 64-byte frames, bursts of 32, two adapters alive in one process. Per
 * packet ours does what two NICs, two DMA copies, a driver and a framework do; testpmd's null ports hand over and take
 * back buffers in memory and touch no payload. Rounds alternate, and each round of ours is a process of its own.
 *
 *     npm run bench -- testpmd [--rounds 5] [--json]
 *
 * Says whether the goal is met. Ends with 1 when the ratio is so low that something must have broken, which is all that a
 * shared machine can tell with certainty, and with 77 when testpmd is not installed.
 */

import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { findTestpmd, startTestpmd } from '@tooling/bench/testpmd';

/** What the thin slice shall reach. */
const GOAL = 0.5;
/** Below this a change has broken the fast path, whatever else the machine was doing. */
const BROKEN = 0.08;
const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '5' }, json: { type: 'boolean', default: false } },
});
const rounds = Number(values.rounds);

const median = (numbers) => [...numbers].sort((one, other) => one - other)[numbers.length >> 1];
const spread = (numbers) =>
  `${median(numbers).toFixed(1)} (${Math.min(...numbers).toFixed(1)}..${Math.max(...numbers).toFixed(1)})`;

async function measureOurs() {
  const { stdout } = await promisify(execFile)(process.execPath, [
    fileURLToPath(new URL('datapath.mjs', import.meta.url)),
  ]);
  return JSON.parse(stdout).nanoseconds;
}

try {
  await findTestpmd();
} catch (error) {
  console.error(`testpmd is not here, so there is nothing to compare with: ${error.message}`);
  process.exit(77);
}
const testpmd = await startTestpmd({ mode: 'io', burst: 32 });
const ours = [];
const theirs = [];
try {
  for (let round = 0; round < rounds; round++) {
    theirs.push(await testpmd.measure(2000));
    ours.push(await measureOurs());
  }
} finally {
  await testpmd.stop();
}
// A round's two halves ran one after the other: their ratio is what a noisy machine disturbs least.
const ratios = ours.map((nanoseconds, round) => theirs[round] / nanoseconds);
if (values.json) {
  console.log(JSON.stringify({ ours, theirs, ratios, ratio: median(ratios), goal: GOAL }));
} else {
  console.log(`64 B, bursts of 32, ${rounds} alternated rounds; ns per packet, median (least..most)`);
  console.log(`  netcx, whole path, two adapters   ${spread(ours)}`);
  console.log(`  DPDK testpmd, null to null, io    ${spread(theirs)}`);
  const range = `${Math.min(...ratios).toFixed(2)}..${Math.max(...ratios).toFixed(2)}`;
  console.log(`  ratio (DPDK = 1)                  ${median(ratios).toFixed(2)} (${range})`);
  console.log(
    `  goal ${GOAL}: ${median(ratios) >= GOAL ? 'met' : `not met, short by ${((1 - median(ratios) / GOAL) * 100).toFixed(0)} %`}`,
  );
}
if (median(ratios) < BROKEN) process.exitCode = 1;
