/*
 * The station of the benchmark of workers: one adapter under load in this worker, with frames of the flows that steering has
 * for it. The wire's other end is in the worker, too: what is measured is the whole path, and not the main thread.
 */

import { readFileSync } from 'node:fs';
import { u8 } from '@netcx/hardware/wire';
import { buildLoad } from './harness.mjs';

/** Nanoseconds that this thread was on a processor; undefined where Linux does not say. */
function onProcessor() {
  try {
    return Number(readFileSync('/proc/thread-self/schedstat', 'utf8').split(' ')[0]);
  } catch {
    return undefined;
  }
}

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
        const before = onProcessor();
        const start = process.hrtime.bigint();
        load.run(packets);
        const wall = Number(process.hrtime.bigint() - start);
        const after = onProcessor();
        load.verify();
        return { wall, processor: before === undefined || after === undefined ? wall : after - before };
      },
    },
  };
}
