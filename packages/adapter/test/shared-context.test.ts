/*
 * Execution contexts that a driver makes: the order of a round over several queues, tasks, budgets and why a context stopped
 * polling; and what a queue does that is cancelled in the middle of a poll.
 */

import { MILLISECOND, VirtualClock } from '@netcx/clock';
import { describe, expect, it } from 'vitest';
import { ExecutionContext, PollPriority, ViolationError, type PollClient } from '../src/index.ts';
import { FakeRx, FakeTx } from './fake-driver.ts';
import { buildFakeMachine, type FakeMachine } from './fake-machine.ts';
import { submitFrame } from './frames.ts';
import { singleAlarm } from './scripts.ts';

/** Two transmit queues and a receive queue in one context. */
function sharedMachine(log: string[]) {
  const tx: FakeTx[] = [];
  const rx: FakeRx[] = [];
  const machine: FakeMachine = buildFakeMachine({
    queues: { transmit: 2, receive: 1 },
    callbacks: {
      createTxQueue: (init) => {
        init.create((queue) => {
          const fake = (tx[queue.id] = new FakeTx(queue, machine.enabler.domain));
          return { executionContext: context, ...logged(fake, `tx ${queue.id}`) };
        });
      },
      createRxQueue: (init) => {
        init.create((queue) => {
          const fake = (rx[queue.id] = new FakeRx(queue, machine.enabler.domain));
          return { executionContext: context, ...logged(fake, `rx ${queue.id}`) };
        });
      },
    },
  });
  const logged = (fake: FakeTx | FakeRx, name: string) => ({
    start: () => {
      fake.start();
    },
    advance: () => {
      log.push(`${name} advance`);
      fake.advance();
    },
    cancel: () => {
      log.push(`${name} cancel`);
      fake.cancel();
    },
    stop: () => {
      fake.stop();
    },
  });
  const context: ExecutionContext = machine.adapter.createExecutionContext({
    name: 'vector 0',
    setNotificationEnabled: (enabled) => {
      log.push(enabled ? 'arm' : 'disarm');
    },
  });
  machine.adapter.detachProtocol();
  machine.adapter.attachProtocol({
    receive: () => log.push('receive'),
    sent: (edge) => log.push(`sent ${edge.id}`),
  });
  return { machine, context, tx, rx };
}

describe('queues in one context', () => {
  it('go by phases: every protocol is asked, then every driver, then every protocol is told', async () => {
    const log: string[] = [];
    const { machine, context, tx } = sharedMachine(log);
    const { adapter, clock } = machine;
    adapter.start();
    for (const queue of adapter.transmitQueues) submitFrame(queue.edge, [{ address: 0, length: 60 }]);
    clock.step(); // one round
    expect(log).toEqual(['tx 0 advance', 'tx 1 advance', 'rx 0 advance']);
    expect([tx[0]!.outstanding, tx[1]!.outstanding]).toEqual([1, 1]);
    clock.run();
    for (const fake of tx) fake.finishAll();
    log.length = 0;
    context.notify();
    clock.step();
    expect(log.slice(0, 6)).toEqual(['tx 0 advance', 'tx 1 advance', 'rx 0 advance', 'sent 0', 'sent 1', 'disarm']);
    clock.run();
    expect(log.slice(-7)).toEqual([
      'tx 0 advance',
      'tx 1 advance',
      'rx 0 advance',
      'arm',
      'tx 0 advance',
      'tx 1 advance',
      'rx 0 advance',
    ]);
    await machine.stop();
    expect([...tx].flatMap(({ violations }) => violations)).toEqual([]);
  });

  it('hear a notification once for each time that it is enabled, whichever queue it is for', async () => {
    const { machine, context, tx } = sharedMachine([]);
    machine.adapter.start();
    expect(context.notifications).toEqual({ enabled: 0, received: 0, ignored: 0 });
    machine.clock.run();
    machine.adapter.receiveQueues[0]!.notifyMoreReceivedPacketsAvailable();
    context.notify();
    expect(context.notifications).toEqual({ enabled: 1, received: 1, ignored: 1 });
    expect(machine.adapter.receiveQueues[0]!.notifications).toEqual(context.notifications);
    machine.clock.run();
    expect(context.notifications).toEqual({ enabled: 2, received: 1, ignored: 1 });
    expect(tx[0]!.calls).not.toContain('arm');
    await machine.stop();
  });
});

