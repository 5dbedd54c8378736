/*
 * The software path alone: driver, framework, rings and buffers, two adapters of 16 queues each, 64-byte frames in bursts of
 * 32; the NIC's part was computed beforehand (precomputed-nic.mjs). A first run checks that each frame that is sent is the one
 * that was received, in order. Prints one JSON object: `node bench/software-path.mjs [queues] [ring size]`.
 */

import { HostBridge } from '@netcx/bus';
import { MILLISECOND, VirtualClock } from '@netcx/clock';
import { IdentityMap } from '@netcx/dma';
import { LoopbackLink } from '@netcx/hardware';
import { ReferenceDriver } from '@netcx/reference-driver';
import { takeTime } from '@tooling/bench/timing';
import { Forwarder } from './forwarder.mjs';
import { BURST, PrecomputedNic } from './precomputed-nic.mjs';

const ADAPTERS = 2;
const FRAME_BYTES = 64;
const WARM_UP = 4_000_000;
const BLOCK = 32_768;

const queues = Number(process.argv[2] ?? 16);
const ringSize = Number(process.argv[3] ?? 128); // with 256, 16 queues take 46 ns where they take 40, one 24 either way
const clock = new VirtualClock({ seed: 1 });
const bridge = new HostBridge(clock);
const stations = [];
for (let index = 0; index < ADAPTERS; index++) {
  const macAddress = Uint8Array.of(2, 0, 0, 0, 0, index + 1);
  const nic = new PrecomputedNic({ clock, macAddress, link: new LoopbackLink(clock).end }, FRAME_BYTES);
  const slot = bridge.attach(nic, { dma: new IdentityMap() });
  const options = { queues, ringSize, interruptInterval: 0, checksumOffload: false, name: `adapter ${index}` };
  const driver = new ReferenceDriver(slot, clock, options);
  driver.adapter.attachProtocol(new Forwarder(driver.adapter, true));
  stations.push({ nic, driver });
}
await clock.drive(Promise.all(stations.map(({ driver }) => driver.start())));
clock.advance(100 * MILLISECOND);
for (const { nic } of stations) nic.take(queues);

let asked = 0;
function run(packets) {
  const each = Math.ceil(packets / ADAPTERS / BURST) * BURST;
  asked += each;
  for (const { nic } of stations) nic.begin(each);
  clock.run();
  for (const { nic } of stations) if (nic.sent !== asked) throw new Error(`${nic.sent} of ${asked} frames left`);
}

for (const { nic } of stations) nic.checked = true;
run(100_000);
for (const { nic } of stations) nic.checked = false;
run(WARM_UP);
const timing = takeTime(() => {
  run(BLOCK);
  return BLOCK;
});
console.log(JSON.stringify(timing));
