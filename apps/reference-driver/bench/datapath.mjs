/*
 * One measurement of the whole path, in a process of its own: warms up, then times blocks of packets and prints what a packet
 * took as JSON. `node bench/datapath.mjs [frame bytes] [adapters] [shown]`: with `shown` a protocol is shown every frame and
 * submits it again; without it frames go on unseen.
 */

import { takeTime } from '@tooling/bench/timing';
import { buildLoad } from './harness.mjs';

const WARM_UP = 4_000_000;
const BLOCK = 32_768;

const [frameBytes = 64, adapters = 2] = process.argv.slice(2, 4).map(Number);
const unseen = process.argv[4] !== 'shown';
const load = await buildLoad({ frameBytes, adapters, unseen });
load.run(WARM_UP);
const timing = takeTime(() => {
  load.run(BLOCK);
  return BLOCK;
});
load.verify();
await load.stop();
console.log(JSON.stringify({ frameBytes, ...timing }));
