/*
 * What becomes of a frame that a protocol wants to send: the decision table, apart from whoever looks at the frame and
 * from whoever acts. There are four outcomes, never merged: placed as it lies, copied, retried, or given up. The order of
 * the rows is the order in which NetAdapterCx's translator asks (reference netadaptercx §4.6), with its quirks closed: all of
 * a range is compared with the NIC's reach, and a frame whose last part is missing is found out.
 */

/** Why a frame is copied into a buffer that the NIC reaches. */
export type BounceReason =
  /** The adapter was told to copy every frame. */
  | 'policy'
  /** The driver's free bytes are not there in front of it. */
  | 'backfill'
  /** It would have to be mapped, and is so short that the adapter was told to copy it. */
  | 'copyBreak'
  /** A part does not begin where the NIC can read from. */
  | 'alignment'
  /** It has more parts than the NIC takes. */
  | 'tooManyParts'
  /** A part has no bytes: no fragment may be empty. */
  | 'emptyPart'
  /** A part lies, or would be mapped, beyond what the NIC can address. */
  | 'beyondReach'
  /** A part could not be mapped. */
  | 'notMapped';

/** Why a frame has to wait. */
export type RetryReason =
  /** The packet ring has no room for its next segment. */
  | 'packets'
  /** The fragment ring has no room for it. */
  | 'fragments'
  /** No buffer is there to copy it into. */
  | 'buffers'
  /** Every mapping is in use. */
  | 'mappings';

/** Why a frame is given up. */
export type RefusalReason =
  /** No bytes. */
  | 'empty'
  /** More bytes than the NIC sends. */
  | 'tooLong'
  /** Some of its bytes lie outside the buffer that it names, or outside host memory. */
  | 'invalid'
  /** Its last part says that more follow, and none does. */
  | 'incomplete'
  /** It wants a checksum that neither hardware nor software can insert. */
  | 'checksum'
  /** It shall be cut into segments, and neither can. */
  | 'segmentation'
  /** It wants a tag, and neither can insert one. */
  | 'tagging';

/** What is known of a frame before anything is mapped. */
export interface FrameFacts {
  /** Bytes of all parts. */
  readonly length: number;
  /** Parts, empty ones included. */
  readonly parts: number;
  /** Whether the last part says that the frame ends. */
  readonly ended: boolean;
  /** Whether every part lies where it says. */
  readonly readable: boolean;
  /** Whether the driver's free bytes are there in front of the first part. */
  readonly backfilled: boolean;
  /** Whether every fragment would begin aligned. */
  readonly aligned: boolean;
  /** Whether some part has no bytes. */
  readonly emptyPart: boolean;
}

/** What the NIC and the adapter allow. */
export interface FrameLimits {
  /** Longest frame, in bytes. */
  readonly maximumFrame: number;
  /** Most fragments of one packet. */
  readonly maximumFragments: number;
  /** `always` copies every frame, whether the NIC reaches it or not. */
  readonly bouncePolicy: 'ifNeeded' | 'always';
}

/** What shall be done with a frame; `place` still needs each part to be mapped. */
export type TxDecision =
  | { readonly act: 'place' }
  | { readonly act: 'bounce'; readonly reason: BounceReason }
  | { readonly act: 'refuse'; readonly reason: RefusalReason };

const PLACE: TxDecision = { act: 'place' };
const refuse = (reason: RefusalReason): TxDecision => Object.freeze({ act: 'refuse', reason });
const bounce = (reason: BounceReason): TxDecision => Object.freeze({ act: 'bounce', reason });
const INCOMPLETE = refuse('incomplete');
const EMPTY = refuse('empty');
const TOO_LONG = refuse('tooLong');
const INVALID = refuse('invalid');
const BY_POLICY = bounce('policy');
const NO_BACKFILL = bounce('backfill');
const EMPTY_PART = bounce('emptyPart');
const MISALIGNED = bounce('alignment');
const TOO_MANY_PARTS = bounce('tooManyParts');

/**
 * @param frame - what is known of the frame
 * @param limits - what the NIC and the adapter allow
 * @returns what shall be done with it: the first row that is true
 */
export function decideFrame(frame: FrameFacts, limits: FrameLimits): TxDecision {
  if (!frame.ended) return INCOMPLETE;
  if (frame.length === 0) return EMPTY;
  if (frame.length > limits.maximumFrame) return TOO_LONG;
  if (!frame.readable) return INVALID;
  if (limits.bouncePolicy === 'always') return BY_POLICY;
  if (!frame.backfilled) return NO_BACKFILL;
  if (frame.emptyPart) return EMPTY_PART;
  if (!frame.aligned) return MISALIGNED;
  if (frame.parts > limits.maximumFragments) return TOO_MANY_PARTS;
  return PLACE;
}

const RETRIES: readonly string[] = ['packets', 'fragments', 'buffers', 'mappings'] satisfies readonly RetryReason[];

/**
 * @param reason - why a frame cannot go from where it lies
 * @returns whether it can be copied; else it waits
 */
export const isBounce = (reason: BounceReason | RetryReason): reason is BounceReason => !RETRIES.includes(reason);
