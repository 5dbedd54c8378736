/*
 * Owns: the start of a machine's worker: first the memory is chosen, then everything that holds views of it is loaded.
 * Invariant: the machine's RAM is the peer's, so host memory is as small as it can be, and device memory holds the copies
 * of descriptor rings beside frames.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { provideMemory } from '@netcx/dma/provide';
import type { ControlRequest, MachineReport, MachineSettings } from './worker-messages.ts';

const HOST_BYTES = 1024 * 1024;
const DEVICE_BYTES = 256 * 1024 * 1024;

const port = parentPort;
if (port === null) throw new Error('this module is a worker of netcx serve');
provideMemory({ hostBytes: HOST_BYTES, deviceBytes: DEVICE_BYTES });
const { startMachine } = await import('./served-machine.ts');
const report = (message: MachineReport): void => port.postMessage(message);
try {
  const machine = await startMachine(workerData as MachineSettings, report);
  port.on('message', (request: ControlRequest) => {
    void machine.carryOut(request).then((open) => {
      report({ kind: 'done' });
      if (!open) port.close();
    });
  });
  report({ kind: 'listening' });
} catch (error) {
  report({ kind: 'refused', message: (error as Error).message });
  port.close();
}
