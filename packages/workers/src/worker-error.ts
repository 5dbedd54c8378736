/*
 * The one error type of this package, and the form in which an error travels between threads. A full ring, a link that is down and
 * frames for a worker that is gone are values and counters, never errors.
 */

/** The stable codes of {@link WorkerError}. */
export type WorkerErrorCode =
  | 'BAD_OPTION'
  | 'MEMORY_NOT_SHARED'
  | 'STATION_MODULE'
  | 'STATION_FAILED'
  | 'WORKER_LOST'
  | 'WORKER_STUCK'
  | 'BAD_BURST'
  | 'BAD_MESSAGE'
  | 'NOT_LOCK_STEP'
  | 'GROUP_CLOSED';

/** An error of another thread: errors lose their class on the way, so what is worth knowing travels as text. */
export interface RemoteError {
  readonly name: string;
  readonly message: string;
  /** Its stable code, where it has one. */
  readonly code: string | undefined;
  readonly stack: string;
}

/** Thrown when a group of workers cannot be made, a station refuses, or a worker is no more. */
export class WorkerError extends Error {
  /** Which rule was broken, or what happened; stable across releases. */
  readonly code: WorkerErrorCode;
  /** What was thrown in the worker, where something was. */
  readonly remote: RemoteError | undefined;

  /**
   * @param code - what happened
   * @param message - which worker, what was expected and what came
   * @param remote - what was thrown in the worker
   */
  constructor(code: WorkerErrorCode, message: string, remote?: RemoteError) {
    super(`${code}: ${message}`);
    this.name = 'WorkerError';
    this.code = code;
    this.remote = remote;
  }
}

/**
 * @param thrown - whatever was thrown
 * @returns what of it can be sent
 */
export function remoteError(thrown: unknown): RemoteError {
  if (!(thrown instanceof Error))
    return { name: 'Error', message: String(thrown), code: undefined, stack: String(thrown) };
  const code: unknown = 'code' in thrown ? thrown.code : undefined;
  return {
    name: thrown.name,
    message: thrown.message,
    code: typeof code === 'string' ? code : undefined,
    stack: thrown.stack ?? thrown.message,
  };
}
