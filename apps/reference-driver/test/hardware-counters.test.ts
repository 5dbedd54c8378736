/* What the chip counts, read by the driver: everything that was on the wire, also across resets, and nothing twice. */

import { MILLISECOND } from '@netcx/clock';
import { expect, it } from 'vitest';
import { frame, Pair } from './pair.ts';

it('counts what was sent and what came, with check sequences', async () => {
  const pair = await Pair.started();
  const { a, b, clock } = pair;
  const broadcast = frame(100, 1);
  broadcast.fill(255, 0, 6);
  const multicast = frame(100, 2);
  multicast[0] = 1;
  for (const bytes of [frame(60), frame(1514), broadcast, broadcast, multicast]) pair.send(a, bytes);
  clock.advance(MILLISECOND);
  const octets = 60 + 1514 + 3 * 100 + 5 * 4;
  expect(a.driver.hardwareCounters().transmit).toMatchObject({ frames: 5, octets, broadcasts: 2, multicasts: 1 });
  expect(b.driver.hardwareCounters().receive).toMatchObject({ frames: 5, octets, broadcasts: 2, multicasts: 1 });
  // Reading cleared the chip's counters; nothing is lost or counted twice.
  expect(b.driver.hardwareCounters().receive.frames).toBe(5);
  await clock.drive(b.driver.reset());
  pair.awaitLink(true);
  pair.send(a, frame(60));
  clock.advance(MILLISECOND);
  expect(b.driver.hardwareCounters().receive.frames).toBe(6);
  expect(b.driver.hardwareCounters().interrupts).toBeGreaterThan(0);
  await pair.close();
});

it('goes on over stops and sleeps, which the chip forgets everything in', async () => {
  const pair = await Pair.started();
  const { a, b, clock } = pair;
  const sendOne = (): void => {
    pair.awaitLink(true);
    pair.send(a, frame(60));
    clock.advance(MILLISECOND);
  };
  sendOne();
  await clock.drive(b.driver.stop());
  expect(b.driver.hardwareCounters().receive.frames).toBe(1);
  await clock.drive(b.driver.start());
  sendOne();
  await clock.drive(b.driver.sleep({}));
  await clock.drive(b.driver.start());
  sendOne();
  expect(b.driver.hardwareCounters().receive.frames).toBe(3);
  await pair.close();
});

it('counts frames that were lost where no ring could tell', async () => {
  const pair = await Pair.started({ ringSize: 8, flowControl: 'off' });
  const { a, b, clock } = pair;
  const hang = b.nic.faults.inject({ kind: 'hungQueue', direction: 'rx', queue: 0 });
  for (let number = 0; number < 200; number++) pair.send(a, frame(1514, number));
  clock.advance(20 * MILLISECOND);
  hang.lift();
  clock.advance(MILLISECOND);
  const { missed } = b.driver.hardwareCounters().receive;
  expect(missed).toBeGreaterThan(50);
  expect(b.arrivals.length + missed).toBe(200);
  await pair.close();
});

it('says what it knew when the chip is gone', async () => {
  const pair = await Pair.started();
  pair.send(pair.a, frame(60));
  pair.clock.advance(MILLISECOND);
  expect(pair.b.driver.hardwareCounters().receive.frames).toBe(1);
  pair.b.slot.remove();
  expect(pair.b.driver.hardwareCounters().receive.frames).toBe(1);
  await pair.close();
});
