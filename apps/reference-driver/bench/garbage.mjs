/*
 * Does the data path allocate? In a process of its own, on the built packages: two adapters forward 64-byte packets by
 * their descriptors; after warm-up, collections of garbage and growth of the heap are counted over two million packets.
 * Not one collection may happen, and the heap may grow by a tenth of a byte per packet: the smallest object takes 12.
 *
 *     node bench/garbage.mjs [--litter] [--packets N] [--tries N]
 *
 * With --litter it makes one object for each burst, to show that it would be found; with --packets it counts over as many, in four
 * runs: what a run begins and ends with, where queues wake and fall asleep, allocates some 4 KB.
 * Prints one JSON object; ends with 1 when the path allocates.
 */

import { PerformanceObserver } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import v8 from 'node:v8';
import vm from 'node:vm';
import { buildLoad } from './harness.mjs';

/** Runs before it counts: V8 compiles the end of a run, where queues fall asleep, only after it has seen a few. */
const WARM_UP = 10;
const BLOCK = 500_000;
const MOST_BYTES_PER_PACKET = 0.1;
const { values: options } = parseArgs({
  options: {
    litter: { type: 'boolean', default: false },
    packets: { type: 'string', default: '2000000' },
    tries: { type: 'string', default: '1' },
  },
});
const packets = Number(options.packets);
const block = Math.max(BLOCK, packets / 4);
/**
 * Counters of bytes pass 2^31 and 2^32 on the way, once each. From there on they are other kinds of numbers to V8, which compiles
 * anew what counts them: that is warming up, too.
 */
const PASS_LIMITS = 160_000_000;
/** In how many runs: the code at a run's end is compiled anew as well, by and by. */
const RUNS = 64;

// From an empty young generation on, so that growth is all that was allocated as long as nothing is collected.
v8.setFlagsFromString('--expose-gc');
const collectGarbage = vm.runInNewContext('gc');

/** When each collection began. */
const collected = [];
new PerformanceObserver((list) => {
  for (const { startTime } of list.getEntries()) collected.push(startTime);
}).observe({ entryTypes: ['gc'] });

const load = await buildLoad();
load.stations[1].forwarder.unseen = false; // one adapter each way: frames that go on unseen, frames that are shown
if (options.litter) {
  for (const { forwarder } of load.stations) {
    const redirect = forwarder.redirect.bind(forwarder);
    forwarder.redirect = (edge) => {
      forwarder.last = { edge };
      return redirect(edge);
    };
  }
}
for (let run = 0; run < WARM_UP; run++) load.run(BLOCK);
if (packets > PASS_LIMITS / 2) for (let run = 0; run < RUNS; run++) load.run(PASS_LIMITS / RUNS);
let found = await measure();
// V8 compiles in the background, later where the machine is busy, and code that waits for it allocates. That passes; what the
// path itself allocates comes again each time.
for (let tries = 1; tries < Number(options.tries) && !found.clean; tries++) found = await measure();
load.verify();
await load.stop();

console.log(JSON.stringify(found));
process.exitCode = found.clean ? 0 : 1;

/** Counts over all packets once. */
async function measure() {
  collectGarbage();
  await sleep(20); // V8 sweeps in the background, and knows only then what is in use
  const before = process.memoryUsage().heapUsed;
  const begin = performance.now();
  for (let left = packets; left > 0; left -= block) load.run(block);
  const end = performance.now();
  const bytes = process.memoryUsage().heapUsed - before;
  await sleep(20); // what is observed is told later, and V8 may collect once it has nothing else to do
  const collections = collected.filter((time) => begin <= time && time <= end).length;
  const bytesPerPacket = bytes / packets;
  const clean = collections === 0 && bytesPerPacket <= MOST_BYTES_PER_PACKET;
  return { packets, collections, bytes, bytesPerPacket, clean };
}
