/*
 * The one error type of this package: a definition, a registration or a plan that cannot be, and the use of an
 * extension that a queue does not have. All of it happens when a driver starts; accessors in a loop never throw.
 */

/** The stable codes of {@link ExtensionError}. */
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
  | 'ELEMENT_SIZE'
  | 'NOT_ENABLED';

/** Thrown when an extension is defined, registered, planned or used in a way that cannot be right. */
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
