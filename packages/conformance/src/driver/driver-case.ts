/*
 * A case of the driver suite: what to do with a driver in a rig. The rig's demands at its end come on top.
 */

import type { DriverRig } from './driver-rig.ts';

/** One thing that a driver must do. */
export interface DriverCase {
  /** What it must do, as a sentence without its subject. */
  readonly name: string;
  /**
   * @param rig - the driver in its machine, not started
   * @returns when the driver did it; rejects with an AssertionError otherwise
   */
  run(rig: DriverRig): Promise<void>;
}
