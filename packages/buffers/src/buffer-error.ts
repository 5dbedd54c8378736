/*
 * The one error type of this package: a pool that cannot be built, or a buffer given back by somebody who does not have
 * it. An empty pool is never an error; `take` says so with `NO_BUFFER`.
 */

/** The stable codes of {@link BufferError}. */
export type BufferErrorCode =
  | 'POOL_SIZE'
  | 'BUFFER_SIZE'
  | 'BUFFER_ALIGNMENT'
  | 'NOT_A_BUFFER'
  | 'NOT_HELD'
  | 'STILL_HELD'
  | 'POOL_CLOSED'
  | 'DMA_VERSION';

/** Thrown when a pool is built or used in a way that cannot be right. */
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
