/*
 * The two timers that the MAC shows to software: FRTIMER runs for ever, TCPTIMER counts milliseconds and raises a cause.
 * Layout and units are those of Linux's igb header and of the chip's family. Every reset starts the first over and stops
 * the second.
 */

import { MICROSECOND, MILLISECOND, SECOND, type Alarm, type Clock } from '@netcx/clock';
import type { RegisterFile } from '@netcx/hardware';
import { REGISTERS } from './registers/index.ts';

const { FRTIMER, TCPTIMER } = REGISTERS;

/** What a part of a time unit counts up to. */
const PARTS = 1000;

/** FRTIMER and TCPTIMER. */
export class Timers {
  readonly #registers: RegisterFile;
  readonly #clock: Clock;
  readonly #alarm: Alarm;
  readonly #elapsed: () => void;
  /** When FRTIMER was 0. */
  #epoch = 0;

  /**
   * @param registers - the MAC's registers
   * @param clock - measures
   * @param elapsed - called when TCPTIMER has counted its duration
   */
  constructor(registers: RegisterFile, clock: Clock, elapsed: () => void) {
    this.#registers = registers;
    this.#clock = clock;
    this.#elapsed = elapsed;
    this.#alarm = clock.alarm(() => this.#finish());
    registers.onRead(FRTIMER, () => this.#now());
    registers.onWrite(TCPTIMER, (value, _index, written) => this.#control(value, written));
  }

  /** FRTIMER starts over, TCPTIMER stops. */
  reset(): void {
    this.#epoch = this.#clock.now();
    this.#alarm.cancel();
  }

  #now(): number {
    const now = this.#clock.now() - this.#epoch;
    let value = FRTIMER.MICROSECONDS.set(0, Math.floor(now / MICROSECOND) % PARTS);
    value = FRTIMER.MILLISECONDS.set(value, Math.floor(now / MILLISECOND) % PARTS);
    return FRTIMER.SECONDS.set(value, Math.floor(now / SECOND)) >>> 0;
  }

  #control(value: number, written: number): void {
    if (TCPTIMER.COUNT_FINISH.get(written) === 1 && this.#alarm.pending) this.#finish();
    if (TCPTIMER.COUNT_ENABLE.get(value) === 0) this.#alarm.cancel();
    else if (TCPTIMER.KICK_START.get(written) === 1) this.#start(value);
  }

  #start(value: number): void {
    const milliseconds = TCPTIMER.DURATION.get(value);
    if (milliseconds > 0) this.#alarm.after(milliseconds * MILLISECOND);
  }

  #finish(): void {
    const value = this.#registers.get(TCPTIMER);
    this.#alarm.cancel();
    if (TCPTIMER.LOOP.get(value) === 1) this.#start(value);
    this.#elapsed();
  }
}
