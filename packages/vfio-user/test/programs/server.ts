/* A worker that serves a NIC, whose cable leads back to itself, in real time. Its data says where. */

import { readFileSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { VirtualClock } from '@netcx/clock';
import { LoopbackLink } from '@netcx/hardware';
import { Nic82576 } from '@netcx/nic-82576';
import { RealTime, VfioUserServer } from '../../src/index.ts';

/** Milliseconds of processor time of this thread. */
function usedByThread(): number {
  const [user, system] = readFileSync('/proc/thread-self/stat', 'latin1')
    .replace(/^.*\) /, '')
    .split(' ')
    .slice(11);
  return (Number(user) + Number(system)) * 10; // ticks of a hundredth of a second
}

const { socket } = workerData as { readonly socket: string };
const clock = new VirtualClock();
const link = new LoopbackLink(clock);
const nic = new Nic82576({ clock, link: link.end, macAddress: [2, 0, 0, 0, 0, 1] });
const server = new VfioUserServer({
  socket,
  endpoint: nic,
  onEvent: ({ kind, detail }) => parentPort?.postMessage(`${kind} ${detail}`.trim()),
});
const time = new RealTime(clock, (error) => parentPort?.postMessage(`fault ${String(error)}`));
time.add(server);
parentPort?.on('message', (request) => {
  if (request === 'counters') parentPort?.postMessage(server.counters());
  if (request === 'used') parentPort?.postMessage(usedByThread());
  if (request === 'fall') throw new Error('a fault, on purpose');
  if (request !== 'close') return;
  time.stop();
  server.close();
  parentPort?.close();
});
parentPort?.postMessage('listening');
