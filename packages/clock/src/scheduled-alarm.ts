/*
 * An alarm as its schedule sees it: what happens, and where it waits. It stands in at most one of the two places.
 */

import type { Alarm } from './clock.ts';
import type { AlarmSchedule } from './alarm-schedule.ts';

/** One alarm of a clock. */
export class ScheduledAlarm implements Alarm {
  /** Whether it stands in the queue of due alarms, and between which. */
  due = false;
  before: ScheduledAlarm | undefined;
  behind: ScheduledAlarm | undefined;
  /** Where it lies in the heap of later alarms; -1 when it does not. */
  position = -1;
  /** What happens when it goes off. */
  readonly callback: () => void;
  readonly #schedule: AlarmSchedule | undefined;

  /**
   * @param schedule - where it is set; none for a placeholder
   * @param callback - what happens when it goes off
   */
  constructor(schedule: AlarmSchedule | undefined, callback: () => void) {
    this.#schedule = schedule;
    this.callback = callback;
  }

  get pending(): boolean {
    return this.due || this.position >= 0;
  }

  soon(): void {
    this.#schedule?.setDue(this);
  }

  after(delay: number): void {
    this.#schedule?.setAfter(this, delay);
  }

  at(time: number): void {
    this.#schedule?.setAt(this, time);
  }

  cancel(): void {
    this.#schedule?.unset(this);
  }
}
