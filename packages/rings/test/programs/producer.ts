/*
 * A process whose worker is the driver of a ring: the process publishes and reaps, the worker posts and completes, each
 * on its own `Ring` over the same memory. Prints what went round.
 */

import { stdout } from 'node:process';
import { Worker } from 'node:worker_threads';
import { hostPages } from '@netcx/dma';
import { hostBytes, i32, wasm } from '@netcx/dma/memory';
import { RingCollection } from '../../src/index.ts';

const TOTAL = 20_000;
const options = { name: 'tx 0', packets: 16, fragments: 64, packetStride: 12, fragmentStride: 8 };
const offset = hostPages.allocate(RingCollection.bytes(options), { owner: 'rings' });
const { packets, fragments } = RingCollection.create(offset, options);

// A worker of Node 20 knows nothing of the loader that runs this file.
const consumer = JSON.stringify(new URL('./consumer.ts', import.meta.url));
const start = `import('tsx/esm/api').then(({ register }) => { register(); return import(${consumer}); })`;
const worker = new Worker(start, { eval: true, workerData: { memory: wasm, hostBytes, offset, total: TOTAL } });
const heard = new Promise<number>((resolve, reject) => {
  worker.once('message', resolve);
  worker.once('error', reject);
});

let sent = 0;
let reaped = 0;
let wrong = 0;
let most = 0;
const deadline = Date.now() + 60_000;
while (reaped < TOTAL && Date.now() < deadline) {
  const count = Math.min(packets.freeCount, TOTAL - sent);
  for (let index = 0; index < count; index++) i32[packets.at(packets.endIndex + index)] = sent + index;
  packets.publish(count);
  sent += count;
  most = Math.max(most, packets.mask - packets.freeCount); // both of its indices are ours, so nobody moves them meanwhile
  const returned = packets.reapCount;
  for (let index = 0; index < returned; index++) {
    if (i32[packets.at(packets.processedIndex + index) + 1] !== ~(reaped + index)) wrong++;
  }
  packets.reap(returned);
  reaped += returned;
  if (count + returned === 0) await new Promise((resolve) => setImmediate(resolve));
}
stdout.write(JSON.stringify({ reaped, wrong, most, inOrder: await heard, fragments: fragments.describe() }));
await worker.terminate();
