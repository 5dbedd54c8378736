/*
 * Transmit queues that are told apart by priority: when each is created, where frames go, that none overtakes another one of
 * its own value, and what becomes of them when a queue cannot be created or the adapter stops.
 */

import { hostPages } from '@netcx/dma';
import { i32, u8 } from '@netcx/dma/memory';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FrameDescriptor, type TransmitEdge } from '../src/edge/index.ts';
import { ViolationError, type TxDemuxConfig } from '../src/index.ts';
import { seeded } from './conservation.ts';
import { FakeTx } from './fake-driver.ts';
import { buildFakeMachine, type FakeMachine } from './fake-machine.ts';
import { filled, pattern, writeFrame, type Part } from './frames.ts';

const PRIORITY = 1;
const VLAN = 2;

/** Writes a frame with a tag, and submits it. */
function send(edge: TransmitEdge, priority: number | undefined, context: number, parts?: readonly Part[]): void {
  const frame = parts ?? [filled(edge.pool, pattern(60, context))];
  writeFrame(edge, 0, context, frame);
  const d = edge.ring.at(edge.ring.endIndex);
  if (priority !== undefined) {
    FrameDescriptor.tagging.set(i32, d, PRIORITY | VLAN);
    FrameDescriptor.tag.set(i32, d, (priority << 13) | 0x123);
  }
  edge.submit(frame.length);
}

interface DemuxMachine extends FakeMachine {
  /** What completed: the edge's number and the frame's context. */
  readonly completed: [number, number][];
  readonly created: [number, number][];
  readonly edge: TransmitEdge;
}

function demuxMachine(
  range: number,
  options: { readonly refuses?: number; readonly packets?: number } = {},
): DemuxMachine {
  const { refuses, packets = 16 } = options;
  const completed: [number, number][] = [];
  const created: [number, number][] = [];
  const machine: FakeMachine = buildFakeMachine({
    packets,
    fragments: 8 * packets, // a frame with a tag takes several where software puts it in
    buffers: 2 * packets,
    withoutDma: true,
    queues: { transmit: 4, receive: 0 },
    callbacks: {
      createTxQueue: (init) => {
        if (init.id === refuses) throw new Error(`no queue ${init.id}`);
        init.create((queue) => {
          created.push([queue.id, queue.demux8021p]);
          return (machine.tx[queue.id] = new FakeTx(queue, undefined));
        });
      },
    },
  });
  machine.adapter.txDemux.add({ kind: '8021p', range });
  machine.adapter.detachProtocol();
  machine.adapter.attachProtocol({
    receive: () => undefined,
    sent: (edge, count) => {
      for (let index = 0; index < count; index++) {
        const d = edge.ring.at(edge.ring.processedIndex + index);
        if (FrameDescriptor.more.get(i32, d) === 0) completed.push([edge.id, FrameDescriptor.context.get(i32, d)]);
      }
    },
  });
  machine.adapter.start();
  machine.clock.run();
  return { ...machine, completed, created, edge: machine.adapter.txDemux.edge! };
}

const ruleOf = (action: () => unknown): number | string => {
  try {
    action();
    return 'accepted';
  } catch (error) {
    return error instanceof ViolationError ? error.rule.number : String(error);
  }
};

