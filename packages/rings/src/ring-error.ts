/*
 * The one error type of this package: an index that would leave its range, or a ring that cannot be built. A full or an
 * empty ring is never an error; it is a count of zero.
 */

/**
 * The stable codes of {@link RingError}.
 *
 * @example
 * ```ts
 * const foreign: RingErrorCode[] = ['RING_HEADER', 'FRAGMENT_RUN']; // what another worker wrote cannot be
 * foreign.includes('RANGE_EXCEEDED'); // false
 * ```
 */
export type RingErrorCode =
  | 'RING_SIZE'
  | 'RING_STRIDE'
  | 'RING_CORE'
  | 'RING_ADDRESS'
  | 'RING_HEADER'
  | 'RING_NOT_SHARED'
  | 'RANGE_EXCEEDED'
  | 'INDEX_ASTRAY'
  | 'FRAGMENT_RUN';

/**
 * Thrown when a ring is built wrongly, asked to move an index further than it may go, or holds a packet that cannot be.
 *
 * @example
 * ```ts
 * const ring = Ring.create(block, { name: 'tx 0', elements: 8, stride: 16 });
 * try {
 *   ring.post(1);
 * } catch (error) {
 *   if (!(error instanceof RingError)) throw error;
 *   error.code; // 'RANGE_EXCEEDED'
 *   ring.postCount; // 0
 * }
 * ```
 */
export class RingError extends Error {
  /** Which rule was broken; stable across releases. */
  readonly code: RingErrorCode;

  /**
   * @param code - the rule that was broken
   * @param message - which ring, what was expected and what came
   */
  constructor(code: RingErrorCode, message: string) {
    super(`${code}: ${message}`);
    this.name = 'RingError';
    this.code = code;
  }
}
