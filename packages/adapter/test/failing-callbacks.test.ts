/*
 * Callbacks that throw: whichever of a driver's or a protocol's it is, and whenever, nothing of the framework's stays behind, no
 * queue that is gone is called, and an adapter that could not stop can be stopped again.
 */

import type { VirtualClock } from '@netcx/clock';
import { hostPages } from '@netcx/dma';
import { describe, expect, it } from 'vitest';
import type { PacketQueueCallbacks, QueueInit, RxQueue, TxQueue } from '../src/index.ts';
import { FakeRx, FakeTx } from './fake-driver.ts';
import { buildFakeMachine, type FakeMachine } from './fake-machine.ts';
import { submitFrame } from './frames.ts';

const CALLBACKS = ['start', 'advance', 'setNotificationEnabled', 'cancel', 'stop', 'destroy'] as const;
type CallbackName = (typeof CALLBACKS)[number];
const QUEUES = ['tx 0', 'tx 1', 'rx 0', 'rx 1'] as const;
type QueueName = (typeof QUEUES)[number];

/** Two queues each way, of which one's driver throws at the first call of one callback. */
class FailingMachine {
  /** Every call, as `tx 0 start`. */
  readonly calls: string[] = [];
  readonly machine: FakeMachine;
  readonly #taken = hostPages.bytesTaken;
  #failing: string;

