/*
 * The whole path on two workers in real time: what always holds is looked at, while threads run as they like. The oracle is what was
 * sent, flow by flow.
 */

import { MILLISECOND, Random, RealClock } from '@netcx/clock';
import { Link } from '@netcx/hardware';
import { FlowSteering } from '@netcx/nic-82576';
import { WorkerGroup } from '@netcx/workers';
import { expect, it } from 'vitest';
import { FlowTraffic } from './flow-traffic.ts';
import { seed, testSize } from './test-size.ts';

const bursts = testSize('bursts through two workers in real time', { quick: 40, ci: 400, long: 20_000 });
const module = new URL('./programs/echo-station.ts', import.meta.url);
const FLOWS = 24;

it('echoes every frame on two workers, and one outlives the other', async () => {
  const clock = new RealClock();
  const random = new Random(seed, 'traffic');
  const group = await WorkerGroup.open({
    workers: 2,
    module,
    clock,
    patience: 120_000,
    numbers: { interruptInterval: 0 },
  });
  const link = new Link(clock, { speedup: Infinity });
  const steering = new FlowSteering({ targets: 2 });
  group.plug(link.a, (data, length) => steering.choose(data, length));
  const traffic = new FlowTraffic(link.b, () => clock.now());
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
    await group.call(1, 'crash').catch(() => undefined); // its answer may or may not have left
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
