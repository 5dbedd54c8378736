/*
 * What goes wrong with a TAP: codes for programs, messages for people.
 */

/** What went wrong. */
export type TapErrorCode =
  | 'SYSTEM' // this operating system has no TAP, or a system call failed that should not
  | 'NOT_PERMITTED' // the user may not make or open the TAP
  | 'BAD_OPTION' // an option that no TAP can have
  | 'CLOSED'; // the TAP was closed before

/** An error of this package. */
export class TapError extends Error {
  /** What went wrong, for programs. */
  readonly code: TapErrorCode;

  /**
   * @param code - what went wrong
   * @param message - the same for people: what was expected, what came
   */
  constructor(code: TapErrorCode, message: string) {
    super(message);
    this.name = 'TapError';
    this.code = code;
  }
}
