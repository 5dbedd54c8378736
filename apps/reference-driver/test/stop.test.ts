/* Stopping, in every situation that a driver finds itself in: idle, under traffic, without a link, without a device. */

import { hostPages, Iommu } from '@netcx/dma';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DriverError } from '../src/index.ts';
import { arriving, firstWrong, frame, Pair } from './pair.ts';

let taken = 0;
beforeEach(() => {
  taken = hostPages.bytesTaken;
});
afterEach(() => {
  expect(hostPages.bytesTaken).toBe(taken);
});

it('starts again after a stop, any number of times', async () => {
  const pair = new Pair({ ringSize: 64 });
  for (let round = 0; round < 5; round++) {
    await pair.start();
    const frames = Array.from({ length: 150 }, (_, number) => frame(60 + number, 1000 * round + number));
    for (const bytes of frames) pair.send(pair.a, bytes);
    pair.clock.advance(10e6);
    expect(
      firstWrong(
        pair.b.arrivals.splice(0).map(({ bytes }) => bytes),
        frames,
      ),
    ).toBeUndefined();
    await pair.stop();
    expect(pair.a.driver.adapter.linkState.connected).toBe(false);
    expect(hostPages.bytesTaken).toBe(taken);
  }
  await pair.close();
});

it('refuses a second start, and goes on', async () => {
  const pair = await Pair.started();
  await expect(pair.clock.drive(pair.a.driver.start())).rejects.toMatchObject({ code: 'STARTED' });
  pair.send(pair.a, frame(60));
  pair.clock.advance(10e6);
  expect(pair.b.arrivals).toHaveLength(1);
  await pair.close();
});

it('takes a stop of what was never started, and a second stop', async () => {
  const pair = new Pair();
  await pair.stop();
  await pair.start();
  await pair.stop();
  await pair.close();
});

describe.each([false, true])('under traffic, IOMMU %s', (iommu) => {
  it('sends what was submitted, in order, then stops', async () => {
    const pair = await Pair.started({ iommu });
    const frames = Array.from({ length: 200 }, (_, number) => frame(600, number));
    for (const bytes of frames) expect(pair.a.trySend(bytes)).toBe(true);
    pair.clock.advance(1);
    await pair.clock.drive(pair.a.driver.stop());
    expect(pair.a.completed).toBe(200);
    expect(pair.a.driver.counters().transmit.unsent).toBe(0);
    pair.clock.advance(10e6);
    expect(
      firstWrong(
        pair.b.arrivals.map(({ bytes }) => bytes),
        frames,
      ),
    ).toBeUndefined();
    await pair.close();
  });

  it('stops while it receives: what it shows is whole and in order', async () => {
    const pair = await Pair.started({ iommu });
    const frames = Array.from({ length: 250 }, (_, number) => frame(1514, number));
    for (const bytes of frames) expect(pair.a.trySend(bytes)).toBe(true);
    pair.clock.advance(1e6); // 250 frames take 3 ms on the wire
    await pair.clock.drive(pair.b.driver.stop());
    const arrived = pair.b.arrivals.map(({ bytes }) => bytes);
    expect(arrived.length).toBeGreaterThan(20);
    expect(arrived.length).toBeLessThan(250);
    expect(firstWrong(arrived, frames.slice(0, arrived.length))).toBeUndefined();
    const { domain } = pair.b;
    if (domain instanceof Iommu) {
      expect(domain.mappedPages).toBe(0);
      pair.clock.advance(10e6); // the rest arrives at a chip that nobody serves
      expect(domain.faultCount).toBe(0);
    }
    await pair.close();
  });
});

