/*
 * What a driver hands up, by example: what is shown, what is dropped and why, and that the device never runs out of
 * buffers for good.
 */

import { BufferEntry } from '@netcx/buffers';
import { hostPages } from '@netcx/dma';
import { i32, u8 } from '@netcx/dma/memory';
import { Checksum, VirtualAddress } from '@netcx/extensions';
import { Fragment, Layer2Type, Layer3Type, Layer4Type, Packet } from '@netcx/rings';
import { describe, expect, it } from 'vitest';
import { FrameDescriptor } from '../src/edge/index.ts';
import type { Arrival } from './fake-driver.ts';
import { buildFakeMachine, type FakeMachine, type FakeMachineOptions } from './fake-machine.ts';
import { pattern } from './frames.ts';

/** A machine that is started and stopped around a test, and must leave nothing behind. */
async function on(options: FakeMachineOptions, test: (machine: FakeMachine) => void | Promise<void>): Promise<void> {
  const taken = hostPages.bytesTaken;
  const machine = buildFakeMachine(options);
  machine.adapter.start();
  machine.clock.run();
  await test(machine);
  machine.recorder.release();
  await machine.stop();
  expect([...machine.tx, ...machine.rx].flatMap(({ violations }) => violations)).toEqual([]);
  expect(machine.domain.faultCount).toBe(0);
  expect(hostPages.bytesTaken).toBe(taken);
}

const queueOf = ({ adapter }: FakeMachine) => adapter.receiveQueues[0]!;
const received = ({ adapter }: FakeMachine) => {
  const { packets, bytes, dropped } = adapter.statistics().receive;
  return { packets, bytes, dropped };
};
const frame = (seed: number, more: Partial<Arrival> = {}): Arrival => ({ bytes: pattern(60 + seed, seed), ...more });
const bytesOf = (...seeds: number[]) => seeds.map((seed) => Buffer.from(pattern(60 + seed, seed)));
const shown = ({ recorder }: FakeMachine) => recorder.shown.map(({ bytes }) => Buffer.from(bytes));
const nothingDropped = { ignored: 0, invalid: 0, unclaimed: 0 };

describe('a received frame', () => {
  it('is shown in the buffer that the device wrote, with what it found out', () =>
    on({ offloads: { rxChecksum: { ipv4: true, tcp: true, udp: true } } }, (machine) => {
      const { edge, rings } = queueOf(machine);
      const pool = queueOf(machine).pool!;
      machine.recorder.leaves = true;
      const spoil = (p: number): void => {
        Packet.layer3HeaderLength.set(i32, p, 300);
        Packet.layer4HeaderLength.set(i32, p, 200);
        Packet.layer3Type.set(i32, p, Layer3Type.IPv6WithExtensions);
        Packet.layer4Type.set(i32, p, Layer4Type.Tcp);
        queueOf(machine).extension(Checksum).whole.set(i32, p, 0b01_01_00);
      };
      const address = BufferEntry.address.get(i32, pool.firstHandle);
      const d = edge.ring.at(0);
      machine.rx[0]!.arrive(frame(0, { offset: 2, spoil }));
      machine.clock.run();
      expect(edge.ring.driverCount).toBe(1);
      expect(FrameDescriptor.address.get(i32, d)).toBe(address + 2);
      expect(FrameDescriptor.lengthAndFlags.get(i32, d)).toBe(60);
      expect(FrameDescriptor.buffer.get(i32, d)).toBe(pool.firstHandle);
      // 14 | 300 << 7 | 200 << 16 | Ethernet << 24 | IPv6 with extensions << 28
      expect(FrameDescriptor.layout.get(i32, d)).toBe(
        14 + 300 * 128 + 200 * 65_536 + Layer2Type.Ethernet * 2 ** 24 + 5 * 2 ** 28,
      );
      expect(FrameDescriptor.layer4Type.get(i32, d)).toBe(Layer4Type.Tcp);
      expect(FrameDescriptor.checksum.get(i32, d)).toBe(0b01_01_00);
      expect(
        [FrameDescriptor.segmentSize, FrameDescriptor.hash, FrameDescriptor.context].map((field) => field.get(i32, d)),
      ).toEqual([0, 0, 0]);
      expect(pool.census()).toMatchObject({ protocol: 1, nic: 15 });
      expect(rings.fragments.driverCount).toBe(15); // another buffer is there already
      machine.recorder.take(1);
      expect(shown(machine)).toEqual(bytesOf(0));
      expect(received(machine)).toEqual({ packets: 1, bytes: 60, dropped: nothingDropped });
    }));

  it('is shown in several parts when it lies in several buffers', () =>
    on({}, (machine) => {
      machine.rx[0]!.arrive(frame(1), frame(2, { parts: 3, offset: 5 }), frame(3, { gap: 2 }), frame(4));
      machine.clock.run();
      expect(shown(machine)).toEqual(bytesOf(1, 2, 3, 4));
      expect(machine.recorder.shown.map(({ parts }) => parts)).toEqual([1, 3, 1, 1]);
      expect(received(machine)).toEqual({ packets: 4, bytes: 61 + 62 + 63 + 64, dropped: nothingDropped });
      expect(queueOf(machine).pool!.census()).toMatchObject({ free: 17, nic: 15, protocol: 0 });
    }));

  it('carries no logical address where nothing is mapped', () =>
    on({ withoutDma: true }, (machine) => {
      const { rings } = queueOf(machine);
      expect(Fragment.capacity.get(i32, rings.fragments.at(0))).toBe(2048);
      machine.rx[0]!.arrive(frame(1), frame(2, { parts: 2 }));
      machine.clock.run();
      expect(shown(machine)).toEqual(bytesOf(1, 2));
    }));
});

