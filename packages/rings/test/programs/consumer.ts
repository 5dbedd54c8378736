/*
 * The driver's side of producer.ts, in a worker: attaches to the rings by offset, answers each element and gives it back.
 */

import { parentPort, workerData } from 'node:worker_threads';
import { provideMemory, type SharedMemory } from '@netcx/dma/provide';

const { offset, total, ...handed } = workerData as SharedMemory & { offset: number; total: number };
provideMemory(handed);
const { i32 } = await import('@netcx/dma/memory');
const { RingCollection } = await import('../../src/index.ts');

const { packets } = RingCollection.attach(offset, 'worker');
let seen = 0;
let inOrder = 0;
const deadline = Date.now() + 60_000;
while (seen < total && Date.now() < deadline) {
  packets.post(packets.postCount);
  const count = packets.drainCount;
  for (let index = 0; index < count; index++) {
    const at = packets.at(packets.beginIndex + index);
    if (i32[at] === seen + index) inOrder++;
    i32[at + 1] = ~(seen + index);
  }
  packets.complete(count);
  seen += count;
  if (count === 0) await new Promise((resolve) => setImmediate(resolve));
}
parentPort?.postMessage(inOrder);
