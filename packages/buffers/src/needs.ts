/*
 * What a protocol above an adapter needs of buffers, and what a NIC can do with them: the two sides that the buffer manager
 * has to bring together. Both are statements, made before an adapter starts; neither side sees the other's.
 */

import { BufferError } from './buffer-error.ts';

/**
 * What a protocol needs. Everything but the name may be left out, and asks for nothing then.
 *
 * @example
 * ```ts
 * const needs: ProtocolNeeds = { name: 'tunnel', headroom: 50, holdingTime: 2_000_000, takesParts: true };
 * ```
 */
export interface ProtocolNeeds {
  /** Who asks: named in the result. */
  readonly name: string;
  /** Free bytes in front of each received frame, and of each frame that it sends from a pool's buffer; 0 to 4096. */
  readonly headroom?: number;
  /** Bytes that each receive buffer must hold behind the headroom. */
  readonly minimumSize?: number;
  /** Alignment of a received frame's first byte, a power of two up to 4096. */
  readonly alignment?: number;
  /** How long it holds received buffers before it releases them, at most, in nanoseconds. */
  readonly holdingTime?: number;
  /** Highest host offset that it reaches. */
  readonly maximumOffset?: number;
  /** Whether it takes a frame in several buffers; false when left out: each frame lies in one. */
  readonly takesParts?: boolean;
}

/**
 * Sizes of receive buffers that a NIC can be told, when it spreads a long frame over several.
 *
 * @example
 * ```ts
 * const sizes: BufferSizes = { granularity: 1024, minimum: 1024, maximum: 16 * 1024, maximumFragments: 10 };
 * ```
 */
export interface BufferSizes {
  /** Every size is a multiple of this, in bytes. */
  readonly granularity: number;
  /** The least, in bytes. */
  readonly minimum: number;
  /** The most, in bytes. */
  readonly maximum: number;
  /** Most buffers that it spreads a frame over. */
  readonly maximumFragments: number;
}

/**
 * What a NIC can do, as its driver declared it.
 *
 * @example
 * ```ts
 * const nic: NicConstraints = {
 *   name: 'nic 0',
 *   linkSpeed: 1e9,
 *   transmit: { queues: 1, maximumFrame: 1514, alignment: 1, ringHint: 256, backfill: 0, maximumFragments: 16 },
 *   receive: { queues: 1, maximumFrame: 1518, alignment: 64, ringHint: 4096, bufferSizes: undefined },
 * };
 * ```
 */
export interface NicConstraints {
  /** For the result. */
  readonly name: string;
  /** The fastest that its link can be, in bits per second. */
  readonly linkSpeed: number;
  readonly transmit: {
    /** Queues to make. */
    readonly queues: number;
    /** Longest frame, in bytes. */
    readonly maximumFrame: number;
    /** Alignment of a fragment's first byte. */
    readonly alignment: number;
    /** Wish for the fragment ring; 0 = none. */
    readonly ringHint: number;
    /** Free bytes that it wants in front of each frame. */
    readonly backfill: number;
    /** Most fragments of one packet. */
    readonly maximumFragments: number;
  };
  readonly receive: {
    /** Queues to make. */
    readonly queues: number;
    /** Longest frame, in bytes. */
    readonly maximumFrame: number;
    /** Alignment of a buffer's first byte. */
    readonly alignment: number;
    /** Wish for the fragment ring; 0 = none. */
    readonly ringHint: number;
    /** Sizes of buffers that it can be told; `undefined` = each buffer holds the longest frame. */
    readonly bufferSizes: BufferSizes | undefined;
  };
}

const isCount = (value: number, most: number): boolean => Number.isInteger(value) && value >= 0 && value <= most;

/**
 * @param needs - what a protocol says that it needs
 * @throws BufferError `NEEDS_INVALID`, naming every field that cannot be
 * @example
 * ```ts
 * checkNeeds({ name: 'tunnel', headroom: -1 }); // NEEDS_INVALID: tunnel: headroom is -1; expected 0 to 4096
 * ```
 */
export function checkNeeds(needs: ProtocolNeeds): void {
  const { headroom = 0, minimumSize = 0, alignment = 1, holdingTime = 0, maximumOffset = 1 } = needs;
  const wrong: string[] = [];
  if (!isCount(headroom, 4096)) wrong.push(`headroom is ${String(headroom)}; expected 0 to 4096`);
  if (!isCount(minimumSize, 2 ** 25)) wrong.push(`minimumSize is ${String(minimumSize)}; expected 0 to 2^25`);
  if (!isCount(alignment, 4096) || alignment === 0 || (alignment & (alignment - 1)) !== 0)
    wrong.push(`alignment is ${String(alignment)}; expected a power of two up to 4096`);
  if (!Number.isFinite(holdingTime) || holdingTime < 0)
    wrong.push(`holdingTime is ${String(holdingTime)} ns; expected 0 or more`);
  if (!isCount(maximumOffset, Number.MAX_SAFE_INTEGER) || maximumOffset === 0)
    wrong.push(`maximumOffset is ${String(maximumOffset)}; expected a host offset above 0`);
  if (wrong.length > 0) throw new BufferError('NEEDS_INVALID', `${needs.name}: ${wrong.join('; ')}`);
}
