/*
 * The one error type of this package: a wire was asked for that cannot be, or cannot be opened. What arrives on a wire
 * never throws; it is dropped and counted.
 */

/** The stable codes of {@link WireError}. */
export type WireErrorCode =
  /** The words that describe a wire, or an option of one, make no sense. */
  | 'BAD_WIRE'
  /** A file or folder cannot be read or written. */
  | 'FILE'
  /** A socket cannot be opened. */
  | 'SOCKET'
  /** The user may not open such a socket. */
  | 'NOT_PERMITTED';

/** Thrown when a wire cannot be made. */
export class WireError extends Error {
  /** What went wrong; stable across releases. */
  readonly code: WireErrorCode;

  /**
   * @param code - what went wrong
   * @param message - which wire, what was expected and what came
   * @param cause - the system's own error, if there is one
   */
  constructor(code: WireErrorCode, message: string, cause?: unknown) {
    super(`${code}: ${message}`, cause === undefined ? {} : { cause });
    this.name = 'WireError';
    this.code = code;
  }
}

/**
 * @param error - anything that was thrown
 * @returns what it says
 */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
