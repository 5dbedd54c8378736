/*
 * What a replay says at its end. Every frame that was read is in exactly one of the counts of `frames`, so that they add
 * up; the verdict is good only if each frame is what it had to be.
 */

/** What became of the frames that were read; the counts after `read` add up to it. */
export interface FrameCounts {
  /** Frames read from the source. */
  readonly read: number;
  /** Arrived in order, each byte as it was sent. */
  readonly equal: number;
  /** Shorter than Ethernet's minimum: arrived in order with the NIC's padding of zeros, every byte before it as sent. */
  readonly padded: number;
  /** Longer than the NIC sends: refused by the adapter, as they must be. */
  readonly tooLong: number;
  /** Without a byte in them: refused by the adapter, as they must be. */
  readonly empty: number;
  /** Did not arrive. */
  readonly lost: number;
  /** Arrived with other bytes, or another length. */
  readonly altered: number;
  /** Arrived as they were sent, but behind a frame that was sent later. */
  readonly reordered: number;
}

/** Where a frame first differs from what was sent. */
export interface Difference {
  /** Number of the frame in the source, from 0; -1 for what no frame of the source is to blame for. */
  readonly frame: number;
  /** What is wrong, in words. */
  readonly what: string;
}

/** What a replay says at its end. */
export interface ReplayReport {
  /** What became of the frames. */
  readonly frames: FrameCounts;
  /** Frames that arrived though nobody had sent them, or once more than they were sent. */
  readonly unexpected: number;
  readonly bytes: { readonly sent: number; readonly received: number };
  /** Frames dropped anywhere on the way, by place and reason; reasons without a drop are left out. */
  readonly drops: Readonly<Record<string, number>>;
  /** Interrupts delivered to both drivers. */
  readonly interrupts: number;
  /** Rounds of polling of all queues. */
  readonly polls: number;
  /** `inUse`: attached to receive rings at the end, as they should be. `leaked`: held by nobody who would give them back. */
  readonly buffers: { readonly inUse: number; readonly leaked: number };
  /** Nanoseconds of the machine's own time. */
  readonly virtualTime: number;
  /** Milliseconds that it took; not the same from run to run. */
  readonly wallTime: number;
  /** The seed that replays it. */
  readonly seed: number;
  /** Whether every frame became what it had to, and every buffer came back. */
  readonly ok: boolean;
  /** The first differences, at most 10. */
  readonly differences: readonly Difference[];
}

/** The part of a report that is the same each time: everything but how long it took. */
export type ReproducibleReport = Omit<ReplayReport, 'wallTime'>;
