/*
 * Time, as everything else sees it. Whatever waits, waits through a clock: then a whole machine can run in virtual time,
 * where the same seed gives the same run, or in real time, and nothing in it knows which. Times are nanoseconds as plain
 * numbers, exact up to 2^53 ns (104 days).
 */

/** A callback that can be set to go off, again and again. Made once; setting it allocates nothing. */
export interface Alarm {
  /** Whether it is set and has not gone off yet. */
  readonly pending: boolean;
  /**
   * Sets it to go off as soon as what runs now has returned, after alarms that were set so before. One that is due
   * already keeps its place.
   */
  soon(): void;
  /**
   * Sets it, or sets it anew if it is pending.
   *
   * @param delay - nanoseconds from now, 0 or more
   */
  after(delay: number): void;
  /**
   * Sets it, or sets it anew if it is pending.
   *
   * @param time - when it goes off, in nanoseconds of this clock; a time that has passed counts as now
   */
  at(time: number): void;
  /** Unsets it. Nothing happens if it is not pending. */
  cancel(): void;
}

/** A source of time and of everything that happens later. */
export interface Clock {
  /** @returns nanoseconds since the clock was made */
  now(): number;
  /**
   * @param callback - what happens when the alarm goes off; never called before `alarm` has returned, never inside
   * another callback of this clock
   * @returns an alarm that is not set
   */
  alarm(callback: () => void): Alarm;
  /**
   * @param duration - nanoseconds to wait, 0 or more
   * @returns a promise that resolves once they have passed on this clock
   */
  delay(duration: number): Promise<void>;
}

/** One microsecond in nanoseconds. */
export const MICROSECOND = 1_000;
/** One millisecond in nanoseconds. */
export const MILLISECOND = 1_000_000;
/** One second in nanoseconds. */
export const SECOND = 1_000_000_000;
