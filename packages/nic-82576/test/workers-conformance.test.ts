/*
 * The model passes its suite in one worker, and in two at the same time over one memory: nothing of it is shared that should not be.
 */

import { RealClock } from '@netcx/clock';
import { WorkerGroup } from '@netcx/workers';
import { expect, it } from 'vitest';
import { seed, testSize } from './test-size.ts';

const effort = testSize("hundredths of the suite's work in each worker", { quick: 2, ci: 10, long: 100 }) / 100;
const MINUTES = 60_000;
const MEBIBYTE = 1 << 20;

it.each([1, 2])('passes its suite in %i workers', { timeout: 20 * MINUTES }, async (workers) => {
  const clock = new RealClock();
  const module = new URL('./programs/suite-station.ts', import.meta.url);
  const memory = { hostBytes: 128 * MEBIBYTE, deviceBytes: 24 * MEBIBYTE };
  const group = await WorkerGroup.open({ ...memory, workers, module, clock, patience: 15 * MINUTES });
  try {
    for (const { passed = 0 } of await group.callAll('run', { seed, effort })) expect(passed).toBeGreaterThan(20);
  } finally {
    await group.close();
    clock.close();
  }
});
