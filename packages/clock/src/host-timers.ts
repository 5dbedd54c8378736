/*
 * The host's own ways to do something later, the same in Node and in a browser. `soon` runs after everything that waits
 * on promises; a timer is never early and, at a granularity of a millisecond, often late.
 */

/** Something that was asked for and can be called off. */
export interface HostTimer {
  /** Calls it off; nothing happens if it is over. */
  cancel(): void;
  /**
   * @param alive - whether it keeps the process running; a browser has no such thing
   */
  keepAlive(alive: boolean): void;
}

/** The part of the global scope that is used, so that another one can take its place. */
export interface TimerScope {
  readonly setImmediate?: typeof setImmediate;
  readonly clearImmediate?: typeof clearImmediate;
  readonly MessageChannel: typeof MessageChannel;
  readonly setTimeout: typeof setTimeout;
  readonly clearTimeout: typeof clearTimeout;
}

interface Referable {
  ref?(): unknown;
  unref?(): unknown;
}

function keepAlive(handle: unknown, alive: boolean): void {
  const referable = handle as Referable;
  if (alive) referable.ref?.();
  else referable.unref?.();
}

/**
 * @param callback - called once, after what runs now and every promise job
 * @param scope - where the host's functions come from
 * @returns a way to call it off
 */
export function hostSoon(callback: () => void, scope: TimerScope = globalThis): HostTimer {
  const { setImmediate: immediate, clearImmediate: clear } = scope;
  if (immediate !== undefined && clear !== undefined) {
    const handle = immediate(callback);
    return { cancel: () => clear(handle), keepAlive: (alive) => keepAlive(handle, alive) };
  }
  // A browser's setTimeout waits 4 ms when nested; a message does not.
  const { port1, port2 } = new scope.MessageChannel();
  const close = (): void => {
    port1.onmessage = null;
    port1.close();
  };
  port1.onmessage = () => {
    close();
    callback();
  };
  port2.postMessage(undefined);
  return { cancel: close, keepAlive: (alive) => keepAlive(port1, alive) };
}

/** The longest that the host's timers take; they fire at once when asked for more. */
const LONGEST_MS = 2 ** 31 - 1;

/**
 * @param callback - called once; not before the time has passed unless that is more than 24 days
 * @param duration - nanoseconds, more than 0
 * @param scope - where the host's functions come from
 * @returns a way to call it off
 */
export function hostAfter(callback: () => void, duration: number, scope: TimerScope = globalThis): HostTimer {
  const handle = scope.setTimeout(callback, Math.min(Math.ceil(duration / 1_000_000), LONGEST_MS));
  return { cancel: () => scope.clearTimeout(handle), keepAlive: (alive) => keepAlive(handle, alive) };
}

/**
 * @returns a promise that resolves once everything that waited on promises has run
 */
export const afterPromiseJobs = (): Promise<void> => new Promise((resolve) => void hostSoon(resolve));
