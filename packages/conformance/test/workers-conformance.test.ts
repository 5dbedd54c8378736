/* Suites run in workers, over one memory: the extensions pass theirs there, and a case that fails is named. */

import { RealClock } from '@netcx/clock';
import { WorkerGroup } from '@netcx/workers';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { SUITES } from './extension-samples.ts';

const module = new URL('./programs/suite-station.ts', import.meta.url);
let clock: RealClock;
beforeEach(() => {
  clock = new RealClock();
});
afterEach(() => clock.close());

it.each([1, 2])('the predefined extensions pass their suite in %i workers', async (workers) => {
  const group = await WorkerGroup.open({ workers, module, clock, patience: 120_000 });
  try {
    const cases = SUITES.reduce((sum, [, { length }]) => sum + length, 0);
    for (const { passed = 0, skipped = 0 } of await group.callAll('run', { seed: 1 })) {
      expect(passed + skipped).toBe(cases);
      expect(passed).toBeGreaterThan(cases / 2);
    }
  } finally {
    await group.close();
  }
});

it('says which case failed in a worker, and why', async () => {
  const group = await WorkerGroup.open({ workers: 1, module, clock, patience: 120_000, numbers: { sky: 1 } });
  try {
    await expect(group.callAll('run', { seed: 7 })).rejects.toMatchObject({
      code: 'STATION_FAILED',
      remote: {
        name: 'AssertionError',
        message: '1 of 3 cases failed\nis wrong: Error: the sky is 7 [NETCX_SEED=7 replays it]',
      },
    });
  } finally {
    await group.close();
  }
});
