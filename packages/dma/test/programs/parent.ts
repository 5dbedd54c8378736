/*
 * A process that shares its memory with a worker: both write, both read, and each hands out pages of its own.
 */

import { stdout } from 'node:process';
import { Worker } from 'node:worker_threads';
import { hostPages, PAGE_BYTES } from '../../src/index.ts';
import { buffer, hostBytes, i32, wasm } from '../../src/memory.ts';

const run = hostPages.allocate(4 * PAGE_BYTES, { owner: 'worker' });
i32[run >> 2] = 0x1234_5678;

const worker = new Worker(new URL('./worker.js', import.meta.url), {
  workerData: { memory: wasm, hostBytes, pages: { start: run, end: run + 4 * PAGE_BYTES } },
});
const heard = await new Promise<Record<string, unknown>>((resolve, reject) => {
  worker.once('message', resolve);
  worker.once('error', reject);
});
stdout.write(
  JSON.stringify({
    ...heard,
    run,
    shared: buffer instanceof SharedArrayBuffer,
    fromWorker: Atomics.load(i32, (run >> 2) + 1),
    copied: i32[(run + 3 * PAGE_BYTES) >> 2],
  }),
);
await worker.terminate();
