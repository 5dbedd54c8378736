/* Sleep and waking: the driver lets the chip sleep, what it was told of wakes the host, and everything works again. */

import { MILLISECOND } from '@netcx/clock';
import { hostPages } from '@netcx/dma';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { WakeOn } from '../src/index.ts';
import { frame, Pair } from './pair.ts';

let taken = 0;
beforeEach(() => {
  taken = hostPages.bytesTaken;
});
afterEach(() => {
  expect(hostPages.bytesTaken).toBe(taken);
});

const STATION = [2, 0, 0, 0, 0, 2];

/** A magic packet for b: six bytes of ones and its address sixteen times. */
function magic(): Uint8Array {
  const bytes = new Uint8Array(116);
  bytes.set([255, 255, 255, 255, 255, 255, 2, 0, 0, 0, 0, 1, 0x08, 0x42, 255, 255, 255, 255, 255, 255]);
  for (let turn = 0; turn < 16; turn++) bytes.set(STATION, 20 + 6 * turn);
  return bytes;
}

async function asleep(on: WakeOn): Promise<{ pair: Pair; woken: () => number }> {
  const pair = await Pair.started({ promiscuous: false });
  let times = 0;
  pair.b.slot.onWake(() => times++);
  await pair.clock.drive(pair.b.driver.sleep(on));
  expect(pair.b.driver.adapter.linkState.connected).toBe(false);
  pair.clock.advance(50 * MILLISECOND);
  return { pair, woken: () => times };
}

it('wakes for a magic packet, says why, and carries frames again', async () => {
  const { pair, woken } = await asleep({ magicPacket: true });
  const { a, b, clock } = pair;
  pair.send(a, frame(60, 1));
  clock.advance(MILLISECOND);
  expect(woken()).toBe(0);
  pair.send(a, magic());
  clock.advance(MILLISECOND);
  expect(woken()).toBe(1);
  await clock.drive(b.driver.start());
  pair.awaitLink(true);
  expect(b.driver.wakeReason?.on).toEqual({
    ...{ magicPacket: true, linkChange: false, directed: false, multicast: false, broadcast: false },
  });
  expect(b.driver.wakeReason?.packet).toEqual(magic());
  for (let number = 0; number < 50; number++) {
    pair.send(a, frame(60, number));
    pair.send(b, frame(60, number));
  }
  clock.advance(MILLISECOND);
  expect([a.arrivals.length, b.arrivals.length]).toEqual([0, 50]); // a is not promiscuous, and the frames are for b
  await pair.close();
});

it.each([
  ['a frame to it', { directed: true }, frame(60, 1), 1],
  ['a broadcast', { broadcast: true }, Uint8Array.from([255, 255, 255, 255, 255, 255, ...frame(60, 1).subarray(6)]), 1],
  ['nothing, when it was told so', {}, magic(), 0],
] as const)('wakes for %s', async (_, on, bytes, times) => {
  const { pair, woken } = await asleep(on);
  pair.send(pair.a, bytes);
  pair.clock.advance(MILLISECOND);
  expect(woken()).toBe(times);
  await pair.clock.drive(pair.b.driver.start());
  pair.awaitLink(true);
  expect(Object.values(pair.b.driver.wakeReason?.on ?? {}).some((reason) => reason)).toBe(times === 1);
  await pair.close();
});

it('wakes when the link goes', async () => {
  const { pair, woken } = await asleep({ linkChange: true });
  pair.link.a.enable(false);
  pair.clock.advance(MILLISECOND);
  expect(woken()).toBe(1);
  pair.link.a.enable(true);
  await pair.clock.drive(pair.b.driver.start());
  pair.awaitLink(true);
  expect(pair.b.driver.wakeReason?.on.linkChange).toBe(true);
  await pair.close();
});

it('takes sleeping twice, a stop in its sleep, and sleep and start by turns', async () => {
  const { pair } = await asleep({ magicPacket: true });
  const { a, b, clock } = pair;
  await clock.drive(b.driver.sleep({}));
  await clock.drive(b.driver.stop());
  for (let round = 0; round < 3; round++) {
    await clock.drive(b.driver.start());
    pair.awaitLink(true);
    pair.send(a, frame(60, round));
    clock.advance(MILLISECOND);
    expect(b.arrivals).toHaveLength(round + 1);
    await clock.drive(b.driver.sleep({ magicPacket: true }));
  }
  await pair.close();
});

it('says that it is gone, when it was pulled out before it was to sleep', async () => {
  const pair = await Pair.started();
  pair.b.slot.remove();
  await expect(pair.clock.drive(pair.b.driver.sleep({ magicPacket: true }))).rejects.toMatchObject({
    code: 'DEVICE_GONE',
  });
  await pair.close();
});
