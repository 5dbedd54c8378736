/*
 * How long a step of 32 packets takes, from one burst that comes to the next: the median, and what all but one in a thousand
 * stay below, in nanoseconds. The clock is read in the loop, as the C twin reads it. That leaves a number as garbage for each
 * step, which makes a few collections among a million steps; how many is printed. The steps are those of the whole path,
 * frames unseen, two adapters, in blocks that nobody disturbed: `node bench/tail.mjs`.
 */

import { PerformanceObserver } from 'node:perf_hooks';
import { measureBlocks, timingOf, undisturbed } from '@tooling/bench/timing';
import { buildLoad } from './harness.mjs';

const BURST = 32;
/** Bursts of a block; from each to the next is a step. */
const BURSTS = 1024;
const MOST_BLOCKS = 1 << 13;
const NANOSECONDS = 1e6;

// Touched before anything is measured: each fault on a page would be a slow step.
const steps = new Int32Array(MOST_BLOCKS * BURSTS).fill(1);
const record = { count: 0, last: 0 };
const load = await buildLoad({ burst: BURST, apart: true });
for (const { end } of load.stations) {
  const inject = end.inject.bind(end);
  end.inject = () => {
    const now = performance.now();
    steps[record.count] = (now - record.last) * NANOSECONDS;
    record.count = (record.count + 1) & (steps.length - 1);
    record.last = now;
    inject();
  };
}
const block = () => {
  load.run(BURSTS * BURST);
  return BURSTS * BURST;
};
for (let warm = 0; warm < 512; warm++) block();
let collections = 0;
const observer = new PerformanceObserver((list) => (collections += list.getEntries().length));
observer.observe({ entryTypes: ['gc'] });
record.count = 0;
const { times, looks } = measureBlocks(block);
load.verify();
await new Promise((resolve) => setTimeout(resolve, 10));
observer.disconnect();
await load.stop();

const { undisturbed: share, gauge } = timingOf(times, looks);
if (times.length > MOST_BLOCKS) throw new Error(`${times.length} blocks; there is room for ${MOST_BLOCKS}`);
const blocks = share === 0 ? times.keys() : undisturbed(looks);
// The first step of a block began before the gauge was looked at.
const chosenSteps = Int32Array.from(
  [...blocks].flatMap((index) => [...steps.subarray(index * BURSTS + 1, (index + 1) * BURSTS)]),
);
chosenSteps.sort();
const at = (part) => chosenSteps[Math.floor(part * (chosenSteps.length - 1))];
console.log(
  JSON.stringify({ p50: at(0.5), p999: at(0.999), p9999: at(0.9999), collections, undisturbed: share, gauge }),
);
