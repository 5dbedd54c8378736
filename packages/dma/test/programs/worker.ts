/*
 * The worker of parent.ts: takes the memory that it was handed, before anything loads the memory module.
 */

import { parentPort, workerData } from 'node:worker_threads';
import { provideMemory, type SharedMemory } from '../../src/provide.ts';

const handed = workerData as Required<SharedMemory>;
provideMemory(handed);
const { i32, hostBytes } = await import('../../src/memory.ts');
const { hostPages } = await import('../../src/index.ts');
const { copy } = await import('../../src/copy.ts');

const { start } = handed.pages;
const seen = i32[start >> 2];
copy(start + 3 * 4096, start, 64);
const free = hostPages.bytesFree;
const first = hostPages.allocate(4096);
Atomics.store(i32, (start >> 2) + 1, 0x0bad_cafe); // the pages are zeroed as they are handed out
parentPort?.postMessage({ seen, hostBytes, free, first });
