import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { ClockError, VirtualClock, type Alarm, type Clock } from '../src/index.ts';

/** A clock, and alarms that write down their name and when they went off. */
function recorder(): { clock: VirtualClock; log: string[]; alarm: (name: string) => Alarm } {
  const clock = new VirtualClock();
  const log: string[] = [];
  return { clock, log, alarm: (name) => clock.alarm(() => log.push(`${name}@${clock.now()}`)) };
}

describe('order', () => {
  it('is by time, and among equal times by the order of setting', () => {
    const { clock, log, alarm } = recorder();
    const [a, b, c, d] = ['a', 'b', 'c', 'd'].map(alarm);
    a?.at(30);
    b?.after(10);
    c?.after(10);
    d?.soon();
    expect(clock.run()).toBe(4);
    expect(log).toEqual(['d@0', 'b@10', 'c@10', 'a@30']);
    expect(clock.now()).toBe(30);
  });

  it('puts what is set for now behind what was set for now before', () => {
    const { clock, log, alarm } = recorder();
    const later = alarm('later');
    const early = clock.alarm(() => {
      log.push('early');
      later.soon();
    });
    early.after(5);
    alarm('same').after(5);
    clock.run();
    expect(log).toEqual(['early', 'same@5', 'later@5']);
  });

  it('keeps the place of an alarm that is due already when it is set soon again', () => {
    const { clock, log, alarm } = recorder();
    const first = alarm('first');
    first.soon();
    alarm('second').soon();
    first.soon();
    clock.run();
    expect(log).toEqual(['first@0', 'second@0']);
  });

  it('gives a new place to an alarm that is set anew by after or at', () => {
    const { clock, log, alarm } = recorder();
    const first = alarm('first');
    first.soon();
    alarm('second').soon();
    first.after(0);
    const third = alarm('third');
    third.after(100);
    third.at(7);
    clock.run();
    expect(log).toEqual(['second@0', 'first@0', 'third@7']);
  });

  it('counts a time that has passed as now', () => {
    const { clock, log, alarm } = recorder();
    clock.advance(50);
    alarm('late').at(20);
    clock.run();
    expect(log).toEqual(['late@50']);
  });
});

describe('an alarm', () => {
  it('is pending from setting to going off, and not while its callback runs', () => {
    const clock = new VirtualClock();
    const seen: boolean[] = [];
    const alarm: Alarm = clock.alarm(() => seen.push(alarm.pending));
    expect(alarm.pending).toBe(false);
    alarm.after(3);
    expect(alarm.pending).toBe(true);
    clock.run();
    expect(alarm.pending).toBe(false);
    expect(seen).toEqual([false]);
  });

  it('does not go off once it is cancelled, due or later', () => {
    const { clock, log, alarm } = recorder();
    const due = alarm('due');
    const later = alarm('later');
    due.soon();
    later.after(1);
    due.cancel();
    later.cancel();
    later.cancel();
    expect(clock.pending).toBe(0);
    expect(clock.run()).toBe(0);
    expect(log).toEqual([]);
  });

  it('can be cancelled by another one of the same time', () => {
    const { clock, log, alarm } = recorder();
    const victim = alarm('victim');
    clock.alarm(() => victim.cancel()).after(4);
    victim.after(4);
    clock.run();
    expect(log).toEqual([]);
  });

  it('never goes off inside the call that sets it', () => {
    const clock = new VirtualClock();
    let inside = true;
    const alarm = clock.alarm(() => expect(inside).toBe(false));
    alarm.soon();
    alarm.at(0);
    inside = false;
    expect(clock.run()).toBe(1);
  });

  it.each([-1, -0.5, NaN, Infinity, 2 ** 53])('refuses a delay of %d, and stays as it was', (delay) => {
    const { clock, log, alarm } = recorder();
    const one = alarm('one');
    one.after(5);
    expect(() => one.after(delay)).toThrow(expect.objectContaining({ name: 'ClockError', code: 'BAD_TIME' }));
    expect(() => one.at(delay < 0 ? NaN : delay)).toThrow(ClockError);
    clock.run();
    expect(log).toEqual(['one@5']);
  });
});

