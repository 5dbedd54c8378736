/*
 * The one error type of this package: a pool that cannot be built, a buffer given back by somebody who does not have it,
 * or written by somebody who gave it back. An empty pool is never an error; `take` says so with `NO_BUFFER`.
 */

/**
 * The stable codes of {@link BufferError}.
 *
 * @example
 * ```ts
 * const code: BufferErrorCode = 'STILL_HELD';
 * ```
 */
export type BufferErrorCode =
  | 'POOL_SIZE'
  | 'BUFFER_SIZE'
  | 'BUFFER_ALIGNMENT'
  | 'NOT_A_BUFFER'
  | 'NOT_HELD'
  | 'STILL_HELD'
  | 'POOL_CLOSED'
  | 'DMA_VERSION'
  | 'REFERENCES'
  | 'OWNER'
  | 'WRITTEN_AFTER_FREE'
  | 'WRITTEN_BEYOND_END'
  | 'NEEDS_INVALID'
  | 'NEEDS_UNMET'
  | 'SIZING_INVALID';

/**
 * Thrown when a pool is built or used in a way that cannot be right.
 *
 * @example
 * ```ts
 * try {
 *   pool.close();
 * } catch (error) {
 *   if (error instanceof BufferError && error.code === 'STILL_HELD') console.error(error.message); // who holds what
 * }
 * ```
 */
export class BufferError extends Error {
  /** Which rule was broken; stable across releases. */
  readonly code: BufferErrorCode;

  /**
   * @param code - the rule that was broken
   * @param message - which pool, what was expected and what came
   */
  constructor(code: BufferErrorCode, message: string) {
    super(`${code}: ${message}`);
    this.name = 'BufferError';
    this.code = code;
  }
}
