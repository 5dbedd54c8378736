/*
 * What a driver may bring for a queue, and when: each rule by its number, and nothing left behind by one that was broken.
 */

import { hostPages } from '@netcx/dma';
import { describe, expect, it } from 'vitest';
import { ViolationError, type QueueInit, type QueueSide, type RxQueue, type TxQueue } from '../src/index.ts';
import { FakeRx } from './fake-driver.ts';
import { buildFakeMachine, type FakeMachine } from './fake-machine.ts';

/** What the rule says that an action breaks. */
function broken(action: () => unknown): [number, number | undefined, string | undefined] | 'none' {
  try {
    action();
  } catch (error) {
    if (!(error instanceof ViolationError)) throw error;
    return [error.rule.number, error.details.subcode, error.details.field];
  }
  return 'none';
}

/** An adapter whose driver creates queues so; what `create` throws reaches whoever starts the adapter. */
function machineOf(
  direction: 'transmit' | 'receive',
  create: (init: QueueInit<TxQueue> | QueueInit<RxQueue>, machine: FakeMachine) => void,
): FakeMachine {
  const machine: FakeMachine = buildFakeMachine({
    queues: { transmit: direction === 'transmit' ? 1 : 0, receive: direction === 'receive' ? 1 : 0 },
    callbacks: {
      createTxQueue: (init) => {
        create(init, machine);
      },
      createRxQueue: (init) => {
        create(init, machine);
      },
    },
  });
  return machine;
}

const side = (partial: object): QueueSide => partial as QueueSide;
const nothing = (): void => undefined;
const callbacks = { advance: nothing, setNotificationEnabled: nothing, cancel: nothing };

describe('a driver’s side of a queue', () => {
  it.each([
    ['no object', nothing, [0x09, undefined, undefined]],
    ['a field that is no function', () => ({ ...callbacks, stop: true }), [0x09, undefined, 'stop']],
    ['no advance', () => ({ ...callbacks, advance: undefined }), [0x16, 0, 'advance']],
    [
      'no notification',
      () => ({ ...callbacks, setNotificationEnabled: undefined }),
      [0x16, 0, 'setNotificationEnabled'],
    ],
    ['no cancel', () => ({ ...callbacks, cancel: undefined }), [0x16, 0, 'cancel']],
    [
      'a foreign context',
      () => ({ advance: callbacks.advance, executionContext: {} }),
      [0x09, undefined, 'executionContext'],
    ],
  ] as const)('%s', (_, make, expected) => {
    const taken = hostPages.bytesTaken;
    const machine = machineOf(
      'transmit',
      (init) => void (init as QueueInit<TxQueue>).create(() => side(make() as never)),
    );
    expect(broken(() => machine.adapter.start())).toEqual(expected);
    expect(machine.adapter.transmitQueues).toEqual([]);
    expect(hostPages.bytesTaken).toBe(taken);
  });

  it.each([
    ['a notification of its own', 'transmit', callbacks, [0x16, 1, 'setNotificationEnabled']],
    ['no advance', 'transmit', {}, [0x16, 2, 'advance']],
    ['a receive queue without cancel', 'receive', { advance: callbacks.advance }, [0x16, 3, 'cancel']],
    ['a transmit queue without cancel', 'transmit', { advance: callbacks.advance }, 'none'],
  ] as const)('in a shared context: %s', async (_, direction, rest, expected) => {
    const machine = machineOf(direction, (init, { adapter }) => {
      const executionContext = adapter.createExecutionContext({ setNotificationEnabled: () => undefined });
      (init as QueueInit<TxQueue>).create(() => side({ ...rest, executionContext }));
    });
    expect(broken(() => machine.adapter.start())).toEqual(expected);
    await machine.stop();
  });

  it('is created by the init that the callback was handed, once, and before it returns', async () => {
    let kept: QueueInit<TxQueue> | undefined;
    const seen: unknown[] = [];
    const machine = machineOf('transmit', (init) => {
      kept = init as QueueInit<TxQueue>;
      const forged = { ...kept, create: kept.create.bind({ id: 0 } as typeof kept) };
      seen.push(broken(() => forged.create(() => callbacks)));
      kept.create(() => callbacks);
      seen.push(broken(() => kept!.create(() => callbacks)));
    });
    machine.adapter.start();
    seen.push(broken(() => kept!.create(() => callbacks)));
    expect(seen).toEqual([
      [0x14, undefined, undefined],
      [0x18, undefined, undefined],
      [0x15, undefined, undefined],
    ]);
    await machine.stop();
  });

  it('has methods of its own direction only', async () => {
    const machine = buildFakeMachine();
    machine.adapter.start();
    const [tx, rx] = [machine.adapter.transmitQueues[0]!, machine.adapter.receiveQueues[0]!];
    expect(broken(() => tx.notifyMoreReceivedPacketsAvailable())).toEqual([0x2c, undefined, undefined]);
    expect(broken(() => rx.notifyMoreCompletedPacketsAvailable())).toEqual([0x2c, undefined, undefined]);
    await machine.stop();
  });

  it('hears of its end after its memory has gone', async () => {
    const log: string[] = [];
    const before = hostPages.bytesTaken;
    const machine = machineOf('receive', (init, { enabler }) => {
      (init as QueueInit<RxQueue>).create((queue) =>
        Object.assign(new FakeRx(queue, enabler.domain), {
          stop: () => log.push(`stop ${hostPages.bytesTaken > before}`),
          destroy: () => log.push(`destroy ${hostPages.bytesTaken > before}`),
        }),
      );
    });
    machine.adapter.start();
    machine.clock.run();
    await machine.stop();
    expect(log[0]).toBe('stop true');
    expect(log.map((line) => line.split(' ')[0])).toEqual(['stop', 'destroy']);
  });
});

describe('a driver’s execution context', () => {
  it('needs a way to enable its notification', () => {
    const { adapter } = buildFakeMachine();
    expect(broken(() => adapter.createExecutionContext({}))).toEqual([0x5a, undefined, 'setNotificationEnabled']);
    expect(() =>
      adapter.createExecutionContext({ setNotificationEnabled: () => undefined, budget: { rounds: 0 } }),
    ).toThrow('QUEUE_CONFIGURATION: fake execution context: budget.rounds is 0; expected 1 or more');
  });
});
