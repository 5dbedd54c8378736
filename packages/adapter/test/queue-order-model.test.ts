/*
 * The order of a queue's callbacks, model-based: a recorder in front of each driver's side holds it against the contract,
 * whatever traffic, stops, restarts, tasks and stray notifications come, at whatever moment of the clock, from inside a poll
 * or not; for queues of their own, in pairs, in a driver's context and in contexts for several receive queues, in both notification
 * modes and with small budgets. What was submitted completes once, and everything comes back.
 */

import { hostPages } from '@netcx/dma';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { ExecutionContext, NotificationMode, PollBudget, QueueSide } from '../src/index.ts';
import { CallRecorder, Turn } from './call-recorder.ts';
import { seeded } from './conservation.ts';
import { FakeRx, FakeTx } from './fake-driver.ts';
import { buildFakeMachine, type FakeMachine } from './fake-machine.ts';
import { submitFrame } from './frames.ts';

interface Setting {
  readonly contexts: 'own' | 'pairs' | 'shared' | 'two for receive' | 'two for pairs';
  readonly mode: NotificationMode;
  readonly budget: PollBudget;
}

const QUEUES = { transmit: 2, receive: 3 };

/** What must be so, whatever happens. */
interface Model {
  running: boolean;
  submitted: number;
}

/** What the runs have seen: a model whose commands do nothing would prove nothing. */
const covered = { completed: 0, shown: 0, tasks: 0, ignored: 0, stoppedInside: 0, gaveUp: 0 };

class Rig {
  readonly machine: FakeMachine;
  readonly recorders: CallRecorder[] = [];
  context: ExecutionContext | undefined;
  tasks = 0;
  stopping: Promise<void> | undefined;
  /** The next frame that is shown stops the adapter from inside the poll. */
  stopsInside = false;
  readonly #tx: FakeTx[] = [];
  readonly #rx: FakeRx[] = [];
  readonly #setting: Setting;
  readonly #turn = new Turn();

