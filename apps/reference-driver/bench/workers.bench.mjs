/*
 * Two workers with a queue pair each, against one: the whole path in each of them, over one memory, on frames of the flows that
 * receive-side scaling has for it. Rounds alternate. Each worker takes its time as tooling/bench/timing.mjs does, and so each
 * figure stands there twice: undisturbed, which says what workers cost each other, and over all the time, whoever else used the
 * processors. `node bench/workers.bench.mjs [rounds] [frame bytes]`. The last line is for programs.
 */

import { RealClock } from '@netcx/clock';
import { allocateWire, Frame, FRAME_HEADER_BYTES, i32, u8 } from '@netcx/hardware/wire';
import { FlowSteering } from '@netcx/nic-82576';
import { WorkerGroup } from '@netcx/workers';

const WARM_UP = 4_000_000;
const BURST = 32;
const WORKERS = 2;

const rounds = Number(process.argv[2] ?? 5);
const frameBytes = Number(process.argv[3] ?? 64);
const slot = (FRAME_HEADER_BYTES + frameBytes + 7) & ~7;

/** A UDP datagram of a flow, for the load's adapter. */
function writeFrame(at, flow) {
  Frame.length.set(i32, at >>> 2, frameBytes);
  Frame.status.set(i32, at >>> 2, 0);
  const data = at + FRAME_HEADER_BYTES;
  for (let byte = 0; byte < frameBytes; byte++) u8[data + byte] = (byte * 7 + flow * 13) & 255;
  u8.set([2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 99, 8, 0, 0x45, 0, (frameBytes - 14) >> 8, (frameBytes - 14) & 255], data);
  u8.set([0, 0, 0x40, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 1, flow & 255, 0x10, flow >> 8, 0, 53], data + 18);
}

/** A burst for each worker, of the flows that steering has for it. */
function steeredBursts() {
  const steering = new FlowSteering({ targets: WORKERS });
  const bursts = Array.from({ length: WORKERS }, () => ({ offset: allocateWire(slot * BURST), frames: 0 }));
  for (let flow = 0; bursts.some(({ frames }) => frames < BURST); flow++) {
    const trial = allocateWire(slot);
    writeFrame(trial, flow);
    const burst = bursts[steering.choose(trial + FRAME_HEADER_BYTES, frameBytes)];
    if (burst.frames < BURST) u8.copyWithin(burst.offset + slot * burst.frames++, trial, trial + slot);
  }
  return bursts;
}

const median = (list) => [...list].sort((one, other) => one - other)[list.length >> 1];
const range = (list) => `${Math.min(...list).toFixed(2)}..${Math.max(...list).toFixed(2)}`;

const clock = new RealClock();
const group = await WorkerGroup.open({
  workers: WORKERS,
  module: new URL('./worker-load.mjs', import.meta.url),
  clock,
  numbers: { frameBytes },
});
for (const [index, { offset }] of steeredBursts().entries())
  await group.call(index, 'take', { offset, bytes: slot * BURST });
await group.callAll('run', { packets: WARM_UP });

/** Million packets a second. */
const rate = (nanoseconds) => 1000 / nanoseconds;
const rates = (timings, figure) => timings.reduce((sum, timing) => sum + rate(timing[figure]), 0);
const one = { nanoseconds: [], all: [] };
const two = { nanoseconds: [], all: [] };
const ratio = { nanoseconds: [], all: [] };
const shares = [];
for (let round = 0; round < rounds; round++) {
  const alone = await group.call(round % WORKERS, 'measure', {});
  const together = await group.callAll('measure', {});
  for (const figure of ['nanoseconds', 'all']) {
    one[figure].push(rate(alone[figure]));
    two[figure].push(rates(together, figure));
    ratio[figure].push(two[figure].at(-1) / one[figure].at(-1));
  }
  shares.push(alone.undisturbed, ...together.map(({ undisturbed }) => undisturbed));
}
await group.stop();
await group.close();
clock.close();

console.log(`${frameBytes} bytes, ${rounds} rounds; million packets a second, median (least..most)`);
for (const [figure, when] of [
  ['nanoseconds', 'undisturbed'],
  ['all', 'all the time'],
])
  console.log(
    `  ${when.padEnd(12)} one worker ${median(one[figure]).toFixed(2)} (${range(one[figure])}), ` +
      `two ${median(two[figure]).toFixed(2)} (${range(two[figure])}), ratio ${median(ratio[figure]).toFixed(2)} (${range(ratio[figure])})`,
  );
console.log(
  JSON.stringify({
    ...{ 'Mpps, one': median(one.nanoseconds), 'Mpps, two': median(two.nanoseconds) },
    ...{ 'two to one': median(ratio.nanoseconds), 'two to one, all the time': median(ratio.all) },
    undisturbed: median(shares),
  }),
);
