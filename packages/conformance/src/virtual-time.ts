/*
 * Time as the suites need it: a clock that they move themselves, such as `VirtualClock`. Whatever is waited for has a
 * limit in the machine's own time, so a thing that never happens is a failure with a name and not a test that hangs.
 */

import { fail } from 'node:assert/strict';
import { MICROSECOND, MILLISECOND, SECOND, type Clock } from '@netcx/clock';

/** A clock that stands still until it is moved: `VirtualClock` is one. */
export interface VirtualTime extends Clock {
  /**
   * Lets everything happen that is due within a time.
   *
   * @param duration - nanoseconds
   * @returns how many alarms went off
   */
  advance(duration: number): number;
  /**
   * Moves time until a promise is settled.
   *
   * @param promise - what is waited for
   * @returns what it resolves to
   */
  drive<T>(promise: Promise<T>): Promise<T>;
}

/** How patient a wait is. */
export interface Patience {
  /** Nanoseconds that it may take; a second when left out. */
  readonly limit?: number;
  /** Nanoseconds between looks; 10 microseconds when left out. */
  readonly step?: number;
}

/**
 * Moves time until something has happened.
 *
 * @param clock - whose time
 * @param condition - whether it has happened
 * @param patience - how long it may take
 * @returns false when the time is up and it has not
 */
export function wait(clock: VirtualTime, condition: () => boolean, patience: Patience = {}): boolean {
  const { limit = SECOND, step = 10 * MICROSECOND } = patience;
  const end = clock.now() + limit;
  while (!condition()) {
    if (clock.now() >= end) return false;
    clock.advance(step);
  }
  return true;
}

/**
 * Moves time until something has happened.
 *
 * @param clock - whose time
 * @param what - what has to happen, for the message
 * @param condition - whether it has
 * @param patience - how long it may take
 * @throws AssertionError when the time is up and it has not
 */
export function waitFor(clock: VirtualTime, what: string, condition: () => boolean, patience: Patience = {}): void {
  if (wait(clock, condition, patience)) return;
  const { limit = SECOND } = patience;
  fail(`${what}: has not happened within ${limit / MILLISECOND} ms of the machine's time`);
}
