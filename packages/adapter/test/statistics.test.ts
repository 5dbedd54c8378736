/*
 * Counters by queue and by whom frames were for, against what the test itself sent; and durations by a stopwatch of its own.
 */

import { hostPages } from '@netcx/dma';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { TrafficCount } from '../src/index.ts';
import { buildFakeMachine, type FakeMachine } from './fake-machine.ts';
import { filled, pattern, submitFrame } from './frames.ts';

const SEED = 20_261_122;
const ADDRESSES = {
  unicast: [2, 0, 0, 0, 0, 9],
  multicast: [0x33, 0x33, 0, 0, 0, 1],
  // All ones but the last bit: a group, and not everybody.
  nearlyBroadcast: [255, 255, 255, 255, 255, 254],
  broadcast: [255, 255, 255, 255, 255, 255],
} as const;
type Kind = keyof typeof ADDRESSES;
const KINDS = Object.keys(ADDRESSES) as Kind[];

function frameTo(kind: Kind, length: number): Uint8Array {
  const bytes = pattern(length, length);
  bytes.set(ADDRESSES[kind]);
  return bytes;
}

/** Counts as the test expects them. */
class Expected {
  readonly unicast = { packets: 0, bytes: 0 };
  readonly multicast = { packets: 0, bytes: 0 };
  readonly broadcast = { packets: 0, bytes: 0 };

  get counts() {
    return { unicast: this.unicast, multicast: this.multicast, broadcast: this.broadcast };
  }

  add(kind: Kind, bytes: number): void {
    const count = this[kind === 'nearlyBroadcast' ? 'multicast' : kind];
    count.packets++;
    count.bytes += bytes;
  }
}

const started = (options: Parameters<typeof buildFakeMachine>[0] = {}): FakeMachine => {
  const machine = buildFakeMachine(options);
  machine.adapter.start();
  machine.clock.run();
  return machine;
};

const send = ({ adapter, clock, tx }: FakeMachine, bytes: Uint8Array): void => {
  const { edge } = adapter.transmitQueues[0]!;
  submitFrame(edge, [filled(edge.pool, bytes)]);
  clock.run();
  tx[0]!.finish();
  clock.run();
};

describe('traffic', () => {
  it('counts what was sent by whom it was for, and nothing of what was given up', async () => {
    const machine = started({ packets: 64, fragments: 64, buffers: 64 });
    const { adapter, clock, tx } = machine;
    const { edge } = adapter.transmitQueues[0]!;
    const own = hostPages.allocate(4096, { owner: 'the test' });
    const expected = new Expected();
    const step = fc.record({
      kind: fc.constantFrom(...KINDS),
      length: fc.integer({ min: 60, max: 1514 }),
      how: fc.constantFrom('whole', 'parts', 'empty', 'long'),
    });
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 10 }), (burst) => {
        for (const { kind, length, how } of burst) {
          const bytes = frameTo(kind, length);
          if (how === 'empty') submitFrame(edge, [{ address: own, length: 0 }]);
          if (how === 'long') submitFrame(edge, [{ address: own, length: 1515 }]);
          if (how === 'whole') submitFrame(edge, [filled(edge.pool, bytes)]);
          // The address itself is spread over three parts.
          if (how === 'parts')
            submitFrame(edge, [
              filled(edge.pool, bytes.subarray(0, 2)),
              filled(edge.pool, bytes.subarray(2, 5)),
              filled(edge.pool, bytes.subarray(5)),
            ]);
          if (how === 'whole' || how === 'parts') expected.add(kind, length);
          clock.run();
        }
        tx[0]!.finishAll();
        clock.run();
        const { traffic, packets, bytes } = adapter.statistics().transmit;
        expect(traffic).toEqual(expected.counts);
        const all = Object.values(traffic) as TrafficCount[];
        expect(all.reduce((sum, one) => sum + one.packets, 0)).toBe(packets);
        expect(all.reduce((sum, one) => sum + one.bytes, 0)).toBe(bytes);
      }),
      { seed: SEED, numRuns: 60 },
    );
    expect(adapter.statistics().transmit.dropped.empty).toBeGreaterThan(0);
    await machine.stop();
    hostPages.free(own);
  });

  it('counts what was shown, and takes back what a protocol left behind', async () => {
    const machine = started();
    const { adapter, clock, rx, recorder } = machine;
    const expected = new Expected();
    for (const kind of KINDS) {
      rx[0]!.arrive({ bytes: frameTo(kind, 100) });
      clock.run();
      expected.add(kind, 100);
    }
    expect(adapter.statistics().receive.traffic).toEqual(expected.counts);
    recorder.leaves = true;
    for (const kind of KINDS) rx[0]!.arrive({ bytes: frameTo(kind, 200) });
    clock.run();
    expect(adapter.statistics().receive.packets).toBe(8);
    adapter.detachProtocol();
    rx[0]!.arrive({ bytes: frameTo('unicast', 300) }); // nobody is there: it goes, and so does what was left
    clock.run();
    const { traffic, packets, dropped } = adapter.statistics().receive;
    expect([packets, dropped.unclaimed]).toEqual([4, 5]);
    expect(traffic).toEqual(expected.counts);
    await machine.stop();
  });
});

