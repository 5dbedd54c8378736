/*
 * Both sides of a way to hand elements from one worker to another. The main thread sends, a worker reads every word and
 * answers with their sum, which must be what was sent.
 */

import { hrtime } from 'node:process';
import { isMainThread, parentPort, Worker, workerData, type MessagePort } from 'node:worker_threads';
import type { SharedMemory } from '@netcx/dma/provide';
import { loadRingbuf, MISSING, type WordRing } from './ringbuf.ts';

/** What is measured. */
export interface WorkerWay {
  readonly kind: 'ring' | 'ringbuf' | 'messages';
  /** Elements that are handed over at once. */
  readonly burst: number;
  readonly elements: number;
}

interface Handed extends WorkerWay {
  readonly offset?: number;
  readonly shared?: SharedMemory;
  readonly storage?: SharedArrayBuffer;
}

/** A quarter of the elements is not timed: they warm both sides up. */
const WARM_UP = 0.25;
const SLOTS = 1024;
const WORDS = 4;

/** What element n holds in its four words, summed. */
const sumOf = (n: number): number => (n + (n ^ 0x55) + 3 + (n << 1)) | 0;

/**
 * @param way - what is measured
 * @returns nanoseconds an element, or why it cannot be measured
 */
export async function runWorkers(way: WorkerWay): Promise<{ ns: number } | { missing: string }> {
  const sender = await senderOf(way);
  if (typeof sender === 'string') return { missing: sender };
  const start = `import('tsx/esm/api').then(({ register }) => { register(); return import(${JSON.stringify(import.meta.url)}); })`;
  const worker = new Worker(start, { eval: true, workerData: { ...way, ...sender.handed } });
  const once = () =>
    new Promise<{ sum: number; at: string }>((resolve, reject) => {
      worker.once('message', resolve);
      worker.once('error', reject);
    });
  await once(); // it is there
  const answer = once();
  const begin = await sender.send(worker);
  const { sum, at } = await answer;
  let expected = 0;
  for (let n = 0; n < way.elements; n++) expected = (expected + sumOf(n)) | 0;
  if (sum !== expected) throw new Error(`the sum is ${sum}, not ${expected}`);
  await worker.terminate();
  return { ns: Number(BigInt(at) - begin) / (way.elements * (1 - WARM_UP)) };
}

interface Sender {
  readonly handed: Partial<Handed>;
  /** Sends everything; resolves with the time at which the warm-up was over. */
  send(worker: Worker): Promise<bigint> | bigint;
}

async function senderOf({ kind, burst, elements }: WorkerWay): Promise<Sender | string> {
  if (kind === 'messages') return { handed: {}, send: (worker) => sendMessages(worker, burst, elements) };
  if (kind === 'ring') return await ringSender(burst, elements);
  const module = await loadRingbuf();
  if (module === undefined) return MISSING;
  const storage = module.RingBuffer.getStorageForCapacity(SLOTS * WORDS, Int32Array);
  const ring = new module.RingBuffer(storage, Int32Array);
  return { handed: { storage }, send: () => sendWords(ring, burst, elements) };
}

async function ringSender(burst: number, elements: number): Promise<Sender> {
  const { hostPages } = await import('@netcx/dma');
  const { hostBytes, i32, wasm } = await import('@netcx/dma/memory');
  const { Ring, RingProducer } = await import('@netcx/rings');
  const { sendElements } = await import('./two-workers-hot.ts');
  const options = { name: 'bench', elements: SLOTS, stride: WORDS * 4 };
  const offset = hostPages.allocate(Ring.bytes(options));
  Ring.create(offset, options);
  const producer = RingProducer.attach(offset, 'bench');
  const handed = { offset, shared: { memory: wasm!, hostBytes } };
  if (i32.length === 0) throw new Error('no memory');
  return {
    handed,
    send() {
      sendElements(producer, burst, 0, elements * WARM_UP);
      const begin = hrtime.bigint();
      sendElements(producer, burst, elements * WARM_UP, elements);
      return begin;
    },
  };
}

function sendWords(ring: WordRing, burst: number, elements: number): bigint {
  const words = new Int32Array(burst * WORDS);
  let begin = 0n;
  for (let n = 0; n < elements; n += burst) {
    if (n === elements * WARM_UP) begin = hrtime.bigint();
    for (let index = 0; index < burst; index++) {
      words[index * 4] = n + index;
      words[index * 4 + 1] = (n + index) ^ 0x55;
      words[index * 4 + 2] = 3;
      words[index * 4 + 3] = (n + index) << 1;
    }
    let pushed = ring.push(words);
    while (pushed < words.length) pushed += ring.push(words.subarray(pushed));
  }
  return begin;
}

/** At most 64 messages are under way: the receiver acknowledges each. */
async function sendMessages(worker: Worker, burst: number, elements: number): Promise<bigint> {
  let begin = 0n;
  for (let n = 0; n < elements; n += burst) {
    if (n === elements * WARM_UP) begin = hrtime.bigint();
    worker.postMessage(
      Array.from({ length: burst }, (_, index) => ({
        first: n + index,
        second: (n + index) ^ 0x55,
        third: 3,
        fourth: (n + index) << 1,
      })),
    );
    if (n % (burst * 64) === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  return begin;
}

async function receive(port: MessagePort): Promise<void> {
  const { kind, burst, elements, offset, shared, storage } = workerData as Handed;
  const tell = (sum: number): void => {
    port.postMessage({ sum, at: String(hrtime.bigint()) });
  };
  if (kind === 'messages') {
    let sum = 0;
    let got = 0;
    port.on('message', (list: { first: number; second: number; third: number; fourth: number }[]) => {
      for (const { first, second, third, fourth } of list) sum = (sum + first + second + third + fourth) | 0;
      got += list.length;
      if (got === elements) tell(sum);
    });
    port.postMessage('ready');
  } else if (kind === 'ring') {
    const { provideMemory } = await import('@netcx/dma/provide');
    provideMemory(shared!);
    const { RingConsumer } = await import('@netcx/rings');
    const { receiveElements } = await import('./two-workers-hot.ts');
    const consumer = RingConsumer.attach(offset!, 'bench');
    port.postMessage('ready');
    tell(receiveElements(consumer, elements));
  } else {
    const { RingBuffer } = (await loadRingbuf())!;
    const ring = new RingBuffer(storage!, Int32Array);
    const words = new Int32Array(burst * WORDS);
    port.postMessage('ready');
    let sum = 0;
    for (let got = 0; got < elements * WORDS;) {
      const count = ring.pop(words);
      for (let index = 0; index < count; index++) sum = (sum + words[index]!) | 0;
      got += count;
    }
    tell(sum);
  }
}

if (!isMainThread && parentPort !== null) await receive(parentPort);
