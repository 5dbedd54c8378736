/*
 * The one error type of this package: a device model or a machine is put together in a way that cannot be. What a host
 * or a driver does at run time never throws here; the device answers, counts and goes on, as hardware does.
 */

/** The stable codes of {@link HardwareError}. */
export type HardwareErrorCode =
  | 'BAD_BAR'
  | 'BAD_CAPABILITY'
  | 'BAD_REGISTER'
  | 'BAD_VECTOR'
  | 'BAD_BURST'
  | 'BAD_LINK'
  | 'BAD_IMPAIRMENT'
  | 'CONNECTED';

/** Thrown when a model is described or wired in a way that no hardware is. */
export class HardwareError extends Error {
  /** Which rule was broken; stable across releases. */
  readonly code: HardwareErrorCode;

  /**
   * @param code - the rule that was broken
   * @param message - which object, what was expected and what came
   */
  constructor(code: HardwareErrorCode, message: string) {
    super(`${code}: ${message}`);
    this.name = 'HardwareError';
    this.code = code;
  }
}
