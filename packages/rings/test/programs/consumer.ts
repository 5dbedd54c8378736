/*
 * The driver's side of producer.ts, in a worker: attaches to the ring by offset, checks and answers each element, and gives
 * it back. Sleeps whenever there is nothing.
 */

import { parentPort, workerData } from 'node:worker_threads';
import { provideMemory, type SharedMemory } from '@netcx/dma/provide';

const { offset, total, ...handed } = workerData as SharedMemory & { offset: number; total: number };
provideMemory(handed);
const { i32 } = await import('@netcx/dma/memory');
const { RingCollection, RingConsumer } = await import('../../src/index.ts');

const { packets } = RingCollection.attach(offset, 'worker');
const consumer = RingConsumer.attach(packets.offset, 'worker', { polls: 100 });
let seen = 0;
let inOrder = 0;
let sleeps = 0;
while (seen < total) {
  const count = consumer.postCount;
  if (count === 0) {
    sleeps++;
    consumer.wait();
    continue;
  }
  for (let index = 0; index < count; index++) {
    const at = consumer.at(consumer.nextIndex + index);
    if (i32[at] === seen + index && i32[at + 1] === Math.imul(seen + index, 0x9e37_79b1)) inOrder++;
    i32[at + 2] = ~(seen + index);
  }
  consumer.post(count);
  consumer.complete(consumer.drainCount);
  seen += count;
}
parentPort?.postMessage({ inOrder, sleeps });
