/*
 * Simulated bridges on two NIC models, each from its seed: whatever happens to them, what leaves is what came. `NETCX_TEST_RUNS` runs so many;
 * `npm run soak -- simulation --bridges` many more.
 */

import { wireBytesTaken } from '@netcx/hardware/wire';
import { describe, expect, it } from 'vitest';
import { BridgeSimulation } from '../simulation/bridge-simulation.ts';
import { seed as first, testSize } from './test-size.ts';

const runs = Number(process.env['NETCX_TEST_RUNS'] ?? testSize('bridges', { quick: 10, ci: 100, long: 2_000 }));

describe('simulated bridges', () => {
  it('keep their promises, whatever happens', { timeout: 60_000 + runs * 1_000 }, async () => {
    const before = wireBytesTaken();
    let frames = 0;
    let lent = 0;
    for (let seed = first; seed < first + runs; seed++) {
      const report = await new BridgeSimulation(seed).run();
      frames += report.frames;
      lent += report.lent;
    }
    expect(frames).toBeGreaterThan(runs * 1_000);
    expect(lent).toBeGreaterThan(runs * 10);
    expect(wireBytesTaken()).toBe(before);
  });

  it('replay exactly from their seeds', async () => {
    for (const seed of [7, 8]) {
      const [one, other] = [await new BridgeSimulation(seed).run(), await new BridgeSimulation(seed).run()];
      expect(other).toEqual(one);
    }
  });
});
