/* The chip's clock and its stamps: of frames of the Precision Time Protocol that come, and of frames that are sent. */

import { MICROSECOND, MILLISECOND, SECOND } from '@netcx/clock';
import { expect, it } from 'vitest';
import { HandMadeTxQueue } from './hand-made-queue.ts';
import { frame, Pair } from './pair.ts';

/** An event message of version 2, straight in Ethernet. */
function sync(number: number): Uint8Array {
  const bytes = frame(64, number);
  bytes.set([0x88, 0xf7, 0x00, 0x02], 12);
  return bytes;
}

it('keeps the host’s time, also after a reset', async () => {
  const pair = await Pair.started({ timestamps: true });
  const { a, clock } = pair;
  const off = (): number => Math.abs((a.driver.hardwareClock?.now() ?? NaN) - clock.now());
  expect(off()).toBeLessThanOrEqual(16);
  clock.advance(5 * SECOND);
  expect(off()).toBeLessThanOrEqual(16);
  await clock.drive(a.driver.reset());
  expect(off()).toBeLessThanOrEqual(16);
  await pair.close();
});

it('knows the time when the counter has begun anew, after ten hours', async () => {
  const pair = await Pair.started({ timestamps: true });
  const { a, clock } = pair;
  for (let hour = 0; hour < 25; hour++) {
    clock.advance(3600 * SECOND);
    expect(Math.abs((a.driver.hardwareClock?.now() ?? NaN) - clock.now())).toBeLessThanOrEqual(16);
  }
  await pair.close();
});

it('has no clock when nobody asked for stamps', async () => {
  const pair = await Pair.started();
  expect(pair.a.driver.hardwareClock).toBeUndefined();
  await pair.close();
});

it('stamps event messages that come, and no others', async () => {
  const pair = await Pair.started({ timestamps: true });
  const { a, b, clock } = pair;
  const times: number[] = [];
  for (let number = 0; number < 5; number++) {
    times.push(clock.now());
    pair.send(a, number === 2 ? frame(64, number) : sync(number));
    clock.advance(MILLISECOND);
  }
  expect(b.arrivals).toHaveLength(5);
  for (const [number, { time }] of b.metadata.entries()) {
    if (number === 2) expect(time).toBe(0);
    else expect(Math.abs(time - times[number]!)).toBeLessThan(10 * MICROSECOND);
  }
  await pair.close();
});

it('stamps frames that are sent, one at a time, and says so when they complete', async () => {
  const pair = await Pair.started({ timestamps: true });
  const { a, clock } = pair;
  const queue = new HandMadeTxQueue(a.slot, clock, 2);
  const times: number[] = [];
  for (let number = 0; number < 8; number++) {
    times.push(clock.now());
    queue.send([{ bytes: frame(64, number) }]);
    if (number === 3) queue.send([{ bytes: frame(64, 99) }]); // while the one before it is on its way: no stamp
    clock.advance(MILLISECOND);
    queue.driver.advance();
  }
  const stamps = Array.from({ length: 9 }, (_, packet) => queue.stampOf(packet));
  expect(stamps.splice(4, 1)).toEqual([0]);
  for (const [number, stamp] of stamps.entries())
    expect(Math.abs(stamp - times[number]!)).toBeLessThan(10 * MICROSECOND);
  queue.close();
  await pair.close();
});
