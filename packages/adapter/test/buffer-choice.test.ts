/*
 * The global choice at work: what protocols state and a NIC declares is what the queues get, and the frames go through. And
 * pools that are checked: who wrote to a buffer after its release is found, whichever side it was.
 */

import { BufferEntry, defaultSizing } from '@netcx/buffers';
import { hostPages } from '@netcx/dma';
import { i32, u8 } from '@netcx/dma/memory';
import { LogicalAddress, VirtualAddress } from '@netcx/extensions';
import { Fragment } from '@netcx/rings';
import { describe, expect, it } from 'vitest';
import { FrameDescriptor } from '../src/edge/index.ts';
import { AdapterError } from '../src/index.ts';
import { buildFakeMachine, type FakeMachine, type FakeMachineOptions } from './fake-machine.ts';
import { filled, pattern, submitFrame } from './frames.ts';

async function on(
  options: FakeMachineOptions & { readonly before?: (machine: FakeMachine) => void },
  test: (machine: FakeMachine) => void | Promise<void>,
): Promise<void> {
  const taken = hostPages.bytesTaken;
  const machine = buildFakeMachine(options);
  options.before?.(machine);
  machine.adapter.start();
  machine.clock.run();
  await test(machine);
  machine.recorder.release();
  for (const tx of machine.tx) tx.finishAll();
  await machine.stop();
  expect([...machine.tx, ...machine.rx].flatMap(({ violations }) => violations)).toEqual([]);
  expect(hostPages.bytesTaken).toBe(taken);
}

const receiveOf = ({ adapter }: FakeMachine) => adapter.receiveQueues[0]!;
const bufferSizes = { granularity: 1024, minimum: 1024, maximum: 16_384, maximumFragments: 16 };

describe('a protocol that needs room in front of each frame', () => {
  it('finds it there, and the NIC writes behind it', () =>
    on({ before: ({ adapter }) => void adapter.stateNeeds({ name: 'tunnel', headroom: 50 }) }, (machine) => {
      const queue = receiveOf(machine);
      const { pool, rings } = queue;
      expect([pool!.headroom, pool!.capacity, queue.bufferCapacity]).toEqual([64, 2048 + 64, 2048]);
      const f = rings.fragments.at(0);
      const start = pool!.address(pool!.firstHandle);
      expect(queue.extension(VirtualAddress).hostOffset.get(i32, f)).toBe(start + 64);
      const { low, high } = queue.extension(LogicalAddress).address;
      expect(machine.domain.translate(low.get(i32, f) | 0, high.get(i32, f), 2048, 'write')).toBe(start + 64);
      expect([Fragment.capacity.get(i32, f), Fragment.offset.get(i32, f)]).toEqual([2048, 0]);
      machine.recorder.keeps = true;
      machine.rx[0]!.arrive({ bytes: pattern(100, 1), offset: 2 }, { bytes: pattern(2048, 2) });
      machine.clock.run();
      expect(machine.recorder.shown.map(({ bytes }) => Buffer.from(bytes))).toEqual(
        [pattern(100, 1), pattern(2048, 2)].map((bytes) => Buffer.from(bytes)),
      );
      // The headroom is the protocol's: it puts a header there, and sends the frame on from where that begins.
      const buffer = machine.recorder.kept.shift()!;
      const address = BufferEntry.address.get(i32, buffer) + 64 + 2;
      u8.set(pattern(50, 9), address - 50);
      submitFrame(machine.adapter.transmitQueues[0]!.edge, [{ address: address - 50, length: 150, buffer }]);
      machine.clock.run();
      machine.tx[0]!.finish();
      machine.clock.run();
      expect(machine.tx[0]!.frames).toEqual([Buffer.concat([pattern(50, 9), pattern(100, 1)])]);
      expect(machine.adapter.statistics().transmit.bounced).toBe(0);
    }));

  it('is told when the adapter runs without, and served at the next start', () =>
    on({}, async ({ adapter, clock }) => {
      const tunnel = { name: 'tunnel', headroom: 50 };
      expect(() => adapter.stateNeeds(tunnel)).toThrow(
        'ADAPTER_STARTED: fake runs with less than tunnel needs (headroom 50: 0 were settled); state needs before start',
      );
      expect(() => adapter.stateNeeds({ name: 'tunnel', headroom: -1 })).toThrow('NEEDS_INVALID');
      adapter.stateNeeds({ name: 'modest', minimumSize: 2000, alignment: 64 })();
      await clock.drive(adapter.stop());
      const withdraw = adapter.stateNeeds(tunnel);
      adapter.start();
      expect(adapter.settlement?.receive.headroom).toBe(64);
      await clock.drive(adapter.stop());
      withdraw();
      adapter.start();
      expect(adapter.settlement?.receive.headroom).toBe(0);
    }));

  it('may say so when it is attached, and takes it along when it goes', () => {
    const { adapter } = buildFakeMachine();
    adapter.detachProtocol();
    adapter.attachProtocol({ needs: { name: 'tunnel', headroom: 10 }, receive: () => undefined });
    adapter.start();
    expect(adapter.explain()).toContain('receive headroom = 64 (tunnel asked 10): ');
    adapter.detachProtocol();
    expect(() => {
      adapter.attachProtocol({ needs: { name: 'greedy', headroom: 100 }, receive: () => undefined });
    }).toThrow(AdapterError);
    adapter.attachProtocol({ needs: { name: 'modest', headroom: 64 }, receive: () => undefined });
    adapter.detachProtocol();
  });
});

