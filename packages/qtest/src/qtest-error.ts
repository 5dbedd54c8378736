/*
 * What goes wrong between here and a QEMU machine: codes for programs, messages for people.
 */

/** What went wrong. */
export type QtestErrorCode =
  | 'SYSTEM' // this operating system has no QEMU bridge, or a system call failed
  | 'NOT_STARTED' // the QEMU program is missing, or did not come up
  | 'GONE' // QEMU ended while it was being talked to
  | 'TIMEOUT' // QEMU did not answer
  | 'REFUSED' // QEMU answered a command with an error
  | 'PROTOCOL' // QEMU answered something that is no answer to the command
  | 'NO_DEVICE' // no function answers at that place of the bus
  | 'BAD_FRAME'; // a frame that no wire takes

/** An error of this package. */
export class QtestError extends Error {
  /** What went wrong, for programs. */
  readonly code: QtestErrorCode;

  /**
   * @param code - what went wrong
   * @param message - the same for people: what was expected, what came
   * @param options - the error that caused it
   */
  constructor(code: QtestErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'QtestError';
    this.code = code;
  }
}
