/*
 * A process whose worker is the driver of a ring: the process publishes and reaps, the worker posts and completes, each
 * with its own end of the ring over the same memory. Bursts of random length; either side sleeps when it has nothing to
 * do. Prints what went round. Arguments: how many elements, and the seed of the bursts.
 */

import { argv, stdout } from 'node:process';
import { Worker } from 'node:worker_threads';
import { hostPages } from '@netcx/dma';
import { hostBytes, i32, wasm } from '@netcx/dma/memory';
import { RingCollection, RingProducer } from '../../src/index.ts';

const total = Number(argv[2]);
let random = Number(argv[3]) | 1;
const options = { name: 'tx 0', packets: 64, fragments: 64, packetStride: 12, fragmentStride: 8 };
const offset = hostPages.allocate(RingCollection.bytes(options), { owner: 'rings' });
const { packets, fragments } = RingCollection.create(offset, options);
const producer = RingProducer.attach(packets.offset, 'tx 0', { polls: 100 });

// A worker of Node 20 knows nothing of the loader that runs this file.
const consumer = JSON.stringify(new URL('./consumer.ts', import.meta.url));
const start = `import('tsx/esm/api').then(({ register }) => { register(); return import(${consumer}); })`;
const worker = new Worker(start, { eval: true, workerData: { memory: wasm, hostBytes, offset, total } });
const heard = new Promise<object>((resolve, reject) => {
  worker.once('message', resolve);
  worker.once('error', reject);
});

let sent = 0;
let reaped = 0;
let wrong = 0;
let most = 0;
let sleeps = 0;
while (reaped < total) {
  random = (Math.imul(random, 1_664_525) + 1_013_904_223) | 0;
  const count = Math.min(producer.freeCount, total - sent, random >>> 27);
  for (let index = 0; index < count; index++) {
    const at = producer.at(producer.endIndex + index);
    i32[at] = sent + index;
    i32[at + 1] = Math.imul(sent + index, 0x9e37_79b1);
  }
  producer.publish(count);
  sent += count;
  most = Math.max(most, sent - reaped);
  const returned = producer.reapCount;
  for (let index = 0; index < returned; index++) {
    if (i32[producer.at(producer.processedIndex + index) + 2] !== ~(reaped + index)) wrong++;
  }
  producer.reap(returned);
  reaped += returned;
  if (producer.freeCount === 0 || (sent === total && reaped < total)) {
    sleeps++;
    producer.wait();
  }
}
const untouched = fragments.describe();
stdout.write(JSON.stringify({ reaped, wrong, most, sleeps, driver: await heard, untouched }));
await worker.terminate();
