/*
 * The station of the benchmark of workers: one adapter under load in this worker, with frames of the flows that steering has
 * for it. The wire's other end is in the worker, too: what is measured is the whole path, and not the main thread.
 */

import { u8 } from '@netcx/hardware/wire';
import { takeTime } from '@tooling/bench/timing';
import { buildLoad } from './harness.mjs';

const BLOCK = 32_768;

/**
 * @param {{ numbers: { frameBytes?: number } }} context
 * @returns a station that moves packets when it is told to
 */
export async function buildStation({ numbers: { frameBytes = 64 } }) {
  const load = await buildLoad({ frameBytes, adapters: 1 });
  const [{ end }] = load.stations;
  return {
    start() {
      // The load runs since it was built.
    },
    stop: () => load.stop(),
    calls: {
      take({ offset, bytes }) {
        if (bytes !== end.slot * end.burst) throw new Error(`${bytes} bytes for ${end.burst} frames`);
        u8.copyWithin(end.in, offset, offset + bytes);
        return {};
      },
      run({ packets }) {
        load.run(packets);
        load.verify();
        return {};
      },
      measure() {
        // No longer, however few blocks were undisturbed: a worker that went on would be alone at last, and faster for it.
        const timing = takeTime(() => {
          load.run(BLOCK);
          return BLOCK;
        }, 1);
        load.verify();
        return timing;
      },
    },
  };
}
