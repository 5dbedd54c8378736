import { expect, test } from 'vitest';
import { MILLISECOND, RealClock, type TimerScope } from '../src/index.ts';

/** The host's timers, asked of and never going off by themselves. */
class Host {
  /** Milliseconds of each timer that was asked for. */
  readonly timers: number[] = [];
  /** Turns of the event loop that were asked for. */
  turns = 0;
  #next: (() => void) | undefined;
  #timer: (() => void) | undefined;

  readonly scope = {
    setImmediate: (callback: () => void) => {
      this.turns++;
      this.#next = callback;
      return {};
    },
    clearImmediate: () => (this.#next = undefined),
    setTimeout: (callback: () => void, milliseconds: number) => {
      this.timers.push(milliseconds);
      return (this.#timer = callback);
    },
    clearTimeout: () => (this.#timer = undefined),
    MessageChannel,
  } as unknown as TimerScope;

  /** Goes round the event loop until nobody asks for another turn. */
  run(): void {
    for (let callback = this.#next; callback !== undefined; callback = this.#next) {
      this.#next = undefined;
      callback();
    }
  }

  /** The timer that was asked for last, and not called off, goes off. */
  ring(): void {
    const callback = this.#timer;
    this.#timer = undefined;
    callback?.();
    this.run();
  }
}

/** A clock with an alarm, set before it was due: a busy machine may stop us between two lines, and then it is set anew. */
function setAhead(precise: boolean, span: number): { host: Host; clock: RealClock; due: number; rang: () => number } {
  for (let tries = 0; tries < 1000; tries++) {
    const host = new Host();
    const clock = new RealClock({ precise, scope: host.scope });
    let rang = -1;
    const due = clock.now() + span;
    clock.alarm(() => (rang = clock.now())).at(due);
    if (clock.now() < due) return { host, clock, due, rang: () => rang };
    clock.close();
  }
  throw new Error('each of 1000 alarms was due before it was set');
}

test('a precise clock goes round the event loop until an alarm that is near is due, and sets no timer for it', () => {
  let turns = 0;
  for (let tries = 0; tries < 1000 && turns < 2; tries++) {
    const { host, clock, due, rang } = setAhead(true, MILLISECOND);
    host.run();
    expect(rang()).toBeGreaterThanOrEqual(due);
    expect(host.timers).toEqual([]);
    clock.close();
    ({ turns } = host); // one alone when we were stopped between the first turn and the look at the time
  }
  expect(turns).toBeGreaterThan(1);
});

test('a precise clock waits by a timer for what is farther away, as any clock does', () => {
  for (const precise of [true, false]) {
    const { host, clock } = setAhead(precise, 5000 * MILLISECOND);
    expect(host.turns, String(precise)).toBe(0);
    expect(host.timers, String(precise)).toHaveLength(1);
    clock.close();
  }
});

test('a clock that is not precise sets a timer for an alarm that is near', () => {
  const { host, clock } = setAhead(false, MILLISECOND);
  expect(host.turns).toBe(0);
  expect(host.timers).toHaveLength(1);
  clock.close();
});

test('an alarm that is put off in each turn costs one timer, until that has come for nothing', () => {
  const host = new Host();
  const clock = new RealClock({ scope: host.scope });
  let barked = 0;
  const watchdog = clock.alarm(() => barked++);
  let turns = 0;
  const work = clock.alarm(() => {
    watchdog.after(60_000 * MILLISECOND);
    if (++turns < 100) work.soon();
  });
  work.soon();
  host.run();
  expect(turns).toBe(100);
  expect(host.timers).toHaveLength(1);
  host.ring();
  expect([barked, host.timers.length]).toEqual([0, 2]);
  watchdog.soon();
  host.run();
  expect(barked).toBe(1);
  // Nothing is left to wait for, and nothing keeps the process running.
  host.ring();
  expect([barked, host.timers.length]).toEqual([1, 2]);
  clock.close();
});