describe('running', () => {
  it('goes by single alarms', () => {
    const { clock, log, alarm } = recorder();
    alarm('a').after(1);
    alarm('b').after(2);
    expect([clock.step(), clock.now()]).toEqual([true, 1]);
    expect([clock.step(), clock.step(), clock.now()]).toEqual([true, false, 2]);
    expect(log).toEqual(['a@1', 'b@2']);
  });

  it('goes up to a time, and stays where the last alarm went off', () => {
    const { clock, log, alarm } = recorder();
    alarm('a').after(10);
    alarm('b').after(20);
    alarm('c').after(21);
    expect(clock.run({ until: 20 })).toBe(2);
    expect([clock.now(), clock.pending]).toEqual([20, 1]);
    expect(clock.run({ until: 5 })).toBe(0);
    clock.run();
    expect(log).toEqual(['a@10', 'b@20', 'c@21']);
  });

  it('advances by exactly what was asked', () => {
    const { clock, log, alarm } = recorder();
    const every: Alarm = clock.alarm(() => {
      log.push(String(clock.now()));
      every.after(40);
    });
    every.after(40);
    alarm('end').at(100);
    clock.advance(100);
    expect([clock.now(), log]).toEqual([100, ['40', '80', 'end@100']]);
    expect(() => clock.advance(-1)).toThrow(expect.objectContaining({ code: 'BAD_TIME' }));
    expect(() => clock.advance(NaN)).toThrow(expect.objectContaining({ code: 'BAD_TIME' }));
  });

  it('refuses to be run from inside a callback', () => {
    const clock = new VirtualClock();
    const codes: unknown[] = [];
    clock
      .alarm(() => {
        for (const run of [() => clock.run(), () => clock.step(), () => clock.advance(1)]) {
          try {
            run();
          } catch (error) {
            codes.push((error as ClockError).code);
          }
        }
      })
      .soon();
    clock.run();
    expect(codes).toEqual(['RUNNING', 'RUNNING', 'RUNNING']);
  });

  it('lets an exception out and can be run on', () => {
    const { clock, log, alarm } = recorder();
    clock
      .alarm(() => {
        throw new Error('boom');
      })
      .after(5);
    alarm('next').after(6);
    expect(() => clock.run()).toThrow('boom');
    expect(clock.now()).toBe(5);
    expect(clock.run()).toBe(1);
    expect(log).toEqual(['next@6']);
  });

  it('holds more alarms than it first has room for', () => {
    const { clock, log } = recorder();
    const total = 1000;
    for (let index = 0; index < total; index++) {
      const name = String(index);
      const alarm = clock.alarm(() => log.push(name));
      if (index % 2 === 0) alarm.soon();
      else alarm.after(1 + (total - index));
    }
    clock.run();
    const even = Array.from({ length: total / 2 }, (_, index) => String(index * 2));
    const odd = Array.from({ length: total / 2 }, (_, index) => String(total - 1 - index * 2));
    expect(log).toEqual([...even, ...odd]);
  });

  it('closes the gaps that cancelled alarms leave among those that are due', () => {
    const { clock, log, alarm } = recorder();
    const all = Array.from({ length: 60 }, (_, index) => alarm(String(index)));
    for (const each of all) each.soon();
    for (let index = 1; index < 60; index += 2) all[index]?.cancel();
    // The ring is nearly full of alarms and gaps: these make it move them together, then grow.
    const more = Array.from({ length: 80 }, (_, index) => alarm(String(100 + index)));
    for (const each of more) each.soon();
    all[2]?.cancel();
    more[79]?.cancel();
    clock.run();
    const expected = [...Array(30).keys()].map((index) => index * 2).filter((index) => index !== 2);
    expect(log).toEqual([...expected, ...[...Array(79).keys()].map((index) => 100 + index)].map((name) => `${name}@0`));
  });

  it('lets go of alarms that are not pending', async () => {
    const clock = new VirtualClock();
    const gone = new FinalizationRegistry<string>((name) => collected.push(name));
    const collected: string[] = [];
    (() => {
      const held = { big: new Uint8Array(1024) };
      gone.register(held, 'held');
      const alarm = clock.alarm(() => expect(held.big.length).toBe(1024));
      alarm.soon();
      clock.run();
      alarm.after(10);
      alarm.cancel();
    })();
    setFlagsFromString('--expose-gc');
    const gc = runInNewContext('gc') as () => void;
    for (let round = 0; round < 10 && collected.length === 0; round++) {
      gc();
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    expect(collected).toEqual(['held']);
  });
});

describe('promises', () => {
  it('delay resolves at its time', async () => {
    const clock = new VirtualClock();
    const log: string[] = [];
    const wait = async (name: string, duration: number): Promise<void> => {
      await clock.delay(duration);
      log.push(`${name}@${clock.now()}`);
    };
    await clock.drive(Promise.all([wait('b', 20), wait('a', 10), wait('c', 30)]));
    expect(log).toEqual(['a@10', 'b@20', 'c@30']);
    await expect(clock.delay(-1)).rejects.toThrow(expect.objectContaining({ code: 'BAD_TIME' }));
  });

  it('drive lets promise jobs run after each alarm, however deep the chain', async () => {
    const clock = new VirtualClock();
    const log: string[] = [];
    const chain = async (): Promise<void> => {
      await clock.delay(10);
      for (let depth = 0; depth < 50; depth++) await Promise.resolve();
      log.push(`chain@${clock.now()}`);
    };
    clock.alarm(() => log.push(`alarm@${clock.now()}`)).after(11);
    await clock.drive(chain());
    expect(log).toEqual(['chain@10']);
    clock.run();
    expect(log).toEqual(['chain@10', 'alarm@11']);
  });

  it('drive returns the value, or the rejection', async () => {
    const clock = new VirtualClock();
    expect(await clock.drive(clock.delay(5).then(() => 42))).toBe(42);
    await expect(clock.drive(clock.delay(5).then(() => Promise.reject(new Error('no'))))).rejects.toThrow('no');
    expect(clock.now()).toBe(10);
  });

  it('drive says when nothing can happen any more', async () => {
    const clock = new VirtualClock();
    clock.alarm(() => undefined).after(77);
    const never = new Promise<void>(() => undefined);
    await expect(clock.drive(never)).rejects.toThrow('DEADLOCK: deadlock in virtual time at 77 ns');
  });

  it('drive waits for somebody who drives, too', async () => {
    const clock = new VirtualClock();
    const inner = async (): Promise<number> => {
      await clock.drive(clock.delay(5));
      return clock.drive(clock.drive(Promise.resolve(7)));
    };
    expect(await clock.drive(inner())).toBe(7);
    expect(await Promise.all([clock.drive(clock.delay(3)), clock.drive(inner())])).toEqual([undefined, 7]);
    expect(clock.now()).toBe(10);
  });

  it('drive holds time still for the world outside', async () => {
    const clock = new VirtualClock();
    const log: string[] = [];
    clock.alarm(() => log.push(`alarm@${clock.now()}`)).after(1);
    const work = async (): Promise<void> => {
      await clock.outside(new Promise((resolve) => setTimeout(resolve, 20)));
      log.push(`file@${clock.now()}`);
      await clock.delay(5);
      await expect(clock.outside(Promise.reject(new Error('disk')))).rejects.toThrow('disk');
    };
    await clock.drive(work());
    expect(log).toEqual(['file@0', 'alarm@1']);
  });
});

it('gives random numbers by seed and stream', () => {
  const draw = (clock: VirtualClock, stream: string): number[] => {
    const random = clock.random(stream);
    return [random.next(), random.next(), random.next()];
  };
  const one = new VirtualClock({ seed: 7 });
  const first = draw(one, 'link');
  draw(one, 'host');
  expect(draw(new VirtualClock({ seed: 7 }), 'link')).toEqual(first);
  expect(draw(new VirtualClock({ seed: 8 }), 'link')).not.toEqual(first);
  expect(draw(one, 'host')).not.toEqual(first);
  expect(() => new VirtualClock({ seed: -1 })).toThrow(expect.objectContaining({ code: 'BAD_SEED' }));
});

it('is a Clock', () => {
  expectTypeOf<VirtualClock>().toExtend<Clock>();
});