describe('jumbo frames', () => {
  const jumbo: FakeMachineOptions = {
    mtu: 9000,
    maximumFrameSize: 9216,
    rx: { bufferSizes, fragmentRingNumberOfElementsHint: 256 },
    sizing: defaultSizing,
  };

  it('lie in one buffer each, unless every protocol takes parts', () =>
    on(jumbo, (machine) => {
      expect(receiveOf(machine).bufferCapacity).toBe(9216);
      expect(machine.adapter.explain()).toContain('no protocol said that it takes parts');
    }));

  it('lie in several small buffers for a protocol that takes parts, which saves three quarters of the memory', () =>
    on(
      { ...jumbo, before: ({ adapter }) => void adapter.stateNeeds({ name: 'stack', takesParts: true }) },
      (machine) => {
        const { adapter } = machine;
        expect(receiveOf(machine).bufferCapacity).toBe(2048);
        expect(adapter.settlement?.receive.fragmentsPerFrame).toBe(5);
        const count = receiveOf(machine).pool!.count;
        const { bytes, bytesWithWholeFrames } = adapter.settlement!;
        expect(bytesWithWholeFrames - bytes).toBe(count * (9216 - 2048));
        expect(count * 2048).toBeLessThan((count * 9216) / 4);
        machine.rx[0]!.arrive({ bytes: pattern(9000, 1), parts: 5 }, { bytes: pattern(60, 2) });
        machine.clock.run();
        expect(machine.recorder.shown.map(({ bytes: shown, parts }) => [shown.length, parts])).toEqual([
          [9000, 5],
          [60, 1],
        ]);
        expect(Buffer.from(machine.recorder.shown[0]!.bytes)).toEqual(Buffer.from(pattern(9000, 1)));
      },
    ));
});

describe('what was asked and granted', () => {
  it('is said in full: rings, buffers, node, caching', () =>
    on(
      {
        sizing: defaultSizing,
        rx: { fragmentRingNumberOfElementsHint: 4096 },
        dma: { preferredNode: 1, cacheEnabled: false },
        before: ({ adapter }) => {
          expect(adapter.explain()).toBe('fake was not started: nothing is settled');
        },
      },
      ({ adapter }) => {
        const lines = adapter.explain().split('\n');
        expect(lines).toContain('receive fragments = 4096 (fake asked 4096): as asked');
        expect(lines).toContain('receive memory node = 0 (fake asked 1): host memory has one node');
        expect(lines).toContain(
          'transmit caching = 1 (fake asked 0): host memory is cached, and devices see it as processors do',
        );
        expect(lines.at(-1)).toMatch(/^transmit caching|^receive caching|^memory = \d+ bytes/);
        expect(adapter.receiveQueues[0]!.rings.fragments.elements).toBe(4096);
      },
    ));

  it('starts with less when memory is short, and says so', () =>
    on({}, ({ clock }) => {
      const hog = hostPages.allocate(hostPages.bytesFree - 6 * 2 ** 20, { owner: 'hog' });
      const machine = buildFakeMachine({
        name: 'poor',
        clock,
        sizing: defaultSizing,
        mtu: 9000,
        maximumFrameSize: 9216,
      });
      machine.adapter.start();
      const { buffers } = machine.adapter.sizes!.receive;
      expect(buffers.granted).toBeLessThan(512);
      expect(buffers.reason).toMatch(/^memory is short: \d+ bytes were wanted, \d+ may be taken$/);
      hostPages.free(hog);
      return machine.stop();
    }));

  it('refuses a sizing function’s choice that no ring can be', () => {
    const size = (granted: number) => ({ asked: 0, granted, reason: '' });
    const sizes = { packets: size(100), fragments: size(128), buffers: size(128) };
    const { adapter } = buildFakeMachine({ sizing: () => ({ transmit: sizes, receive: sizes }) });
    expect(() => {
      adapter.start();
    }).toThrow('SIZING_INVALID: fake transmit: the sizing function granted 100 packets');
  });
});

