/*
 * Starts, stops, sleeps, resets and changes that nobody waits for, one into the other, with frames on their way and sometimes a
 * device that is pulled out: each works or says why not, and in the end the driver starts, sends, stops, and nothing is left.
 */

import { MICROSECOND, MILLISECOND, Random } from '@netcx/clock';
import { hostPages } from '@netcx/dma';
import { expect, it } from 'vitest';
import { frame, Pair } from './pair.ts';
import { seed, testSize } from './test-size.ts';

const STEPS = 30;
/** One step in so many has the device pulled out. */
const STEPS_TO_A_REMOVAL = 150;

type Steps = Readonly<Record<string, () => unknown>>;

/** The life of a driver in its own hands, or in those of its device. */
function lifeOf({ driver }: Pair['a'], random: Random): Steps {
  const device = driver.plugAndPlay;
  if (device === undefined)
    return {
      start: () => driver.start(),
      startAgain: () => driver.start(),
      stop: () => driver.stop(),
      sleep: () => driver.sleep({ magicPacket: true }),
    };
  const { power } = driver.adapter;
  return {
    start: () => driver.start(),
    stop: () => driver.stop(),
    powerDown: () => device.powerDown(random.pick(['D1', 'D2', 'D3']), { wake: random.chance(0.5) }),
    powerUp: () => device.powerUp(),
    powerUpAgain: () => device.powerUp(),
    requestReset: () => device.requestReset(),
    wakes: () => power.enable({ packetFilter: random.chance(0.5), mediaConnect: random.chance(0.5) }),
  };
}

/** What a user may do at any time. */
function stepsOf(pair: Pair, random: Random): Steps {
  const { a, link } = pair;
  const { driver } = a;
  const { adapter } = driver;
  return {
    ...lifeOf(a, random),
    reset: () => driver.reset(),
    mtu: () => adapter.changeLinkLayerMtuSize(random.pick([576, 1500, 9000])),
    offloads: () => adapter.offloads.enable({ txChecksum: { ipv4: random.chance(0.5) } }),
    pause: () => adapter.offloads.pause(),
    resume: () => adapter.offloads.resume(),
    adapterStop: () => adapter.stop(),
    plug: () => {
      link.plug(random.chance(0.5));
    },
  };
}

/** Every error of the project's has a code; what has none is a mistake that nobody foresaw. */
const isForeseen = (error: unknown): boolean => typeof (error as { readonly code?: unknown }).code === 'string';

async function overlap(of: number, plugAndPlay: boolean): Promise<void> {
  const random = new Random(of, plugAndPlay ? 'overlap under plug and play' : 'overlap');
  const taken = hostPages.bytesTaken;
  const options = {
    queues: random.pick([1, 2]),
    ringSize: 16,
    maximumMtu: 9000,
    iommu: random.chance(0.3),
    hangLimit: 5,
    ...{ plugAndPlay, far: { plugAndPlay: false } },
  };
  const pair = await Pair.started({ seed: of, ...options, interrupts: random.pick(['msix', 'msi', 'intx']) });
  const { a, b, clock } = pair;
  const { driver } = a;
  const steps = stepsOf(pair, random);
  const unforeseen: unknown[] = [];
  const under: Promise<unknown>[] = [];
  const gone = (): boolean => a.slot.function.readConfig(0, 4) === 0xffff_ffff;
  for (let step = 0; step < STEPS; step++) {
    if (random.below(STEPS_TO_A_REMOVAL) === 0 && !gone()) a.slot.remove();
    const work = steps[random.pick(Object.keys(steps))]!;
    const asked = async (): Promise<unknown> => await work();
    const failed = (error: unknown): void => {
      if (!isForeseen(error)) unforeseen.push(error);
    };
    under.push(asked().catch(failed));
    for (const station of [a, b])
      if (station.driver.adapter.transmitQueues[0]?.edge.open === true)
        for (let left = random.below(5); left > 0; left--) station.trySend(frame(60 + random.below(500), step));
    const passing = random.pick([0, 0, 1, 100 * MICROSECOND, MILLISECOND, 10 * MILLISECOND]);
    if (passing > 0) await clock.drive(clock.delay(passing));
    else for (let turns = random.below(6); turns > 0; turns--) await Promise.resolve();
  }
  pair.link.plug(true);
  await clock.drive(Promise.all(under));
  if (driver.plugAndPlay?.state === 'Dx') await clock.drive(driver.plugAndPlay.powerUp());
  await clock.drive(driver.stop());
  await clock.drive(driver.adapter.stop());
  if (!gone()) {
    await clock.drive(driver.start());
    pair.awaitLink(true);
    b.arrivals.length = 0;
    pair.send(a, frame(100, 1));
    clock.advance(20 * MILLISECOND);
    expect(b.arrivals).toHaveLength(1);
  }
  if (driver.plugAndPlay !== undefined) await clock.drive(driver.plugAndPlay.remove());
  await pair.close();
  expect([unforeseen, hostPages.bytesTaken]).toEqual([[], taken]);
}

const runs = testSize('overlapping steps', { quick: 12, ci: 100, long: 2000 });

async function overlaps(plugAndPlay: boolean): Promise<void> {
  for (let run = runs; run > 0; run--) {
    const of = seed * 10_000 + run;
    await overlap(of, plugAndPlay).catch((error: unknown) => {
      throw new Error(`seed ${of}`, { cause: error });
    });
  }
}

it('leave nothing behind, and the driver as good as new', async () => overlaps(false));

it('leave nothing behind under plug and play either', async () => overlaps(true));

it('a driver that is told to stop while it falls asleep starts again', async () => {
  const pair = await Pair.started();
  const { a, clock } = pair;
  for (let turns = 0; turns < 12; turns++) {
    await clock.drive(a.driver.adapter.stop());
    const asleep = a.driver.sleep({ magicPacket: true });
    for (let left = turns; left > 0; left--) await Promise.resolve();
    await clock.drive(Promise.all([asleep, a.driver.stop()]));
    await clock.drive(a.driver.start());
  }
  pair.awaitLink(true);
  await pair.close();
});

it('a driver stops although a reset fails meanwhile', async () => {
  const taken = hostPages.bytesTaken;
  const pair = await Pair.started();
  const { a, clock } = pair;
  const reset = expect(a.driver.reset()).rejects.toThrow('DEVICE_GONE');
  await clock.drive(clock.delay(100));
  a.slot.remove();
  await clock.drive(a.driver.stop());
  await reset;
  expect(a.driver.adapter.transmitQueues).toHaveLength(0);
  await pair.close();
  expect(hostPages.bytesTaken).toBe(taken);
});
