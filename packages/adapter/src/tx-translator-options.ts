/*
 * What a transmit translator is told of its queue and its NIC, and what it counts. Every frame that a protocol submits is
 * counted exactly once: as a packet, or by the reason for which it was given up.
 */

import type { BufferPool } from '@netcx/buffers';
import type { Ring, RingCollection } from '@netcx/rings';

/** What became of frames, and why. All in frames, except bytes. */
export interface TxTranslatorCounters {
  /** Frames that completed after the NIC took them. */
  packets: number;
  /** Bytes in them. */
  bytes: number;
  /** Frames that were copied into a buffer that the NIC reaches. */
  bounced: number;
  /** Frames that had to wait for fragments, or for a buffer to be copied into. */
  retried: number;
  /** Frames given up: no bytes in them. */
  empty: number;
  /** Frames given up: longer than the NIC sends. */
  tooLong: number;
  /** Frames given up: some of their bytes lie outside the buffer they name, or outside host memory. */
  invalid: number;
  /** Frames given up: the queue stopped before they were placed. */
  stopped: number;
}

/** @returns counters of a translator that has placed nothing yet */
export const newTxTranslatorCounters = (): TxTranslatorCounters => ({
  packets: 0,
  bytes: 0,
  bounced: 0,
  retried: 0,
  empty: 0,
  tooLong: 0,
  invalid: 0,
  stopped: 0,
});

/** How a translator reaches its queue and its NIC. */
export interface TxTranslatorOptions {
  readonly send: Ring;
  readonly rings: RingCollection;
  /** Byte offsets of extensions in this queue's elements; 0 = absent. */
  readonly checksum: number;
  readonly virtualAddress: number;
  readonly logicalAddress: number;
  /** Buffers to copy into, each as long as the longest frame or longer. */
  readonly pool: BufferPool;
  /** One more, for when frames that wait hold all of them: then frames go on one by one, and never not at all. */
  readonly reserve: BufferPool;
  /** Number of the NIC's DMA domain; a buffer mapped for another one is copied. */
  readonly domain: number;
  /** Longest frame that the NIC sends, in bytes. */
  readonly maximumFrame: number;
  /** Alignment of a fragment's first byte, a power of two. */
  readonly alignment: number;
  /** Most fragments of one packet. */
  readonly maximumFragments: number;
  /** Highest host offset that the NIC reaches; 0 = no limit. */
  readonly maximumOffset: number;
  /** Host offset of one word for each fragment element: the buffer that a fragment was copied into. */
  readonly shadow: number;
}
