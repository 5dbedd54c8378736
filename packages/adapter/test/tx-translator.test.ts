/*
 * How frames become packets, by example: the four outcomes and what leads to each, what is written into the rings, and
 * that whatever waits is woken.
 */

import { BufferEntry, BufferPool } from '@netcx/buffers';
import { DmaEnabler, hostPages, Iommu } from '@netcx/dma';
import { hostBytes, i32, u8 } from '@netcx/dma/memory';
import { Checksum, LogicalAddress, VirtualAddress } from '@netcx/extensions';
import { Fragment, Layer2Type, Layer3Type, Layer4Type, Packet } from '@netcx/rings';
import { afterAll, describe, expect, it } from 'vitest';
import { FrameDescriptor } from '../src/edge/index.ts';
import type { BounceReason } from '../src/index.ts';
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

describe('a frame in a buffer that the NIC reaches', () => {
  it('is described where it lies', () =>
    on({ offloads: { txChecksum: { ipv4: true, tcp: true, udp: true, layer4HeaderOffsetLimit: 0 } } }, (machine) => {
      const queue = queueOf(machine);
      const { packets, fragments } = queue.rings;
      const frame = filled(queue.edge.pool, pattern(1000, 1), 100);
      writeFrame(queue.edge, 0, 7, [frame]);
      const d = queue.edge.ring.at(0);
      FrameDescriptor.layer2HeaderLength.set(i32, d, 14);
      FrameDescriptor.layer3HeaderLength.set(i32, d, 300);
      FrameDescriptor.layer4HeaderLength.set(i32, d, 200);
      FrameDescriptor.layer2Type.set(i32, d, Layer2Type.Ethernet);
      FrameDescriptor.layer3Type.set(i32, d, Layer3Type.IPv6NoExtensions);
      FrameDescriptor.layer4Type.set(i32, d, Layer4Type.Udp);
      FrameDescriptor.checksum.set(i32, d, 0b10_10_00);
      u8.fill(0xff, packets.base * 4, packets.base * 4 + 12);
      i32.fill(-1, fragments.base, fragments.base + 2);
      queue.edge.submit(1);
      machine.clock.run();
      const p = packets.at(0);
      const f = fragments.at(0);
      expect(Buffer.from(u8.slice(p * 4, p * 4 + 12)).toString('hex')).toBe(
        '00000000' + '0100' + '0e96' + 'c8' + '62' + '02' + '00',
      );
      expect(queue.extension(Checksum).whole.get(i32, p)).toBe(0b10_10_00);
      expect(
        [Fragment.validLength, Fragment.capacity, Fragment.offset, Fragment.bounced].map((field) => field.get(i32, f)),
      ).toEqual([1000, 1000, 0, 0]);
      expect(queue.extension(VirtualAddress).hostOffset.get(i32, f)).toBe(frame.address);
      const { low, high } = queue.extension(LogicalAddress).address;
      expect(machine.domain.translate(low.get(i32, f), high.get(i32, f), 1000, 'read')).toBe(frame.address);
      expect(queue.edge.pool.census()).toMatchObject({ transmit: 1, protocol: 0 });
      machine.tx[0]!.finish();
      machine.clock.run();
      expect(machine.tx[0]!.frames).toEqual([Buffer.from(pattern(1000, 1))]);
      expect(machine.recorder.sentContexts).toEqual([7]);
      expect(transmit(machine)).toMatchObject({ packets: 1, bytes: 1000, bounced: 0, retried: 0 });
      expect(queue.edge.pool.inUse).toBe(0);
    }));

  it('is not longer for bits of its length word that mean nothing', () =>
    on({}, (machine) => {
      const { edge } = queueOf(machine);
      writeFrame(edge, 0, 0, [filled(edge.pool, pattern(70, 1))]);
      FrameDescriptor.lengthAndFlags.set(i32, edge.ring.at(0), 70 | (0b10101 << 27));
      edge.submit(1);
      machine.clock.run();
      machine.tx[0]!.finish();
      machine.clock.run();
      expect(machine.tx[0]!.frames).toEqual([Buffer.from(pattern(70, 1))]);
      expect(transmit(machine)).toMatchObject({ packets: 1, bytes: 70, bounced: 0 });
    }));

  it('is one packet of several fragments when it has several parts', () =>
    on({}, (machine) => {
      const { edge } = queueOf(machine);
      const bytes = pattern(900, 2);
      const parts = [bytes.subarray(0, 100), bytes.subarray(100, 101), bytes.subarray(101)].map((part, index) =>
        filled(edge.pool, part, 3 * index),
      );
      submitFrame(edge, parts, 1);
      machine.clock.run();
      expect(Packet.fragmentCount.get(i32, queueOf(machine).rings.packets.at(0))).toBe(3);
      machine.tx[0]!.finish();
      machine.clock.run();
      expect(machine.tx[0]!.frames).toEqual([Buffer.from(bytes)]);
      expect(machine.recorder.sentContexts).toEqual([1, 2, 3]);
      expect(transmit(machine)).toMatchObject({ packets: 1, bytes: 900, bounced: 0 });
    }));

  it('comes back to whoever holds it besides', () =>
    on({}, (machine) => {
      const { edge } = queueOf(machine);
      const frame = filled(edge.pool, pattern(64, 3));
      edge.pool.addReference(frame.buffer!);
      submitFrame(edge, [frame]);
      machine.clock.run();
      expect(edge.pool.census()).toMatchObject({ transmit: 1, protocol: 0 });
      machine.tx[0]!.finish();
      machine.clock.run();
      expect(edge.pool.census()).toMatchObject({ transmit: 0, protocol: 1 });
      edge.pool.release(frame.buffer!);
    }));

  it('has no logical address where nothing is mapped', () =>
    on({ withoutDma: true }, (machine) => {
      const { edge } = queueOf(machine);
      submitFrame(edge, [filled(edge.pool, pattern(700, 4))]);
      submitFrame(edge, [filled(edge.pool, pattern(10, 5)), filled(edge.pool, pattern(20, 6))]);
      machine.clock.run();
      machine.tx[0]!.finishAll();
      machine.clock.run();
      expect(machine.tx[0]!.frames).toEqual(
        [pattern(700, 4), Buffer.concat([pattern(10, 5), pattern(20, 6)])].map((bytes) => Buffer.from(bytes)),
      );
      expect(transmit(machine)).toMatchObject({ packets: 2, bounced: 0 });
    }));
});

