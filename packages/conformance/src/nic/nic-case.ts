/*
 * A case of the NIC suite. Most need one NIC in a slot; those that compare need a second one.
 */

import type { NicRig } from './nic-rig.ts';

/** One thing that a NIC model must do. */
export interface NicCase {
  /** What it must do, as a sentence without its subject. */
  readonly name: string;
  /**
   * @param rig - the NIC in a slot, as after power-on
   * @param another - puts another NIC of the same kind into a slot of a machine of its own
   * @returns when the NIC did it; throws or rejects with an AssertionError otherwise
   */
  run(rig: NicRig, another: () => Promise<NicRig>): void | Promise<void>;
}
