/* The two loops of the shared ring's way, in the shape of hot code: a module's own constants. */

import * as memory from '@netcx/dma/memory';
import type { RingConsumer, RingProducer } from '@netcx/rings';

const { i32: m } = memory;

/** Sends elements `from` to `to`, so many at a time as there is room for, up to a burst. */
export function sendElements(producer: RingProducer, burst: number, from: number, to: number): void {
  const { base, stride, mask } = producer;
  let n = from | 0;
  while (n < to) {
    if (producer.freeCount < burst) {
      producer.reap(producer.reapCount);
      if (producer.freeCount < burst) {
        producer.wait();
        continue;
      }
    }
    const count = Math.min(burst, to - n) | 0;
    let index = producer.endIndex | 0;
    for (let sent = 0; sent < count; sent++) {
      const at = (base + Math.imul(index, stride)) | 0;
      m[at] = n;
      m[(at + 1) | 0] = n ^ 0x55;
      m[(at + 2) | 0] = 3;
      m[(at + 3) | 0] = n << 1;
      index = (index + 1) & mask;
      n = (n + 1) | 0;
    }
    producer.publish(count);
  }
}

/** Receives so many elements and returns the sum of their words. */
export function receiveElements(consumer: RingConsumer, elements: number): number {
  const { base, stride, mask } = consumer;
  let sum = 0;
  let got = 0;
  while (got < elements) {
    const count = consumer.postCount | 0;
    if (count === 0) {
      consumer.wait();
      continue;
    }
    let index = consumer.nextIndex | 0;
    for (let read = 0; read < count; read++) {
      const at = (base + Math.imul(index, stride)) | 0;
      sum = (sum + m[at]! + m[(at + 1) | 0]! + m[(at + 2) | 0]! + m[(at + 3) | 0]!) | 0;
      index = (index + 1) & mask;
    }
    consumer.complete(count);
    got = (got + count) | 0;
  }
  return sum;
}