  constructor(queue: QueueName, callback: CallbackName, notCreated?: QueueName) {
    this.#failing = `${queue} ${callback}`;
    const create = <Q extends TxQueue | RxQueue>(
      name: string,
      init: QueueInit<Q>,
      make: (queue: Q) => FakeTx | FakeRx,
    ) => {
      if (name === notCreated) throw new Error(`${name} cannot be created`);
      init.create((created) => this.#failingAt(name, make(created)));
    };
    this.machine = buildFakeMachine({
      queues: { transmit: 2, receive: 2 },
      callbacks: {
        createTxQueue: (init) => {
          const { tx, enabler } = this.machine;
          create(`tx ${init.id}`, init, (made) => (tx[init.id] = new FakeTx(made, enabler.domain)));
        },
        createRxQueue: (init) => {
          const { rx, enabler } = this.machine;
          create(`rx ${init.id}`, init, (made) => (rx[init.id] = new FakeRx(made, enabler.domain)));
        },
      },
    });
  }

  #failingAt(name: string, driver: FakeTx | FakeRx): PacketQueueCallbacks {
    const called = (callback: CallbackName): void => {
      const call = `${name} ${callback}`;
      this.calls.push(call);
      if (call !== this.#failing) return;
      this.#failing = '';
      throw new Error(`${call} throws`);
    };
    const after = (callback: CallbackName, work: () => void): (() => void) => {
      return () => {
        called(callback);
        work();
      };
    };
    return {
      start: after('start', () => {
        driver.start();
      }),
      advance: after('advance', () => {
        driver.advance();
      }),
      setNotificationEnabled: (enabled) => {
        called('setNotificationEnabled');
        driver.setNotificationEnabled(enabled);
      },
      cancel: after('cancel', () => {
        driver.cancel();
      }),
      stop: after('stop', () => {
        driver.stop();
      }),
      destroy: after('destroy', () => undefined),
    };
  }

  /** Bytes of host memory and pages of the IOMMU that are not back. */
  get left(): { readonly bytes: number; readonly pages: number } {
    return { bytes: hostPages.bytesTaken - this.#taken, pages: this.machine.domain.mappedPages };
  }
}

const NOTHING = { bytes: 0, pages: 0 };

/** Runs whatever is due, past errors that come out of the clock; returns them. */
function runOn(clock: VirtualClock): string[] {
  const errors: string[] = [];
  for (;;) {
    try {
      clock.run();
      return errors;
    } catch (error) {
      errors.push((error as Error).message);
    }
  }
}

/** Stops the adapter, however often it takes; returns what stood in the way. */
async function stopAtLast({ stop }: FakeMachine): Promise<string[]> {
  const errors: string[] = [];
  while (errors.length < 4) {
    try {
      await stop();
      return errors;
    } catch (error) {
      errors.push((error as Error).message);
    }
  }
  throw new Error(errors.join('; '));
}

const everyOne = QUEUES.flatMap((queue) => CALLBACKS.map((callback) => [queue, callback] as const));

describe('a driver that throws once', () => {
  it.each(everyOne)('in %s %s loses nothing, and its adapter stops and starts again', async (queue, callback) => {
    const failing = new FailingMachine(queue, callback);
    const { machine, calls } = failing;
    const { adapter, clock } = machine;
    const error = `${queue} ${callback} throws`;
    let errors: string[] = [];
    if (callback === 'start') {
      expect(() => {
        adapter.start();
      }).toThrow(error);
      expect([failing.left, runOn(clock)]).toEqual([NOTHING, []]);
      errors = [error];
    }
    adapter.start();
    errors = [...errors, ...runOn(clock)];
    for (const { edge } of adapter.transmitQueues) submitFrame(edge, [{ address: 0, length: 64 }]);
    errors = [...errors, ...runOn(clock)];
    for (const tx of machine.tx) tx.finishAll();
    errors = [...errors, ...runOn(clock), ...(await stopAtLast(machine))];
    expect(errors).toEqual([error]);
    expect(failing.left).toEqual(NOTHING);
    for (const name of QUEUES) {
      const lastCalls = calls.filter((call) => call.startsWith(name)).slice(-2);
      expect(lastCalls).toEqual([`${name} stop`, `${name} destroy`]);
      expect(calls.filter((call) => call === `${name} stop`).length).toBeLessThanOrEqual(2);
    }
    adapter.start();
    runOn(clock);
    expect(await stopAtLast(machine)).toEqual([]);
    expect(failing.left).toEqual(NOTHING);
  });

  const undone = everyOne.filter(
    ([queue, callback]) => queue !== 'rx 1' && !['advance', 'setNotificationEnabled'].includes(callback),
  );
  it.each(undone)('in %s %s while a start is undone leaves nothing, and no queue is polled', (queue, callback) => {
    const failing = new FailingMachine(queue, callback, 'rx 1');
    const { machine, calls } = failing;
    expect(() => {
      machine.adapter.start();
    }).toThrow(callback === 'start' ? 'throws' : 'rx 1 cannot be created');
    const count = calls.length;
    expect([runOn(machine.clock), calls.slice(count), failing.left]).toEqual([[], [], NOTHING]);
  });
});

describe('a protocol', () => {
  it('that throws when frames were sent gets its places back, and is told once', async () => {
    const machine = buildFakeMachine();
    const { adapter, clock, tx } = machine;
    const told: number[] = [];
    adapter.detachProtocol();
    adapter.attachProtocol({
      receive: () => undefined,
      sent: (_edge, count) => {
        told.push(count);
        if (told.length === 1) throw new Error('not now');
      },
    });
    adapter.start();
    clock.run();
    const { edge } = adapter.transmitQueues[0]!;
    for (let frame = 0; frame < 15; frame++) submitFrame(edge, [{ address: 0, length: 64 }]);
    clock.run();
    tx[0]!.finishAll();
    expect([runOn(clock), edge.room, told]).toEqual([['not now'], 15, [15]]);
    submitFrame(edge, [{ address: 0, length: 64 }]);
    clock.run();
    tx[0]!.finishAll();
    clock.run();
    expect(told).toEqual([15, 1]);
    await machine.stop();
  });

  it('that goes with frames that it has not completed leaves none of them, and the adapter stops', async () => {
    const machine = buildFakeMachine();
    const { adapter, clock, recorder, rx } = machine;
    recorder.leaves = true;
    adapter.start();
    clock.run();
    rx[0]!.arrive({ bytes: Uint8Array.of(1, 2, 3) }, { bytes: Uint8Array.of(4, 5, 6), parts: 2 });
    clock.run();
    const { ring } = adapter.receiveQueues[0]!.edge;
    expect(ring.driverCount).toBe(3);
    adapter.detachProtocol();
    clock.run();
    expect([ring.driverCount, adapter.statistics().receive.dropped.unclaimed]).toEqual([0, 2]);
    await machine.stop();
  });
});
