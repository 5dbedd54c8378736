/*
 * A worker's thread: started from what was built, or, in a checkout, from source.
 */

import { Worker } from 'node:worker_threads';
import type { WorkerSettings } from './messages.ts';

/**
 * @param workerData - what the worker is told
 * @returns its thread, which reports once it is there
 */
export function startThread(workerData: WorkerSettings): Worker {
  const here = import.meta.url;
  const options = { workerData, name: workerData.name };
  if (!here.endsWith('.ts')) return new Worker(new URL('./worker-main.js', here), options);
  // A loader of sources that the main thread has does not reach into workers.
  const loader = import.meta.resolve('tsx/esm/api');
  const module = new URL('./worker-main.ts', here).href;
  const start = `import(${JSON.stringify(loader)}).then(({ register }) => { register(); return import(${JSON.stringify(module)}); })`;
  return new Worker(start, { ...options, eval: true, execArgv: ['--conditions=@netcx/source'] });
}
