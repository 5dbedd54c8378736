/* A virtual clock along real time: alarms come in time, parts get their turns, faults do not stop it. */

import { setTimeout as sleep } from 'node:timers/promises';
import { MICROSECOND, MILLISECOND, VirtualClock } from '@netcx/clock';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { EventCount, RealTime } from '../src/index.ts';
import { watch } from '../src/libc.ts';

let clock: VirtualClock;
let time: RealTime;
let faults: unknown[];
/** When the clock was at 0, or a little before. */
let origin: number;
beforeEach(() => {
  clock = new VirtualClock();
  faults = [];
  origin = performance.now();
  time = new RealTime(clock, (error) => faults.push(error));
});
afterEach(() => time.stop());

/** How late an alarm goes off, in milliseconds. It counts from where the clock stands, which is where its last turn ended. */
async function lateness(delay: number): Promise<number> {
  const due = origin + (clock.now() + delay) / MILLISECOND;
  return new Promise((resolve) => {
    clock.alarm(() => resolve(performance.now() - due)).after(delay);
    time.run();
  });
}

it('lets alarms go off neither early nor much too late', async () => {
  for (const delay of [0, 20 * MICROSECOND, 300 * MICROSECOND, 3 * MILLISECOND, 12 * MILLISECOND]) {
    // The machine may be busy now and then, and not each of many times.
    let best = Infinity;
    for (let tries = 0; tries < 200 && best >= 5; tries++) {
      const late = await lateness(delay);
      expect(late).toBeGreaterThanOrEqual(0);
      best = Math.min(best, late);
    }
    expect(best).toBeLessThan(5);
  }
  expect(faults).toEqual([]);
});

it('wakes for a descriptor, and turns until there is no more to do', async () => {
  const event = new EventCount();
  const turns: number[] = [];
  let ended: { close(): void } | undefined;
  let left = 0;
  time.add({
    fd: event.fd,
    due: false,
    onReady: (wake) => (ended = watch(event.fd, 'readable', wake)),
    turn: () => {
      const count = event.take();
      if (count > 0) left = 3;
      turns.push(count);
      return left-- > 0;
    },
  });
  turns.splice(0);
  await import('node:fs').then(({ writeSync }) => writeSync(event.fd, new Uint8Array([2, 0, 0, 0, 0, 0, 0, 0])));
  for (const end = performance.now() + 120_000; turns.length < 4 && performance.now() < end;) await sleep(5);
  await sleep(20); // and no more
  expect(turns).toEqual([2, 0, 0, 0]);
  ended?.close();
  event.close();
});

it('goes on after what an alarm throws', async () => {
  clock
    .alarm(() => {
      throw new Error('on purpose');
    })
    .after(MILLISECOND);
  const reached = new Promise<void>((resolve) => clock.alarm(() => resolve()).after(5 * MILLISECOND));
  time.run();
  await reached;
  expect(faults).toEqual([new Error('on purpose')]);
});

it('stops for good', async () => {
  let went = false;
  clock.alarm(() => (went = true)).after(10 * MILLISECOND);
  time.run();
  time.stop();
  time.run();
  await sleep(30);
  expect(went).toBe(false);
});
