/*
 * The one error type of this package: an index that would leave its range, or a ring that cannot be built. A full or an
 * empty ring is never an error; it is a count of zero.
 */

/** The stable codes of {@link RingError}. */
export type RingErrorCode = 'RING_SIZE' | 'RING_STRIDE' | 'RING_ADDRESS' | 'RING_HEADER' | 'RANGE_EXCEEDED';

/** Thrown when a ring is built wrongly, or asked to move an index further than it may go. */
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
