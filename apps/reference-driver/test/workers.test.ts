/*
 * The whole path on two workers: NIC, driver, adapter and protocol of each in its own thread, one cable in front of them. In lock-step a
 * seed replays. The oracle is what was sent, flow by flow.
 */

import { MICROSECOND, MILLISECOND, VirtualClock } from '@netcx/clock';
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

describe('the driver on two workers, in lock-step', () => {
  async function run(worldSeed: number): Promise<string> {
    const clock = new VirtualClock({ seed: worldSeed });
    const numbers = { queues: 2, ringSize: 64, iommu: 1, verifier: 1 };
    const group = await WorkerGroup.open({ workers: 2, module, clock, patience: 120_000, numbers });
    const link = new Link(clock);
    const steering = new FlowSteering({ targets: 2 });
    group.plug(link.a, (data, length) => steering.choose(data, length));
    const traffic = new FlowTraffic(link.b, () => clock.now());
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
