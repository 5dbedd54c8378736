/*
 * The one error of this package: a stable code, and what was expected in place of what came.
 */

/** What went wrong. Codes are never renamed. */
export type TraceErrorCode = 'OPTION' | 'UNKNOWN_TRACK' | 'CLOSED';

/**
 * What this package throws.
 *
 * @example
 * ```ts
 * try {
 *   new Timeline({ events: 0 });
 * } catch (error) {
 *   (error as TraceError).code; // 'OPTION'
 * }
 * ```
 */
export class TraceError extends Error {
  override readonly name = 'TraceError';
  /** What went wrong, for programs. */
  readonly code: TraceErrorCode;

  /**
   * @param code - what went wrong
   * @param message - the object, what was expected, what came
   */
  constructor(code: TraceErrorCode, message: string) {
    super(`${code}: ${message}`);
    this.code = code;
  }
}

/**
 * @param what - the option's name
 * @param value - what came
 * @param least - smallest whole number that it may be
 * @param most - largest
 * @returns the value
 * @throws TraceError `OPTION` for anything else
 */
export function checkedNumber(what: string, value: number, least: number, most: number): number {
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw new TraceError(
    'OPTION',
    `${what} is ${String(value)}; expected a whole number from ${String(least)} to ${String(most)}`,
  );
}
