/* What a software NIC does beyond what every driver must: its wire, its buffers, and what is lost. */

import { VirtualClock } from '@netcx/clock';
import { hostPages } from '@netcx/dma';
import { expect, it } from 'vitest';
import { WireEnd } from '../src/index.ts';
import { buildNic, buildPair, frameOf, send } from './pair.ts';

it('carries frames both ways at once, byte for byte and in order', async () => {
  const taken = hostPages.bytesTaken;
  const { clock, left, right } = buildPair();
  left.driver.start();
  right.driver.start();
  const there = Array.from({ length: 40 }, (_, number) => frameOf(60 + number * 37, number));
  const back = there.map(({ length }, number) => frameOf(length, number + 100));
  there.forEach((frame, index) => {
    expect(send(left.driver.adapter, frame) && send(right.driver.adapter, back[index]!)).toBe(true);
  });
  clock.run();
  expect(right.listener.frames).toEqual(there);
  expect(left.listener.frames).toEqual(back);
  await clock.drive(Promise.all([left.driver.stop(), right.driver.stop()]));
  expect(hostPages.bytesTaken).toBe(taken);
});

it('receives on a loopback what it sends', async () => {
  const clock = new VirtualClock();
  const { driver, listener } = buildNic(clock, 'loopback', WireEnd.loopback());
  driver.start();
  expect(listener.links).toEqual([true]);
  send(driver.adapter, frameOf(100, 3));
  clock.run();
  expect(listener.frames).toEqual([frameOf(100, 3)]);
  await clock.drive(driver.stop());
  expect(listener.links).toEqual([true, false]);
});

it('has a link while something is plugged in at both ends', async () => {
  const { clock, left, right } = buildPair();
  left.driver.start();
  expect(left.driver.adapter.linkState.connected).toBe(false);
  right.driver.start();
  expect([left.listener.links, right.listener.links]).toEqual([[true], [true]]);
  await clock.drive(right.driver.stop());
  expect([left.listener.links, right.listener.links]).toEqual([
    [true, false],
    [true, false],
  ]);
  await clock.drive(left.driver.stop());
  expect(left.listener.links).toEqual([true, false]);
});

it('counts frames that find nobody at the far end, and completes them', async () => {
  const { clock, wire, left } = buildPair();
  left.driver.start();
  for (let number = 0; number < 5; number++) send(left.driver.adapter, frameOf(64, number));
  clock.run();
  expect(wire.a.lost).toBe(5);
  expect(left.driver.adapter.transmitQueues[0]!.edge.ring.driverCount).toBe(0);
  await clock.drive(left.driver.stop());
});

it('loses frames once every buffer is held, and receives again when they are back', async () => {
  const { clock, wire, left, right } = buildPair();
  left.driver.start();
  right.driver.start();
  right.listener.holds = true;
  let sent = 0;
  while (wire.a.lost === 0 && sent < 10_000) {
    if (send(left.driver.adapter, frameOf(64, sent))) sent++;
    clock.run();
  }
  const held = right.listener.frames.length;
  expect(wire.a.lost).toBe(1);
  expect(held).toBeLessThan(sent);
  right.listener.holds = false;
  right.listener.letGo();
  clock.run();
  // What had arrived and waited for a fragment is shown now, and the next frame finds room.
  expect(right.listener.frames.length).toBe(sent - 1);
  send(left.driver.adapter, frameOf(64, 7));
  clock.run();
  expect(right.listener.frames.at(-1)).toEqual(frameOf(64, 7));
  await clock.drive(Promise.all([left.driver.stop(), right.driver.stop()]));
});

it('stays stoppable when a protocol held buffers at the first try', async () => {
  const taken = hostPages.bytesTaken;
  const { clock, left, right } = buildPair();
  left.driver.start();
  right.driver.start();
  right.listener.holds = true;
  send(left.driver.adapter, frameOf(64, 1));
  clock.run();
  await expect(clock.drive(right.driver.stop())).rejects.toMatchObject({ code: 'STILL_HELD' });
  right.listener.letGo();
  await clock.drive(Promise.all([left.driver.stop(), right.driver.stop()]));
  expect(hostPages.bytesTaken).toBe(taken);
});

it('takes no frame that no Ethernet frame can be as long as', async () => {
  const { clock, wire, right } = buildPair();
  right.driver.start();
  wire.a.plug({ reserve: () => 0, commit: () => undefined, linkChanged: () => undefined });
  for (const length of [0, 1, 13, 59, 1515, 2048, 65_535]) expect(wire.a.reserve(length)).toBe(0);
  for (const length of [60, 1514]) expect(wire.a.reserve(length)).toBeGreaterThan(0);
  expect(wire.a.lost).toBe(7);
  await clock.drive(right.driver.stop());
});

it('does not start again once it was pulled out', async () => {
  const { clock, left, right } = buildPair();
  left.driver.start();
  right.driver.start();
  left.driver.remove();
  expect([left.listener.links, right.listener.links]).toEqual([
    [true, false],
    [true, false],
  ]);
  await clock.drive(Promise.all([left.driver.stop(), right.driver.stop()]));
  expect(() => left.driver.start()).toThrow('left was pulled out');
});
