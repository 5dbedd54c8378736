/*
 * Owns: the exit codes, and the error that ends a command with one of them and a line for the user.
 */

/** What a program that runs netcx can learn from its exit code. */
export const ExitCode = {
  Ok: 0,
  /** A frame was lost, altered or came in another order, a buffer leaked, or a verification failed. */
  Different: 1,
  /** Wrong usage, an input that cannot be read to its end, or an output that cannot be written. */
  BadInput: 2,
  /** Ended by the user. */
  Interrupted: 130,
} as const;

/** Ends a command; the message is one line that says what is wrong and what to do about it. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  /** The exit code. */
  readonly exitCode: number;

  /**
   * @param message - one line for the user
   * @param exitCode - of the program
   */
  constructor(message: string, exitCode: number = ExitCode.BadInput) {
    super(message);
    this.exitCode = exitCode;
  }
}
