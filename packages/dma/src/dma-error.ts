/*
 * The one error type of this package: misuse of memory by a driver or a machine's builder. What a device does wrong is
 * never an exception; it is a fault that the domain records and the device sees as a failed access.
 */

/**
 * The stable codes of {@link DmaError}.
 *
 * @example
 * ```ts
 * const code: DmaErrorCode = 'OUT_OF_MEMORY';
 * ```
 */
export type DmaErrorCode =
  | 'MEMORY_CHOSEN'
  | 'MEMORY_SIZE'
  | 'MEMORY_KIND'
  | 'BAD_ADDRESS'
  | 'BAD_LENGTH'
  | 'BAD_ALIGNMENT'
  | 'OUT_OF_MEMORY'
  | 'OUT_OF_ADDRESSES'
  | 'NOT_ALLOCATED'
  | 'NOT_MAPPED'
  | 'NOT_REACHABLE'
  | 'OVERLAP'
  | 'TOO_MANY'
  | 'VERSION'
  | 'ADDRESS_WIDTH';

/**
 * Thrown when memory is asked for, mapped or given back in a way that cannot be right.
 *
 * @example
 * ```ts
 * try {
 *   enabler.map(offset, 1500, 'read');
 * } catch (error) {
 *   if (error instanceof DmaError && error.code === 'NOT_REACHABLE') copyBelowTheLimit();
 * }
 * ```
 */
export class DmaError extends Error {
  /** Which rule was broken; stable across releases. */
  readonly code: DmaErrorCode;

  /**
   * @param code - the rule that was broken
   * @param message - which object, what was expected and what came
   */
  constructor(code: DmaErrorCode, message: string) {
    super(`${code}: ${message}`);
    this.name = 'DmaError';
    this.code = code;
  }
}