describe('what queues may be told apart by', () => {
  it.each<[string, unknown, number | string]>([
    ['priority', { kind: '8021p', range: 2 }, 'accepted'],
    ['every priority', { kind: '8021p', range: 8 }, 'accepted'],
    ['one value', { kind: '8021p', range: 1 }, 0x53],
    ['nine values', { kind: '8021p', range: 9 }, 0x53],
    ['half a value', { kind: '8021p', range: 2.5 }, 0x53],
    ['Wi-Fi’s access categories', { kind: 'wmmInfo', range: 4 }, 0x2b],
    ['peers', { kind: 'peerAddress', range: 4 }, 0x2b],
    ['the weather', { kind: 'weather', range: 4 }, 0x52],
  ])('%s', (_, config, rule) => {
    const { adapter } = buildFakeMachine();
    expect(ruleOf(() => adapter.txDemux.add(config as TxDemuxConfig))).toBe(rule);
    expect(adapter.txDemux.range).toBe(rule === 'accepted' ? (config as TxDemuxConfig).range : undefined);
  });

  it('is said once, before start, and of no more queues than the NIC has', async () => {
    const machine = buildFakeMachine(); // four transmit queues
    machine.adapter.txDemux.add({ kind: '8021p', range: 8 });
    expect(ruleOf(() => machine.adapter.txDemux.add({ kind: '8021p', range: 8 }))).toBe(0x52);
    expect(ruleOf(() => machine.adapter.start())).toBe(0x53);
    const other = buildFakeMachine();
    other.adapter.start();
    expect(ruleOf(() => other.adapter.txDemux.add({ kind: '8021p', range: 2 }))).toBe(0x03);
    expect(ruleOf(() => other.adapter.transmitQueues[0]!.demux8021p)).toBe(0x57);
    await other.stop();
  });
});

