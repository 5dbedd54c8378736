/*
 * The one error type of this package: misuse of a clock. A stable code tells which rule was broken.
 */

/** The stable codes of {@link ClockError}. */
export type ClockErrorCode = 'BAD_TIME' | 'BAD_SEED' | 'BAD_RANGE' | 'RUNNING' | 'DEADLOCK' | 'CLOSED';

/** Thrown when a clock is told something that cannot be, or waits for something that cannot come. */
export class ClockError extends Error {
  /** Which rule was broken; stable across releases. */
  readonly code: ClockErrorCode;

  /**
   * @param code - the rule that was broken
   * @param message - which object, what was expected and what came
   */
  constructor(code: ClockErrorCode, message: string) {
    super(`${code}: ${message}`);
    this.name = 'ClockError';
    this.code = code;
  }
}
