/*
 * The alarms that go off later: a binary heap by time, then by the order in which they were set. Times and orders lie in
 * typed arrays and are never handed to a call, because a number that is no small integer may cost an allocation there.
 */

import type { ScheduledAlarm } from './scheduled-alarm.ts';

const SMALLEST = 64;

/** A priority queue of alarms that knows where each lies, so that any of them can leave. */
export class AlarmHeap {
  /** The time of the alarm that is added next, in its only element. */
  readonly time = new Float64Array(1);
  /** How many alarms wait. */
  size = 0;
  #alarms: (ScheduledAlarm | undefined)[] = new Array<undefined>(SMALLEST).fill(undefined);
  #times = new Float64Array(SMALLEST);
  #orders = new Float64Array(SMALLEST);
  /** How many alarms were ever added, which is the order of the next. */
  readonly #added = new Float64Array(1);

  /** Time of the first alarm; Infinity when there is none. */
  get firstTime(): number {
    return this.size === 0 ? Infinity : this.#times[0]!;
  }

  /**
   * @param alarm - must not lie here; goes off at `time`
   */
  add(alarm: ScheduledAlarm): void {
    if (this.size === this.#times.length) this.#grow();
    const position = this.size++;
    this.#alarms[position] = alarm;
    alarm.position = position;
    this.#times[position] = this.time[0]!;
    this.#orders[position] = this.#added[0]!;
    this.#added[0] = this.#added[0]! + 1;
    this.#rise(position);
  }

  /**
   * @param alarm - must lie here
   */
  remove(alarm: ScheduledAlarm): void {
    const position = alarm.position;
    const last = this.size - 1;
    if (position !== last) this.#swap(position, last);
    this.size = last;
    this.#alarms[last] = undefined;
    alarm.position = -1;
    if (position === last) return;
    this.#rise(position);
    this.#sink(position);
  }

  /**
   * @returns the first alarm, which leaves the heap
   */
  takeFirst(): ScheduledAlarm {
    const first = this.#alarms[0];
    if (first === undefined) throw new RangeError('the heap is empty');
    this.remove(first);
    return first;
  }

  #before(left: number, right: number): boolean {
    const difference = this.#times[left]! - this.#times[right]!;
    return difference < 0 || (difference === 0 && this.#orders[left]! < this.#orders[right]!);
  }

  #rise(from: number): void {
    let position = from;
    while (position > 0) {
      const parent = (position - 1) >> 1;
      if (!this.#before(position, parent)) return;
      this.#swap(position, parent);
      position = parent;
    }
  }

  #sink(from: number): void {
    let position = from;
    for (;;) {
      const left = position * 2 + 1;
      if (left >= this.size) return;
      const right = left + 1;
      const child = right < this.size && this.#before(right, left) ? right : left;
      if (!this.#before(child, position)) return;
      this.#swap(position, child);
      position = child;
    }
  }

  #swap(one: number, other: number): void {
    const alarm = this.#alarms[one];
    const partner = this.#alarms[other];
    if (alarm === undefined || partner === undefined) return;
    this.#alarms[one] = partner;
    partner.position = one;
    this.#alarms[other] = alarm;
    alarm.position = other;
    const times = this.#times;
    const time = times[one]!;
    times[one] = times[other]!;
    times[other] = time;
    const orders = this.#orders;
    const order = orders[one]!;
    orders[one] = orders[other]!;
    orders[other] = order;
  }

  #grow(): void {
    const length = this.#times.length * 2;
    const times = new Float64Array(length);
    const orders = new Float64Array(length);
    times.set(this.#times);
    orders.set(this.#orders);
    this.#times = times;
    this.#orders = orders;
    const empty = new Array<undefined>(length - this.#alarms.length).fill(undefined);
    this.#alarms = [...this.#alarms, ...empty];
  }
}
