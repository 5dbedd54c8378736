/*
 * What a stop owes: frames that were not handed to the driver complete as paused, fragments that no packet used come back,
 * nobody waits for ever, and whoever has not given something back is named.
 */

import { MILLISECOND } from '@netcx/clock';
import { hostPages } from '@netcx/dma';
import { describe, expect, it } from 'vitest';
import { buildFakeMachine } from './fake-machine.ts';
import { submitFrame } from './frames.ts';

describe('frames of a queue that stops', () => {
  it('complete: those that the driver had, then the others, as paused; and the edge takes no more', async () => {
    const machine = buildFakeMachine({ packets: 4, buffers: 8 });
    const { adapter, clock, tx } = machine;
    const told: [number, number][] = [];
    adapter.detachProtocol();
    adapter.attachProtocol({
      receive: () => undefined,
      sent: (edge, count) => told.push([count, edge.paused]),
    });
    adapter.start();
    clock.run();
    tx[0]!.slots = 2;
    const { edge } = adapter.transmitQueues[0]!;
    for (let frame = 0; frame < 3; frame++) submitFrame(edge, [{ address: 0, length: 60 }]);
    clock.run();
    tx[0]!.finish();
    clock.run();
    submitFrame(edge, [{ address: 0, length: 60 }]); // in the edge, behind three that are placed or done
    const stopped = adapter.stop();
    await Promise.resolve();
    tx[0]!.slots = 0; // what was placed but not posted stays so
    const finishing = clock.alarm(() => {
      tx[0]!.slots = 2;
      tx[0]!.finishAll();
      if (adapter.transmitQueues.length > 0) finishing.after(MILLISECOND / 10);
    });
    finishing.after(MILLISECOND);
    await clock.drive(stopped);
    expect(told.reduce((sum, [count]) => sum + count, 0)).toBe(4);
    expect(told.at(-1)![1]).toBe(edge.paused);
    expect(edge.paused).toBe(1);
    expect(edge.room).toBe(0);
    expect(() => {
      edge.submit(1);
    }).toThrow('EDGE_CLOSED');
  });
});

describe('fragments that a receive queue’s driver skipped', () => {
  it('come back between packets, and with no packet at all once it is cancelled', async () => {
    const taken = hostPages.bytesTaken;
    const machine = buildFakeMachine();
    const { adapter, clock, rx, recorder } = machine;
    adapter.start();
    clock.run();
    const { pool } = adapter.receiveQueues[0]!;
    rx[0]!.arrive({ bytes: Uint8Array.of(1), gap: 2 }, { bytes: Uint8Array.of(2), packetless: true });
    rx[0]!.arrive({ bytes: Uint8Array.of(3), gap: 1, parts: 1 });
    clock.run();
    expect(recorder.shown.map(({ bytes }) => bytes[0])).toEqual([1, 3]);
    expect(pool!.inUse).toBe(rx[0]!.buffers); // the skipped ones lie in fragments again
    await machine.stop(); // all fragments come back without a packet
    expect(hostPages.bytesTaken).toBe(taken);
  });
});

describe('a stop that takes too long', () => {
  const slow = (drainLimit: number) => {
    const machine = buildFakeMachine({
      queues: { transmit: 2, receive: 1 },
      adapter: { polling: { drainLimit } },
    });
    machine.adapter.start();
    machine.clock.run();
    return machine;
  };

  it('fails after as long as the adapter was told, and says who has what', async () => {
    const machine = slow(5 * MILLISECOND);
    const { adapter, clock, tx, rx, recorder } = machine;
    recorder.leaves = true;
    rx[0]!.arrive({ bytes: Uint8Array.of(1) });
    submitFrame(adapter.transmitQueues[1]!.edge, [{ address: 0, length: 60 }]);
    clock.run();
    const before = clock.now();
    await expect(machine.stop()).rejects.toThrow(
      /^QUEUE_NOT_DRAINED: fake: driver and protocol have not given back everything: fake tx 1 packets.*; tx 1: the driver has 1 packets and 1 fragments; rx 0: the protocol has not completed 1 descriptors$/,
    );
    expect(clock.now() - before).toBe(5 * MILLISECOND);
    tx[1]!.finishAll();
    recorder.take(1);
    await machine.stop();
  });

  it('waits for neither more than it was told nor less', () => {
    for (const drainLimit of [0, -1, NaN])
      expect(() => slow(drainLimit)).toThrow(`polling.drainLimit is ${drainLimit}; expected more than 0 ns`);
  });
});

it('a protocol that submits while its adapter stops is told, and keeps its frame', async () => {
  const machine = buildFakeMachine();
  const { adapter, clock } = machine;
  const outcomes: string[] = [];
  adapter.detachProtocol();
  adapter.attachProtocol({
    receive: () => undefined,
    sent: (edge) => {
      try {
        submitFrame(edge, [{ address: 0, length: 60 }]);
        outcomes.push('taken');
      } catch (error) {
        outcomes.push(String(error).slice(0, 26));
      }
    },
  });
  adapter.start();
  const { edge } = adapter.transmitQueues[0]!;
  submitFrame(edge, [{ address: 0, length: 60 }]);
  const stopped = adapter.stop();
  await clock.drive(stopped);
  expect([outcomes, edge.paused]).toEqual([['AdapterError: EDGE_CLOSED:'], 1]);
});
