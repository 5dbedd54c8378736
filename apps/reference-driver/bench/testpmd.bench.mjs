/*
 * The whole path beside DPDK's testpmd, in one run: 64-byte frames, bursts of 32, two adapters alive in one process. Per
 * packet ours does what two NICs, two DMA copies, a driver and a framework do; testpmd's null ports hand over and take
 * back buffers in memory and touch no payload. Rounds alternate, and each round of ours is a process of its own.
 *
 *     npm run bench -- testpmd [--rounds 5] [--json]
 *
 * Each figure stands there twice: undisturbed, as tooling/bench/timing.mjs takes it, and over all the time, whoever else was at
 * work on the same cores meanwhile. The first says what the path costs, and whether the goal is met. Ends with 1 when the ratio
 * is so low that something must have broken, which is all that a shared machine can tell with certainty, and with 77 when testpmd
 * is not installed.
 */

import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { findTestpmd, startTestpmd } from '@tooling/bench/testpmd';
import { unlessDisturbed } from '@tooling/bench/timing';

/** What the thin slice shall reach. */
const GOAL = 0.5;
/** Below this a change has broken the fast path, whatever else the machine was doing. */
const BROKEN = 0.08;
const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '5' }, json: { type: 'boolean', default: false } },
});
const rounds = Number(values.rounds);

const median = (numbers) => [...numbers].sort((one, other) => one - other)[numbers.length >> 1];
const spread = (numbers, digits) => {
  const [middle, least, most] = [median(numbers), Math.min(...numbers), Math.max(...numbers)];
  return `${middle.toFixed(digits)} (${least.toFixed(digits)}..${most.toFixed(digits)})`;
};

const datapath = fileURLToPath(new URL('datapath.mjs', import.meta.url));
const measureOurs = unlessDisturbed(async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [datapath]);
  return JSON.parse(stdout);
});

if (findTestpmd() === undefined) {
  console.error('dpdk-testpmd is not installed (Debian: dpdk-dev), so there is nothing to compare with');
  process.exit(77);
}
const testpmd = await startTestpmd({ mode: 'io', burst: 32 });
const ours = [];
const theirs = [];
try {
  for (let round = 0; round < rounds; round++) {
    theirs.push(await testpmd.sample(2000));
    ours.push(await measureOurs());
  }
} finally {
  await testpmd.stop();
}
/** A round's two halves ran one after the other, so ratios are made inside rounds. */
const figuresOf = (figure) => ({
  ours: ours.map((timing) => timing[figure]),
  theirs: theirs.map((timing) => timing[figure]),
  ratios: ours.map((timing, round) => theirs[round][figure] / timing[figure]),
});
const undisturbed = figuresOf('nanoseconds');
const all = figuresOf('all');
const reached = median(undisturbed.ratios);
if (values.json) {
  console.log(JSON.stringify({ undisturbed, all, ratio: reached, goal: GOAL }));
} else {
  const share = median(ours.map((timing) => timing.undisturbed));
  const row = (what, figure, digits) =>
    console.log(`  ${what.padEnd(34)}${spread(undisturbed[figure], digits).padEnd(22)}${spread(all[figure], digits)}`);
  console.log(`64 B, bursts of 32, ${rounds} alternated rounds; ns per packet, median (least..most)`);
  console.log(`${' '.repeat(36)}undisturbed           all the time`);
  row('netcx, whole path, two adapters', 'ours', 1);
  row('DPDK testpmd, null to null, io', 'theirs', 1);
  row('ratio (DPDK = 1)', 'ratios', 2);
  console.log(
    `  The machine left us alone for ${share.toFixed(0)} % of the time; testpmd's is its fastest tenth of a second.`,
  );
  const short = `not met, short by ${((1 - reached / GOAL) * 100).toFixed(0)} %`;
  console.log(`  goal ${GOAL}, undisturbed: ${reached >= GOAL ? 'met' : short}`);
}
if (reached < BROKEN) process.exitCode = 1;
