/*
 * The one error type of this package: a declaration that cannot be true (a field past the end of its struct, two
 * fields on the same bit, a register twice at one offset). Declarations run once, at load, so nothing here is hot.
 */

/** The stable codes of {@link LayoutError}. */
export type LayoutErrorCode =
  | 'FIELD_RANGE'
  | 'FIELD_OVERLAP'
  | 'FIELD_ALIGNMENT'
  | 'FIELD_NAME'
  | 'STRUCT_SIZE'
  | 'REGISTER_OVERLAP'
  | 'REGISTER_ALIGNMENT'
  | 'REGISTER_RANGE'
  | 'BYTE_ORDER';

/** Thrown while a struct or a register table is declared; never by an accessor. */
export class LayoutError extends Error {
  /** Which rule was broken; stable across releases. */
  readonly code: LayoutErrorCode;

  /**
   * @param code - the rule that was broken
   * @param message - which object, what was expected and what came
   */
  constructor(code: LayoutErrorCode, message: string) {
    super(`${code}: ${message}`);
    this.name = 'LayoutError';
    this.code = code;
  }
}
