/*
 * Where a worker begins: first its memory is chosen, then everything is loaded that folds the memory's addresses into its code,
 * the station's module included. Nothing may be imported here that loads `@netcx/dma/memory`.
 */

import { parentPort, workerData } from 'node:worker_threads';
import { provideMemory } from '@netcx/dma/provide';
import type { Report, WorkerSettings } from './messages.ts';
import { remoteError } from './worker-error.ts';

const port = parentPort;
if (port === null) throw new Error('this module is a worker of @netcx/workers');
const settings = workerData as WorkerSettings;
const { memory, hostBytes, pages, device } = settings;
const report = (message: Report): void => port.postMessage(message);
try {
  provideMemory({ memory, hostBytes, pages, device });
  const { openWorker } = await import('./worker-side.ts');
  const heard = await openWorker(settings, report);
  port.on('message', heard);
  report({ kind: 'ready' });
} catch (error) {
  report({ kind: 'refused', error: remoteError(error) });
  port.close();
}
