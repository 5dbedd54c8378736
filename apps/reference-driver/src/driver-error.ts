/*
 * The one error type of this driver: a device that is not there, not ours, or does not come up. Each says which step
 * failed and what the device answered.
 */

/** The stable codes of {@link DriverError}. */
export type DriverErrorCode =
  | 'WRONG_DEVICE'
  | 'DEVICE_GONE'
  | 'TIMEOUT'
  | 'EEPROM_CHECKSUM'
  | 'PHY_UNKNOWN'
  | 'PHY_ERROR'
  | 'TOO_FEW_VECTORS'
  | 'NO_MESSAGE'
  | 'NO_POWER_MANAGEMENT'
  | 'ASLEEP'
  | 'STARTED'
  | 'BAD_OPTION';

/** Thrown while the device is brought up or down; the data path counts instead. */
export class DriverError extends Error {
  /** Which step failed; stable across releases. */
  readonly code: DriverErrorCode;

  /**
   * @param code - which step failed
   * @param message - what was expected and what the device answered
   */
  constructor(code: DriverErrorCode, message: string) {
    super(`${code}: ${message}`);
    this.name = 'DriverError';
    this.code = code;
  }
}