describe('checked buffers', () => {
  const checked: FakeMachineOptions = { adapter: { checkedBuffers: true } };

  it('carry frames both ways like any other', () =>
    on(checked, (machine) => {
      const { edge } = machine.adapter.transmitQueues[0]!;
      for (let seed = 0; seed < 40; seed++) {
        machine.rx[0]!.arrive({ bytes: pattern(60 + seed, seed) });
        submitFrame(edge, [filled(edge.pool, pattern(60 + seed, seed))]);
        machine.clock.run();
        machine.tx[0]!.finishAll();
        machine.clock.run();
      }
      const all = Array.from({ length: 40 }, (_, seed) => Buffer.from(pattern(60 + seed, seed)));
      expect(machine.tx[0]!.frames).toEqual(all);
      expect(machine.recorder.shown.map(({ bytes }) => Buffer.from(bytes))).toEqual(all);
      expect(edge.pool.inUse).toBe(0);
    }));

  it('find a protocol that writes to a frame after it was sent', () =>
    on(checked, (machine) => {
      const { edge } = machine.adapter.transmitQueues[0]!;
      const frame = filled(edge.pool, pattern(100, 1));
      submitFrame(edge, [frame]);
      machine.clock.run();
      machine.tx[0]!.finish();
      machine.clock.run();
      expect(u8[frame.address]).toBe(0xbd);
      u8[frame.address + 3] = 7;
      expect(() => edge.pool.take()).toThrow(
        `WRITTEN_AFTER_FREE: fake tx 0: buffer ${frame.buffer} was written to after it was released, at byte 3; held last by: protocol`,
      );
      edge.pool.release(edge.pool.take()); // said once, and healed
    }));

  it('lose nothing when the one that is found damaged is attached to a ring', () =>
    on(checked, (machine) => {
      const queue = receiveOf(machine);
      const { pool } = queue;
      machine.recorder.keeps = true;
      machine.rx[0]!.arrive({ bytes: pattern(100, 1) });
      machine.clock.run();
      const [buffer] = machine.recorder.kept;
      machine.recorder.release();
      u8[pool!.address(buffer!)] = 7; // on top of the stack, and damaged
      machine.rx[0]!.arrive({ bytes: pattern(100, 2) }, { bytes: pattern(100, 3) });
      expect(() => {
        machine.clock.run();
      }).toThrow('WRITTEN_AFTER_FREE');
      queue.notifyMoreReceivedPacketsAvailable();
      machine.clock.run();
      machine.recorder.release();
      expect(machine.recorder.shown.map(({ bytes }) => Buffer.from(bytes))).toEqual(
        [1, 2, 3].map((seed) => Buffer.from(pattern(100, seed))),
      );
      expect(pool!.census()).toMatchObject({ protocol: 0, nic: 15 });
    }));

  it('find a NIC that writes past the end of its buffer', () =>
    on(checked, (machine) => {
      const { pool } = receiveOf(machine);
      machine.rx[0]!.arrive({ bytes: pattern(100, 1) });
      u8[pool!.address(pool!.firstHandle) + pool!.capacity + 1] = 7;
      machine.clock.run();
      expect(() => {
        pool!.verify();
      }).toThrow(/WRITTEN_BEYOND_END: fake rx 0: buffer \d+ was written to past its end, at byte 2049 of 2048/);
      expect(() => {
        pool!.verify();
      }).not.toThrow();
    }));

  it('are named with who holds them, and since when', () =>
    on(checked, async (machine) => {
      machine.clock.advance(5_000);
      machine.recorder.keeps = true;
      machine.rx[0]!.arrive({ bytes: pattern(100, 1) });
      machine.clock.run();
      const since = machine.clock.now();
      machine.clock.advance(1_000_000);
      expect(receiveOf(machine).pool!.leaks()).toEqual([
        { who: 'fake rx 0 ring', count: 15, since: 0, handles: expect.any(Array) as number[] },
        { who: 'protocol', count: 1, since, handles: [receiveOf(machine).pool!.firstHandle] },
      ]);
      await expect(machine.stop()).rejects.toThrow(
        `STILL_HELD: fake rx 0: 1 of 32 buffers are still held (receive rings 0, protocol 1, transmit rings 0); by protocol: 1 since ${since} ns`,
      );
    }));
});

it('counts a frame that was submitted and is not placed yet as the transmit ring’s', () =>
  on({}, (machine) => {
    const { edge } = machine.adapter.transmitQueues[0]!;
    submitFrame(edge, [filled(edge.pool, pattern(100, 1))]);
    expect(edge.pool.census()).toMatchObject({ transmit: 1, protocol: 0 });
    expect(edge.pool.leaks()).toMatchObject([{ who: 'fake tx 0 ring', count: 1, since: undefined }]);
    expect(FrameDescriptor.length.get(i32, edge.ring.at(0))).toBe(100);
  }));
