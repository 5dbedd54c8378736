/*
 * The one error type of this package: a driver or a machine's builder uses the bus in a way that cannot be right. What a
 * device does wrong is no exception: it is counted, or answered as a bus answers.
 */

/** The stable codes of {@link BusError}. */
export type BusErrorCode =
  | 'BAD_BAR'
  | 'BAD_OFFSET'
  | 'BAD_SIZE'
  | 'BAD_VECTOR'
  | 'NO_CAPABILITY'
  | 'NO_MESSAGES'
  | 'NO_ADDRESSES'
  | 'NOT_ENABLED';

/** Thrown when a function is reached, or asked for something, in a way that no bus knows. */
export class BusError extends Error {
  /** Which rule was broken; stable across releases. */
  readonly code: BusErrorCode;

  /**
   * @param code - the rule that was broken
   * @param message - which object, what was expected and what came
   */
  constructor(code: BusErrorCode, message: string) {
    super(`${code}: ${message}`);
    this.name = 'BusError';
    this.code = code;
  }
}