describe('a frame that the NIC cannot read where it lies is copied', () => {
  type Case = readonly [
    BounceReason,
    (machine: FakeMachine, elsewhere: BufferPool, high: BufferPool) => Parameters<typeof submitFrame>[1],
  ];
  const cases: Readonly<Record<string, Case>> = {
    'when the protocol’s own memory is not aligned': ['alignment', () => [{ address: own + 1, length: 500 }]],
    'when it is not aligned': ['alignment', (machine) => [filled(queueOf(machine).edge.pool, pattern(500, 9), 4)]],
    'when a part is not aligned': [
      'alignment',
      (machine) => [
        filled(queueOf(machine).edge.pool, pattern(496, 9)),
        filled(queueOf(machine).edge.pool, pattern(500, 9).subarray(496), 1),
      ],
    ],
    'when it has too many parts': [
      'tooManyParts',
      (machine) =>
        [0, 100, 200, 300, 400].map((at) => filled(queueOf(machine).edge.pool, pattern(500, 9).subarray(at, at + 100))),
    ],
    'when a part is empty': [
      'emptyPart',
      (machine) => [
        { ...filled(queueOf(machine).edge.pool, pattern(0, 9)), length: 0 },
        filled(queueOf(machine).edge.pool, pattern(500, 9)),
      ],
    ],
    'when it was mapped above what the NIC reaches': [
      'beyondReach',
      (_machine, _elsewhere, high) => [filled(high, pattern(500, 9))],
    ],
  };

  it.each(Object.keys(cases))('%s', (name) =>
    on(
      { tx: { fragmentBufferAlignment: 8, maximumNumberOfFragments: 4 }, dma: { maximumPhysicalAddress: 0x200_0000 } },
      (machine) => {
        u8.set(pattern(500, 9), own + 1);
        const elsewhere = new BufferPool({
          name: 'another',
          count: 1,
          capacity: 2048,
          enabler: new DmaEnabler(new Iommu(), { addressWidth: 64, version: 3 }),
        });
        const below = hostPages.allocate(0x200_0000);
        const high = new BufferPool({ name: 'high', count: 1, capacity: 2048, enabler: machine.enabler });
        const { edge } = queueOf(machine);
        const [reason, parts] = cases[name]!;
        submitFrame(edge, parts(machine, elsewhere, high));
        machine.clock.run();
        machine.tx[0]!.finish();
        machine.clock.run();
        expect(machine.tx[0]!.frames).toEqual([Buffer.from(pattern(500, 9))]);
        expect(transmit(machine)).toMatchObject({ packets: 1, bytes: 500, bounced: 1, mapped: 0, retried: 0 });
        expect(transmit(machine).bouncedFor[reason]).toBe(1);
        expect([edge.pool.inUse, elsewhere.inUse, high.inUse]).toEqual([0, 0, 0]);
        elsewhere.close();
        high.close();
        hostPages.free(below);
      },
    ),
  );

  it('but goes as it lies below the limit of a NIC that has one', () =>
    on({ dma: { maximumPhysicalAddress: 0x200_0000 } }, (machine) => {
      const { edge } = queueOf(machine);
      submitFrame(edge, [filled(edge.pool, pattern(100, 1))]);
      machine.clock.run();
      machine.tx[0]!.finish();
      machine.clock.run();
      expect(transmit(machine)).toMatchObject({ packets: 1, bounced: 0 });
    }));
});

