/* 802.1Q tags, put in and taken out by the chip, alone and together with everything else that it does to frames. */

import { MILLISECOND } from '@netcx/clock';
import { TxChecksumAction } from '@netcx/extensions';
import { expect, it } from 'vitest';
import { largeFrame, largeWishes, wrongWithSegments } from './large-send.ts';
import { firstWrong, frame, Pair } from './pair.ts';
import { byte, recorded, unfinished, wishesFor } from './recorded-frames.ts';

const { Required } = TxChecksumAction;

/** A frame with its tag in it. */
function tagged(bytes: Uint8Array, tag: number): Uint8Array {
  return Uint8Array.from([...bytes.subarray(0, 12), 0x81, 0, tag >>> 8, tag & 255, ...bytes.subarray(12)]);
}

it('puts tags in, as they stand on the wire', async () => {
  const pair = await Pair.started({ vlanOffload: true, far: { vlanOffload: false } });
  const tags = [0x0000, 0x0001, 0xe064, 0x2fff, 0x0064];
  for (const [number, tag] of tags.entries()) pair.send(pair.a, frame(100, number), { tag });
  pair.send(pair.a, frame(100, 99));
  pair.clock.advance(MILLISECOND);
  const expected = [...tags.map((tag, number) => tagged(frame(100, number), tag)), frame(100, 99)];
  expect(
    firstWrong(
      pair.b.arrivals.map(({ bytes }) => bytes),
      expected,
    ),
  ).toBeUndefined();
  expect(pair.a.driver.counters().transmit.contexts).toBe(tags.length);
  await pair.close();
});

it('takes them out, and tells of each', async () => {
  const pair = await Pair.started({ vlanOffload: true });
  const tags = [0x0001, 0xffff & ~0x1000, 0x4005];
  for (const [number, tag] of tags.entries()) pair.send(pair.a, frame(100, number), { tag });
  pair.send(pair.a, frame(100, 99));
  pair.clock.advance(MILLISECOND);
  expect(pair.b.arrivals.map(({ bytes }) => bytes)).toEqual([...tags.keys(), 99].map((number) => frame(100, number)));
  expect(pair.b.metadata.map(({ tag }) => tag)).toEqual([...tags, 0]);
  expect(pair.b.metadata.map(({ tagging }) => tagging !== 0)).toEqual([true, true, true, false]);
  await pair.close();
});

it('goes with checksums and with segments, one context for each', async () => {
  const pair = await Pair.started({ vlanOffload: true });
  const { a, b, clock } = pair;
  const one = recorded['UDP over IPv4'];
  pair.send(a, unfinished(one), { ...wishesFor(one.headers, byte(Required, Required)), tag: 0x6007 });
  const packet = { ipv4: true, tcp: true, payload: 5000 };
  a.sendLarge(largeFrame(packet), { ...largeWishes(packet, 1000), tag: 0x6007 });
  clock.advance(MILLISECOND);
  expect(b.arrivals.shift()?.bytes).toEqual(one.bytes);
  expect(
    wrongWithSegments(
      packet,
      1000,
      b.arrivals.map(({ bytes }) => bytes),
    ),
  ).toEqual([]);
  expect(b.metadata.map(({ tag }) => tag)).toEqual(new Array(6).fill(0x6007));
  expect(a.driver.counters().transmit.contexts).toBe(2);
  await pair.close();
});

it('is there again after a reset, and off when it is turned off', async () => {
  const pair = await Pair.started({ vlanOffload: true });
  const { a, b, clock } = pair;
  await clock.drive(Promise.all([a.driver.reset(), b.driver.reset()]));
  pair.awaitLink(true);
  pair.send(a, frame(100, 1), { tag: 5 });
  clock.advance(MILLISECOND);
  await clock.drive(b.driver.adapter.offloads.enable({ ieee8021qTag: { priority: false, vlan: false } }));
  pair.send(a, frame(100, 2), { tag: 5 });
  clock.advance(MILLISECOND);
  expect(b.arrivals.map(({ bytes }) => bytes)).toEqual([frame(100, 1), tagged(frame(100, 2), 5)]);
  await pair.close();
});

it('lies in several buffers when the frame does', async () => {
  const pair = new Pair({ vlanOffload: true, mtu: 9000 });
  pair.b.driver.adapter.stateNeeds({ name: 'test', takesParts: true });
  await pair.start();
  pair.send(pair.a, frame(8000, 1), { tag: 0x2003 });
  pair.clock.advance(MILLISECOND);
  expect(pair.b.arrivals[0]?.bytes).toEqual(frame(8000, 1));
  expect(pair.b.metadata).toHaveLength(1);
  await pair.close();
});