describe('queues that are told apart', () => {
  it('are created when the first frame of a value comes, and the priorities are spread evenly over them', async () => {
    const machine = demuxMachine(4);
    const { adapter, clock, created, completed, edge, tx } = machine;
    expect(created).toEqual([[0, 0]]);
    for (const [context, priority] of [undefined, 0, 1, 7, 6, 2].entries()) send(edge, priority, context);
    expect([created.length, edge.pending]).toEqual([1, 3]); // those of value 0 have gone on
    clock.run();
    expect(created).toEqual([
      [0, 0],
      [1, 1],
      [3, 3],
    ]);
    for (const fake of tx) (fake as FakeTx | undefined)?.finishAll(); // some values have no queue yet
    clock.run();
    expect(completed.toSorted((a, b) => a[1] - b[1])).toEqual([
      [0, 0],
      [0, 1],
      [0, 2],
      [3, 3],
      [3, 4],
      [1, 5],
    ]);
    expect(adapter.txDemux.counters).toEqual({ frames: [3, 1, 0, 2], fallbacks: 0, stopped: 0 });
    const untagged = tx[3]!.frames.map((frame) => Buffer.from([...frame.subarray(0, 12), ...frame.subarray(16)]));
    expect(untagged).toEqual([3, 4].map((context) => Buffer.from(pattern(60, context))));
    expect(adapter.settlement!.transmit.buffers.granted).toBe(32);
    await machine.stop();
  });

  it('hold up no other value when one of them is full', async () => {
    const machine = demuxMachine(2, { packets: 4 });
    const { clock, completed, edge, tx } = machine;
    send(edge, 0, 100);
    send(edge, 7, 101);
    clock.run();
    let context = 0;
    for (; edge.room > 1; context++) {
      send(edge, 0, context, [{ address: own(context), length: 60 }]);
      clock.run();
    }
    send(edge, 7, 999); // behind frames of value 0 that wait for room
    clock.run();
    tx[1]!.finishAll();
    clock.run();
    expect(completed).toEqual([
      [1, 101],
      [1, 999],
    ]);
    while (tx[0]!.outstanding > 0) {
      tx[0]!.finishAll();
      clock.run();
    }
    expect(completed.filter(([id]) => id === 0).map(([, number]) => number)).toEqual([
      100,
      ...Array.from({ length: context }, (_, number) => number),
    ]);
    await machine.stop();
  });

  it('that cannot be created leave their frames to the first', async () => {
    const taken = hostPages.bytesTaken;
    const machine = demuxMachine(2, { refuses: 1 });
    const { adapter, clock, created, completed, edge, tx } = machine;
    send(edge, 7, 1);
    send(edge, 5, 2);
    clock.run();
    tx[0]!.finishAll();
    clock.run();
    expect(completed).toEqual([
      [0, 1],
      [0, 2],
    ]);
    expect(created).toEqual([[0, 0]]);
    expect(adapter.transmitQueues.map(({ id }) => id)).toEqual([0]);
    expect(adapter.txDemux.counters).toEqual({ frames: [0, 2], fallbacks: 2, stopped: 0 });
    expect(adapter.txDemux.failures).toEqual([{ value: 1, error: new Error('no queue 1') }]);
    await machine.stop();
    expect(hostPages.bytesTaken).toBe(taken);
  });

  it('complete what has not gone to one as paused when the adapter stops', async () => {
    const taken = hostPages.bytesTaken;
    const machine = demuxMachine(2);
    const { adapter, edge, completed, clock } = machine;
    send(edge, 7, 1); // its queue is still to be created
    send(edge, 7, 2, [
      { address: own(0), length: 30 },
      { address: own(1), length: 30 },
    ]);
    const stopped = adapter.stop();
    await clock.drive(stopped);
    expect(completed).toEqual([
      [0, 1],
      [0, 3], // the last part's
    ]);
    expect([edge.paused, edge.room]).toEqual([3, 0]);
    expect(adapter.txDemux.counters).toEqual({ frames: [0, 0], fallbacks: 0, stopped: 2 });
    expect(() => {
      edge.submit(1);
    }).toThrow('EDGE_CLOSED');
    expect([adapter.txDemux.edge, hostPages.bytesTaken]).toEqual([undefined, taken]);
    adapter.start(); // and it starts again
    send(adapter.txDemux.edge!, 7, 3);
    clock.run();
    expect(adapter.transmitQueues.map(({ id }) => id)).toEqual([0, 1]);
    machine.tx[1]!.finishAll();
    clock.run();
    await machine.stop();
  });

  it('keep each value’s order and lose nothing, whatever is sent and finished when', async () => {
    const step = fc.oneof(
      fc.record({ priority: fc.option(fc.nat({ max: 7 }), { nil: undefined }), parts: fc.integer({ min: 1, max: 3 }) }),
      fc.record({ finish: fc.nat({ max: 3 }), count: fc.nat({ max: 6 }) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 2, max: 4 }), fc.array(step, { maxLength: 120 }), async (range, steps) => {
        const taken = hostPages.bytesTaken;
        const machine = demuxMachine(range, { packets: 8 });
        const { adapter, clock, completed, edge, tx } = machine;
        const expected = new Map<number, number[]>();
        let context = 1;
        for (const one of steps) {
          if ('finish' in one) for (let n = 0; n < one.count; n++) tx[one.finish]?.finish();
          else if (edge.room >= one.parts) {
            const parts = Array.from({ length: one.parts }, (_, part) => ({ address: own(part), length: 20 }));
            context += one.parts; // the last part carries the frame's number
            const value = adapter.txDemux.valueOf(one.priority ?? 0);
            expected.set(value, [...(expected.get(value) ?? []), context - 1]);
            send(edge, one.priority, context - one.parts, parts);
          }
          clock.run();
        }
        const sent = [...expected.values()].flat().length;
        for (let round = 0; round < 200 && completed.length < sent; round++) {
          for (const fake of tx) (fake as FakeTx | undefined)?.finishAll(); // some values have no queue yet
          clock.run();
        }
        for (const [value, contexts] of expected)
          expect(completed.filter(([id]) => id === value).map(([, number]) => number)).toEqual(contexts);
        expect([completed.length, edge.pending]).toEqual([sent, 0]);
        await machine.stop();
        expect(hostPages.bytesTaken).toBe(taken);
      }),
      seeded('demux', 40),
    );
  });
});

/** Memory of the protocol's own. */
const page = hostPages.allocate(4096, { owner: 'demux test' });
u8.fill(7, page, page + 4096);
const own = (index: number): number => page + (index % 32) * 64;
