/*
 * A receive and a transmit queue that are polled together: which queues share a context, and that what the one forwards
 * leaves in the round in which it came. What such a pair must not break is tried by queue-order-model.test.ts.
 */

import { IdentityMap } from '@netcx/dma';
import { describe, expect, it } from 'vitest';
import type { ReceiveEdge, TransmitEdge } from '../src/edge/index.ts';
import type { PollingOptions } from '../src/index.ts';
import { buildFakeMachine, Recorder } from './fake-machine.ts';
import { pattern } from './frames.ts';

const contextsOf = (queues: { transmit: number; receive: number }, polling: PollingOptions) => {
  const machine = buildFakeMachine({ queues, adapter: { polling } });
  machine.adapter.start();
  const { transmitQueues, receiveQueues } = machine.adapter;
  const all = [...receiveQueues, ...transmitQueues].map(({ context }) => context);
  const numbers = all.map((context) => all.indexOf(context));
  return { machine, receive: numbers.slice(0, queues.receive), transmit: numbers.slice(queues.receive) };
};

describe('contexts', () => {
  it.each<[string, PollingOptions, number[], number[]]>([
    ['one for each queue, unless pairs are asked for', {}, [0, 1, 2], [3, 4, 5]],
    ['one for each pair', { pairs: true }, [0, 1, 2], [0, 1, 2]],
    [
      'receive queues spread over two, transmit queues with them',
      { pairs: true, receiveContexts: 2 },
      [0, 1, 0],
      [0, 1, 0],
    ],
    ['receive queues spread over two, transmit queues on their own', { receiveContexts: 2 }, [0, 1, 0], [3, 4, 5]],
  ])('%s', async (_what, polling, receive, transmit) => {
    const found = contextsOf({ transmit: 3, receive: 3 }, polling);
    expect([found.receive, found.transmit]).toEqual([receive, transmit]);
    await found.machine.stop();
  });

  it('a transmit queue that has no receive queue of its number has its own', async () => {
    const found = contextsOf({ transmit: 3, receive: 1 }, { pairs: true });
    expect([found.receive, found.transmit]).toEqual([[0], [0, 2, 3]]);
    expect(found.machine.adapter.transmitQueues.map(({ context }) => context.name)).toEqual([
      'fake queue pair 0',
      'fake tx 1',
      'fake tx 2',
    ]);
    await found.machine.stop();
  });
});

/** Sends back what comes, unseen. */
class Mirror extends Recorder {
  edge: TransmitEdge | undefined;

  redirect(_edge: ReceiveEdge): TransmitEdge | undefined {
    return this.edge;
  }
}

it('what the one forwards leaves in the round in which it came', async () => {
  const machine = buildFakeMachine({ reach: new IdentityMap(), adapter: { polling: { pairs: true } } });
  const { adapter, clock, rx, tx } = machine;
  const mirror = new Mirror();
  adapter.detachProtocol();
  adapter.attachProtocol(mirror);
  adapter.start();
  clock.run();
  const { context } = adapter.receiveQueues[0]!;
  mirror.edge = adapter.transmitQueues[0]!.edge;
  let drained = -1;
  let sent = -1;
  const drain = rx[0]!.drain.bind(rx[0]);
  const post = tx[0]!.post.bind(tx[0]);
  rx[0]!.drain = () => {
    drain();
    if (drained < 0) drained = context.polls;
  };
  tx[0]!.post = () => {
    post();
    if (tx[0]!.outstanding > 0 && sent < 0) sent = context.polls;
  };
  rx[0]!.arrive({ bytes: pattern(100, 1) });
  clock.run();
  expect(drained).toBeGreaterThan(0);
  expect(sent).toBe(drained);
  tx[0]!.finishAll();
  clock.run();
  await machine.stop();
  expect([...rx, ...tx].flatMap(({ violations }) => violations)).toEqual([]);
});
