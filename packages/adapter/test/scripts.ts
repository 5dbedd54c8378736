/*
 * Every way in which something can happen between the steps of real code: the code under test says where something could
 * happen, and a script decides what does, one script after the other until all have been tried. For code that runs in one
 * thread and is interrupted at known points; what two workers share has packages/rings/test/interleavings.ts.
 */

import type { Alarm, Clock } from '@netcx/clock';

/** Decides at each point what happens, until all ways with up to `most` events have been tried. The first event is nothing. */
export class Script<E extends string> {
  readonly #events: readonly E[];
  readonly #most: number;
  #choices: number[] = [];
  #position = 0;

  constructor(events: readonly E[], most: number) {
    this.#events = events;
    this.#most = most;
  }

  choose(): E {
    const choice = (this.#choices[this.#position] ??= 0);
    this.#position++;
    return this.#events[choice]!;
  }

  /** The next script: the last point where more could have happened. */
  next(): boolean {
    this.#choices.length = this.#position; // points that were not reached this time have no say
    this.#position = 0;
    for (;;) {
      const last = this.#choices.pop();
      if (last === undefined) return false;
      const before = this.#choices.filter((choice) => choice > 0).length;
      if (last + 1 < this.#events.length && before < this.#most) {
        this.#choices.push(last + 1);
        return true;
      }
    }
  }

  toString(): string {
    return this.#choices.map((choice) => this.#events[choice]).join(' ');
  }
}

/** A clock with one alarm that somebody else sets off. Its time is what its owner makes it. */
export function singleAlarm() {
  const state = { pending: false, time: 0, run: (): void => undefined, clock: undefined as unknown as Clock };
  const alarm = (callback: () => void): Alarm => {
    state.run = () => {
      state.pending = false;
      callback();
    };
    const never = () => {
      throw new Error('a context waits for nothing but its turn');
    };
    return {
      get pending() {
        return state.pending;
      },
      soon: () => {
        state.pending = true;
      },
      after: never,
      at: never,
      cancel: never,
    };
  };
  state.clock = { now: () => state.time, alarm, delay: () => Promise.reject(new Error('no delay')) };
  return state;
}