describe('a frame that no NIC could send is given up, in its turn', () => {
  it('and counted by reason', () =>
    on({ mtu: 100 }, (machine) => {
      const { edge } = queueOf(machine);
      const good = (seed: number) => submitFrame(edge, [filled(edge.pool, pattern(114, seed))], seed);
      good(1);
      submitFrame(edge, [{ address: own, length: 115 }], 2);
      submitFrame(edge, [{ address: own, length: 0 }], 3);
      const inside = filled(edge.pool, pattern(60, 4));
      submitFrame(edge, [{ ...inside, address: inside.address + edge.pool.capacity - 59 }], 4); // runs over the end of its buffer
      const before = filled(edge.pool, pattern(60, 5));
      submitFrame(edge, [{ ...before, address: before.address - 1 }], 5);
      submitFrame(edge, [{ address: hostBytes - 10, length: 20 }], 6);
      submitFrame(edge, [{ address: 0xffff_fff0, length: 20 }], 7);
      good(8);
      machine.clock.run();
      expect(machine.tx[0]!.outstanding).toBe(2);
      machine.tx[0]!.finishAll();
      machine.clock.run();
      expect(machine.recorder.sentContexts).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
      expect(machine.tx[0]!.frames).toEqual([Buffer.from(pattern(114, 1)), Buffer.from(pattern(114, 8))]);
      expect(machine.tx[0]!.ignored).toBe(6);
      expect(transmit(machine)).toMatchObject({
        packets: 2,
        bytes: 228,
        bounced: 0,
        mapped: 0,
        retried: 0,
        dropped: { empty: 1, tooLong: 1, invalid: 4, incomplete: 0, stopped: 0 },
      });
      expect(edge.pool.inUse).toBe(0);
    }));
});

