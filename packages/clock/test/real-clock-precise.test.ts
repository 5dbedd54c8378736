import { expect, test } from 'vitest';
import { MILLISECOND, RealClock, type TimerScope } from '../src/index.ts';

/** The host's timers, asked of and never going off by themselves. */
class Host {
  /** Milliseconds of each timer that was asked for. */
  readonly timers: number[] = [];
  /** Turns of the event loop that were asked for. */
  turns = 0;
  #next: (() => void) | undefined;

  readonly scope = {
    setImmediate: (callback: () => void) => {
      this.turns++;
      this.#next = callback;
      return {};
    },
    clearImmediate: () => (this.#next = undefined),
    setTimeout: (callback: () => void, milliseconds: number) => {
      this.timers.push(milliseconds);
      return { callback };
    },
    clearTimeout: () => undefined,
    MessageChannel,
  } as unknown as TimerScope;

  /** Goes round the event loop until nobody asks for another turn. */
  run(): void {
    for (let callback = this.#next; callback !== undefined; callback = this.#next) {
      this.#next = undefined;
      callback();
    }
  }
}

test('a precise clock goes round the event loop until an alarm that is near is due, and sets no timer for it', () => {
  const host = new Host();
  const clock = new RealClock({ precise: true, scope: host.scope });
  let rang = -1;
  const due = clock.now() + MILLISECOND;
  clock.alarm(() => (rang = clock.now())).at(due);
  host.run();
  expect(rang).toBeGreaterThanOrEqual(due);
  expect(host.turns).toBeGreaterThan(1);
  expect(host.timers).toEqual([]);
  clock.close();
});

test('a precise clock waits by a timer for what is farther away, as any clock does', () => {
  for (const precise of [true, false]) {
    const host = new Host();
    const clock = new RealClock({ precise, scope: host.scope });
    clock.alarm(() => undefined).at(clock.now() + 50 * MILLISECOND);
    expect(host.turns, String(precise)).toBe(0);
    expect(host.timers, String(precise)).toHaveLength(1);
    clock.close();
  }
});

test('a clock that is not precise sets a timer for an alarm that is near', () => {
  const host = new Host();
  const clock = new RealClock({ scope: host.scope });
  clock.alarm(() => undefined).at(clock.now() + MILLISECOND);
  expect(host.turns).toBe(0);
  expect(host.timers).toHaveLength(1);
  clock.close();
});
