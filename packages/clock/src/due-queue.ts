/*
 * The alarms that are due, first in, first out: a ring of alarms. A cancelled alarm leaves a hole that is skipped. The
 * head always stands on an alarm unless the queue is empty.
 */

import type { ScheduledAlarm } from './scheduled-alarm.ts';

const SMALLEST = 64;

/** A queue of alarms that knows where each stands. */
export class DueQueue {
  /** A hole is `undefined`: the one value whose storing costs the garbage collector nothing. */
  #ring: (ScheduledAlarm | undefined)[] = new Array<undefined>(SMALLEST).fill(undefined);
  /** Slot of the first alarm. */
  #head = 0;
  /** Slots from the head on that are in use, holes included. */
  #span = 0;
  /** How many alarms wait. */
  size = 0;

  /**
   * @param alarm - joins the end; it must not wait already
   */
  add(alarm: ScheduledAlarm): void {
    if (this.#span === this.#ring.length) this.#closeHoles();
    const slot = (this.#head + this.#span) & (this.#ring.length - 1);
    this.#ring[slot] = alarm;
    alarm.slot = slot;
    this.#span++;
    this.size++;
  }

  /**
   * @param alarm - leaves the queue; it must wait there
   */
  remove(alarm: ScheduledAlarm): void {
    this.#ring[alarm.slot] = undefined;
    alarm.slot = -1;
    this.size--;
    this.#skipHoles();
  }

  /**
   * @returns the first alarm, which leaves the queue; there must be one
   */
  takeFirst(): ScheduledAlarm {
    const head = this.#head;
    const first = this.#ring[head]!;
    this.#ring[head] = undefined;
    first.slot = -1;
    this.#head = (head + 1) & (this.#ring.length - 1);
    this.#span--;
    this.size--;
    if (this.#span !== this.size) this.#skipHoles();
    return first;
  }

  #skipHoles(): void {
    const mask = this.#ring.length - 1;
    while (this.#span > 0 && this.#ring[this.#head] === undefined) {
      this.#head = (this.#head + 1) & mask;
      this.#span--;
    }
  }

  /** Moves the alarms together, into a ring twice as large when more than half of it is in use. */
  #closeHoles(): void {
    const old = this.#ring;
    const length = this.size * 2 > old.length ? old.length * 2 : old.length;
    const ring = new Array<ScheduledAlarm | undefined>(length).fill(undefined);
    let count = 0;
    for (let step = 0; step < this.#span; step++) {
      const alarm = old[(this.#head + step) & (old.length - 1)];
      if (alarm === undefined) continue;
      ring[count] = alarm;
      alarm.slot = count++;
    }
    this.#ring = ring;
    this.#head = 0;
    this.#span = count;
  }
}
