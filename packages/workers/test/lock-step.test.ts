/*
 * Groups in lock-step: what threads do in turns is decided by the seed, to the nanosecond; and the life of a group, whose every
 * order is answered. Two groups live at a time, since their threads are what costs.
 */

import { MICROSECOND, MILLISECOND, VirtualClock } from '@netcx/clock';
import { hostPages } from '@netcx/dma';
import { u8, wireBytesTaken } from '@netcx/hardware/wire';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WorkerGroup, type WorkerError } from '../src/index.ts';
import { byFlow, Cable } from './cable.ts';
import { seed, testSize } from './test-size.ts';

const bursts = testSize('bursts through a group in lock-step', { quick: 60, ci: 600, long: 10_000 });
const module = new URL('./programs/echo.ts', import.meta.url);

/** A group with a cable. */
interface Rig {
  readonly clock: VirtualClock;
  readonly cable: Cable;
  readonly group: WorkerGroup;
  readonly lost: string[];
}

const sizes = { hostBytes: 1 << 20, deviceBytes: 1 << 20, lockStep: { step: 2 * MICROSECOND } };

async function open(seedOfWorld: number, numbers: Record<string, number> = {}): Promise<Rig> {
  const clock = new VirtualClock({ seed: seedOfWorld });
  const lost: string[] = [];
  const onLost = (index: number, { code }: WorkerError): void => void lost.push(`${String(index)} ${code}`);
  const group = await WorkerGroup.open({ ...sizes, workers: 2, module, clock, patience: 120_000, numbers, onLost });
  const cable = new Cable(clock, { capacity: 48 * 1024 });
  group.plug(cable.link.a, byFlow(2));
  return { clock, cable, group, lost };
}

/** Random bursts at random times; what came back, and when. */
async function traffic({ clock, cable, group }: Rig): Promise<string> {
  const random = clock.random('traffic');
  for (let burst = 0; burst < bursts; burst++) {
    const count = 1 + random.below(12);
    cable.send(Array.from({ length: count }, () => [random.below(9), 60 + random.below(1400)] as const));
    await group.advance(random.below(300 * MICROSECOND));
  }
  await group.advance(MILLISECOND);
  return cable.digest;
}

/** Traffic, and in the middle of it the end of a worker; what came, when, and what was lost. */
async function trafficAndEnd(rig: Rig): Promise<string> {
  const { cable, group, clock } = rig;
  await group.drive(group.start());
  await group.advance(10 * MICROSECOND);
  await group.drive(group.call(1, 'alarm', { after: 700 * MICROSECOND }));
  const random = clock.random('traffic');
  for (let burst = 0; burst < bursts; burst++) {
    const count = 1 + random.below(12);
    cable.send(Array.from({ length: count }, () => [random.below(9), 60 + random.below(1400)] as const));
    await group.advance(random.below(300 * MICROSECOND)).catch(() => undefined);
  }
  await group.advance(MILLISECOND);
  expect(rig.lost).toEqual(['1 WORKER_LOST']);
  return `${cable.digest} at ${String(clock.now())}: ${JSON.stringify(group.counters())}`;
}

const before = [hostPages.bytesTaken, wireBytesTaken()];
let rigs: [Rig, Rig];
beforeAll(async () => {
  rigs = await Promise.all([open(seed, { jitter: 20_000 }), open(seed, { jitter: 20_000, refuseStop: 1 })]);
});
afterAll(async () => {
  for (const { group } of rigs) await group.close();
});