describe('the order of clients', () => {
  const client = (log: string[], name: string): PollClient => ({
    poll: () => {
      log.push(name);
      return 0;
    },
    arm: () => undefined,
    disarm: () => undefined,
  });

  it('is that of their priorities, and of their coming among equal ones', () => {
    const clock = new VirtualClock();
    const context = new ExecutionContext(clock);
    const log: string[] = [];
    const { PreAdvance, Advance, PostAdvance } = PollPriority;
    const middle = client(log, 'c');
    context.add(client(log, 'e'), PostAdvance);
    context.add(middle);
    context.add(client(log, 'a'), PreAdvance);
    context.add(client(log, 'd'), Advance);
    context.add(client(log, 'b'), PreAdvance);
    context.wake();
    clock.run();
    context.remove(middle);
    context.wake();
    clock.run();
    expect(log.join('')).toBe('abcdeabcdeabdeabde');
  });
});

describe('a task', () => {
  it('is done before the next round, in the order in which tasks came; what it queues comes after that round', async () => {
    const clock = new VirtualClock();
    const context = new ExecutionContext(clock, { name: 'it' });
    const log: string[] = [];
    let work = 2;
    context.add({
      poll: () => {
        log.push('poll');
        if (work === 2) second.enqueue(); // from inside a poll
        return work > 0 ? work-- : 0;
      },
      arm: () => log.push('arm'),
      disarm: () => undefined,
    });
    const first = context.createTask(() => {
      log.push('first');
      if (first.runs === 0) first.enqueue();
    });
    const second = context.createTask(() => log.push('second'));
    first.enqueue();
    const done = first.completion().then(() => log.push('completed'));
    clock.run();
    await done;
    expect(log.join(' ')).toBe('first poll first second poll poll arm poll completed');
    expect(context.exits).toEqual({ noMoreWork: 1, yielded: 1, outOfBudget: 0, taskPending: 1 });
    await second.completion(); // at once
    expect([first.runs, second.runs, first.queued]).toEqual([2, 1, false]);
  });

  it('waits for one turn only', () => {
    const task = new ExecutionContext(new VirtualClock(), { name: 'it' }).createTask(() => undefined);
    task.enqueue();
    expect(task.queued).toBe(true);
    expect(() => {
      task.enqueue();
    }).toThrow(ViolationError);
    expect(() => {
      task.enqueue();
    }).toThrow(/INVALID_EXECUTION_CONTEXT_TASK.*it: expected a task that is not queued/);
  });

  it('that throws loses none of those behind it, and no poll', () => {
    const clock = new VirtualClock();
    const context = new ExecutionContext(clock);
    const log: string[] = [];
    context.add({ poll: () => (log.push('poll'), 0), arm: () => undefined, disarm: () => undefined });
    const broken = context.createTask(() => {
      throw new Error('a broken task');
    });
    broken.enqueue();
    context.createTask(() => log.push('behind')).enqueue();
    expect(() => clock.run()).toThrow('a broken task');
    clock.run();
    expect(log).toEqual(['behind', 'poll', 'poll']);
    expect(broken.queued).toBe(false);
  });
});