describe('what is dropped', () => {
  const length = (value: number) => (_p: number, f: (part: number) => number) => {
    Fragment.validLength.set(i32, f(0), value);
  };
  // prettier-ignore
  it.each<[string, Partial<Arrival>]>([
    ['no bytes',                        { spoil: length(0) }],
    ['more bytes than its buffer',      { spoil: length(2049) }],
    ['far more bytes',                  { spoil: length(2 ** 26 - 1) }],
    ['bytes past the end of its buffer', { spoil: (_p, f) => { Fragment.validLength.set(i32, f(0), 2048); Fragment.offset.set(i32, f(0), 1); } }],
    ['a capacity of the driver’s own',  { spoil: (_p, f) => { Fragment.validLength.set(i32, f(0), 4000); Fragment.capacity.set(i32, f(0), 4000); } }],
    ['no fragments',                    { spoil: (p) => { Packet.fragmentCount.set(i32, p, 0); } }],
    ['more fragments than came back',   { spoil: (p) => { Packet.fragmentCount.set(i32, p, 3); } }],
    ['more fragments than there are',   { spoil: (p) => { Packet.fragmentCount.set(i32, p, 0xffff); } }],
    ['a fragment past the end',         { spoil: (p) => { Packet.fragmentIndex.set(i32, p, Packet.fragmentIndex.get(i32, p) + 16); } }],
    ['a fragment that is the driver’s', { spoil: (p) => { Packet.fragmentIndex.set(i32, p, (Packet.fragmentIndex.get(i32, p) + 1) & 15); } }],
    ['a fragment that was shown before', { spoil: (p) => { Packet.fragmentIndex.set(i32, p, (Packet.fragmentIndex.get(i32, p) - 1) & 15); } }],
    ['a second part that starts late',  { parts: 2, spoil: (_p, f) => { Fragment.offset.set(i32, f(1), 1); } }],
    ['an empty second part',            { parts: 2, spoil: (_p, f) => { Fragment.validLength.set(i32, f(1), 0); } }],
  ])('as nonsense: %s', (_what, more) =>
    on({}, (machine) => {
      machine.rx[0]!.arrive(frame(1), frame(2, more), frame(3));
      machine.clock.run();
      expect(shown(machine)).toEqual(bytesOf(1, 3));
      expect(received(machine)).toEqual({ packets: 2, bytes: 61 + 63, dropped: { ...nothingDropped, invalid: 1 } });
      expect(queueOf(machine).pool!.census()).toMatchObject({ free: 17, nic: 15, protocol: 0 });
    }),
  );

  it('because its fragments have not come back with it', () =>
    on({}, (machine) => {
      const queue = queueOf(machine);
      const { packets, fragments } = queue.rings;
      Fragment.validLength.set(i32, fragments.at(0), 60);
      Packet.fragmentCount.set(i32, packets.at(0), 1);
      packets.complete(1);
      queue.notifyMoreReceivedPacketsAvailable();
      machine.clock.run();
      expect(received(machine)).toEqual({ packets: 0, bytes: 0, dropped: { ...nothingDropped, invalid: 1 } });
      fragments.complete(1);
      queue.notifyMoreReceivedPacketsAvailable();
      machine.clock.run();
      expect(queue.pool!.census()).toMatchObject({ free: 17, nic: 15, protocol: 0 });
    }));

  it('as the driver says: its fragments serve the next frame', () =>
    on({}, (machine) => {
      machine.rx[0]!.arrive(frame(1), frame(2, { ignore: true }), frame(3, { ignore: true, parts: 3 }), frame(4));
      machine.clock.run();
      expect(shown(machine)).toEqual(bytesOf(1, 4));
      expect(received(machine).dropped).toEqual({ ...nothingDropped, ignored: 2 });
    }));

  it('for want of a protocol', () =>
    on({}, (machine) => {
      machine.adapter.detachProtocol();
      machine.rx[0]!.arrive(frame(1), frame(2, { parts: 2 }), frame(3));
      machine.clock.run();
      expect(received(machine)).toEqual({ packets: 0, bytes: 0, dropped: { ...nothingDropped, unclaimed: 3 } });
      expect(queueOf(machine).pool!.census()).toMatchObject({ free: 17, nic: 15, protocol: 0 });
      machine.adapter.attachProtocol(machine.recorder);
      machine.rx[0]!.arrive(frame(4));
      machine.clock.run();
      expect(shown(machine)).toEqual(bytesOf(4));
    }));

  it('because the protocol that was shown it has gone, and never what the next one is shown', () =>
    on({}, (machine) => {
      const pool = queueOf(machine).pool!;
      machine.recorder.leaves = true;
      machine.rx[0]!.arrive(frame(1), frame(2));
      machine.clock.run();
      machine.adapter.detachProtocol();
      machine.rx[0]!.arrive(frame(3));
      machine.clock.run();
      expect(received(machine).dropped.unclaimed).toBe(3);
      expect(pool.census().protocol).toBe(0);
      machine.adapter.attachProtocol(machine.recorder);
      machine.rx[0]!.arrive(frame(4));
      machine.clock.run();
      machine.adapter.detachProtocol();
      machine.recorder.leaves = false;
      machine.adapter.attachProtocol(machine.recorder);
      machine.rx[0]!.arrive(frame(5));
      machine.clock.run();
      expect(shown(machine)).toEqual(bytesOf(5));
      expect(received(machine)).toMatchObject({ packets: 1, dropped: { unclaimed: 4 } });
    }));
});

