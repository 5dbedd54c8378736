// Owns: a link in real time: frames are never early, and a rate holds although the host's timers are coarse.
// Invariant: upper bounds are generous, since machines that run tests are often busy; lower bounds are exact.
import { RealClock } from '@netcx/clock';
import { afterEach, expect, it } from 'vitest';
import { delay, Link, rate, type Impairment, type LinkOptions } from '../src/index.ts';
import { Frame, FRAME_HEADER_BYTES, i32 } from '../src/wire.ts';

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

/** Sends frames of 1230 bytes, which take 1254 on the wire, at once; gives the milliseconds at which they arrive. */
async function arrivals(
  count: number,
  impairments: readonly Impairment[],
  options: LinkOptions = {},
): Promise<number[]> {
  const clock = new RealClock();
  const link = new Link(clock, { delay: 0, ...options, impairments });
  closing.push(
    () => link.close(),
    () => clock.close(),
  );
  const times: number[] = [];
  const partner = { room: () => undefined, changed: () => undefined };
  const all = new Promise<void>((resolve) => {
    link.b.attach({
      ...partner,
      receive: (_offset, frames) => {
        for (let left = frames; left > 0; left--) times.push(clock.now() / 1e6);
        if (times.length === count) resolve();
      },
    });
  });
  link.a.enable(true);
  link.b.enable(true);
  const start = clock.now() / 1e6;
  const room = (FRAME_HEADER_BYTES + 1230 + 7) & ~7;
  for (let frame = 0; frame < count; frame++) {
    const at = link.a.reserve(room);
    Frame.length.set(i32, at >> 2, 1230);
    link.a.commit(1, room);
  }
  await all;
  return times.map((time) => time - start);
}

/** What a busy machine may take from us: milliseconds. */
const LATE = 30_000;
const MILLISECONDS_AT_10 = (1254 * 8) / 10_000;

it('a link of 10 Mbit/s takes its time', async () => {
  const times = await arrivals(50, [], { speed: 10 });
  for (const [index, time] of times.entries())
    expect(time).toBeGreaterThanOrEqual((index + 1) * MILLISECONDS_AT_10 - 1e-6);
  expect(times.at(-1)).toBeLessThan(50 * MILLISECONDS_AT_10 + LATE);
});

it('so does a bottleneck, and timers that are late do not make it slower', async () => {
  const times = await arrivals(50, [rate(10_000_000)]);
  for (const [index, time] of times.entries())
    expect(time).toBeGreaterThanOrEqual((index + 1) * MILLISECONDS_AT_10 - 1e-6);
  // Fifty timers that are a millisecond late each would add fifty; the time is reckoned, so only the last one counts.
  expect(times.at(-1)).toBeLessThan(50 * MILLISECONDS_AT_10 + LATE);
});

it('so does a delay', async () => {
  const times = await arrivals(20, [delay(30_000_000)]);
  for (const time of times) expect(time).toBeGreaterThanOrEqual(30);
  expect(times.at(-1)).toBeLessThan(30 + LATE);
});
