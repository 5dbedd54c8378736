/*
 * Two workers with a queue pair each, against one: the whole path in each of them, over one memory, on frames of the flows that
 * receive-side scaling has for it. Rounds alternate. Besides the wall clock, what each thread was on a processor counts: on a busy machine
 * it alone says what workers cost each other. `node bench/workers.bench.mjs [rounds] [frame bytes]`. The last line is for programs.
 */

import { RealClock } from '@netcx/clock';
import { allocateWire, Frame, FRAME_HEADER_BYTES, i32, u8 } from '@netcx/hardware/wire';
import { FlowSteering } from '@netcx/nic-82576';
import { WorkerGroup } from '@netcx/workers';

const WARM_UP = 4_000_000;
const BLOCK = 2_000_000;
const BURST = 32;
const WORKERS = 2;

const rounds = Number(process.argv[2] ?? 15);
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

const seconds = (start) => Number(process.hrtime.bigint() - start) / 1e9;
const one = { wall: [], processor: [] };
const two = { wall: [], processor: [] };
const ratio = { wall: [], processor: [] };
for (let round = 0; round < rounds; round++) {
  let start = process.hrtime.bigint();
  const alone = await group.call(round % WORKERS, 'run', { packets: BLOCK });
  const wallOne = BLOCK / seconds(start) / 1e6;
  start = process.hrtime.bigint();
  const together = await group.callAll('run', { packets: BLOCK });
  const wallTwo = (WORKERS * BLOCK) / seconds(start) / 1e6;
  const processorOne = (BLOCK / alone.processor) * 1e3;
  const processorTwo = together.reduce((sum, { processor }) => sum + (BLOCK / processor) * 1e3, 0);
  one.wall.push(wallOne);
  one.processor.push(processorOne);
  two.wall.push(wallTwo);
  two.processor.push(processorTwo);
  ratio.wall.push(wallTwo / wallOne);
  ratio.processor.push(processorTwo / processorOne);
}
await group.stop();
await group.close();
clock.close();

console.log(`${frameBytes} bytes, ${rounds} rounds; million packets a second, median (least..most)`);
for (const by of ['wall', 'processor'])
  console.log(
    `  by ${by.padEnd(9)} one worker ${median(one[by]).toFixed(2)} (${range(one[by])}), two ${median(two[by]).toFixed(2)} (${range(two[by])}), ` +
      `ratio ${median(ratio[by]).toFixed(2)} (${range(ratio[by])})`,
  );
console.log(
  JSON.stringify({
    ...{ 'Mpps, one': median(one.wall), 'Mpps, two': median(two.wall), 'two to one': median(ratio.wall) },
    'two to one, by processor time': median(ratio.processor),
  }),
);
