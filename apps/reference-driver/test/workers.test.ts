/*
 * The whole path on two workers: NIC, driver, adapter and protocol of each in its own thread, one cable in front of them. In lock-step a
 * seed replays; free-running what always holds is looked at. The oracle is what was sent, flow by flow.
 */

import { MICROSECOND, MILLISECOND, Random, RealClock, VirtualClock } from '@netcx/clock';
import { hostPages } from '@netcx/dma';
import { Link } from '@netcx/hardware';
import { wireBytesTaken } from '@netcx/hardware/wire';
import { FlowSteering } from '@netcx/nic-82576';
import { WorkerGroup } from '@netcx/workers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FlowTraffic } from './flow-traffic.ts';
import { seed, testSize } from './test-size.ts';

const bursts = testSize('bursts through two workers', { quick: 40, ci: 400, long: 20_000 });
/** A group's threads load everything anew, which takes as long as a hundred other tests: the quick size replays nothing here. */
const groups = testSize('groups that shall do the same', { quick: 1, ci: 2, long: 2 });
const module = new URL('./programs/echo-station.ts', import.meta.url);
const FLOWS = 24;

const before: number[] = [];
beforeEach(() => {
  before.splice(0, 2, hostPages.bytesTaken, wireBytesTaken());
});
afterEach(() => {
  expect([hostPages.bytesTaken, wireBytesTaken()]).toEqual(before);
});

/** Plugs a group into a cable; what steers, and what is at the other end. */
function plug(group: WorkerGroup, link: Link, now: () => number): { steering: FlowSteering; traffic: FlowTraffic } {
  const steering = new FlowSteering({ targets: group.workers });
  group.plug(link.a, (data, length) => steering.choose(data, length));
  return { steering, traffic: new FlowTraffic(link.b, now) };
}

describe('the driver on two workers, in lock-step', () => {
  async function run(worldSeed: number): Promise<string> {
    const clock = new VirtualClock({ seed: worldSeed });
    const numbers = { queues: 2, ringSize: 64, iommu: 1, verifier: 1 };
    const group = await WorkerGroup.open({ workers: 2, module, clock, numbers });
    const link = new Link(clock);
    const { steering, traffic } = plug(group, link, () => clock.now());
    try {
      await group.drive(group.start());
      await group.advance(50 * MILLISECOND);
      expect(traffic.up).toBe(true);
      const random = clock.random('traffic');
      for (let burst = 0; burst < bursts; burst++) {
        traffic.send(random, FLOWS);
        await group.advance(random.below(200 * MICROSECOND));
      }
      await group.advance(10 * MILLISECOND);
      // Every frame once, byte for byte, each flow in its order.
      expect(traffic.came).toEqual(traffic.sent);
      const { steered, sent, full, nowhere } = group.counters();
      expect([steered, full, nowhere]).toEqual([sent, 0, 0]);
      expect(Math.min(...steered)).toBeGreaterThan(0);
      const sums = await group.drive(group.sums());
      expect([sums['receive.packets'], sums['transmit.packets']]).toEqual([traffic.out, traffic.out]);

      // Buffers that a protocol holds are missed when its adapter stops, and come back when they are released.
      await group.drive(group.call(1, 'hold', { buffers: 1 }));
      for (let burst = 0; burst < 4; burst++) traffic.send(random, FLOWS);
      await group.advance(5 * MILLISECOND);
      expect(traffic.in).toBe(traffic.out - 1);
      await expect(group.drive(group.stop())).rejects.toMatchObject({
        code: 'STATION_FAILED',
        remote: { name: 'BufferError', code: 'STILL_HELD' },
      });
      await group.drive(group.call(1, 'release'));
      await group.drive(group.stop());
      return `${traffic.digest} at ${String(clock.now())}`;
    } finally {
      await group.close();
      link.close();
      steering.close();
    }
  }

  it('echoes every frame, gives everything back, and replays', async () => {
    const first = await run(seed);
    for (let group = 1; group < groups; group++) {
      expect(await run(seed)).toBe(first);
      expect(await run(seed + 1)).not.toBe(first);
    }
  }, 120_000);
});

describe('the driver on two workers, free-running', () => {
  it('echoes every frame, and one worker outlives the other', async () => {
    const clock = new RealClock();
    const random = new Random(seed, 'traffic');
    const group = await WorkerGroup.open({ workers: 2, module, clock, numbers: { interruptInterval: 0 } });
    const link = new Link(clock, { speedup: Infinity });
    const { steering, traffic } = plug(group, link, () => clock.now());
    const until = async (holds: () => boolean): Promise<void> => {
      for (let turn = 0; !holds(); turn++) {
        await clock.delay(MILLISECOND);
        if (turn > 20_000) throw new Error(`it did not come to that: ${traffic.in} of ${traffic.out} frames`);
      }
    };
    try {
      await group.start();
      await until(() => traffic.up);
      for (let up = 0; up < 2;) up = (await group.callAll('linkUp')).reduce((sum, one) => sum + one['up']!, 0);
      for (let burst = 0; burst < bursts; burst++) {
        traffic.send(random, FLOWS);
        if (burst % 4 === 3) await until(() => traffic.in === traffic.out);
      }
      await until(() => traffic.in === traffic.out);
      expect(traffic.came).toEqual(traffic.sent);

      // Frames of the worker that falls over are lost; those of the other come as before.
      const survived = new Map([...traffic.sent.keys()].map((flow) => [flow, traffic.came.get(flow)!.length] as const));
      await group.call(1, 'crash');
      await until(() => group.failures[1] !== undefined);
      expect(group.failures[1]).toMatchObject({ code: 'WORKER_LOST', remote: { message: 'nobody catches this' } });
      const { out } = traffic;
      for (let burst = 0; burst < 4; burst++) traffic.send(random, FLOWS);
      await until(() => traffic.in + group.counters().nowhere === traffic.out);
      expect(group.counters().nowhere).toBeGreaterThan(0);
      expect(group.counters().nowhere).toBeLessThan(traffic.out - out);
      for (const [flow, frames] of traffic.came) {
        const all = traffic.sent.get(flow)!;
        expect([all, all.slice(0, survived.get(flow))]).toContainEqual(frames);
      }
      await expect(group.stop()).rejects.toMatchObject({ code: 'WORKER_LOST' });
    } finally {
      await group.close();
      link.close();
      clock.close();
      steering.close();
    }
  }, 120_000);
});
