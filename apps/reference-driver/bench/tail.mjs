/*
 * How long a step of 32 packets takes, from one burst that comes to the next: the median, and what all but one in a thousand
 * stay below, in nanoseconds. The clock is read in the loop, as the C twin reads it. That leaves a number as garbage for each
 * step, which makes a collection or two among half a million steps; how many is printed. The steps are those of the whole path,
 * frames unseen, two adapters: `node bench/tail.mjs`.
 */

import { PerformanceObserver } from 'node:perf_hooks';
import { buildLoad } from './harness.mjs';

const STEPS = 1 << 19;
const BURST = 32;
const NANOSECONDS = 1e6;

const steps = new Int32Array(STEPS);
const record = { count: 0, last: 0 };
const load = await buildLoad({ burst: BURST, apart: true });
for (const { end } of load.stations) {
  const inject = end.inject.bind(end);
  end.inject = () => {
    const now = performance.now();
    steps[record.count] = (now - record.last) * NANOSECONDS;
    record.count = (record.count + 1) & (STEPS - 1);
    record.last = now;
    inject();
  };
}
// Steps are written down from the start: the garbage of a whole run goes through memory that was not touched before, and each
// fault on a page of it would be a slow step. What is measured comes after that, and overwrites it.
load.run(STEPS * BURST);
let collections = 0;
const observer = new PerformanceObserver((list) => (collections += list.getEntries().length));
observer.observe({ entryTypes: ['gc'] });
load.run(STEPS * BURST);
load.verify();
await new Promise((resolve) => setTimeout(resolve, 10));
observer.disconnect();
await load.stop();
steps.sort();
const at = (part) => steps[Math.floor(part * (STEPS - 1))];
console.log(JSON.stringify({ p50: at(0.5), p999: at(0.999), p9999: at(0.9999), collections }));
