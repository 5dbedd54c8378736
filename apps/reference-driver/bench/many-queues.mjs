/*
 * What a packet costs when there are many queues: driver queues and framework on the device in wide-nic.mjs, bursts of 32 on
 * one queue after the other, rings of 128. A second adapter is alive and takes part in the warm-up. The frames go from queue to
 * queue, and are looked at in the end: `node bench/many-queues.mjs [queues]`. Prints one JSON object, with what a receive
 * and a transmit queue take besides buffers.
 */

import { provideMemory } from '@netcx/dma/provide';
import { takeTime } from '@tooling/bench/timing';

const DEVICE_BYTES = 64 * 1024 * 1024;
provideMemory({ hostBytes: 2 ** 31 - 65_536 - DEVICE_BYTES, deviceBytes: DEVICE_BYTES });

const { VirtualClock } = await import('@netcx/clock');
const { DESCRIPTOR_BYTES } = await import('@netcx/nic-82576/registers');
const { Ring } = await import('@netcx/rings');
const { Forwarder } = await import('./forwarder.mjs');
const { BURST, fillWire, verifyWire, WideNic } = await import('./wide-nic.mjs');

const queues = Number(process.argv[2] ?? 1);
const RING = 128;
const FRAME_BYTES = 64;
/** Once through all queues, where they are many. */
const BLOCK = Math.max(32_768, queues * BURST);

const clock = new VirtualClock({ seed: 1 });
const nics = [queues, 1].map((many, index) => {
  const nic = new WideNic(clock, { name: `adapter ${index}`, queues: many, ringSize: RING });
  nic.adapter.attachProtocol(new Forwarder(nic.adapter, true));
  nic.start();
  return nic;
});
clock.run();

fillWire(FRAME_BYTES);
for (const nic of nics) nic.run(2_000_000);
const timing = takeTime(() => nics[0].run(BLOCK));
verifyWire(FRAME_BYTES);
/** Everything that a queue has besides buffers: its rings, the edge's, the note of buffers, the device's descriptors. */
const bytesOf = ({ block: { ringBytes, rings, edge } }) =>
  ringBytes +
  Ring.bytes({ name: '', elements: edge.elements, stride: edge.stride * 4 }) +
  rings.fragments.elements * (4 + DESCRIPTOR_BYTES);
const [{ adapter }] = nics;
const [ringBytes, txRingBytes] = [adapter.receiveQueues[0], adapter.transmitQueues[0]].map(bytesOf);
console.log(JSON.stringify({ ...timing, ringBytes, txRingBytes }));
