/*
 * What a transmit translator is told of its queue and its NIC, and what it counts. Every frame that a protocol submits is
 * counted exactly once: as a packet, or by the reason for which it was given up.
 */

import type { BufferPool } from '@netcx/buffers';
import type { DmaEnabler } from '@netcx/dma';
import type { Ring, RingCollection } from '@netcx/rings';
import type { TransmitOffloads } from './offload/transmit-offloads.ts';
import type { BounceReason, RefusalReason, RetryReason } from './tx-decision.ts';

/** What became of frames, and why. All in frames, except bytes. */
export interface TxTranslatorCounters {
  /** Frames that completed after the NIC took them. */
  packets: number;
  /** Bytes in them. */
  bytes: number;
  /** Frames that were copied into a buffer that the NIC reaches. */
  bounced: number;
  /** Frames that were mapped where they lay, for the time that the NIC had them. */
  mapped: number;
  /** Frames that had to wait for fragments, for a buffer to be copied into, or for a mapping. */
  retried: number;
  /** Frames given up because no NIC could send them. */
  refused: number;
  /** Frames given up: the queue stopped before they were placed. */
  stopped: number;
  /** Frames that were copied, by reason. */
  readonly bouncedFor: Record<BounceReason, number>;
  /** Frames that had to wait, by what they waited for first. */
  readonly retriedFor: Record<RetryReason, number>;
  /** Those that no NIC could send, by reason. */
  readonly refusedFor: Record<RefusalReason, number>;
  /** What software did in the hardware's place. */
  readonly offloads: TxOffloadCounters;
}

/** What software did in the hardware's place. In frames, except segments. */
export interface TxOffloadCounters {
  /** Frames whose checksums software inserted, and those whose checksums nobody could insert. */
  readonly checksum: { required: number; failure: number };
  /** Frames that software cut into segments, and those that nobody could cut. */
  readonly segment: {
    readonly tcp: { success: number; failure: number };
    readonly udp: { success: number; failure: number };
  };
  /** The segments. */
  segments: number;
  /** Frames into which software inserted a tag. */
  tagged: number;
}

/** @returns counters of a translator that has placed nothing yet */
export const newTxTranslatorCounters = (): TxTranslatorCounters => ({
  packets: 0,
  refused: 0,
  bytes: 0,
  bounced: 0,
  mapped: 0,
  retried: 0,
  stopped: 0,
  bouncedFor: {
    policy: 0,
    copyBreak: 0,
    backfill: 0,
    alignment: 0,
    tooManyParts: 0,
    emptyPart: 0,
    beyondReach: 0,
    notMapped: 0,
  },
  retriedFor: { packets: 0, fragments: 0, buffers: 0, mappings: 0 },
  refusedFor: { empty: 0, tooLong: 0, invalid: 0, incomplete: 0, checksum: 0, segmentation: 0, tagging: 0 },
  offloads: {
    checksum: { required: 0, failure: 0 },
    segment: { tcp: { success: 0, failure: 0 }, udp: { success: 0, failure: 0 } },
    segments: 0,
    tagged: 0,
  },
});

/** How a translator reaches its queue and its NIC. */
export interface TxTranslatorOptions {
  readonly send: Ring;
  readonly rings: RingCollection;
  /** Byte offsets of extensions in this queue's elements; 0 = absent. */
  readonly checksum: number;
  readonly gso: number;
  readonly ieee8021q: number;
  readonly virtualAddress: number;
  readonly logicalAddress: number;
  /** What the hardware does of offloads, and what software may. */
  readonly offloads: TransmitOffloads;
  /** Buffers to copy into, each as long as backfill and the longest frame or longer. */
  readonly pool: BufferPool;
  /** One more, for when frames that wait hold all of them: then frames go on one by one, and never not at all. */
  readonly reserve: BufferPool;
  /** Maps memory for the NIC; `undefined` when its driver reads bytes itself, from wherever they lie. */
  readonly enabler: DmaEnabler | undefined;
  /** Longest frame that the NIC sends, in bytes. */
  readonly maximumFrame: number;
  /** Free bytes that the driver wants in front of each frame. */
  readonly backfill: number;
  /** Alignment of a fragment's first byte, a power of two. */
  readonly alignment: number;
  /** Most fragments of one packet. */
  readonly maximumFragments: number;
  /** Highest logical address that the NIC reaches; 0 = what the enabler's width allows. */
  readonly maximumAddress: number;
  /** `always` copies every frame, whether the NIC reaches it or not. */
  readonly bouncePolicy: 'ifNeeded' | 'always';
  /** Longest frame that is copied when it would have to be mapped. */
  readonly copyBreak: number;
  /** Mappings that may stay when no frame uses them. */
  readonly idleMappings: number;
  /**
   * Host offset of one word for each fragment element, the copy or the mapping that goes with it; behind them one for each
   * packet element, 1 when another packet of the same frame follows.
   */
  readonly shadow: number;
}
