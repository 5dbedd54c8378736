import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { VirtualClock, type Alarm } from '../src/index.ts';
import { NaiveClock } from './naive-clock.ts';

/** What a program or a callback does to the clock. */
interface Action {
  readonly do: 'soon' | 'cancel' | 'after' | 'at';
  readonly id: number;
  readonly time: number;
}
type Step =
  { do: 'act'; action: Action } | { do: 'step' } | { do: 'run'; time: number } | { do: 'advance'; time: number };

interface Target {
  soon(id: number): void;
  after(id: number, delay: number): void;
  at(id: number, time: number): void;
  cancel(id: number): void;
}

function act(target: Target, action: Action): void {
  if (action.do === 'soon' || action.do === 'cancel') target[action.do](action.id);
  else target[action.do](action.id, action.time);
}

describe('against the naive clock', () => {
  const ALARMS = 12;
  const id = fc.nat(ALARMS - 1);
  const time = fc.nat(40);
  const action: fc.Arbitrary<Action> = fc.record({ do: fc.constantFrom('soon', 'cancel', 'after', 'at'), id, time });
  const step: fc.Arbitrary<Step> = fc.oneof(
    { weight: 4, arbitrary: fc.record({ do: fc.constant('act' as const), action }) },
    fc.constant({ do: 'step' } as const),
    fc.record({ do: fc.constant('run' as const), time }),
    fc.record({ do: fc.constant('advance' as const), time }),
  );

  it('does the same, whatever is set, unset and run, from outside and from callbacks', () => {
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 80 }),
        fc.array(fc.array(action, { maxLength: 3 }), { maxLength: 60 }),
        (program, reactions) => {
          const realLog: string[] = [];
          const naiveLog: string[] = [];
          const realReactions = [...reactions];
          const naiveReactions = [...reactions];
          const clock = new VirtualClock();
          const alarms: Alarm[] = Array.from({ length: ALARMS }, (_, index) =>
            clock.alarm(() => {
              realLog.push(`${index}@${clock.now()}`);
              for (const reaction of realReactions.shift() ?? []) act(real, reaction);
            }),
          );
          const real: Target = {
            soon: (index) => alarms[index]?.soon(),
            after: (index, delay) => alarms[index]?.after(delay),
            at: (index, at) => alarms[index]?.at(at),
            cancel: (index) => alarms[index]?.cancel(),
          };
          const naive = new NaiveClock((index) => {
            naiveLog.push(`${index}@${naive.time}`);
            for (const reaction of naiveReactions.shift() ?? []) act(naive, reaction);
          });
          for (const entry of program) {
            if (entry.do === 'step') expect(clock.step()).toBe(naive.run(Infinity, 1) === 1);
            else if (entry.do === 'run') expect(clock.run({ until: entry.time })).toBe(naive.run(entry.time));
            else if (entry.do === 'advance') expect(clock.advance(entry.time)).toBe(naive.advance(entry.time));
            else {
              act(real, entry.action);
              act(naive, entry.action);
            }
            expect(realLog).toEqual(naiveLog);
            expect([clock.now(), clock.pending]).toEqual([naive.time, naive.pending]);
            expect(alarms.map((alarm) => alarm.pending)).toEqual(alarms.map((_, index) => naive.isPending(index)));
          }
          clock.run();
          naive.run();
          expect(realLog).toEqual(naiveLog);
        },
      ),
      { numRuns: 400 },
    );
  });
});
