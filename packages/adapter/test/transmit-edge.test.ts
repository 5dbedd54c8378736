/*
 * The transmit edge and a queue that stops: what a protocol may submit, and that whatever it submitted completes once.
 */

import { hostPages } from '@netcx/dma';
import { afterAll, describe, expect, it } from 'vitest';
import { AdapterError } from '../src/index.ts';
import { buildFakeMachine, type FakeMachine, type FakeMachineOptions } from './fake-machine.ts';
import { filled, pattern, submitFrame, writeFrame } from './frames.ts';

const own = hostPages.allocate(16_384, { owner: 'a protocol’s own memory' });
afterAll(() => {
  hostPages.free(own);
});

/** A machine that is started and stopped around a test, and must leave nothing behind. */
async function on(options: FakeMachineOptions, test: (machine: FakeMachine) => void | Promise<void>): Promise<void> {
  const taken = hostPages.bytesTaken;
  const machine = buildFakeMachine(options);
  machine.adapter.start();
  machine.clock.run();
  await test(machine);
  for (const tx of machine.tx) tx.finishAll();
  await machine.stop();
  expect([...machine.tx, ...machine.rx].flatMap(({ violations }) => violations)).toEqual([]);
  expect(machine.domain.faultCount).toBe(0);
  expect(hostPages.bytesTaken).toBe(taken);
}

const queueOf = ({ adapter }: FakeMachine) => adapter.transmitQueues[0]!;
const transmit = ({ adapter }: FakeMachine) => adapter.statistics().transmit;

describe('the edge', () => {
  it('takes whole frames only, as many as there is room for', () =>
    on({ packets: 8 }, ({ adapter, recorder }) => {
      const { edge } = adapter.transmitQueues[0]!;
      expect([edge.room, edge.pending]).toEqual([7, 0]);
      writeFrame(edge, 0, 1, [
        { address: own, length: 60 },
        { address: own, length: 60 },
      ]);
      expect(() => {
        edge.submit(1);
      }).toThrow(
        'FRAME_INCOMPLETE: transmit edge 0: the last of 1 descriptors says that its frame goes on; whole frames only',
      );
      expect(() => {
        edge.submit(8);
      }).toThrow('RANGE_EXCEEDED');
      edge.submit(0);
      expect([edge.room, edge.pending, recorder.sentContexts]).toEqual([7, 0, []]);
    }));

  it('takes nothing once the adapter stops', async () => {
    const machine = buildFakeMachine();
    machine.adapter.start();
    const { edge } = queueOf(machine);
    await machine.stop();
    expect(edge.room).toBe(0);
    expect(() => {
      edge.submit(1);
    }).toThrow(AdapterError);
    expect(() => {
      edge.submit(1);
    }).toThrow('EDGE_CLOSED: transmit edge 0: the adapter stops and takes no more frames');
  });
});

it('throws once when the protocol released a buffer that it had handed over, and goes on', () =>
  on({}, (machine) => {
    const { edge } = queueOf(machine);
    const frames = [1, 2, 3].map((seed) => filled(edge.pool, pattern(60, seed)));
    for (const [context, frame] of frames.entries()) submitFrame(edge, [frame], context);
    machine.clock.run();
    edge.pool.release(frames[1]!.buffer!);
    machine.tx[0]!.finishAll();
    expect(() => {
      machine.clock.run();
    }).toThrow('NOT_HELD');
    queueOf(machine).notifyMoreCompletedPacketsAvailable();
    machine.clock.run();
    expect([machine.recorder.sentContexts, edge.pool.inUse, edge.pending]).toEqual([[0, 1, 2], 0, 0]);
  }));

describe('a queue that stops', () => {
  it('hands nothing more to its driver', () =>
    on({}, async (machine) => {
      const { edge } = queueOf(machine);
      for (const context of [1, 2]) submitFrame(edge, [filled(edge.pool, pattern(60, context))], context);
      const stopped = machine.stop(); // before the queue was polled
      await Promise.resolve();
      machine.clock.run({ until: machine.clock.now() });
      expect([machine.tx[0]!.outstanding, transmit(machine).dropped.stopped]).toEqual([0, 2]);
      expect([machine.recorder.sentContexts, edge.pool.inUse]).toEqual([[1, 2], 0]);
      await stopped;
    }));

  it.each([true, false])(
    'gives up what its driver was not given, after the rest; the driver gives up too: %s',
    (givesUp) =>
      on({ packets: 8, fragments: 4, buffers: 8 }, async (machine) => {
        const { edge } = queueOf(machine);
        const tx = machine.tx[0]!;
        tx.givesUp = givesUp;
        for (let frame = 0; frame < 5; frame++) submitFrame(edge, [filled(edge.pool, pattern(60, frame))], frame);
        submitFrame(
          edge,
          [
            { address: own, length: 10 },
            { address: own, length: 10 },
          ],
          5,
        );
        machine.clock.run();
        expect(tx.outstanding).toBe(3);
        const stopped = machine.stop();
        await Promise.resolve();
        if (!givesUp) {
          machine.clock.advance(1000);
          expect([tx.outstanding, machine.recorder.sentContexts]).toEqual([3, []]); // no more, and none before its turn
          tx.finishAll();
        }
        const dropped = () => transmit(machine).dropped;
        expect(dropped().stopped).toBe(0);
        machine.clock.run({ until: 5000 });
        expect(machine.recorder.sentContexts).toEqual([0, 1, 2, 3, 4, 5, 6]);
        expect([dropped().stopped, edge.pool.inUse]).toEqual([3, 0]);
        await stopped;
      }),
  );
});
