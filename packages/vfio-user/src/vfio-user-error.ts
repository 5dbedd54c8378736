/*
 * The one error type of this package: a server or client that cannot be, on this system or with these options. What a
 * peer does wrong is none: it is answered with an errno, or ends its connection.
 */

/** The stable codes of {@link VfioUserError}. */
export type VfioUserErrorCode = 'NOT_LINUX' | 'SOCKET' | 'BAD_DEVICE' | 'PEER' | 'TIMEOUT' | 'SYSTEM';

/** Thrown when a server or client cannot do what it was asked to. */
export class VfioUserError extends Error {
  /** Which rule was broken; stable across releases. */
  readonly code: VfioUserErrorCode;

  /**
   * @param code - the rule that was broken
   * @param message - which object, what was expected and what came
   */
  constructor(code: VfioUserErrorCode, message: string) {
    super(`${code}: ${message}`);
    this.name = 'VfioUserError';
    this.code = code;
  }
}