describe('a budget', () => {
  const endless = (rounds: () => void): PollClient => ({
    poll: () => {
      rounds();
      return 1;
    },
    arm: () => undefined,
    disarm: () => undefined,
  });

  it('of rounds ends a run, and the next one goes on after whatever else is due', () => {
    const turn = singleAlarm();
    const context = new ExecutionContext(turn.clock, { budget: { rounds: 5 } });
    let rounds = 0;
    context.add(endless(() => rounds++));
    context.wake();
    turn.run();
    expect([rounds, turn.pending, context.exits.yielded]).toEqual([5, true, 1]);
  });

  it('of time ends a run when 80 % of it has passed, unless it is extended', () => {
    const turn = singleAlarm();
    const asked: number[] = [];
    const context = new ExecutionContext(turn.clock, {
      budget: {
        rounds: 1000,
        maximumTime: MILLISECOND,
        extend: (elapsed) => {
          asked.push(elapsed);
          return asked.length === 1 ? 200_000 : 0;
        },
      },
    });
    context.add(endless(() => (turn.time += 100_000)));
    context.wake();
    turn.run();
    expect([turn.time, turn.pending]).toEqual([MILLISECOND, true]);
    expect(asked).toEqual([800_000, MILLISECOND]);
    expect(context.exits).toEqual({ noMoreWork: 0, yielded: 0, outOfBudget: 1, taskPending: 0 });
  });

  it('of packets holds for each round, and loses none', async () => {
    const machine = buildFakeMachine({
      adapter: { polling: { budget: { send: 2, sendComplete: 3, receive: 4 } } },
    });
    const { adapter, clock, recorder } = machine;
    adapter.start();
    clock.run();
    const queue = adapter.transmitQueues[0]!;
    for (let count = 0; count < 9; count++) submitFrame(queue.edge, [{ address: 0, length: 60 }], count);
    const [posted, sent, shown]: number[][] = [[], [], []];
    const advance = machine.tx[0]!.advance.bind(machine.tx[0]);
    machine.tx[0]!.advance = () => {
      posted!.push(queue.rings.packets.postCount);
      advance();
    };
    adapter.detachProtocol();
    adapter.attachProtocol({
      receive: (edge, count) => {
        shown!.push(count);
        recorder.receive(edge, count);
      },
      sent: (edge, count) => {
        sent!.push(count);
        recorder.sent(edge, count);
      },
    });
    clock.run();
    machine.tx[0]!.finishAll();
    machine.rx[0]!.arrive(...Array.from({ length: 9 }, (_, index) => ({ bytes: Uint8Array.of(index) })));
    clock.run();
    expect(posted!.filter((count) => count > 0)).toEqual([2, 2, 2, 2, 1]);
    expect(sent).toEqual([3, 3, 3]);
    expect(shown).toEqual([4, 4, 1]);
    expect(recorder.sentContexts).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
    expect(recorder.shown.map(({ bytes }) => bytes[0])).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
    await machine.stop();
  });

  it('that cannot be is refused by name', () => {
    const budgets = [{ send: 0 }, { receive: 1.5 }, { maximumTime: 0 }] as const;
    const messages = budgets.map((budget) => {
      try {
        buildFakeMachine({ adapter: { polling: { budget } } });
        return 'accepted';
      } catch (error) {
        return String(error);
      }
    });
    expect(messages).toEqual([
      'AdapterError: QUEUE_CONFIGURATION: fake: polling: budget.send is 0; expected 1 or more',
      'AdapterError: QUEUE_CONFIGURATION: fake: polling: budget.receive is 1.5; expected 1 or more',
      'AdapterError: QUEUE_CONFIGURATION: fake: polling: budget.maximumTime is 0 ns; expected more than 0',
    ]);
  });
});

describe('a queue that is cancelled from inside its own poll', () => {
  it('tells its driver when the poll is over, before the next one', async () => {
    const log: string[] = [];
    const { machine, rx } = sharedMachine(log);
    const { adapter, clock } = machine;
    adapter.start();
    clock.run();
    log.length = 0;
    const drain = rx[0]!.drain.bind(rx[0]);
    rx[0]!.drain = () => {
      adapter.receiveQueues[0]!.cancel();
      log.push('cancel asked for');
      rx[0]!.drain = drain;
      drain();
    };
    adapter.receiveQueues[0]!.notifyMoreReceivedPacketsAvailable();
    clock.run();
    expect(log.slice(0, 7)).toEqual([
      'tx 0 advance',
      'tx 1 advance',
      'rx 0 advance',
      'cancel asked for',
      'disarm',
      'rx 0 cancel',
      'tx 0 advance',
    ]);
    await machine.stop();
    expect(rx[0]!.violations).toEqual([]);
  });
});
