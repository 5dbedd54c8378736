/*
 * What stands around one transmit queue of the driver: what it needs besides the chip, and what it tells.
 */

import type { HardwareClock } from './timestamp.ts';

/** What a transmit queue counts besides the framework's own statistics. */
export interface TxQueueCounters {
  /** Heads that the chip wrote which cannot be. */
  invalidHeads: number;
  /** Context descriptors written. */
  contexts: number;
  /** Packets that the chip was to segment. */
  segmented: number;
  /** Frames that the chip had not sent when the queue stopped: its link was down, it was gone, or it did not move. */
  unsent: number;
}

/** What a transmit queue needs besides the chip. */
export interface TxSurroundings {
  /** Connects the queue's interrupt; returns what arms it. */
  readonly connect: (handler: () => void) => (enabled: boolean) => void;
  /** Called when the queue waits for the chip, with frames on their way. */
  readonly sleeping: () => void;
  /** Stamps frames, where somebody wants that. */
  readonly clock: HardwareClock | undefined;
}