describe('a link that goes', () => {
  it('is told both ways, and what was sent meanwhile waits for it', async () => {
    const pair = await Pair.started();
    const first = Array.from({ length: 100 }, (_, number) => frame(1514, number));
    for (const bytes of first) pair.send(pair.a, bytes);
    pair.clock.advance(100e3);
    pair.link.b.enable(false);
    pair.awaitLink(false);
    expect([pair.a.linkChanges, pair.b.linkChanges]).toEqual([
      [true, false],
      [true, false],
    ]);
    const lost = pair.link.counters().aToB.lostFrames;
    expect(lost).toBeGreaterThan(0);
    const arrived = pair.b.arrivals.length;
    const meanwhile = Array.from({ length: 50 }, (_, number) => frame(60, 1000 + number));
    for (const bytes of meanwhile) expect(pair.a.trySend(bytes)).toBe(true);
    pair.clock.advance(50e6);
    expect(pair.b.arrivals).toHaveLength(arrived);

    pair.link.b.enable(true);
    pair.awaitLink(true);
    pair.clock.advance(50e6);
    const all = pair.b.arrivals.map(({ bytes }) => bytes);
    // Each arrived or was lost on the cable; the order is that of sending, and nothing came twice.
    expect(all).toHaveLength(150 - lost);
    expect(
      firstWrong(
        all,
        [...first, ...meanwhile].filter((bytes) => all.some((other) => Buffer.compare(bytes, other) === 0)),
      ),
    ).toBeUndefined();
    expect(firstWrong(all.slice(-50), meanwhile)).toBeUndefined();
    expect(pair.a.edge().pending).toBe(0);
    await pair.close();
  });

  it('does not keep the driver from stopping: what was not sent is given up and counted', async () => {
    const pair = await Pair.started({ queues: 2 });
    pair.link.b.enable(false);
    pair.awaitLink(false);
    for (let number = 0; number < 255; number++) expect(pair.a.trySend(frame(60, number))).toBe(true);
    for (let number = 0; number < 7; number++) expect(pair.a.trySend(frame(60, number), { queue: 1 })).toBe(true);
    pair.clock.advance(1e6);
    const { clock, a } = pair;
    const before = clock.now();
    await clock.drive(a.driver.stop());
    expect(clock.now() - before).toBeLessThan(10e6);
    expect(a.driver.counters().transmit.unsent).toBe(262);
    expect(a.completed).toBe(262);
    await pair.close();
  });
});

it('gives up on a chip that does not move', async () => {
  const pair = await Pair.started();
  // A hand on the chip's registers: it sends nothing any more, though its link is up.
  pair.a.nic.registers.write32(0x400, 0);
  for (let number = 0; number < 20; number++) pair.a.trySend(frame(60, number));
  pair.clock.advance(1e6);
  expect(pair.a.completed).toBe(0);
  await pair.clock.drive(pair.a.driver.stop());
  expect(pair.a.completed).toBe(20);
  expect(pair.a.driver.counters().transmit.unsent).toBe(20);
  await pair.close();
});

describe('a device that is pulled out', () => {
  it.each([false, true])(
    'under traffic, IOMMU %s: the link goes, nothing throws, everything comes back',
    async (iommu) => {
      const pair = await Pair.started({ iommu });
      const { a, b, clock } = pair;
      for (let number = 0; number < 200; number++) {
        a.trySend(frame(1514, number));
        b.trySend(frame(1514, number));
      }
      clock.advance(500e3);
      a.slot.remove();
      clock.advance(50e6);
      expect(a.driver.adapter.linkState.connected).toBe(false);
      expect(b.driver.adapter.linkState.connected).toBe(false);
      a.trySend(frame(60));
      clock.advance(1e6);
      await clock.drive(a.driver.stop());
      await expect(clock.drive(a.driver.start())).rejects.toMatchObject({ code: 'DEVICE_GONE' });
      await pair.close();
    },
  );

  it('is an error of its own for a new driver', () => {
    const pair = new Pair();
    pair.a.slot.remove();
    expect(() => new Pair({ bus: () => pair.a.slot })).toThrow(DriverError);
    expect(() => new Pair({ bus: () => pair.a.slot })).toThrow(/^DEVICE_GONE: a: nothing answers/);
  });
});

it('sends frames that the chip was given before the stop even when they are short', async () => {
  const pair = await Pair.started();
  const frames = [frame(14, 1), frame(20, 2), frame(59, 3)];
  for (const bytes of frames) pair.a.trySend(bytes);
  pair.clock.advance(1);
  await pair.clock.drive(pair.a.driver.stop());
  pair.clock.advance(1e6);
  expect(
    firstWrong(
      pair.b.arrivals.map(({ bytes }) => bytes),
      frames.map(arriving),
    ),
  ).toBeUndefined();
  await pair.close();
});
