/*
 * Frames that wait for their time, in order: none is released before the one in front of it. What does not fit is not
 * taken, so that a long delay at full speed costs a bounded amount of memory.
 */

import type { Alarm } from '@netcx/clock';
import type { ImpairmentContext, PassingFrame } from './impairment.ts';

interface Waiting {
  readonly frame: PassingFrame;
  readonly time: number;
}

/** Frames on their way to one stage's `next`. */
export class ReleaseQueue {
  readonly #now: () => number;
  readonly #next: (frame: PassingFrame) => void;
  readonly #alarm: Alarm;
  readonly #limit: number;
  #waiting: Waiting[] = [];
  /** Waiting frames before this index are released. */
  #first = 0;
  #bytes = 0;
  #dropped = 0;

  /**
   * @param context - the stage's
   * @param next - takes what is released
   * @param limit - bytes of frames that may wait
   */
  constructor(context: ImpairmentContext, next: (frame: PassingFrame) => void, limit: number) {
    this.#now = () => context.now();
    this.#next = next;
    this.#limit = limit;
    this.#alarm = context.alarm(() => this.#release());
  }

  /** Frames that wait. */
  get held(): number {
    return this.#waiting.length - this.#first;
  }

  /** Frames that found no room. */
  get dropped(): number {
    return this.#dropped;
  }

  /**
   * @param frame - waits
   * @param time - when it is released; not before those in front of it
   * @returns false when there is no room: it is dropped and counted
   */
  push(frame: PassingFrame, time: number): boolean {
    if (this.#bytes + frame.bytes.length > this.#limit) {
      this.#dropped++;
      return false;
    }
    this.#bytes += frame.bytes.length;
    this.#waiting.push({ frame, time });
    if (this.held === 1) this.#alarm.at(time);
    return true;
  }

  /** Forgets what waits. */
  clear(): void {
    this.#waiting = [];
    this.#first = 0;
    this.#bytes = 0;
    this.#alarm.cancel();
  }

  #release(): void {
    const now = this.#now();
    for (let waits = this.#waiting[this.#first]; waits !== undefined; waits = this.#waiting[this.#first]) {
      if (waits.time > now) {
        this.#alarm.at(waits.time);
        break;
      }
      this.#first++;
      this.#bytes -= waits.frame.bytes.length;
      this.#next(waits.frame);
    }
    // Half of it is past: cheap on average, and never long.
    if (this.#first * 2 < this.#waiting.length) return;
    this.#waiting.splice(0, this.#first);
    this.#first = 0;
  }
}
