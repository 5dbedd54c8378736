/* The replay function as a library has it: what it counts, what it promises of time and seed, and how it ends early. */

import { hostPages } from '@netcx/dma';
import { Random } from '@netcx/clock';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { replay, type ReplayFrame, type ReplayOptions, type ReplayReport } from '../src/replay.ts';
import { arriving, firstWrong, frame } from './pair.ts';
import { seed, testSize } from './test-size.ts';

const LONGEST = 9720;

let taken = 0;
beforeEach(() => {
  taken = hostPages.bytesTaken;
});
afterEach(() => {
  expect(hostPages.bytesTaken).toBe(taken);
});

interface Run {
  readonly report: Omit<ReplayReport, 'wallTime'>;
  readonly arrived: readonly Uint8Array[];
  readonly times: readonly bigint[];
}

async function run(frames: Iterable<ReplayFrame>, options: ReplayOptions = {}): Promise<Run> {
  const arrived: Uint8Array[] = [];
  const times: bigint[] = [];
  const { wallTime: _, ...report } = await replay(frames, {
    ...options,
    onReceived: (bytes, time) => {
      arrived.push(bytes);
      times.push(time);
    },
  });
  return { report, arrived, times };
}

/**
 * Frames of every length and some that cannot be sent, microseconds apart.
 *
 * @yields as many as asked
 */
function* traffic(count: number, seedOfTraffic: number): Generator<ReplayFrame> {
  const random = new Random(seedOfTraffic, 'traffic');
  let timestamp = 1_700_000_000_000_000_000n;
  for (let number = 0; number < count; number++) {
    const chance = random.below(100);
    const most = chance < 2 ? 20_000 : chance < 10 ? LONGEST : 1514;
    const bytes = frame(chance === 50 ? 0 : random.between(14, most), number);
    timestamp += BigInt(random.below(20_000));
    yield { bytes, timestamp };
  }
}

it('counts each frame as what it is', async () => {
  const lengths = [0, 1, 14, 59, 60, 61, 1514, LONGEST, LONGEST + 1, 65_549, 200_000, 0];
  const frames = lengths.map((length, number) => ({ bytes: frame(length, number) }));
  const { report, arrived } = await run(frames);
  expect(report.frames).toEqual({
    read: 12,
    equal: 4,
    padded: 3,
    tooLong: 3,
    empty: 2,
    lost: 0,
    altered: 0,
    reordered: 0,
  });
  expect(report).toMatchObject({
    ok: true,
    unexpected: 0,
    differences: [],
    drops: { 'a adapter: too long to send': 3, 'a adapter: empty': 2 },
    bytes: { sent: 1 + 14 + 59 + 60 + 61 + 1514 + LONGEST, received: 3 * 60 + 60 + 61 + 1514 + LONGEST },
    buffers: { inUse: 510, leaked: 0 },
    seed: 1,
  });
  expect(report.interrupts).toBeGreaterThan(0);
  expect(report.polls).toBeGreaterThan(0);
  expect(
    firstWrong(
      arrived,
      frames.slice(1, 8).map(({ bytes }) => arriving(bytes)),
    ),
  ).toBeUndefined();
});

it('takes no frames at all', async () => {
  const { report } = await run([]);
  expect(report).toMatchObject({
    ok: true,
    frames: { read: 0, equal: 0 },
    bytes: { sent: 0, received: 0 },
    buffers: { leaked: 0 },
  });
});

it('knows what is too long by the MTU', async () => {
  const frames = [1513, 1514, 1515].map((length) => ({ bytes: frame(length) }));
  const { report } = await run(frames, { mtu: 1500 });
  expect(report).toMatchObject({ ok: true, frames: { equal: 2, tooLong: 1 } });
});

it.each<[string, ReplayOptions]>([
  ['as fast as it goes', { timing: 'none' }],
  ['behind an IOMMU', { iommu: true }],
  ['with tiny rings', { ringSize: 8 }],
  ['with large rings', { ringSize: 2048, timing: 'varied' }],
])('replays %s', async (_, options) => {
  const { report, arrived } = await run(traffic(2000, seed), options);
  expect(report).toMatchObject({ ok: true, differences: [], buffers: { leaked: 0 }, frames: { lost: 0, altered: 0 } });
  const sendable = [...traffic(2000, seed)]
    .map(({ bytes }) => bytes)
    .filter(({ length }) => length > 0 && length <= LONGEST);
  expect(firstWrong(arrived, sendable.map(arriving))).toBeUndefined();
});

it('replays many frames, every one equal and in order, and leaks nothing', async () => {
  const count = testSize('replay, frames', { quick: 10_000, ci: 100_000, long: 2_000_000 });
  let arrived = 0;
  const report = await replay(traffic(count, seed), { timing: 'varied', seed, onReceived: () => arrived++ });
  expect(report.frames).toMatchObject({ read: count, lost: 0, altered: 0, reordered: 0 });
  expect(report).toMatchObject({ ok: true, unexpected: 0, buffers: { leaked: 0 } });
  expect(arrived).toBe(report.frames.equal + report.frames.padded);
  expect(report.frames.tooLong).toBeGreaterThan(count / 500);
}, 600_000);

