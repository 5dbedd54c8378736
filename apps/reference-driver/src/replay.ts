/*
 * The main job as a function: sends frames through a machine of two NICs and says what became of each. A frame goes
 * protocol edge, transmit rings, driver, NIC a, cable, NIC b, driver, receive rings, protocol edge; every one that arrives
 * is compared, byte for byte and in order, with the one that was sent. Runs in virtual time: the same frames, options and
 * seed give the same run.
 */

import { VirtualClock } from '@netcx/clock';
import { buildMachine } from './machine.ts';
import type { ReplayFrame, ReplayOptions } from './replay/options.ts';
import type { ReplayReport } from './replay/report.ts';
import { ETHERNET_HEADER_BYTES, ReplayRun } from './replay/run.ts';

export type { ReplayFrame, ReplayOptions } from './replay/options.ts';
export type { Difference, FrameCounts, ReplayReport, ReproducibleReport } from './replay/report.ts';

/** Payload of the longest frame that the NIC can do. */
const LONGEST_MTU = 9706;

/**
 * Replays frames through two NICs and checks what arrives.
 *
 * @param frames - the frames, in order; each one's bytes must not change until the replay is over
 * @param options - timing, seed, machine, and who wants to see what arrives
 * @returns what became of the frames; a source or a callback that throws ends the replay, and its error is thrown once
 * everything on its way has arrived, with the report as its `report` property
 * @throws DriverError when the machine does not come up, or an option is out of range
 */
export async function replay(
  frames: AsyncIterable<ReplayFrame> | Iterable<ReplayFrame>,
  options: ReplayOptions = {},
): Promise<ReplayReport> {
  const { seed = 1, mtu = LONGEST_MTU, ringSize = 256, iommu = false } = options;
  const clock = new VirtualClock({ seed });
  const machine = buildMachine(clock, { mtu, ringSize, iommu, promiscuous: true });
  const run = new ReplayRun(clock, machine, mtu + ETHERNET_HEADER_BYTES, options);
  await run.start();
  let failure: { readonly error: unknown } | undefined;
  try {
    for await (const frame of frames) {
      if (options.signal?.aborted === true) break;
      run.send(frame);
    }
  } catch (error) {
    failure = { error };
  }
  const report = await run.finish();
  try {
    run.check();
  } catch (error) {
    failure ??= { error };
  }
  if (failure === undefined) return report;
  const { error } = failure;
  throw Object.assign(error instanceof Error ? error : new Error(`the replay failed: ${String(error)}`), { report });
}
