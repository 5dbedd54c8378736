/*
 * The two sides of the shared ring's way, in the shape of hot code: a module's own constants, a function that is called for
 * each burst, rows without a wrap. A loop that runs from the first element to the last would be entered while it runs, and
 * V8 does not fold a module's constants into such code: elements took twice the time.
 */

import * as memory from '@netcx/dma/memory';
import type { RingConsumer, RingProducer } from '@netcx/rings';

const { i32: m } = memory;

function fillRow(row: number, stride: number, count: number, first: number): void {
  const behind = (first + count) | 0;
  let at = row | 0;
  for (let n = first | 0; n < behind; n = (n + 1) | 0) {
    m[at] = n;
    m[(at + 1) | 0] = n ^ 0x55;
    m[(at + 2) | 0] = 3;
    m[(at + 3) | 0] = n << 1;
    at = (at + stride) | 0;
  }
}

function sumRow(row: number, stride: number, count: number): number {
  let sum = 0;
  let at = row | 0;
  for (let left = count | 0; left > 0; left = (left - 1) | 0) {
    sum = (sum + m[at]! + m[(at + 1) | 0]! + m[(at + 2) | 0]! + m[(at + 3) | 0]!) | 0;
    at = (at + stride) | 0;
  }
  return sum;
}

function sendBurst(producer: RingProducer, count: number, first: number): void {
  const { base, elements, endIndex, stride } = producer;
  const run = Math.min(count, elements - endIndex);
  fillRow(producer.at(endIndex), stride, run, first);
  if (run < count) fillRow(base, stride, count - run, first + run);
  producer.publish(count);
}

function receiveBurst(consumer: RingConsumer, count: number): number {
  const { base, elements, nextIndex, stride } = consumer;
  const run = Math.min(count, elements - nextIndex);
  let sum = sumRow(consumer.at(nextIndex), stride, run);
  if (run < count) sum = (sum + sumRow(base, stride, count - run)) | 0;
  consumer.complete(count);
  return sum;
}

/** Sends elements `from` to `to`, so many at a time as there is room for, up to a burst. */
export function sendElements(producer: RingProducer, burst: number, from: number, to: number): void {
  let n = from;
  while (n < to) {
    const wanted = Math.min(burst, to - n);
    if (producer.freeCount < wanted) {
      producer.reap(producer.reapCount);
      if (producer.freeCount < wanted) {
        producer.wait();
        continue;
      }
    }
    sendBurst(producer, wanted, n);
    n += wanted;
  }
}

/** Receives so many elements and returns the sum of their words. */
export function receiveElements(consumer: RingConsumer, elements: number): number {
  let sum = 0;
  let got = 0;
  while (got < elements) {
    const count = consumer.postCount;
    if (count === 0) {
      consumer.wait();
      continue;
    }
    sum = (sum + receiveBurst(consumer, count)) | 0;
    got += count;
  }
  return sum;
}
