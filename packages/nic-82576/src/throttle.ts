/*
 * Moderation of one interrupt vector (nic-82576 reference §6, EITR): after an interrupt the next one waits until the
 * interval is over. The clock is only troubled when something does wait, so a quiet vector keeps no alarm pending.
 */

import type { Alarm, Clock } from '@netcx/clock';
import { EITR_STEP, REGISTERS } from './registers/index.ts';

const { EITR } = REGISTERS;

/** Decides when a vector may interrupt. */
export class Throttle {
  readonly #clock: Clock;
  readonly #alarm: Alarm;
  #interval = 0;
  #quietUntil = -Infinity;

  /**
   * @param clock - measures the interval
   * @param retry - called when the interval is over and an interrupt had to wait for it
   */
  constructor(clock: Clock, retry: () => void) {
    this.#clock = clock;
    this.#alarm = clock.alarm(retry);
  }

  /**
   * @param value - what was written to EITR; without CNT_IGNR the interval that runs now is over
   */
  configure(value: number): void {
    this.#interval = EITR.INTERVAL.get(value) * EITR_STEP;
    if (EITR.CNT_IGNR.get(value) === 1) return;
    this.#quietUntil = -Infinity;
    if (this.#alarm.pending) this.#alarm.soon();
  }

  /**
   * Asks to interrupt now.
   *
   * @returns true when the interrupt may go, which starts the interval; false when it must wait, and `retry` comes
   */
  admit(): boolean {
    if (this.#interval === 0) return true;
    const now = this.#clock.now();
    if (now < this.#quietUntil) {
      if (!this.#alarm.pending) this.#alarm.at(this.#quietUntil);
      return false;
    }
    this.#quietUntil = now + this.#interval;
    return true;
  }

  /** Nothing waits any more and the interval that runs is over; its length stays. */
  reset(): void {
    this.#alarm.cancel();
    this.#quietUntil = -Infinity;
  }
}