describe('the same seed', () => {
  it('gives the same run: counters, bytes, times', async () => {
    const options = { seed: 42, timing: 'varied' } as const;
    const first = await run(traffic(1500, 7), options);
    const second = await run(traffic(1500, 7), options);
    expect(second.report).toEqual(first.report);
    expect(second.times).toEqual(first.times);
    expect(firstWrong(second.arrived, first.arrived)).toBeUndefined();
  });

  it('and another seed gives another run of the same frames', async () => {
    const first = await run(traffic(300, 7), { seed: 42, timing: 'varied' });
    const second = await run(traffic(300, 7), { seed: 43, timing: 'varied' });
    expect(second.times).not.toEqual(first.times);
    expect(second.report.frames).toEqual(first.report.frames);
    expect(firstWrong(second.arrived, first.arrived)).toBeUndefined();
  });
});

describe('time', () => {
  const MILLISECOND = 1_000_000n;
  const at = (...milliseconds: number[]): ReplayFrame[] =>
    milliseconds.map((time, number) => ({ bytes: frame(60, number), timestamp: BigInt(time) * MILLISECOND }));
  /** Distances between arrivals in whole milliseconds. */
  const distances = (times: readonly bigint[]): number[] =>
    times.slice(1).map((time, index) => Math.round(Number(time - times[index]!) / 1e6));

  it('passes as captured', async () => {
    const { times } = await run(at(100, 101, 111, 111, 500));
    expect(distances(times)).toEqual([1, 10, 0, 389]);
  });

  it('is shortened where nothing happens, and never steps back', async () => {
    const { times } = await run(at(5000, 100_000, 50, 60));
    expect(distances(times)).toEqual([1000, 0, 10]);
  });

  it('is varied to between nothing and twice itself', async () => {
    const { times } = await run(at(...Array.from({ length: 50 }, (_, number) => number * 100)), { timing: 'varied' });
    const all = distances(times);
    expect(Math.min(...all)).toBeLessThan(50);
    expect(Math.max(...all)).toBeGreaterThan(150);
    expect(Math.max(...all)).toBeLessThanOrEqual(200);
  });

  it('does not matter without timestamps', async () => {
    const { times } = await run([{ bytes: frame(60) }, { bytes: frame(61) }]);
    expect(distances(times)).toEqual([0]);
  });
});

describe('a replay ends early', () => {
  it('when the source fails: what was read arrives, and the error carries the report', async () => {
    const failure = new Error('disk on fire');
    function* source(): Generator<ReplayFrame> {
      yield* traffic(100, 3);
      throw failure;
    }
    const caught: unknown = await replay(source()).catch((error: unknown) => error);
    expect(caught).toBe(failure);
    expect(caught).toMatchObject({ report: { ok: true, frames: { read: 100, lost: 0 }, buffers: { leaked: 0 } } });
  });

  it('when the source throws something that is no error', async () => {
    // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors
    const source = { [Symbol.asyncIterator]: () => ({ next: () => Promise.reject('nothing') }) };
    await expect(replay(source)).rejects.toThrow('the replay failed: nothing');
  });

  it('when the caller asks for it: what is on its way arrives', async () => {
    const stop = new AbortController();
    let given = 0;
    function* source(): Generator<ReplayFrame> {
      for (const one of traffic(1000, 3)) {
        given++;
        if (given === 300) stop.abort();
        yield one;
      }
    }
    const report = await replay(source(), { signal: stop.signal });
    expect(given).toBe(300);
    expect(report).toMatchObject({ ok: true, frames: { read: 299, lost: 0 }, buffers: { leaked: 0 } });
  });

  it('when whoever takes the frames throws', async () => {
    let taken = 0;
    const onReceived = (): void => {
      if (++taken === 50) throw new Error('no room for more');
    };
    const caught: unknown = await replay(traffic(1000, 3), { onReceived, timing: 'captured' }).catch(
      (error: unknown) => error,
    );
    expect(caught).toMatchObject({
      message: 'no room for more',
      report: { ok: true, frames: { lost: 0 }, buffers: { leaked: 0 } },
    });
    expect((caught as { report: ReplayReport }).report.frames.read).toBeLessThan(1000);
  });

  it.each([{ mtu: 10 }, { mtu: 9707 }, { ringSize: 3 }])('before it begins, with %o', async (options) => {
    await expect(replay([], options)).rejects.toMatchObject({ code: 'BAD_OPTION' });
  });
});

it('tells how far it is', async () => {
  const told: number[] = [];
  await replay(traffic(1100, 3), { onProgress: (frames) => told.push(frames) });
  expect(told).toEqual([512, 1024, 1100]);
});