describe('a frame that has to wait', () => {
  it('goes on one at a time when the protocol holds every buffer', () =>
    on({ buffers: 2, adapter: { bouncePolicy: 'always' } }, (machine) => {
      const { edge } = queueOf(machine);
      const tx = machine.tx[0]!;
      const held = [edge.pool.take(), edge.pool.take()];
      for (const context of [1, 2, 3]) submitFrame(edge, [{ address: own, length: 60 }], context);
      machine.clock.run();
      expect([tx.outstanding, transmit(machine).retried]).toEqual([1, 1]);
      const { polls } = machine.adapter.statistics();
      machine.clock.advance(1e9);
      expect(machine.adapter.statistics().polls).toBe(polls); // it sleeps meanwhile
      tx.finish();
      machine.clock.run();
      expect([tx.outstanding, transmit(machine).retried]).toEqual([1, 2]);
      for (const buffer of held) edge.pool.release(buffer);
      tx.finish();
      machine.clock.run();
      expect([tx.outstanding, edge.pool.census().transmit]).toEqual([1, 1]);
    }));

  it('goes on when the frames that wait hold every buffer themselves', () =>
    on({ buffers: 3, tx: { maximumNumberOfFragments: 1 } }, (machine) => {
      const { edge } = queueOf(machine);
      submitFrame(
        edge,
        [1, 2].map((seed) => filled(edge.pool, pattern(60, seed))),
        1,
      );
      submitFrame(edge, [filled(edge.pool, pattern(60, 3)), { address: own, length: 0 }], 3);
      machine.clock.run();
      machine.tx[0]!.finish();
      machine.clock.run();
      machine.tx[0]!.finish();
      machine.clock.run();
      expect(machine.recorder.sentContexts).toEqual([1, 2, 3, 4]);
      expect(machine.tx[0]!.frames.map(({ length }) => length)).toEqual([120, 60]);
      expect(transmit(machine)).toMatchObject({ packets: 2, bounced: 2 });
    }));

  it('goes on when the device has made room', () =>
    on({ packets: 4, fragments: 4, buffers: 8 }, (machine) => {
      const { edge } = queueOf(machine);
      submitFrame(edge, [filled(edge.pool, pattern(60, 1)), filled(edge.pool, pattern(60, 2))], 1);
      machine.clock.run();
      submitFrame(edge, [{ address: own, length: 60 }], 3);
      machine.clock.run();
      expect([machine.tx[0]!.outstanding, edge.room, edge.pending]).toEqual([2, 0, 3]);
      machine.tx[0]!.finish();
      machine.clock.run();
      expect([edge.room, edge.pending]).toEqual([2, 1]);
      submitFrame(edge, [filled(edge.pool, pattern(60, 1)), filled(edge.pool, pattern(60, 2))], 4);
      machine.clock.run();
      machine.tx[0]!.finishAll();
      machine.clock.run();
      expect(machine.recorder.sentContexts).toEqual([1, 2, 3, 4, 5]);
    }));

  it('waits while its driver has not given the fragments back', () =>
    on({}, (machine) => {
      const queue = queueOf(machine);
      const tx = machine.tx[0]!;
      tx.drain = () => undefined;
      submitFrame(queue.edge, [filled(queue.edge.pool, pattern(60, 1))], 1);
      machine.clock.run();
      queue.rings.packets.complete(1);
      queue.notifyMoreCompletedPacketsAvailable();
      machine.clock.run();
      expect([machine.recorder.sentContexts, queue.edge.pool.inUse]).toEqual([[], 1]);
      queue.rings.fragments.complete(1);
      queue.notifyMoreCompletedPacketsAvailable();
      machine.clock.run();
      expect([machine.recorder.sentContexts, queue.edge.pool.inUse]).toEqual([[1], 0]);
      expect(BufferEntry.references.get(i32, queue.edge.pool.firstHandle)).toBe(0);
    }));
});
