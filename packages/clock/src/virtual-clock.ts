/*
 * Virtual time: nothing happens until somebody runs the clock, and then everything happens in one order that the alarms
 * alone decide: by time, and among equal times in the order in which they were set. Waiting costs nothing, and the same
 * seed gives the same run on every machine.
 */

import type { Alarm, Clock } from './clock.ts';
import { AlarmSchedule } from './alarm-schedule.ts';
import { ClockError } from './clock-error.ts';
import { Delays } from './delays.ts';
import { afterPromiseJobs } from './host-timers.ts';
import { Random } from './random.ts';
import { ScheduledAlarm } from './scheduled-alarm.ts';

/** Options of a {@link VirtualClock}. */
export interface VirtualClockOptions {
  /** A whole number from 0 to 2^53 - 1 from which every random number comes; 1 when left out. */
  readonly seed?: number;
}

/** How far a clock runs. */
export interface RunLimit {
  /** Alarms later than this stay pending; without it the clock runs until none is. */
  readonly until?: number;
}

/** Another world with a time of its own that shall be this clock's: a machine simulated elsewhere. */
export interface Companion {
  /**
   * Told before this clock lets time pass: the other world goes first. What happens there may set alarms of this clock,
   * and then it stops.
   *
   * @param from - the time now, in nanoseconds
   * @param to - where this clock is about to go, later than `from`
   * @returns where the other world stands: `to`, or earlier when it has set an alarm that is due
   */
  follow(from: number, to: number): number;
}

/** A clock that stands still until it is run. */
export class VirtualClock implements Clock {
  /** The seed it was made with. */
  readonly seed: number;
  readonly #schedule = new AlarmSchedule();
  readonly #delays: Delays;
  readonly #outside = new Set<Promise<unknown>>();
  #companion: Companion | undefined;
  #running = false;
  /** How many wait in `drive` now. */
  #drivers = 0;

  /**
   * @param options - the seed
   * @throws ClockError `BAD_SEED` when the seed is no whole number from 0 to 2^53 - 1
   */
  constructor(options: VirtualClockOptions = {}) {
    const { seed = 1 } = options;
    this.seed = seed;
    this.random('');
    this.#delays = new Delays(this);
  }

  /**
   * When the next alarm goes off: for whoever runs the clock along another one, such as real time. Infinity when none is
   * pending.
   */
  get nextTime(): number {
    return this.#schedule.due > 0 ? this.now() : this.#schedule.nextTime;
  }

  /** How many alarms are pending. */
  get pending(): number {
    return this.#schedule.size;
  }

  /** How many of them are due now. */
  get due(): number {
    return this.#schedule.due;
  }

  now(): number {
    return this.#schedule.now[0]!;
  }

  alarm(callback: () => void): Alarm {
    return new ScheduledAlarm(this.#schedule, callback);
  }

  delay(duration: number): Promise<void> {
    return this.#delays.wait(duration);
  }

  /**
   * @param stream - what the numbers are for: one who draws from a stream never changes what another one's stream gives
   * @returns a generator that starts anew; its numbers are decided by the seed and the name
   */
  random(stream: string): Random {
    return new Random(this.seed, stream);
  }

  /**
   * Ties another world's time to this clock's.
   *
   * @param companion - the other world; in place of the one before
   * @returns ends it
   */
  accompany(companion: Companion): () => void {
    this.#companion = companion;
    return () => {
      if (this.#companion === companion) this.#companion = undefined;
    };
  }

  /**
   * Lets the next alarm go off, and moves time to it.
   *
   * @returns false when none is pending
   * @throws ClockError `RUNNING` inside a callback of this clock, and whatever the callback throws
   */
  step(): boolean {
    return this.#run(Infinity, 1) === 1;
  }

  /**
   * Lets alarms go off until none is pending, or none up to a time; the clock then shows when the last one went off. An
   * alarm that always sets itself again keeps a run without limit going for ever.
   *
   * @param limit - where to stop
   * @returns how many went off
   * @throws ClockError `RUNNING` inside a callback of this clock, and whatever a callback throws: the clock then stands
   * at that callback's time, and can be run on
   */
  run(limit?: RunLimit): number {
    return this.#run(limit?.until ?? Infinity, Infinity);
  }

  /**
   * Lets everything happen that is due within a time, and ends exactly there.
   *
   * @param duration - nanoseconds, 0 or more
   * @returns how many alarms went off
   * @throws ClockError `BAD_TIME` for any other duration; otherwise like `run`
   */
  advance(duration: number): number {
    const until = this.now() + duration;
    if (!(duration >= 0 && until <= Number.MAX_SAFE_INTEGER)) {
      throw new ClockError('BAD_TIME', `time cannot advance by ${String(duration)} ns`);
    }
    const count = this.#run(until, Infinity);
    this.#schedule.now[0] = until;
    return count;
  }

  /**
   * Runs the clock while somebody waits on it: after each alarm, everything that waited on a promise comes first.
   *
   * @param promise - what is waited for
   * @returns what it resolves to
   * @throws ClockError `DEADLOCK` when it is still open and nothing is left that could happen; whatever it rejects with
   */
  async drive<T>(promise: Promise<T>): Promise<T> {
    const wait = { open: true };
    const close = (): void => {
      wait.open = false;
    };
    promise.then(close, close);
    this.#drivers++;
    try {
      // Who waits for somebody who drives, too, is told one look later than that one: nothing more may happen meanwhile.
      for (let idle = 0; ;) {
        await afterPromiseJobs();
        if (!wait.open) return await promise;
        if (this.#outside.size > 0) await Promise.race(this.#outside);
        else if (this.step()) idle = 0;
        else if (++idle > this.#drivers) {
          throw new ClockError(
            'DEADLOCK',
            `deadlock in virtual time at ${String(this.now())} ns: no alarm is pending and the promise is still open`,
          );
        }
      }
    } finally {
      this.#drivers--;
    }
  }

  /**
   * Marks a wait for the world outside, such as a file: `drive` holds time still meanwhile, so that how long it takes
   * changes nothing, and does not take it for a deadlock.
   *
   * @param promise - what is waited for
   * @returns the same promise
   */
  outside<T>(promise: Promise<T>): Promise<T> {
    const done: Promise<unknown> = promise.then(
      () => this.#outside.delete(done),
      () => this.#outside.delete(done),
    );
    this.#outside.add(done);
    return promise;
  }

  #run(until: number, most: number): number {
    if (this.#running) throw new ClockError('RUNNING', 'a callback of a clock cannot run the clock');
    const schedule = this.#schedule;
    let count = 0;
    this.#running = true;
    try {
      while (count < most && !(this.now() > until)) {
        // What is due goes off before time moves: there is no other reason to look at it.
        for (let alarm = schedule.takeDue(); alarm !== undefined; alarm = schedule.takeDue()) {
          count++;
          alarm.callback();
          if (count === most) return count;
        }
        if (!this.#isOvertaken(until) && !schedule.advance(until)) break;
      }
    } finally {
      this.#running = false;
    }
    return count;
  }

  /** Lets the other world go first, if there is one. Whether something is due there before anything is due here. */
  #isOvertaken(until: number): boolean {
    const companion = this.#companion;
    if (companion === undefined) return false;
    const schedule = this.#schedule;
    const from = this.now();
    const to = Math.min(schedule.nextTime, until);
    if (to === Infinity || to <= from) return false; // without an alarm or a limit there is no time to go to
    schedule.now[0] = companion.follow(from, to);
    return schedule.due > 0;
  }
}
