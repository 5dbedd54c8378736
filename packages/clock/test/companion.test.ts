import { describe, expect, test } from 'vitest';
import { VirtualClock } from '../src/index.ts';

describe('a companion', () => {
  test('goes first wherever the clock goes, and nowhere else', () => {
    const clock = new VirtualClock();
    const seen: string[] = [];
    clock.accompany({
      follow: (from, to) => {
        seen.push(`${String(from)}..${String(to)}`);
        return to;
      },
    });
    const alarm = clock.alarm(() => seen.push(`alarm at ${String(clock.now())}`));
    clock.run(); // nothing pending: time stands still
    alarm.after(30);
    clock.run();
    clock.advance(12);
    expect(seen).toEqual(['0..30', 'alarm at 30', '30..42']);
    expect(clock.now()).toBe(42);
  });

  test('that sets an alarm on the way stops the clock there, and goes on afterwards', () => {
    const clock = new VirtualClock();
    const seen: number[] = [];
    const interrupt = clock.alarm(() => seen.push(clock.now()));
    clock.accompany({
      follow: (from, to) => {
        // Something happens there every 10 ns.
        const next = Math.floor(from / 10) * 10 + 10;
        if (next > to) return to;
        interrupt.soon();
        return next;
      },
    });
    clock.alarm(() => seen.push(-clock.now())).at(25);
    expect(clock.run({ until: 35 })).toBe(4);
    expect(seen).toEqual([10, 20, -25, 30]);
  });

  test('is left alone once it is let go', () => {
    const clock = new VirtualClock();
    const leave = clock.accompany({ follow: () => expect.fail('not asked any more') });
    leave();
    clock.advance(10);
    expect(clock.now()).toBe(10);
  });
});
