/*
 * The alarms that are due, first in, first out: a list through the alarms themselves, so that one may leave from anywhere, and
 * nothing refers to an alarm that does not wait.
 */

import type { ScheduledAlarm } from './scheduled-alarm.ts';

/** A queue of alarms, each of which knows its neighbours. */
export class DueQueue {
  #first: ScheduledAlarm | undefined;
  #last: ScheduledAlarm | undefined;
  /** How many alarms wait. */
  size = 0;

  /**
   * @param alarm - joins the end; it must not wait already
   */
  add(alarm: ScheduledAlarm): void {
    const last = this.#last;
    alarm.due = true;
    if (last === undefined) this.#first = alarm;
    else {
      last.behind = alarm;
      alarm.before = last;
    }
    this.#last = alarm;
    this.size++;
  }

  /**
   * @param alarm - leaves the queue; it must wait there
   */
  remove(alarm: ScheduledAlarm): void {
    const { before, behind } = alarm;
    if (before === undefined) this.#first = behind;
    else before.behind = behind;
    if (behind === undefined) this.#last = before;
    else behind.before = before;
    alarm.before = alarm.behind = undefined;
    alarm.due = false;
    this.size--;
  }

  /**
   * @returns the first alarm, which leaves the queue; `undefined` when none waits
   */
  takeFirst(): ScheduledAlarm | undefined {
    const first = this.#first;
    if (first !== undefined) this.remove(first);
    return first;
  }
}
