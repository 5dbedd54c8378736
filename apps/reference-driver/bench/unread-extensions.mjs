/*
 * What extensions cost that are registered and that nobody reads: adapters with and without four of them, 16 queues each, on the
 * device in wide-nic.mjs, take turns many times in one process. An adapter is up to some percent slower than one that was made
 * before it, extensions or not; so there are two such processes, and those that have them in one have none in the other. Times
 * are the processor's: `node bench/unread-extensions.mjs`. Prints one JSON object; the middle one of all turns decides.
 */

import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { VirtualClock } from '@netcx/clock';
import { provideMemory } from '@netcx/dma/provide';

provideMemory({ hostBytes: 256 * 1024 * 1024, deviceBytes: 4 * 1024 * 1024 });

const { defineExtension } = await import('@netcx/extensions');
const { u32 } = await import('@netcx/layout');
const { Forwarder } = await import('./forwarder.mjs');
const { fillWire, verifyWire, WideNic } = await import('./wide-nic.mjs');

const QUEUES = 16;
const BLOCK = 65_536;
const TURNS = 40;
/** Which of the adapters have extensions, in the order in which they are made; and the other way round. */
const ORDERS = ['01101001', '10010110'];
const FRAME_BYTES = 64;
const order = process.argv[2];
if (order === undefined) {
  const file = fileURLToPath(import.meta.url);
  const found = ORDERS.map((each) => JSON.parse(execFileSync(process.execPath, [file, each], { encoding: 'utf8' })));
  const mean = (figure) => found.reduce((sum, each) => sum + each[figure], 0) / found.length;
  const nanoseconds = mean('nanoseconds');
  console.log(JSON.stringify({ nanoseconds, 'percent more with extensions': (mean('ratio') - 1) * 100 }));
  process.exit();
}

const four = Array.from({ length: 4 }, (_, index) =>
  defineExtension({
    ...{ name: `bench_${index}`, version: 1, size: 4, alignment: 4, level: index % 2 === 0 ? 'packet' : 'fragment' },
    fields: { value: u32(0) },
  }),
);
const clock = new VirtualClock({ seed: 1 });
fillWire(FRAME_BYTES);
const [, ...nics] = [...`0${order}`].map((extended, index) => {
  const extensions = extended === '1' ? four : [];
  const nic = new WideNic(clock, { name: `adapter ${index}`, queues: QUEUES, ringSize: 128, extensions });
  nic.adapter.attachProtocol(new Forwarder(nic.adapter, true));
  nic.start();
  clock.run();
  nic.run(100_000);
  return nic;
});
const plain = nics.filter((_, index) => order[index] === '0');
const extended = nics.filter((_, index) => order[index] === '1');
const median = (values) => values.sort((one, other) => one - other)[values.length >> 1];

/** Nanoseconds of the processor's a packet. */
function measure(nic) {
  const before = process.cpuUsage();
  const packets = nic.run(BLOCK);
  const { user, system } = process.cpuUsage(before);
  return ((user + system) * 1000) / packets;
}

for (let round = 0; round < 10; round++) for (const nic of nics) nic.run(100_000);
const without = [];
const ratios = [];
for (let turn = 0; turn < TURNS; turn++) {
  let [one, other] = [0, 0];
  // Never one twice running: it would find its rings in the caches.
  for (const index of plain.keys()) {
    one += measure(plain[index]);
    other += measure(extended[index]);
  }
  without.push(one / plain.length);
  ratios.push(other / one);
}
verifyWire(FRAME_BYTES);
console.log(JSON.stringify({ nanoseconds: median(without), ratio: median(ratios) }));
