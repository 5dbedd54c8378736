/*
 * Real time: alarms go off by the host's timers. Never early; late by about a millisecond, since that is how exact the
 * host's timers are, and nothing here spins to be more exact unless it is asked to. `soon` needs no timer and is not late.
 */

import type { Alarm, Clock } from './clock.ts';
import { AlarmSchedule } from './alarm-schedule.ts';
import { ClockError } from './clock-error.ts';
import { Delays } from './delays.ts';
import { hostAfter, hostSoon, type HostTimer, type TimerScope } from './host-timers.ts';
import { ScheduledAlarm } from './scheduled-alarm.ts';

/**
 * Rounds of alarms between two turns of the host. What one alarm asks of another is mostly done in the same turn, which costs
 * less than going round the event loop for each.
 */
const ROUNDS = 8;

/** A timer that is set for less than this may be late by as much, in nanoseconds. */
const NEAR = 2_000_000;

/** Options of a {@link RealClock}. */
export interface RealClockOptions {
  /** Whether pending alarms keep the process running; true when left out. */
  readonly keepAlive?: boolean;
  /**
   * Whether the last two milliseconds before an alarm are spent going round the event loop instead of waiting for a timer:
   * exact to some microseconds, and a processor is busy meanwhile. False when left out.
   */
  readonly precise?: boolean;
  /** Where the host's timers come from; the global scope when left out. */
  readonly scope?: TimerScope;
}

/** A clock that runs by itself. */
export class RealClock implements Clock {
  readonly #origin = performance.now();
  readonly #schedule: AlarmSchedule;
  readonly #delays: Delays;
  readonly #scope: TimerScope;
  /** The turn that the host was asked for has come. */
  readonly #turn = (): void => {
    this.#soon = undefined;
    this.#fire();
  };
  /** The host's timer goes off. */
  readonly #ring = (): void => {
    this.#timer = undefined;
    this.#timerTime = Infinity;
    this.#fire();
  };
  readonly #precise: boolean;
  #keepAlive: boolean;
  #closed = false;
  #firing = false;
  #soon: HostTimer | undefined;
  /**
   * Stays from turn to turn: there is mostly an alarm far away that is put off over and over, such as a watchdog, and setting a timer
   * costs more than one that comes for nothing now and then.
   */
  #timer: HostTimer | undefined;
  /** What the timer waits for. */
  #timerTime = Infinity;

  /**
   * @param options - whether it keeps the process running, whose timers it uses
   */
  constructor(options: RealClockOptions = {}) {
    const { keepAlive = true, precise = false, scope = globalThis } = options;
    this.#keepAlive = keepAlive;
    this.#precise = precise;
    this.#scope = scope;
    this.#schedule = new AlarmSchedule({
      refresh: (now) => {
        now[0] = this.now();
      },
      changed: () => this.#wake(),
    });
    this.#delays = new Delays(this);
  }

  now(): number {
    return Math.round((performance.now() - this.#origin) * 1_000_000);
  }

  alarm(callback: () => void): Alarm {
    return new ScheduledAlarm(this.#schedule, callback);
  }

  delay(duration: number): Promise<void> {
    if (this.#closed) return Promise.reject(new ClockError('CLOSED', 'the clock was closed before the wait began'));
    return this.#delays.wait(duration);
  }

  /** Pending alarms keep the process running, from now on. */
  ref(): void {
    this.#setKeepAlive(true);
  }

  /** Pending alarms no longer keep the process running. */
  unref(): void {
    this.#setKeepAlive(false);
  }

  /** Stops the clock for good: no alarm goes off any more, and each `delay` that is open rejects with `CLOSED`. */
  close(): void {
    this.#closed = true;
    this.#sleep();
    this.#schedule.clear();
    this.#delays.fail(new ClockError('CLOSED', 'the clock was closed'));
  }

  #setKeepAlive(alive: boolean): void {
    this.#keepAlive = alive;
    this.#soon?.keepAlive(alive);
    this.#timer?.keepAlive(alive);
  }

  /** Asks the host for the next call, unless it is asked for already or none is needed. */
  #wake(): void {
    // While alarms go off the host is not asked; it is at the end, once.
    if (this.#firing) return;
    if (this.#closed) this.#schedule.clear();
    if (this.#schedule.size === 0) {
      this.#sleep();
      return;
    }
    const next = this.#schedule.nextTime;
    const wait = next - this.now();
    // What became due while others went off has no time left to wait for: no timer takes less than nothing.
    const near = wait <= 0 || (this.#precise && wait < NEAR);
    if (this.#schedule.due > 0 || near) this.#soon ??= this.#started(hostSoon(this.#turn, this.#scope));
    if (near) return;
    // A timer that comes too early finds nothing due and asks again.
    if (next >= this.#timerTime) return;
    this.#timer?.cancel();
    this.#timerTime = next;
    this.#timer = this.#started(hostAfter(this.#ring, wait, this.#scope));
  }

  #started(timer: HostTimer): HostTimer {
    if (!this.#keepAlive) timer.keepAlive(false);
    return timer;
  }

  #sleep(): void {
    this.#soon?.cancel();
    this.#timer?.cancel();
    this.#soon = undefined;
    this.#timer = undefined;
    this.#timerTime = Infinity;
  }

  /** Lets go off what is due, and a few times what became due meanwhile; then the host gets its turn. */
  #fire(): void {
    this.#firing = true;
    try {
      for (let round = 0; round < ROUNDS; round++) {
        this.#schedule.now[0] = this.now();
        this.#schedule.reach();
        if (this.#schedule.due === 0) break;
        for (let left = this.#schedule.due; left > 0; left--) this.#schedule.takeDue()?.callback();
      }
    } finally {
      this.#firing = false;
      this.#wake();
    }
  }
}