describe('the device', () => {
  it('never runs dry on frames that are dropped, whoever drops them', () =>
    on({}, (machine) => {
      const rx = machine.rx[0]!;
      rx.batch = 1; // one a poll, so that the poll alone has to notice that it did something
      const bad: Partial<Arrival>[] = [
        { ignore: true },
        { ignore: true, parts: 0 },
        { packetless: true },
        {
          spoil: (p) => {
            Packet.fragmentCount.set(i32, p, 0);
          },
        },
      ];
      for (const more of bad) {
        rx.arrive(...Array.from({ length: 40 }, (_, seed) => frame(seed, more)));
        machine.clock.run();
        expect([rx.waiting, rx.buffers]).toEqual([0, 15]);
      }
      rx.arrive(frame(1));
      machine.clock.run();
      expect(shown(machine)).toEqual(bytesOf(1));
      expect(received(machine).dropped).toEqual({ ...nothingDropped, ignored: 80, invalid: 40 });
    }));

  it('gets buffers again as soon as anybody gives one back', () =>
    on({}, (machine) => {
      const rx = machine.rx[0]!;
      machine.recorder.keeps = true;
      rx.arrive(...Array.from({ length: 50 }, (_, seed) => frame(seed)));
      machine.clock.run();
      expect([machine.recorder.shown.length, rx.waiting, rx.buffers]).toEqual([32, 18, 0]);
      const { polls } = machine.adapter.statistics();
      machine.clock.advance(1e9);
      expect(machine.adapter.statistics().polls).toBe(polls); // it sleeps meanwhile
      queueOf(machine).pool!.release(machine.recorder.kept.shift()!); // not by way of the edge
      machine.clock.run();
      expect(machine.recorder.shown.length).toBe(33);
      machine.recorder.keeps = false;
      machine.recorder.release();
      machine.clock.run();
      expect([machine.recorder.shown.length, rx.waiting, rx.buffers]).toEqual([50, 0, 15]);
    }));

  it('goes on when the protocol has made room', () =>
    on({ packets: 4, fragments: 4, buffers: 64 }, (machine) => {
      const rx = machine.rx[0]!;
      machine.recorder.leaves = true;
      rx.arrive(...Array.from({ length: 12 }, (_, seed) => frame(seed)));
      machine.clock.run();
      expect(queueOf(machine).edge.ring.driverCount).toBe(7);
      machine.recorder.take(2);
      machine.clock.run();
      expect([machine.recorder.shown.length, queueOf(machine).edge.ring.driverCount]).toEqual([2, 7]);
      machine.recorder.leaves = false;
      machine.recorder.take(7);
      machine.clock.run();
      expect(shown(machine)).toEqual(bytesOf(...Array.from({ length: 12 }, (_, seed) => seed)));
    }));

  it('drops a frame of more parts than the protocol could ever be shown', () =>
    on({ packets: 2, fragments: 16, buffers: 32 }, (machine) => {
      machine.rx[0]!.arrive(frame(1, { parts: 4 }), frame(2, { parts: 3 }));
      machine.clock.run();
      expect(shown(machine)).toEqual(bytesOf(2));
      expect(received(machine).dropped.invalid).toBe(1);
    }));
});

