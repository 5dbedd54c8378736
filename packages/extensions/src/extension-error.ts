/*
 * The one error type of this package: a definition, a registration or a plan that cannot be, and the use of an
 * extension that a queue does not have. All of it happens when a driver starts; accessors in a loop never throw.
 */

/**
 * The stable codes of {@link ExtensionError}.
 *
 * @example
 * ```ts
 * const atStart: ExtensionErrorCode[] = ['DUPLICATE', 'INCOMPATIBLE', 'RESERVED_NAME']; // what `register` throws
 * atStart.includes('NOT_ENABLED'); // false
 * ```
 */
export type ExtensionErrorCode =
  | 'NAME'
  | 'RESERVED_NAME'
  | 'VERSION'
  | 'LEVEL'
  | 'SIZE'
  | 'ALIGNMENT'
  | 'FIELD_NAME'
  | 'FIELD_ALIGNMENT'
  | 'DUPLICATE'
  | 'INCOMPATIBLE'
  | 'CORE'
  | 'MODE'
  | 'ELEMENT_SIZE'
  | 'NOT_ENABLED';

/**
 * Thrown when an extension is defined, registered, planned or used in a way that cannot be right.
 *
 * @example
 * ```ts
 * try {
 *   defineExtension({ name: 'example_wide', version: 1, size: 8, alignment: 8, level: 'packet', fields: {} });
 * } catch (error) {
 *   if (!(error instanceof ExtensionError)) throw error;
 *   error.code; // 'ALIGNMENT'
 *   error.message; // 'ALIGNMENT: example_wide: 8; expected a power of two up to 4 in a packet'
 * }
 * ```
 */
export class ExtensionError extends Error {
  /** Which rule was broken; stable across releases. */
  readonly code: ExtensionErrorCode;

  /**
   * @param code - the rule that was broken
   * @param message - which extension, what was expected and what came
   */
  constructor(code: ExtensionErrorCode, message: string) {
    super(`${code}: ${message}`);
    this.name = 'ExtensionError';
    this.code = code;
  }
}
