/*
 * Which alarm goes off next: what virtual and real clocks have in common. Alarms that are due stand in a queue in the
 * order in which they go off; later ones lie in a heap, by time and then by the order in which they were set. Setting
 * and firing allocate nothing once both have grown, which is why times pass through typed arrays: a number that is no
 * small integer costs an allocation wherever it is handed to a call that is not inlined. An alarm that is not pending is
 * not referred to from here, so whoever drops it lets go of everything that its callback holds.
 */

import { AlarmHeap } from './alarm-heap.ts';
import { ClockError } from './clock-error.ts';
import { DueQueue } from './due-queue.ts';
import type { ScheduledAlarm } from './scheduled-alarm.ts';

/** What a clock gives to its schedule. */
export interface Timeline {
  /**
   * Called before the time is looked at.
   *
   * @param now - its only element is to become the nanoseconds since the clock was made
   */
  refresh(now: Float64Array): void;
  /** An alarm was set or unset: a clock that sleeps may have to wake sooner, or need not wake at all. */
  changed(): void;
}

/** The alarms of one clock that are pending. */
export class AlarmSchedule {
  /** The time, in its only element. */
  readonly now = new Float64Array(1);
  readonly #timeline: Timeline | undefined;
  readonly #due = new DueQueue();
  readonly #later = new AlarmHeap();

  /**
   * @param timeline - the clock; none for one that moves by `advance` alone and never sleeps
   */
  constructor(timeline?: Timeline) {
    this.#timeline = timeline;
  }

  /** How many alarms are pending. */
  get size(): number {
    return this.#due.size + this.#later.size;
  }

  /** How many of them are due. */
  get due(): number {
    return this.#due.size;
  }

  /** When the first of the later alarms goes off; Infinity when there is none. */
  get nextTime(): number {
    return this.#later.firstTime;
  }

  /**
   * @param alarm - goes off as soon as it can; keeps its place when it is due already
   */
  setDue(alarm: ScheduledAlarm): void {
    if (alarm.due === true) return;
    if (alarm.position >= 0) this.#later.remove(alarm);
    this.#due.add(alarm);
    this.#timeline?.changed();
  }

  /**
   * @param alarm - goes off after the delay
   * @param delay - nanoseconds, 0 or more
   * @throws ClockError `BAD_TIME` for any other delay
   */
  setAfter(alarm: ScheduledAlarm, delay: number): void {
    if (!(delay >= 0)) throw new ClockError('BAD_TIME', `a delay is 0 ns or more, not ${String(delay)}`);
    this.#timeline?.refresh(this.now);
    this.#later.time[0] = this.now[0]! + delay;
    this.#set(alarm);
  }

  /**
   * @param alarm - goes off at the time
   * @param time - in nanoseconds of the clock
   * @throws ClockError `BAD_TIME` for a time that a clock never reaches
   */
  setAt(alarm: ScheduledAlarm, time: number): void {
    this.#timeline?.refresh(this.now);
    this.#later.time[0] = time;
    this.#set(alarm);
  }

  /**
   * @param alarm - does not go off
   */
  unset(alarm: ScheduledAlarm): void {
    if (this.#take(alarm)) this.#timeline?.changed();
  }

  /** Makes due whatever goes off now or should have, behind what is due already. */
  reach(): void {
    while (this.#later.firstTime <= this.now[0]!) this.#due.add(this.#later.takeFirst());
  }

  /**
   * Moves the time to the first of the later alarms, and makes due whatever goes off then.
   *
   * @param until - not past this time
   * @returns false when none goes off by then: the time stays as it is
   */
  advance(until: number): boolean {
    if (this.#later.size === 0 || this.#later.firstTime > until) return false;
    this.now[0] = this.#later.firstTime;
    this.reach();
    return true;
  }

  /**
   * @returns the first due alarm, which is pending no more; `undefined` when none is due
   */
  takeDue(): ScheduledAlarm | undefined {
    return this.#due.takeFirst();
  }

  /** Unsets every alarm. */
  clear(): void {
    while (this.#due.size > 0) this.#due.takeFirst();
    while (this.#later.size > 0) this.#later.takeFirst();
  }

  /** Sets an alarm to the time that the heap was told. */
  #set(alarm: ScheduledAlarm): void {
    const time = this.#later.time[0]!;
    if (!(time <= Number.MAX_SAFE_INTEGER)) {
      throw new ClockError('BAD_TIME', `a time is a number of nanoseconds below 2^53, not ${String(time)}`);
    }
    this.#take(alarm);
    if (time <= this.now[0]!) this.#due.add(alarm);
    else this.#later.add(alarm);
    this.#timeline?.changed();
  }

  #take(alarm: ScheduledAlarm): boolean {
    if (alarm.due) this.#due.remove(alarm);
    else if (alarm.position >= 0) this.#later.remove(alarm);
    else return false;
    return true;
  }
}