  constructor(setting: Setting) {
    this.#setting = setting;
    const { mode, budget, contexts } = setting;
    this.machine = buildFakeMachine({
      queues: QUEUES,
      packets: 8,
      fragments: 8,
      buffers: 16,
      adapter: {
        polling: {
          ...{ notification: mode, budget, pairs: contexts.endsWith('pairs') },
          ...(contexts.startsWith('two') ? { receiveContexts: 2 } : {}),
        },
      },
      callbacks: {
        createTxQueue: (init) => {
          init.create((queue) => {
            this.#tx[queue.id] = new FakeTx(queue, this.machine.enabler.domain);
            return this.#recorded(`tx ${queue.id}`, queue, this.#tx[queue.id]!, false);
          });
        },
        createRxQueue: (init) => {
          init.create((queue) => {
            this.#rx[queue.id] = new FakeRx(queue, this.machine.enabler.domain);
            return this.#recorded(`rx ${queue.id}`, queue, this.#rx[queue.id]!, true);
          });
        },
      },
    });
    const { adapter, recorder } = this.machine;
    if (contexts === 'shared')
      this.context = adapter.createExecutionContext({
        setNotificationEnabled: (enabled) => {
          for (const queue of [...this.#tx, ...this.#rx]) queue.armed = enabled;
        },
      });
    adapter.detachProtocol();
    adapter.attachProtocol({
      receive: (edge, count) => {
        recorder.receive(edge, count);
        if (this.stopsInside) {
          covered.stoppedInside++;
          this.stop();
        }
        this.stopsInside = false;
      },
      sent: (edge, count) => {
        recorder.sent(edge, count);
      },
    });
  }

  #recorded(name: string, queue: CallRecorderQueue, fake: FakeTx | FakeRx, armedWhenEmpty: boolean): QueueSide {
    const { context } = this;
    const side: QueueSide =
      context === undefined
        ? fake
        : {
            executionContext: context,
            start: () => fake.start(),
            advance: () => fake.advance(),
            cancel: () => fake.cancel(),
            stop: () => fake.stop(),
          };
    const recorder = new CallRecorder({
      name,
      queue,
      side,
      mode: this.#setting.mode,
      armedWhenEmpty,
      ...(context === undefined ? {} : { turn: this.#turn }),
    });
    this.recorders.push(recorder);
    return recorder.side;
  }

  tx = (queue: number): FakeTx | undefined => this.#tx[queue % QUEUES.transmit];
  rx = (queue: number): FakeRx | undefined => this.#rx[queue % QUEUES.receive];

  stop(): void {
    const stopping = this.machine.adapter.stop();
    stopping.catch(() => undefined);
    this.stopping ??= stopping;
  }

  check(): void {
    const faults = [
      ...this.recorders.flatMap(({ faults: found }) => found),
      ...[...this.#tx, ...this.#rx].flatMap(({ violations }) => violations),
    ];
    if (faults.length > 0) throw new Error(faults.join('; '));
  }
}

type CallRecorderQueue = ConstructorParameters<typeof CallRecorder>[0]['queue'];

abstract class Command implements fc.AsyncCommand<Model, Rig> {
  readonly which: number;
  readonly count: number;

  constructor(which = 0, count = 0) {
    this.which = which;
    this.count = count;
  }

  check(_model: Readonly<Model>): boolean {
    return true;
  }
  abstract apply(model: Model, rig: Rig): void | Promise<void>;

  async run(model: Model, rig: Rig): Promise<void> {
    await this.apply(model, rig);
    rig.check();
  }

  toString = (): string => `${this.constructor.name}(${this.which}, ${this.count})`;
}

class Start extends Command {
  override check = (model: Readonly<Model>) => !model.running;
  apply(model: Model, rig: Rig): void {
    rig.machine.adapter.start();
    model.running = true;
  }
}

class Submit extends Command {
  override check = (model: Readonly<Model>) => model.running;
  apply(model: Model, { machine, stopping }: Rig): void {
    if (stopping !== undefined) return;
    const edge = machine.adapter.transmitQueues[this.which % QUEUES.transmit]!.edge;
    for (let index = 0; index < this.count && edge.room > 0; index++) {
      submitFrame(edge, [{ address: 0, length: 60 }]);
      model.submitted++;
    }
  }
}

class Finish extends Command {
  apply(_: Model, rig: Rig): void {
    for (let index = 0; index < this.count; index++) rig.tx(this.which)?.finish();
  }
}

class Arrive extends Command {
  override check = (model: Readonly<Model>) => model.running;
  apply(_: Model, rig: Rig): void {
    const bytes = Uint8Array.of(1, 2, 3, 4);
    for (let index = 0; index < this.count; index++) rig.rx(this.which)?.arrive({ bytes });
  }
}

class Step extends Command {
  apply(_: Model, { machine }: Rig): void {
    for (let index = 0; index < this.count && machine.clock.step(); index++);
  }
}

class StrayNotification extends Command {
  override check = (model: Readonly<Model>) => model.running;
  apply(_: Model, { machine, context }: Rig): void {
    machine.adapter.transmitQueues[this.which % QUEUES.transmit]?.notifyMoreCompletedPacketsAvailable();
    machine.adapter.receiveQueues[this.which % QUEUES.receive]?.notifyMoreReceivedPacketsAvailable();
    context?.notify();
  }
}

class Task extends Command {
  override check = (model: Readonly<Model>) => model.running;
  apply(_: Model, rig: Rig): void {
    const context = rig.machine.adapter.receiveQueues[this.which % QUEUES.receive]?.context;
    context?.createTask(() => rig.tasks++).enqueue();
  }
}

class StopFromInside extends Command {
  override check = (model: Readonly<Model>) => model.running;
  apply(_: Model, rig: Rig): void {
    rig.stopsInside = true;
    rig.rx(this.which)?.arrive({ bytes: Uint8Array.of(5) });
  }
}

/** Cancelled at this moment, and some steps later stopped. */
class Stop extends Command {
  override check = (model: Readonly<Model>) => model.running;
  async apply(model: Model, rig: Rig): Promise<void> {
    rig.stop();
    const queues = [...rig.machine.adapter.transmitQueues, ...rig.machine.adapter.receiveQueues];
    for (const queue of queues) covered.ignored += queue.notifications?.ignored ?? 0;
    const edges = rig.machine.adapter.transmitQueues.map(({ edge }) => edge);
    for (let index = 0; index < this.count; index++) rig.machine.clock.step();
    for (let queue = 0; queue < QUEUES.transmit; queue++) rig.tx(queue)!.finishAll();
    const finishing = rig.machine.clock.alarm(() => {
      for (let queue = 0; queue < QUEUES.transmit; queue++) rig.tx(queue)!.finishAll();
      if (rig.machine.adapter.transmitQueues.length > 0) finishing.after(1e5);
    });
    finishing.soon();
    await rig.machine.clock.drive(rig.stopping!);
    finishing.cancel();
    rig.stopping = undefined;
    rig.stopsInside = false;
    model.running = false;
    for (const edge of edges) covered.gaveUp += edge.paused;
    const { sentContexts, shown } = rig.machine.recorder;
    covered.completed += sentContexts.length;
    covered.shown += shown.length;
    covered.tasks += rig.tasks;
    if (sentContexts.length !== model.submitted)
      throw new Error(`${model.submitted} frames submitted, ${sentContexts.length} completed`);
    for (const recorder of rig.recorders.splice(0)) {
      const calls = recorder.calls.join(' ');
      if (calls !== 'start cancel stop destroy') throw new Error(`the queue saw: ${calls}`);
    }
  }
}

const number = fc.nat({ max: 5 });
const commands = fc.commands(
  [
    fc.constant(new Start()),
    fc.tuple(number, number).map(([which, count]) => new Submit(which, count)),
    fc.tuple(number, number).map(([which, count]) => new Finish(which, count)),
    fc.tuple(number, number).map(([which, count]) => new Arrive(which, count)),
    fc.tuple(number, number).map(([which, count]) => new Step(which, count)),
    fc.tuple(number, number).map(([which, count]) => new Step(which, count * 3)),
    number.map((which) => new StrayNotification(which)),
    number.map((which) => new Task(which)),
    number.map((which) => new StopFromInside(which)),
    number.map((count) => new Stop(0, count)),
  ],
  { maxCommands: 60 },
);
const limit = fc.option(fc.integer({ min: 1, max: 3 }), { nil: undefined });
const settings: fc.Arbitrary<Setting> = fc.record({
  contexts: fc.constantFrom('own', 'pairs', 'shared', 'two for receive', 'two for pairs'),
  mode: fc.constantFrom('documented', 'asShipped'),
  budget: fc
    .record({ send: limit, sendComplete: limit, receive: limit, rounds: limit })
    .map((all) => Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined))),
});

it('calls create, start, advance and notifications, cancel, advance until drained, stop, destroy, in this order', async () => {
  const taken = hostPages.bytesTaken;
  await fc.assert(
    fc.asyncProperty(settings, commands, async (setting, sequence) => {
      const rig = new Rig(setting);
      rig.machine.adapter.start();
      const model: Model = { running: true, submitted: 0 };
      await fc.asyncModelRun(() => ({ model, real: rig }), sequence);
      if (model.running) await new Stop().run(model, rig);
      if (hostPages.bytesTaken !== taken) throw new Error('memory was left behind');
    }),
    seeded('queue order', 100),
  );
  expect(hostPages.bytesTaken).toBe(taken);
  for (const [what, count] of Object.entries(covered)) expect([what, count > 0]).toEqual([what, true]);
});
