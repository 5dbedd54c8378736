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
const WARM_UP = 8_000_000;
const NANOSECONDS = 1e6;

const steps = new Int32Array(STEPS);
const record = { count: 0, last: 0, on: false };
const load = await buildLoad({ burst: BURST });
for (const { end } of load.stations) {
  const inject = end.inject.bind(end);
  end.inject = () => {
    const now = performance.now();
    if (record.on) {
      steps[record.count] = (now - record.last) * NANOSECONDS;
      record.count = (record.count + 1) & (STEPS - 1);
    }
    record.last = now;
    inject();
  };
}
load.run(WARM_UP);
let collections = 0;
const observer = new PerformanceObserver((list) => (collections += list.getEntries().length));
observer.observe({ entryTypes: ['gc'] });
record.on = true;
load.run(STEPS * BURST);
record.on = false;
await new Promise((resolve) => setTimeout(resolve, 10));
observer.disconnect();
await load.stop();
steps.sort();
const at = (part) => steps[Math.floor(part * (STEPS - 1))];
console.log(JSON.stringify({ p50: at(0.5), p999: at(0.999), p9999: at(0.9999), collections }));