describe('queues', () => {
  it('say what went through them, what the driver has, and what waits', async () => {
    const machine = started({ packets: 8 });
    const { adapter, clock, tx, rx } = machine;
    const { edge } = adapter.transmitQueues[0]!;
    for (let number = 0; number < 5; number++) submitFrame(edge, [filled(edge.pool, frameTo('unicast', 64))]);
    clock.run();
    tx[0]!.finish();
    tx[0]!.finish();
    clock.run();
    rx[0]!.arrive({ bytes: frameTo('broadcast', 64) });
    clock.run();
    const [transmit, receive] = adapter.statistics().queues;
    expect(transmit).toMatchObject({
      direction: 'transmit',
      id: 0,
      numberOfPackets: 5,
      packetsCompleted: 2,
      queueDepth: 3,
      pending: 0,
    });
    expect(receive).toMatchObject({
      direction: 'receive',
      id: 0,
      packetsCompleted: 1,
      queueDepth: 7,
      numberOfPackets: 8,
      pending: 0,
      traffic: { broadcast: { packets: 1, bytes: 64 } },
    });
    const { contexts } = adapter.statistics();
    expect(contexts.map(({ name }) => name)).toEqual(['fake tx 0', 'fake rx 0']);
    expect(transmit!.iterationCount).toBe(contexts[0]!.polls);
    expect(contexts.every(({ times }) => times === undefined)).toBe(true);
    tx[0]!.finishAll();
    clock.run();
    await machine.stop();
    expect(adapter.statistics().queues).toEqual([]);
  });
});

describe('histograms', () => {
  it('measure rounds and callbacks by the stopwatch that they are given', async () => {
    let time = 0;
    const stopwatch = (): number => (time += 10); // each look at it takes 10 ns
    const machine = started({ adapter: { histograms: stopwatch } });
    send(machine, frameTo('unicast', 64));
    const [context] = machine.adapter.statistics().contexts;
    const { poll, callback } = context!.times!;
    expect(poll.count).toBe(context!.polls);
    // Nothing but the driver's calls takes time: a callback is one look at the stopwatch, a round its own and its callbacks'.
    expect([callback.p50, callback.max, callback.mean]).toEqual([10, 10, 10]);
    expect(poll.p50).toBe(30);
    await machine.stop();
  });

  it('stand at 0 in virtual time, by its own clock', async () => {
    const machine = started({ adapter: { histograms: true } });
    send(machine, frameTo('unicast', 64));
    const { poll, callback } = machine.adapter.statistics().contexts[0]!.times!;
    expect(poll).toEqual({ count: poll.count, mean: 0, p50: 0, p99: 0, max: 0 });
    expect(callback.count).toBeGreaterThan(0);
    await machine.stop();
  });

  it('count a callback that throws, too', () => {
    const machine = buildFakeMachine({
      adapter: { histograms: true },
      queues: { transmit: 0, receive: 1 },
      callbacks: {
        createRxQueue: (init) =>
          void init.create(() => ({
            advance: () => {
              throw new Error('the driver fell over');
            },
            setNotificationEnabled: () => undefined,
            cancel: () => undefined,
          })),
      },
    });
    machine.adapter.start();
    expect(() => {
      machine.clock.run();
    }).toThrow('the driver fell over');
    expect(machine.adapter.statistics().contexts[0]!.times!.callback.count).toBe(2); // start, advance
  });
});

it('leaves host memory as it was', async () => {
  const taken = hostPages.bytesTaken;
  const machine = started({ adapter: { histograms: true } });
  await machine.stop();
  expect(hostPages.bytesTaken).toBe(taken);
});
