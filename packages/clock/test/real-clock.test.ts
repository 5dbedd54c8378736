import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { MILLISECOND, RealClock, type Alarm, type TimerScope } from '../src/index.ts';

const clocks: RealClock[] = [];
const make = (options?: ConstructorParameters<typeof RealClock>[0]): RealClock => {
  const clock = new RealClock(options);
  clocks.push(clock);
  return clock;
};
afterEach(() => {
  for (const clock of clocks.splice(0)) clock.close();
});

/** A host like a browser: messages and timeouts, no immediates. */
const browser: TimerScope = { MessageChannel, setTimeout, clearTimeout };

describe.each([
  ['Node', undefined],
  ['a browser', browser],
])('on the timers of %s', (_, scope) => {
  const options = scope === undefined ? {} : { scope };

  it('goes by the order of setting, later ones by time', async () => {
    let log: readonly string[];
    let done: Promise<void>;
    let took: number;
    // A busy machine may take longer between two lines than there is between two alarms: then they are set anew.
    do {
      const clock = make(options);
      const told: string[] = [];
      log = told;
      const began = clock.now();
      done = new Promise<void>((resolve) => clock.alarm(resolve).after(30 * MILLISECOND));
      clock.alarm(() => told.push('20 ms')).after(20 * MILLISECOND);
      clock.alarm(() => told.push('5 ms')).after(5 * MILLISECOND);
      clock.alarm(() => told.push('soon 1')).soon();
      clock.alarm(() => told.push('soon 2')).soon();
      const cancelled = clock.alarm(() => told.push('cancelled'));
      cancelled.after(1);
      cancelled.cancel();
      took = clock.now() - began;
    } while (took > 10 * MILLISECOND);
    expect(log).toEqual([]);
    await done;
    expect(log).toEqual(['soon 1', 'soon 2', '5 ms', '20 ms']);
  });

  it('is never early', async () => {
    const clock = make(options);
    const late = await Promise.all(
      [0.5, 1, 1.5, 3, 7, 12].map(async (milliseconds) => {
        const start = clock.now();
        await clock.delay(milliseconds * MILLISECOND);
        return clock.now() - start - milliseconds * MILLISECOND;
      }),
    );
    for (const lateness of late) expect(lateness).toBeGreaterThanOrEqual(0);
  });

  it('lets the host have its turn between alarms that set themselves again', async () => {
    const clock = make(options);
    let rounds = 0;
    const again: Alarm = clock.alarm(() => {
      rounds++;
      again.soon();
    });
    again.soon();
    // The host's turn comes, and so does the alarm's.
    while (rounds < 2) await new Promise((resolve) => setTimeout(resolve, 1));
    again.cancel();
  });

  // Node 24 warns of a timer that is to take less than no time, and gives it a millisecond.
  it('goes on at once where alarms are late, and asks no timer for it', async () => {
    const asked: (number | undefined)[] = [];
    const watched = ((callback: () => void, duration?: number) => {
      asked.push(duration);
      return setTimeout(callback, duration);
    }) as typeof setTimeout;
    const clock = make({ scope: { ...(scope ?? { setImmediate, clearImmediate, ...browser }), setTimeout: watched } });
    let rounds = 0;
    await new Promise<void>((resolve) => {
      const late = clock.alarm(() => {
        if (++rounds === 30) resolve();
        else late.after(1);
        const begin = clock.now();
        while (clock.now() - begin < MILLISECOND / 10); // longer than it has
      });
      late.soon();
    });
    expect(asked).toEqual([]);
  });

  it('does nothing any more once it is closed', async () => {
    const clock = make(options);
    const log: string[] = [];
    const soon = clock.alarm(() => log.push('soon'));
    soon.soon();
    clock.alarm(() => log.push('after')).after(MILLISECOND);
    const open = clock.delay(MILLISECOND);
    clock.close();
    await expect(open).rejects.toThrow(expect.objectContaining({ code: 'CLOSED' }));
    await expect(clock.delay(1)).rejects.toThrow(expect.objectContaining({ code: 'CLOSED' }));
    soon.soon();
    expect(soon.pending).toBe(false);
    await new Promise((resolve) => setTimeout(resolve, 10));
    expect(log).toEqual([]);
  });
});

it('counts nanoseconds from 0', async () => {
  const clock = make();
  const first = clock.now();
  expect(first).toBeLessThan(60_000 * MILLISECOND);
  await new Promise((resolve) => setTimeout(resolve, 5));
  const passed = clock.now() - first;
  expect(passed).toBeGreaterThan(4 * MILLISECOND);
  expect(Number.isInteger(passed)).toBe(true);
});

it('moves an alarm that is set anew, to earlier and to later', async () => {
  const clock = make();
  const log: string[] = [];
  const earlier = clock.alarm(() => log.push('earlier'));
  const later = clock.alarm(() => log.push('later'));
  earlier.after(60_000 * MILLISECOND);
  later.after(1 * MILLISECOND);
  earlier.after(3 * MILLISECOND);
  later.after(10 * MILLISECOND);
  await clock.delay(20 * MILLISECOND);
  expect(log).toEqual(['earlier', 'later']);
});

/** Runs a program that ends by itself only if nothing keeps it running; gives what it printed. */
function program(source: string): string {
  const index = fileURLToPath(new URL('../src/index.ts', import.meta.url));
  const code = `const { RealClock } = await import(${JSON.stringify(index)}); ${source}`;
  const tsx = import.meta.resolve('tsx');
  return execFileSync(process.execPath, ['--import', tsx, '--input-type=module', '-e', code], {
    encoding: 'utf8',
    timeout: 120_000,
  });
}

describe('a process', () => {
  it('ends while only an unreferenced clock is waiting', () => {
    const source = `
      const clock = new RealClock({ keepAlive: false });
      clock.alarm(() => console.log('never')).after(600e9);
      console.log('end');`;
    expect(program(source)).toBe('end\n');
  });

  it('ends or stays as the clock is unreferenced and referenced while alarms are pending', () => {
    const source = `
      const idle = new RealClock();
      idle.alarm(() => console.log('never')).after(600e9);
      idle.alarm(() => console.log('soon')).soon();
      idle.unref();
      const busy = new RealClock({ keepAlive: false });
      busy.alarm(() => console.log('later')).after(20e6);
      busy.ref();`;
    expect(program(source)).toBe('soon\nlater\n');
  });

  it('ends once the last alarm is cancelled or has gone off', () => {
    const source = `
      const clock = new RealClock();
      const watchdog = clock.alarm(() => console.log('never'));
      watchdog.after(600e9);
      clock.alarm(() => { console.log('now'); watchdog.cancel(); }).after(2e6);`;
    expect(program(source)).toBe('now\n');
  });

  it('goes on after a callback threw', () => {
    const source = `
      process.on('uncaughtException', (error) => console.log('caught', error.message));
      const clock = new RealClock();
      clock.alarm(() => { throw new Error('boom'); }).soon();
      clock.alarm(() => console.log('next')).soon();
      clock.alarm(() => console.log('later')).after(1e6);`;
    expect(program(source)).toBe('caught boom\nnext\nlater\n');
  });
});
