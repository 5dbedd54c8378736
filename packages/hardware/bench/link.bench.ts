/*
 * What a link costs a frame: reserve, commit (which measures the burst) and delivery, in virtual time, for bursts of 32
 * frames of 60 bytes that lie there already, and how often the garbage collector ran meanwhile.
 * Run from the package's folder after a build: npx tsx bench/link.bench.ts
 */

import { PerformanceObserver } from 'node:perf_hooks';
import { hrtime } from 'node:process';
import { VirtualClock } from '@netcx/clock';
import { Link, type LinkPartner } from '@netcx/hardware';
import * as wire from '@netcx/hardware/wire';

const { Frame, FRAME_HEADER_BYTES, i32: m } = wire;
const FRAMES = 32;
const FRAME_BYTES = FRAME_HEADER_BYTES + 64;
const BURST_BYTES = FRAMES * FRAME_BYTES;
const IN_FLIGHT = 4;
const BURSTS = 20_000;
const ROUNDS = 30;

let collections = 0;
const observer = new PerformanceObserver((list) => {
  collections += list.getEntries().length;
});
observer.observe({ entryTypes: ['gc'] });

const clock = new VirtualClock();
const link = new Link(clock);
let received = 0;
const partner: LinkPartner = {
  receive: (_offset, frames) => {
    received += frames;
  },
  room: () => undefined,
  changed: () => undefined,
};
link.a.attach(partner);
link.b.attach(partner);
link.a.enable(true);
link.b.enable(true);
clock.run();

// The lane begins at its start again whenever it is empty, so the frames lie in the same few places.
const start = link.a.reserve(BURST_BYTES * IN_FLIGHT);
for (let frame = 0; frame < FRAMES * IN_FLIGHT; frame++) Frame.length.set(m, (start + frame * FRAME_BYTES) >> 2, 60);

function run(): void {
  for (let burst = 0; burst < BURSTS; burst++) {
    link.a.reserve(BURST_BYTES);
    link.a.commit(FRAMES, BURST_BYTES);
    if ((burst + 1) % IN_FLIGHT === 0) clock.run();
  }
}

for (let round = 0; round < ROUNDS; round++) run();
await new Promise((resolve) => setTimeout(resolve, 20));
collections = 0;
const samples: number[] = [];
for (let round = 0; round < ROUNDS; round++) {
  const before = hrtime.bigint();
  run();
  samples.push(Number(hrtime.bigint() - before) / BURSTS);
}
await new Promise((resolve) => setTimeout(resolve, 20));
observer.disconnect();
samples.sort((a, b) => a - b);
const [least = NaN] = samples;
const median = samples[ROUNDS >> 1] ?? NaN;
console.log(
  `a burst of ${FRAMES}: ${least.toFixed(0)} ns least, ${median.toFixed(0)} ns median; a frame: ${(least / FRAMES).toFixed(2)} ns least; ${collections} collections in ${ROUNDS * BURSTS} bursts`,
);
if (received === 0) throw new Error('nothing arrived');
