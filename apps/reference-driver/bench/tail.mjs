/*
 * How long a step of 32 packets takes, from one burst that comes to the next: the median, and what all but one in a thousand
 * stay below, in nanoseconds. Reading a clock allocates in V8, so a worker reads it over and over and writes it into shared
 * memory; it needs a core of its own. The steps are those of the whole path, two adapters: `node bench/tail.mjs`.
 */

import { once } from 'node:events';
import { isMainThread, Worker, workerData } from 'node:worker_threads';

const STEPS = 1 << 19;
const BURST = 32;
const WARM_UP = 8_000_000;

if (isMainThread) await measure();
else tick(new Int32Array(workerData));

/** Nanoseconds, modulo 2^31, for as long as nobody writes a 1 behind them. */
function tick(time) {
  const start = process.hrtime.bigint();
  while (Atomics.load(time, 16) === 0) Atomics.store(time, 0, Number((process.hrtime.bigint() - start) & 0x7fff_ffffn));
}

async function measure() {
  const { buildLoad } = await import('./harness.mjs');
  const time = new Int32Array(new SharedArrayBuffer(128));
  const worker = new Worker(new URL(import.meta.url), { workerData: time.buffer });
  await once(worker, 'online');
  while (Atomics.load(time, 0) === 0) await new Promise((resolve) => setTimeout(resolve, 1));
  const steps = new Int32Array(STEPS);
  const record = { count: 0, last: 0, on: false };
  const load = await buildLoad({ burst: BURST, unseen: false }); // as the C twin
  for (const { end } of load.stations) {
    const inject = end.inject.bind(end);
    end.inject = () => {
      const now = Atomics.load(time, 0);
      if (record.on) {
        steps[record.count] = (now - record.last) & 0x7fff_ffff;
        record.count = (record.count + 1) & (STEPS - 1);
      }
      record.last = now;
      inject();
    };
  }
  load.run(WARM_UP);
  record.on = true;
  load.run(STEPS * BURST);
  await load.stop();
  Atomics.store(time, 16, 1);
  await once(worker, 'exit');
  steps.sort();
  const at = (part) => steps[Math.floor(part * (STEPS - 1))];
  console.log(JSON.stringify({ p50: at(0.5), p999: at(0.999), p9999: at(0.9999) }));
}
