/*
 * Simulated machines one side of which is a group of workers: in lock-step, where a seed replays, and free-running, where what must
 * hold is all that is looked at. `npm run soak -- simulation --workers 2` runs thousands.
 */

import { parseImpairments } from '@netcx/hardware';
import { describe, expect, it } from 'vitest';
import { WorkerSimulation } from '../simulation/worker-simulation.ts';
import { seed as first, testSize } from './test-size.ts';

const runs = testSize('simulated machines with workers, in lock-step and in real time', { quick: 1, ci: 8, long: 400 });
const replayed = testSize('of these, replayed', { quick: 1, ci: 1, long: 10 });
const limit = { timeout: 60_000 + runs * 20_000 };

describe('a simulated machine with workers', () => {
  it('keeps its promises in lock-step, whatever happens', limit, async () => {
    let frames = 0;
    for (let run = 0; run < runs; run++) {
      const options = { workers: run % 2 === 0 ? 2 : 1, inTurns: true };
      const report = await WorkerSimulation.run(first + run, options);
      frames += report.frames;
      if (run >= replayed) continue;
      expect(await WorkerSimulation.run(first + run, options)).toEqual(report);
      expect((await WorkerSimulation.run(first + run + 1, options)).digest).not.toBe(report.digest);
    }
    expect(frames).toBeGreaterThan(runs * 20);
  });

  it('keeps them free-running, too', limit, async () => {
    for (let run = 0; run < runs; run++) {
      const { frames } = await WorkerSimulation.run(first + run, { workers: run % 2 === 0 ? 2 : 1, inTurns: false });
      expect(frames).toBeGreaterThan(0);
    }
  });

  it('is found when frames arrive twice, in either time', limit, async () => {
    for (const inTurns of [true, false]) {
      const messages: string[] = [];
      for (let seed = 1; seed < 6 && !messages.join().includes('again or out of order'); seed++)
        await WorkerSimulation.run(seed, { workers: 2, inTurns }, (link) => {
          link.impair(parseImpairments('duplicate=30%'));
          link.impair = () => undefined;
        }).catch((error: unknown) => messages.push(String(error)));
      expect(messages.join('\n')).toMatch(/again or out of order/);
    }
  });
});
