/*
 * Owns: what a TAP above an adapter counts.
 */

/** What passed, and what did not. */
export interface TapCounters {
  /** Frames from Linux to the NIC; one that the NIC cuts into segments counts once. */
  fromLinux: number;
  /** Frames from the NIC to Linux; one that was coalesced from segments counts once. */
  toLinux: number;
  /** Frames from the NIC that Linux had no room for. */
  refused: number;
  /** Frames from Linux that asked for what cannot be done. */
  unsupported: number;
  /** Frames from Linux that were longer than there was memory for. */
  tooLong: number;
}

/** @returns counters at zero */
export const newTapCounters = (): TapCounters => ({
  fromLinux: 0,
  toLinux: 0,
  refused: 0,
  unsupported: 0,
  tooLong: 0,
});
