/*
 * What an event costs: setting an alarm and having it go off, on the built package, and how often the garbage collector
 * ran meanwhile (nothing here may allocate). Run from the package's folder after a build: npx tsx bench/alarm.bench.ts
 */

import { PerformanceObserver } from 'node:perf_hooks';
import { hrtime } from 'node:process';
import { VirtualClock, type Alarm } from '@netcx/clock';

const EVENTS = 100_000;
const ROUNDS = 40;

let collections = 0;
const observer = new PerformanceObserver((list) => {
  collections += list.getEntries().length;
});
observer.observe({ entryTypes: ['gc'] });

/** So many alarms that each set themselves again until all events have gone off. */
function circle(alarms: number, again: (alarm: Alarm, index: number) => void): () => void {
  const clock = new VirtualClock();
  let left = 0;
  const all = Array.from({ length: alarms }, (_, index) => {
    const alarm: Alarm = clock.alarm(() => {
      if (--left > 0) again(alarm, index);
    });
    return alarm;
  });
  return () => {
    left = EVENTS;
    for (const alarm of all) alarm.soon();
    clock.run();
  };
}

async function measure(name: string, work: () => void): Promise<void> {
  for (let round = 0; round < ROUNDS; round++) work();
  // The observer hears of collections later: those of the warm-up are not counted.
  await new Promise((resolve) => setTimeout(resolve, 20));
  collections = 0;
  const samples: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const start = hrtime.bigint();
    work();
    samples.push(Number(hrtime.bigint() - start) / EVENTS);
  }
  await new Promise((resolve) => setTimeout(resolve, 20));
  samples.sort((a, b) => a - b);
  const [least = NaN] = samples;
  const median = samples[ROUNDS >> 1] ?? NaN;
  console.log(
    `${name.padEnd(28)} ${least.toFixed(1).padStart(6)} ns least ${median.toFixed(1).padStart(6)} ns median ${String(collections).padStart(3)} collections`,
  );
}

console.log(`an event, ${EVENTS} a round, ${ROUNDS} rounds`);
await measure(
  'soon, 4 alarms',
  circle(4, (alarm) => alarm.soon()),
);
await measure(
  'after, 1 alarm',
  circle(1, (alarm) => alarm.after(1000)),
);
await measure(
  'after, 8 alarms',
  circle(8, (alarm, index) => alarm.after(1000 + index * 7)),
);
await measure(
  'after, 64 alarms',
  circle(64, (alarm, index) => alarm.after(1000 + index * 7)),
);
await measure(
  'set and unset, 8 alarms',
  circle(8, (alarm) => {
    alarm.after(5000);
    alarm.cancel();
    alarm.soon();
  }),
);
observer.disconnect();