describe('what a driver has written', () => {
  it('is not believed where the framework knows better', () =>
    on({}, (machine) => {
      const { rings } = queueOf(machine);
      const spoil = (_p: number, f: (part: number) => number): void => {
        queueOf(machine).extension(VirtualAddress).hostOffset.set(i32, f(0), 64);
        Fragment.capacity.set(i32, f(0), 1);
        Fragment.scratch.set(i32, f(0), 1);
      };
      machine.rx[0]!.arrive(...Array.from({ length: 20 }, (_, seed) => frame(seed, { spoil })));
      machine.clock.run();
      expect(shown(machine)).toEqual(bytesOf(...Array.from({ length: 20 }, (_, seed) => seed)));
      expect(Fragment.capacity.get(i32, rings.fragments.at(rings.fragments.beginIndex))).toBe(2048);
      expect(Fragment.scratch.get(i32, rings.fragments.at(rings.fragments.beginIndex))).toBe(0);
      expect(u8.slice(64, 128).every((byte) => byte === 0)).toBe(true);
    }));
});

describe('the edge', () => {
  it('gives places back up to what was shown, and none once the queue has stopped', async () => {
    const machine = buildFakeMachine();
    machine.adapter.start();
    machine.clock.run();
    machine.recorder.leaves = true;
    machine.rx[0]!.arrive(frame(1));
    machine.clock.run();
    const { edge } = queueOf(machine);
    expect(() => {
      edge.complete(2);
    }).toThrow('RANGE_EXCEEDED');
    await expect(machine.stop()).rejects.toThrow('QUEUE_NOT_DRAINED');
    machine.recorder.take(1);
    await machine.stop();
    expect(() => {
      edge.complete(0);
    }).toThrow('EDGE_CLOSED: receive edge 0: the queue has stopped, and its ring is gone');
  });
});
