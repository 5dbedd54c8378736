/*
 * Owns: schedules. A clock over a virtual one, in which what is to happen soon happens a little later at random, so that each
 * seed has the same machine take its turns in another order: a poll before an interrupt, a doorbell before a frame.
 * Invariant: nothing happens earlier than it was set for, and an alarm that is due keeps its place.
 */

import type { Alarm, Clock, Random } from '@netcx/clock';

/** Most nanoseconds by which a turn comes late. */
const LATE = 3_000;

/** An alarm that may come late when it is to come soon. */
class ShuffledAlarm implements Alarm {
  readonly #inner: Alarm;
  readonly #lateness: () => number;
  /** It is to come soon, and has not yet. */
  #due = false;

  constructor(clock: Clock, lateness: () => number, callback: () => void) {
    this.#lateness = lateness;
    this.#inner = clock.alarm(() => {
      this.#due = false;
      callback();
    });
  }

  get pending(): boolean {
    return this.#inner.pending;
  }

  soon(): void {
    if (this.#due) return;
    this.#due = true;
    const late = this.#lateness();
    if (late === 0) this.#inner.soon();
    else this.#inner.after(late);
  }

  after(delay: number): void {
    this.#due = false;
    this.#inner.after(delay);
  }

  at(time: number): void {
    this.#due = false;
    this.#inner.at(time);
  }

  cancel(): void {
    this.#due = false;
    this.#inner.cancel();
  }
}

/** The clock of a machine whose parts take turns at random. */
export class ShuffledClock implements Clock {
  readonly #inner: Clock;
  readonly #random: Random;
  readonly #chance: number;
  #events = 0;

  /**
   * @param inner - time itself; whoever runs the machine runs this one
   * @param random - decides who comes late
   * @param chance - how likely a turn comes late, 0 to 1
   */
  constructor(inner: Clock, random: Random, chance: number) {
    this.#inner = inner;
    this.#random = random;
    this.#chance = chance;
  }

  /** How many alarms have gone off. */
  get events(): number {
    return this.#events;
  }

  now(): number {
    return this.#inner.now();
  }

  alarm(callback: () => void): Alarm {
    const lateness = (): number => (this.#random.chance(this.#chance) ? this.#random.below(LATE) : 0);
    return new ShuffledAlarm(this.#inner, lateness, () => {
      this.#events++;
      callback();
    });
  }

  delay(duration: number): Promise<void> {
    return this.#inner.delay(duration);
  }
}
