/* The MTU changes while the adapter runs: queues are made anew, frames of the new length pass, longer ones do not. */

import { MILLISECOND } from '@netcx/clock';
import { hostPages } from '@netcx/dma';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { frame, Pair, type PairOptions } from './pair.ts';

let taken = 0;
beforeEach(() => {
  taken = hostPages.bytesTaken;
});
afterEach(() => {
  expect(hostPages.bytesTaken).toBe(taken);
});

it.each([
  {},
  { queues: 4, ringSize: 16 },
  { interrupts: 'intx' },
  { interruptInterval: 'adaptive' },
] as const satisfies readonly PairOptions[])('with %o, up and down again, under traffic', async (options) => {
  const pair = await Pair.started({ maximumMtu: 9000, ...options });
  const { a, b, clock } = pair;
  for (const mtu of [9000, 68, 4000, 1500]) {
    for (let number = 0; number < 20; number++) a.trySend(frame(60, number));
    await clock.drive(Promise.all([a, b].map(({ driver }) => driver.adapter.changeLinkLayerMtuSize(mtu))));
    clock.advance(MILLISECOND);
    a.arrivals.length = b.arrivals.length = 0;
    for (const [number, length] of [Math.max(60, mtu + 14), 60].entries()) {
      pair.send(a, frame(length, number));
      pair.send(b, frame(length, number));
    }
    pair.send(a, frame(mtu + 15));
    clock.advance(MILLISECOND);
    for (const { arrivals } of [a, b])
      expect(arrivals.map(({ bytes }) => bytes.length).sort((x, y) => x - y)).toEqual([60, Math.max(60, mtu + 14)]);
  }
  expect(a.driver.counters().resets).toBe(0);
  await pair.close();
});

it('is refused above what buffers were made for, and the old one stays', async () => {
  const pair = await Pair.started({ maximumMtu: 2000 });
  const { adapter } = pair.a.driver;
  await expect(pair.clock.drive(adapter.changeLinkLayerMtuSize(2001))).rejects.toThrow(/maximumMtu is 2000/);
  expect(adapter.mtu).toBe(1500);
  pair.send(pair.a, frame(1514, 1));
  pair.clock.advance(MILLISECOND);
  expect(pair.b.arrivals).toHaveLength(1);
  await pair.close();
});

it('stays over a stop and a start', async () => {
  const pair = await Pair.started({ maximumMtu: 9000 });
  const { driver } = pair.a;
  await pair.clock.drive(driver.adapter.changeLinkLayerMtuSize(4000));
  await pair.clock.drive(driver.stop());
  await pair.clock.drive(driver.start());
  expect(driver.adapter.mtu).toBe(4000);
  await pair.close();
});
