/*
 * The poll loop. That no wake-up is lost is shown by trying every way in which a device can interleave with it: at each
 * point where something could happen (before and after each look, each arming, each run) something does or does not.
 */

import { VirtualClock } from '@netcx/clock';
import { describe, expect, it } from 'vitest';
import { ExecutionContext, type PollClient } from '../src/index.ts';
import { Script, singleAlarm } from './scripts.ts';

/** What may happen at a point: nothing; work for a device; its interrupt without work; somebody else wakes the context. */
const EVENTS = ['nothing', 'work', 'spurious', 'poke'] as const;
/** Far more runs than any script needs. */
const MOST_RUNS = 100;

/** A device that notifies once each time that it is armed, and the queue on it. */
class Device implements PollClient {
  work = 0;
  armed = false;
  readonly #context: ExecutionContext;
  readonly #point: () => void;
  readonly #batch: number;

  constructor(context: ExecutionContext, batch: number, point: () => void) {
    this.#context = context;
    this.#batch = batch;
    this.#point = point;
  }

  raise(): void {
    if (!this.armed) return;
    this.armed = false;
    this.#context.notify();
  }

  poll(): number {
    this.#point();
    const done = Math.min(this.work, this.#batch);
    this.work -= done;
    this.#point();
    return done;
  }

  arm(): void {
    this.#point();
    this.armed = true;
    this.#point();
  }

  disarm(): void {
    this.#point();
    this.armed = false;
    this.#point();
  }
}

/** Tries all scripts of up to `events` events on a context with some devices; returns how many there were. */
function tryAll(devices: number, batch: number, events: number): number {
  const script = new Script(EVENTS, events);
  let scripts = 0;
  do {
    scripts++;
    const turn = singleAlarm();
    const context = new ExecutionContext(turn.clock);
    let left = events;
    let next = 0;
    const point = (): void => {
      if (left === 0) return;
      const event = script.choose();
      if (event === 'nothing') return;
      left--;
      const device = clients[next++ % devices]!;
      if (event === 'poke') context.notify();
      if (event === 'work') device.work++;
      if (event !== 'poke') device.raise();
    };
    const clients = Array.from({ length: devices }, () => new Device(context, batch, point));
    for (const client of clients) context.add(client);
    context.notify();
    let runs = 0;
    for (; turn.pending && runs < MOST_RUNS; runs++) {
      turn.run();
      point(); // while it sleeps, or waits for its turn
    }
    // Everything was found, whatever comes next will notify, and the context sleeps.
    const state = clients.map(({ work, armed }) => ({ work, armed }));
    const asleep = state.every(({ work, armed }) => work === 0 && armed) && runs < MOST_RUNS;
    if (!asleep) throw new Error(`after [${script.toString()}]: ${JSON.stringify(state)} in ${runs} runs`);
  } while (script.next());
  return scripts;
}

describe('no wake-up is lost', () => {
  it.each([
    [1, 1, 3],
    [1, 2, 3],
    [2, 1, 3],
  ])(
    'with %d devices, %d a poll, up to %d events',
    (devices, batch, events) => {
      const scripts = tryAll(devices, batch, events);
      expect(scripts).toBeGreaterThan(1000);
    },
    60_000,
  );
});

describe('a context', () => {
  const client = (log: string[], name: string, work: number): PollClient => ({
    poll: () => {
      log.push(`${name} poll`);
      return work-- > 0 ? 1 : 0;
    },
    arm: () => log.push(`${name} arm`),
    disarm: () => log.push(`${name} disarm`),
  });

  it('polls, arms when there is nothing, looks once more and sleeps; polls clients in order', () => {
    const clock = new VirtualClock();
    const context = new ExecutionContext(clock);
    const log: string[] = [];
    context.add(client(log, 'a', 1));
    context.add(client(log, 'b', 0));
    clock.run();
    expect(log).toEqual([]); // nobody has woken it
    context.notify();
    context.notify();
    clock.run();
    expect(log).toEqual(['a poll', 'b poll', 'a poll', 'b poll', 'a arm', 'b arm', 'a poll', 'b poll']);
    expect(context.polls).toBe(3);
    expect(clock.now()).toBe(0);
  });

  it('lets others run between two polls, and disarms before it goes on by itself', () => {
    const clock = new VirtualClock();
    const context = new ExecutionContext(clock);
    const log: string[] = [];
    const other = clock.alarm(() => log.push('other'));
    context.add(client(log, 'a', 0));
    context.notify();
    clock.run();
    log.length = 0;
    const busy = client(log, 'b', 2);
    context.add(busy);
    context.notify();
    other.soon();
    clock.run();
    expect(log).toEqual([
      'a poll',
      'b poll',
      'a disarm',
      'b disarm',
      'other',
      'a poll',
      'b poll',
      'a poll',
      'b poll',
      'a arm',
      'b arm',
      'a poll',
      'b poll',
    ]);
  });

  it('does not poll who was removed', () => {
    const clock = new VirtualClock();
    const context = new ExecutionContext(clock);
    const log: string[] = [];
    const gone = client(log, 'a', 5);
    context.add(gone);
    context.add(client(log, 'b', 0));
    context.notify();
    context.remove(gone);
    context.remove(gone);
    clock.run();
    expect(log).toEqual(['b poll', 'b arm', 'b poll']);
  });
});