describe('a group in lock-step', () => {
  it('starts its stations, and every worker knows which one it is', async () => {
    for (const { group, cable } of rigs) {
      expect(cable.up).toBe(false);
      await group.drive(group.start());
      await group.advance(10 * MICROSECOND);
      expect(cable.up).toBe(true);
      const same = { workers: 2, up: 1, speed: 1000, abilities: cable.link.a.partnerAbilities };
      expect(await group.drive(group.callAll('who'))).toEqual([
        { index: 0, ...same },
        { index: 1, ...same },
      ]);
    }
  });

  it('gives each worker memory of its own, in the memory that all share', async () => {
    const places: { offset?: number; wire?: number }[] = [];
    for (const { group } of rigs) {
      const mine = await group.drive(group.callAll('pages', { bytes: 8192 }));
      mine.forEach(({ offset = 0, wire = 0 }, index) => {
        expect(u8.subarray(offset, offset + 8192).every((byte) => byte === index + 1)).toBe(true);
        expect(wire % 64).toBe(0);
      });
      places.push(...mine);
      await expect(group.drive(group.call(0, 'pages', { bytes: 2 << 20 }))).rejects.toMatchObject({
        code: 'STATION_FAILED',
        remote: { name: 'DmaError', code: 'OUT_OF_MEMORY' },
      });
    }
    expect(new Set(places.map(({ offset }) => offset)).size).toBe(4);
    expect(new Set(places.map(({ wire }) => wire)).size).toBe(4);
  });

  it('replays a seed exactly: every frame, every byte, every nanosecond', async () => {
    const digests = [await traffic(rigs[0]), await traffic(rigs[1])];
    expect(digests[0]).toBe(digests[1]);
    expect(rigs[0].clock.now()).toBe(rigs[1].clock.now());
    for (const { cable, group } of rigs) {
      expect(cable.complete).toBe(true);
      const { steered, sent, full, nowhere } = group.counters();
      expect(steered).toEqual(sent);
      expect(steered[0]! + steered[1]!).toBe(cable.sent);
      expect(Math.min(...steered)).toBeGreaterThan(0);
      expect([full, nowhere]).toEqual([0, 0]);
      expect((await group.drive(group.sums()))['echoed']).toBe(cable.sent);
    }
  });

  it('brings nothing sooner than a step after it was sent, there and back', async () => {
    const [{ cable, group, clock }] = rigs;
    const { received } = cable;
    const arrived = new Promise<number>((resolve) => {
      const end = cable.link.tap((direction) => {
        if (direction !== 'aToB') return;
        end();
        resolve(clock.now());
      });
    });
    const start = clock.now();
    cable.send([[4, 60]]);
    const time = (await group.drive(arrived)) - start;
    await group.advance(MICROSECOND);
    expect(cable.received).toBe(received + 1);
    // Two ways over the cable, 500 ns and 84 bytes at a gigabit each; in and out of the worker a step each; and what its seed says.
    expect(time).toBeGreaterThanOrEqual(2 * (500 + 672) + 2 * 2 * MICROSECOND);
    expect(time).toBeLessThan(2 * (500 + 672) + 2 * 2 * MICROSECOND + 20_001);
  });

  it('waits for a cable that is short of room, and sends the rest of a burst then', async () => {
    const [{ cable, group }] = rigs;
    const { received } = cable;
    const frames = Array.from({ length: 28 }, () => [4, 1500] as const); // nearly all that the cable takes at once
    for (let burst = 0; burst < 3; burst++) {
      cable.send(frames);
      await group.advance(400 * MICROSECOND);
    }
    await group.advance(2 * MILLISECOND);
    expect(cable.received).toBe(received + 3 * 28);
    expect(cable.complete).toBe(true);
  });

  it('has its link go when the cable does, loses what was on its way, and goes on', async () => {
    const [{ cable, group }] = rigs;
    const up = async (): Promise<(number | undefined)[]> =>
      (await group.drive(group.callAll('who'))).map((who) => who['up']);
    cable.link.plug(false);
    await group.advance(100 * MICROSECOND);
    expect(await up()).toEqual([0, 0]);
    cable.send([[4, 60]]); // into a cable that is out
    await group.advance(100 * MICROSECOND);
    cable.link.change({ speed: 100 });
    cable.link.plug(true);
    await group.advance(100 * MICROSECOND);
    expect(await up()).toEqual([1, 1]);
    expect((await group.drive(group.call(0, 'who')))['speed']).toBe(100);
    const { received } = cable;
    cable.send([
      [4, 60],
      [5, 60],
    ]);
    await group.advance(MILLISECOND);
    expect(cable.received).toBe(received + 2);
  });

  it('answers what cannot be with an error that says so', async () => {
    const [{ group }] = rigs;
    const failing = (promise: Promise<unknown>): Promise<unknown> =>
      group.drive(promise.catch((error: unknown) => error));
    expect(await failing(group.call(2, 'who'))).toMatchObject({
      message: 'BAD_OPTION: workers has no worker 2, but 2',
    });
    expect(await failing(group.call(0, 'nothing'))).toMatchObject({
      message: 'STATION_FAILED: workers 0: BAD_OPTION: workers 0 has no call nothing',
      remote: { code: 'BAD_OPTION' },
    });
    expect(await failing(group.call(1, 'toString'))).toMatchObject({ code: 'STATION_FAILED' });
    expect(await failing(group.callAll('text'))).toMatchObject({ remote: { code: 'BAD_OPTION' } });
    expect(await failing(group.call(0, 'who', { x: 'y' as unknown as number }))).toMatchObject({ code: 'BAD_OPTION' });
    expect(() => group.plug(rigs[0].cable.link.a)).toThrow('BAD_OPTION: workers has a cable already');
    const [one, two] = await Promise.allSettled([group.advance(1000), group.advance(1000)]);
    expect([one.status, two]).toMatchObject(['fulfilled', { reason: { code: 'NOT_LOCK_STEP' } }]);
    expect(await group.drive(new Promise(() => undefined)).catch((error: unknown) => error)).toMatchObject({
      code: 'WORKER_STUCK',
    });
  });

  it('stops those that stop, and says which does not', async () => {
    const [, { cable, group }] = rigs;
    await expect(group.drive(group.stop())).rejects.toMatchObject({
      message: 'STATION_FAILED: workers 1: it does not stop',
    });
    await group.advance(10 * MICROSECOND);
    expect((await group.drive(group.call(0, 'who')))['up']).toBe(0);
    expect(cable.up).toBe(true); // by the other one
  });

  it('goes on without a worker whose alarm throws, says so once, and counts what was for it', async () => {
    const [{ cable, group, lost }] = rigs;
    await group.drive(group.call(1, 'alarm'));
    await expect(group.advance(MILLISECOND)).rejects.toMatchObject({
      message: 'WORKER_LOST: workers 1: its turn failed: an alarm of mine',
      remote: { message: 'an alarm of mine' },
    });
    expect(lost).toEqual(['1 WORKER_LOST']);
    expect(group.failures.map((failure) => failure?.code)).toEqual([undefined, 'WORKER_LOST']);
    const { received } = cable;
    cable.send([
      [0, 60],
      [1, 61],
      [2, 62],
    ]);
    await group.advance(MILLISECOND);
    expect(cable.received).toBe(received + 2);
    expect(group.counters().nowhere).toBe(1);
    await expect(group.drive(group.callAll('who'))).rejects.toMatchObject({ code: 'WORKER_LOST' });
    expect(await group.drive(group.call(0, 'who'))).toMatchObject({ index: 0 });
  });

  it('gives all memory back, whatever has happened before', async () => {
    for (const { group } of rigs) {
      const open = group.call(0, 'hang').catch((error: unknown) => error);
      await group.close();
      expect(await open).toMatchObject({ code: 'GROUP_CLOSED' });
      await group.close();
      await expect(group.start()).rejects.toMatchObject({ code: 'GROUP_CLOSED' });
      await expect(group.advance(1)).rejects.toMatchObject({ code: 'GROUP_CLOSED' });
    }
    for (const { cable } of rigs) cable.link.close();
    expect([hostPages.bytesTaken, wireBytesTaken()]).toEqual(before);
  });
});

/** Two more groups cost as much as all of the above: the quick size has the end of a worker, and does not replay it. */
const ends = testSize('groups that lose a worker in the middle of traffic, and shall do the same', {
  quick: 1,
  ci: 3,
  long: 3,
});

it('a worker that ends while frames are on their way takes nothing with it that is not its own, in every replay', async () => {
  const outcomes: string[] = [];
  for (let index = 0; index < ends; index++) {
    const rig = await open(seed, { jitter: 50_000 });
    outcomes.push(await trafficAndEnd(rig));
    await rig.group.close();
    rig.cable.link.close();
    expect([hostPages.bytesTaken, wireBytesTaken()]).toEqual(before);
  }
  expect(new Set(outcomes).size).toBe(1);
  expect(outcomes[0]).toMatch(/"nowhere":[1-9]/);
});
