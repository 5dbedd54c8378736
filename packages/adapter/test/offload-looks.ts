/* How tests of offloads look at what left an adapter. */

import type { FakeMachineOptions } from './fake-machine.ts';
import { buildOffloadRig, type OffloadRig } from './offload-rig.ts';

/** Bytes as text, for comparing. */
export const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
export const hexes = (frames: readonly Uint8Array[]): string[] => frames.map(hex);

/** Runs a test on a rig of its own, which must leave nothing behind. */
export async function on(options: FakeMachineOptions, test: (rig: OffloadRig) => void | Promise<void>): Promise<void> {
  const rig = buildOffloadRig(options);
  await test(rig);
  rig.finish();
  await rig.close();
}

/** What the adapter counted. */
export const transmit = ({ machine }: OffloadRig) => machine.adapter.statistics().transmit;
/** What its queue's translator counted. */
export const counters = ({ machine }: OffloadRig) => machine.adapter.transmitQueues[0]!.translator.counters;

/** The bytes that the driver's free room in front of each packet takes are not sent. */
export const sent = (rig: OffloadRig, backfill: number): string[] =>
  rig.tx.frames.map((frame) => hex(frame.subarray(backfill)));
