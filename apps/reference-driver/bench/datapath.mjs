/*
 * One measurement of the whole path, in a process of its own: warms up, then times blocks of packets and prints their
 * median as JSON. `node bench/datapath.mjs [frame bytes] [adapters] [shown]`: with `shown` a protocol is shown every frame and
 * submits it again; without it frames go on unseen.
 */

import { buildLoad } from './harness.mjs';

const WARM_UP = 4_000_000;
const BLOCK = 500_000;
const BLOCKS = 9;

const [frameBytes = 64, adapters = 2] = process.argv.slice(2, 4).map(Number);
const unseen = process.argv[4] !== 'shown';
const load = await buildLoad({ frameBytes, adapters, unseen, ringSize: adapters > 2 ? 128 : 256 });
load.run(WARM_UP);
const blocks = [];
for (let block = 0; block < BLOCKS; block++) {
  const start = process.hrtime.bigint();
  load.run(BLOCK);
  blocks.push(Number(process.hrtime.bigint() - start) / BLOCK);
}
await load.stop();
blocks.sort((one, other) => one - other);
const nanoseconds = blocks[BLOCKS >> 1];
console.log(JSON.stringify({ frameBytes, nanoseconds, least: blocks[0], most: blocks[BLOCKS - 1] }));
