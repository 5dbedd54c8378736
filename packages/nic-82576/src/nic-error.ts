/*
 * The one error type of this package: a model that cannot be built from what its options say, or a fault that it cannot
 * have. Whatever a driver does to the model is never an exception: it is answered as the chip would.
 */

/** The stable codes of {@link NicError}. */
export type NicErrorCode = 'MAC_ADDRESS' | 'EEPROM_IMAGE' | 'VECTORS' | 'AUTONEGOTIATION_TIME' | 'FAULT' | 'STEERING';

/** Thrown by the constructor of the model, and where faults are injected or flows are steered. */
export class NicError extends Error {
  /** Which rule was broken; stable across releases. */
  readonly code: NicErrorCode;

  /**
   * @param code - the rule that was broken
   * @param message - which object, what was expected and what came
   */
  constructor(code: NicErrorCode, message: string) {
    super(`${code}: ${message}`);
    this.name = 'NicError';
    this.code = code;
  }
}
