/*
 * Promises that resolve after a time, on the alarms of any clock. Alarms that have gone off are used again.
 */

import type { Alarm, Clock } from './clock.ts';

/** One alarm that resolves a promise, again and again another one. */
class Delay {
  readonly alarm: Alarm;
  #resolve: (() => void) | undefined;
  #reject: ((reason: Error) => void) | undefined;

  constructor(clock: Clock, done: (delay: Delay) => void) {
    this.alarm = clock.alarm(() => {
      const resolve = this.#resolve;
      done(this);
      resolve?.();
    });
  }

  wait(duration: number): Promise<void> {
    this.alarm.after(duration);
    return new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  fail(reason: Error): void {
    this.alarm.cancel();
    this.#reject?.(reason);
  }
}

/** The waits on one clock. */
export class Delays {
  readonly #clock: Clock;
  readonly #waiting = new Set<Delay>();
  readonly #idle: Delay[] = [];

  /**
   * @param clock - whose alarms are used
   */
  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * @param duration - nanoseconds, 0 or more
   * @returns a promise that resolves once they have passed
   */
  async wait(duration: number): Promise<void> {
    const delay = this.#idle.pop() ?? new Delay(this.#clock, (done) => this.#release(done));
    this.#waiting.add(delay);
    try {
      await delay.wait(duration);
    } catch (error) {
      this.#waiting.delete(delay);
      throw error;
    }
  }

  /**
   * @param reason - what every wait rejects with
   */
  fail(reason: Error): void {
    for (const delay of this.#waiting) delay.fail(reason);
    this.#waiting.clear();
  }

  #release(delay: Delay): void {
    this.#waiting.delete(delay);
    this.#idle.push(delay);
  }
}
