/*
 * Runs a virtual clock along real time, between what servers do: an alarm goes off when its time has come, to within some
 * ten microseconds, which the host's own timers cannot do. The event loop stays in charge: it wakes this when something
 * comes, gets its turn at least every two milliseconds, and sleeps while nothing is due.
 */

import type { VirtualClock } from '@netcx/clock';
import { libc } from './libc.ts';

/** What takes turns. */
export interface Part {
  /** The descriptor at which something comes next. */
  readonly fd: number;
  /** Whether it wants a turn although nothing came, since an alarm has changed something. */
  readonly due: boolean;
  /**
   * @param wake - called whenever there is something to do
   */
  onReady(wake: () => void): void;
  /**
   * @returns whether there is more to do at once
   */
  turn(): boolean;
}

const NANOSECONDS = 1_000_000;
/** Alarms that are nearer than this are waited for here, in milliseconds; later ones by the host's timers. */
const NEAR = 1.5;
/** How long the event loop waits for its turn at most, in milliseconds. */
const SLICE = 2;
const LONGEST_TIMER = 2 ** 31 - 1;
const POLLIN = 1;

/** Real time for the machine of one worker. */
export class RealTime {
  readonly #clock: VirtualClock;
  readonly #parts: Part[] = [];
  readonly #onFault: (error: unknown) => void;
  readonly #origin: number;
  readonly #wait = new DataView(new ArrayBuffer(16));
  #polled = new DataView(new ArrayBuffer(0));
  #timer: NodeJS.Timeout | undefined;
  #immediate: NodeJS.Immediate | undefined;
  #running = false;
  #stopped = false;

  /**
   * @param clock - stands still but for what this does
   * @param onFault - told of what an alarm or a part throws, which is a fault of theirs; time goes on
   */
  constructor(clock: VirtualClock, onFault: (error: unknown) => void) {
    this.#clock = clock;
    this.#onFault = onFault;
    this.#origin = performance.now() - clock.now() / NANOSECONDS;
  }

  /**
   * @param part - takes turns from now on
   */
  add(part: Part): void {
    this.#parts.push(part);
    this.#polled = new DataView(new ArrayBuffer(8 * this.#parts.length));
    part.onReady(() => this.run());
    this.run();
  }

  /** Something has changed outside of alarms and parts, such as a command that was given: look at everything now. */
  run(): void {
    if (this.#running || this.#stopped) return;
    this.#running = true;
    clearTimeout(this.#timer);
    clearImmediate(this.#immediate);
    const end = performance.now() + SLICE;
    let more = true;
    while (more && performance.now() < end) {
      more = this.#round();
      if (!more) more = this.#waitForAlarm(end);
    }
    this.#running = false;
    this.#schedule(more);
  }

  /** No alarm goes off and no part takes a turn any more. */
  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
    clearImmediate(this.#immediate);
  }

  /** Milliseconds until the next alarm, 0 or less when it is due. */
  #untilAlarm(): number {
    return this.#clock.nextTime / NANOSECONDS - (performance.now() - this.#origin);
  }

  #round(): boolean {
    this.#guard(() => this.#advance());
    const busy = this.#parts.filter((part) => this.#guard(() => part.turn()) === true);
    // What the messages have set off need not wait for the next round.
    this.#guard(() => this.#advance());
    return busy.length > 0 || this.#untilAlarm() <= 0 || this.#parts.some((part) => part.due);
  }

  #advance(): void {
    const behind = Math.floor((performance.now() - this.#origin) * NANOSECONDS) - this.#clock.now();
    this.#clock.advance(Math.max(0, behind));
  }

  /** Waits for an alarm that is near, or for a message before it; false when there is none near. */
  #waitForAlarm(end: number): boolean {
    const until = this.#untilAlarm();
    if (until > NEAR || this.#stopped) return false;
    const milliseconds = Math.max(0, Math.min(until, end - performance.now()));
    for (const [index, { fd }] of this.#parts.entries()) {
      this.#polled.setInt32(index * 8, fd, true);
      this.#polled.setInt16(index * 8 + 4, POLLIN, true);
    }
    this.#wait.setBigInt64(8, BigInt(Math.floor(milliseconds * NANOSECONDS)), true);
    libc().ppoll(new Uint8Array(this.#polled.buffer), this.#parts.length, new Uint8Array(this.#wait.buffer), null);
    return true;
  }

  #schedule(more: boolean): void {
    if (this.#stopped) return;
    const until = this.#untilAlarm();
    if (more || until <= NEAR) this.#immediate = setImmediate(() => this.run());
    else if (until < Infinity) this.#timer = setTimeout(() => this.run(), Math.min(until - 1, LONGEST_TIMER));
  }

  #guard<T>(act: () => T): T | undefined {
    try {
      return act();
    } catch (error) {
      this.#onFault(error);
      return undefined;
    }
  }
}
