/*
 * Frames in memory that no pool of the adapter's has: where the NIC finds them, for how long, and what happens when it cannot.
 * The device of these tests reads at logical addresses only, so whatever is not mapped would be a fault.
 */

import { BufferPool } from '@netcx/buffers';
import { DmaEnabler, highWord, hostPages, IdentityMap, Iommu, logicalAddress, lowWord, PAGE_BYTES } from '@netcx/dma';
import { i32, u8 } from '@netcx/dma/memory';
import { LogicalAddress } from '@netcx/extensions';
import { Fragment, Packet } from '@netcx/rings';
import { afterAll, describe, expect, it } from 'vitest';
import { buildFakeMachine, type FakeMachine, type FakeMachineOptions } from './fake-machine.ts';
import { filled, pattern, submitFrame, writeFrame } from './frames.ts';

const own = hostPages.allocate(16 * PAGE_BYTES, { owner: 'a protocol’s own memory' });
afterAll(() => {
  hostPages.free(own);
});

async function on(options: FakeMachineOptions, test: (machine: FakeMachine) => void | Promise<void>): Promise<void> {
  const taken = hostPages.bytesTaken;
  const machine = buildFakeMachine(options);
  machine.adapter.start();
  machine.clock.run();
  await test(machine);
  for (const tx of machine.tx) tx.finishAll();
  await machine.stop();
  expect([...machine.tx, ...machine.rx].flatMap(({ violations }) => violations)).toEqual([]);
  expect([machine.domain.faultCount, machine.domain.mappedPages]).toEqual([0, 0]);
  expect(hostPages.bytesTaken).toBe(taken);
}

const queueOf = ({ adapter }: FakeMachine) => adapter.transmitQueues[0]!;
const transmit = ({ adapter }: FakeMachine) => adapter.statistics().transmit;
const write = (address: number, length: number, seed: number) => {
  u8.set(pattern(length, seed), address);
  return { address, length };
};
const sent = ({ tx }: FakeMachine) => tx[0]!.frames;
/** Where the NIC finds the fragment at an index. */
const logicalOf = (machine: FakeMachine, index: number): number => {
  const { rings } = queueOf(machine);
  const { low, high } = queueOf(machine).extension(LogicalAddress).address;
  const f = rings.fragments.at(index);
  return high.get(i32, f) * 2 ** 32 + low.get(i32, f);
};

describe('behind an IOMMU, memory of the protocol’s own', () => {
  it('is mapped while the NIC has the frame, and not a moment longer', () =>
    on({}, (machine) => {
      const { edge } = queueOf(machine);
      const before = machine.domain.mappedPages;
      submitFrame(edge, [write(own + 100, 1000, 1)]);
      machine.clock.run();
      expect(machine.domain.mappedPages).toBe(before + 1);
      const at = logicalAddress(logicalOf(machine, 0));
      expect(machine.domain.translate(lowWord(at), highWord(at), 1000, 'read')).toBe(own + 100);
      machine.tx[0]!.finish();
      machine.clock.run();
      expect(machine.domain.mappedPages).toBe(before);
      expect(machine.domain.translate(lowWord(at), highWord(at), 1, 'read')).toBe(-1); // a NIC that reads on is found out
      expect(sent(machine)).toEqual([Buffer.from(pattern(1000, 1))]);
      expect(transmit(machine)).toMatchObject({ packets: 1, bytes: 1000, bounced: 0, mapped: 1, retried: 0 });
      expect(machine.domain.faultCount).toBe(1);
      // The one fault was made here; the check at the end wants none.
      Object.defineProperty(machine.domain, 'faultCount', { value: 0 });
    }));

  it('may be read, not written, and runs over pages', () =>
    on({}, (machine) => {
      const { edge } = queueOf(machine);
      const start = own + PAGE_BYTES - 300;
      submitFrame(edge, [write(start, 700, 2)]);
      machine.clock.run();
      const at = logicalAddress(logicalOf(machine, 0));
      expect(machine.domain.translate(lowWord(at), highWord(at), 700, 'read')).toBe(start);
      expect(machine.domain.translate(lowWord(at), highWord(at), 700, 'write')).toBe(-1);
      Object.defineProperty(machine.domain, 'faultCount', { value: 0 });
      machine.tx[0]!.finish();
      machine.clock.run();
      expect(sent(machine)).toEqual([Buffer.from(pattern(700, 2))]);
    }));

  it('goes with parts in buffers and in another device’s buffers', () =>
    on({}, (machine) => {
      const { edge } = queueOf(machine);
      const elsewhere = new BufferPool({
        name: 'another device',
        count: 1,
        capacity: 2048,
        enabler: new DmaEnabler(new Iommu(), { addressWidth: 64, version: 3 }),
      });
      const parts = [
        filled(edge.pool, pattern(100, 1)),
        write(own, 200, 2),
        filled(elsewhere, pattern(300, 3)),
        write(own + 200, 50, 4), // the same page as the second: one mapping serves both
      ];
      const before = machine.domain.mappedPages;
      submitFrame(edge, parts);
      machine.clock.run();
      expect(Packet.fragmentCount.get(i32, queueOf(machine).rings.packets.at(0))).toBe(4);
      expect(machine.domain.mappedPages).toBe(before + 2);
      machine.tx[0]!.finish();
      machine.clock.run();
      expect(sent(machine)).toEqual([
        Buffer.concat([pattern(100, 1), pattern(200, 2), pattern(300, 3), pattern(50, 4)]),
      ]);
      expect([transmit(machine).mapped, transmit(machine).bounced, elsewhere.inUse]).toEqual([1, 0, 0]);
      elsewhere.close();
    }));

  it('stays mapped, up to as many mappings as the adapter was told, and is unmapped at stop', () =>
    on({ adapter: { idleMappings: 2 } }, (machine) => {
      const { edge } = queueOf(machine);
      const before = machine.domain.mappedPages;
      for (const page of [0, 1, 2, 1, 2, 2]) {
        submitFrame(edge, [write(own + page * PAGE_BYTES, 100, page)]);
        machine.clock.run();
        machine.tx[0]!.finish();
        machine.clock.run();
      }
      expect(machine.domain.mappedPages).toBe(before + 2);
      expect(sent(machine)).toEqual([0, 1, 2, 1, 2, 2].map((page) => Buffer.from(pattern(100, page))));
    }));

  it('is copied when it is short and the adapter was told so; what needs no mapping is not', () =>
    on({ adapter: { copyBreak: 256 } }, (machine) => {
      const { edge } = queueOf(machine);
      submitFrame(edge, [write(own, 256, 1)]);
      submitFrame(edge, [write(own + 300, 257, 2)]);
      submitFrame(edge, [filled(edge.pool, pattern(20, 3)), filled(edge.pool, pattern(30, 4))]);
      submitFrame(edge, [filled(edge.pool, pattern(20, 5)), write(own + 600, 100, 6)]);
      machine.clock.run();
      machine.tx[0]!.finishAll();
      machine.clock.run();
      expect(sent(machine).map(({ length }) => length)).toEqual([256, 257, 50, 120]);
      expect(transmit(machine)).toMatchObject({ packets: 4, bounced: 2, mapped: 1, bouncedFor: { copyBreak: 2 } });
    }));

  it('is copied when no address is left for it, and waits when addresses come back', () =>
    on({ addressWidth: 19, packets: 4, fragments: 4, buffers: 4 }, (machine) => {
      // 128 logical pages. Whatever the rings left of them is taken now, but one.
      const hog: [number, number][] = [];
      const take = (): boolean => {
        try {
          hog.push([machine.enabler.map(own, PAGE_BYTES, 'read'), PAGE_BYTES]);
          return true;
        } catch {
          return false;
        }
      };
      while (take());
      const { edge } = queueOf(machine);
      submitFrame(edge, [write(own, 100, 1)]);
      machine.clock.run();
      expect([transmit(machine).bouncedFor.notMapped, machine.tx[0]!.outstanding]).toEqual([1, 1]);
      const [address, length] = hog.pop()!;
      machine.enabler.unmap(logicalAddress(address), length);
      submitFrame(edge, [write(own + PAGE_BYTES, 100, 2)]);
      submitFrame(edge, [write(own + 2 * PAGE_BYTES, 100, 3)]);
      machine.clock.run();
      expect([transmit(machine).retriedFor.mappings, machine.tx[0]!.outstanding]).toEqual([1, 2]);
      machine.tx[0]!.finishAll();
      machine.clock.run();
      machine.tx[0]!.finishAll();
      machine.clock.run();
      expect(sent(machine)).toEqual([1, 2, 3].map((seed) => Buffer.from(pattern(100, seed))));
      expect(transmit(machine)).toMatchObject({ packets: 3, bounced: 1, mapped: 2, retried: 1 });
      for (const [at, bytes] of hog) machine.enabler.unmap(logicalAddress(at), bytes);
    }));

  it('is left alone by a part that fails after it: nothing is half mapped', () =>
    on({ dma: { maximumPhysicalAddress: 0x1ff_ffff } }, (machine) => {
      const { edge } = queueOf(machine);
      // Mapped through the same domain, but above the limit that the driver declared.
      const high = new BufferPool({ name: 'high', count: 1, capacity: 2048, enabler: machine.enabler });
      const before = machine.domain.mappedPages;
      submitFrame(edge, [write(own, 100, 1), filled(high, pattern(60, 2))]);
      machine.clock.run();
      expect(machine.domain.mappedPages).toBe(before);
      expect(transmit(machine).bouncedFor.beyondReach).toBe(1);
      machine.tx[0]!.finish();
      machine.clock.run();
      expect(sent(machine)).toEqual([Buffer.concat([pattern(100, 1), pattern(60, 2)])]);
      high.close();
    }));
});

describe('without an IOMMU, memory of the protocol’s own', () => {
  it('is sent from where it lies', () =>
    on({ reach: new IdentityMap() }, (machine) => {
      const { edge } = queueOf(machine);
      submitFrame(edge, [write(own + 3, 1000, 1)]);
      submitFrame(edge, [filled(edge.pool, pattern(20, 2)), write(own + 2000, 30, 3)]);
      machine.clock.run();
      expect(logicalOf(machine, 0)).toBe(own + 3);
      machine.tx[0]!.finishAll();
      machine.clock.run();
      expect(sent(machine)).toEqual([Buffer.from(pattern(1000, 1)), Buffer.concat([pattern(20, 2), pattern(30, 3)])]);
      expect(transmit(machine)).toMatchObject({ packets: 2, bounced: 0, mapped: 0 });
    }));

  it.each([0, 1])('is copied when its last byte lies %i beyond what the NIC reaches', async (beyond) => {
    const far = hostPages.allocate(PAGE_BYTES, { alignment: 0x100_0000 }); // the adapter's own buffers lie below
    const limit = far + 499 - beyond;
    await on({ reach: new IdentityMap(), dma: { maximumPhysicalAddress: limit } }, (machine) => {
      submitFrame(queueOf(machine).edge, [write(far, 500, 1)]);
      machine.clock.run();
      expect(transmit(machine).bouncedFor.beyondReach).toBe(beyond);
      machine.tx[0]!.finish();
      machine.clock.run();
      expect(sent(machine)).toEqual([Buffer.from(pattern(500, 1))]);
    });
    hostPages.free(far);
  });

  it('goes straight from one NIC to another: no mapping, no copy, no closer look', () =>
    on({ reach: new IdentityMap() }, (machine) => {
      const elsewhere = new BufferPool({
        name: 'another NIC',
        count: 1,
        capacity: 2048,
        enabler: new DmaEnabler(new IdentityMap(), { addressWidth: 64, version: 3 }),
      });
      submitFrame(queueOf(machine).edge, [filled(elsewhere, pattern(80, 1))]);
      machine.clock.run();
      machine.tx[0]!.finish();
      machine.clock.run();
      expect(sent(machine)).toEqual([Buffer.from(pattern(80, 1))]);
      expect(transmit(machine)).toMatchObject({ packets: 1, bounced: 0, mapped: 0 });
      elsewhere.close();
    }));
});

describe('a driver that wants free bytes in front of each frame', () => {
  const backfill = 16;

  it('gets them from the buffer that the frame lies in', () =>
    on({ tx: { payloadBackfill: backfill, fragmentBufferAlignment: 16 } }, (machine) => {
      const { edge } = queueOf(machine);
      const { pool } = edge;
      expect(pool.headroom).toBe(backfill);
      submitFrame(edge, [filled(pool, pattern(100, 1), pool.headroom)]);
      machine.clock.run();
      const f = queueOf(machine).rings.fragments.at(0);
      expect([Fragment.validLength.get(i32, f), Fragment.offset.get(i32, f)]).toEqual([100 + backfill, 0]);
      machine.tx[0]!.finish();
      machine.clock.run();
      expect(sent(machine)[0]!.subarray(backfill)).toEqual(Buffer.from(pattern(100, 1)));
      expect(transmit(machine)).toMatchObject({ packets: 1, bytes: 100, bounced: 0 });
    }));

  it('gets them in a copy when they are not there', () =>
    on({ tx: { payloadBackfill: backfill } }, (machine) => {
      const { edge } = queueOf(machine);
      submitFrame(edge, [filled(edge.pool, pattern(100, 1), backfill - 1)]);
      submitFrame(edge, [write(own + 512, 1514, 2)]);
      machine.clock.run();
      machine.tx[0]!.finishAll();
      machine.clock.run();
      expect(sent(machine).map((frame) => frame.subarray(backfill))).toEqual(
        [pattern(100, 1), pattern(1514, 2)].map((bytes) => Buffer.from(bytes)),
      );
      expect(sent(machine).map(({ length }) => length)).toEqual([100 + backfill, 1514 + backfill]);
      expect(transmit(machine)).toMatchObject({ packets: 2, bytes: 1614, bounced: 2, bouncedFor: { backfill: 2 } });
    }));
});

describe('a frame whose last part is missing', () => {
  it('is given up, and takes nothing from the frame behind it', () =>
    on({}, (machine) => {
      const { edge } = queueOf(machine);
      // A protocol that goes round `submit`, which would refuse.
      writeFrame(edge, 0, 1, [
        { address: own, length: 60 },
        { address: own, length: 60 },
      ]);
      edge.ring.publish(1);
      queueOf(machine).context.wake();
      machine.clock.run();
      expect(transmit(machine).dropped.incomplete).toBe(1);
      submitFrame(edge, [write(own, 70, 3)], 9);
      machine.clock.run();
      machine.tx[0]!.finishAll();
      machine.clock.run();
      expect(machine.recorder.sentContexts).toEqual([1, 9]);
      expect(sent(machine)).toEqual([Buffer.from(pattern(70, 3))]);
    }));
});

describe('without DMA', () => {
  it('memory of the protocol’s own is the driver’s to read, wherever it lies', () =>
    on({ withoutDma: true }, (machine) => {
      submitFrame(queueOf(machine).edge, [write(own + 1, 333, 1)]);
      machine.clock.run();
      machine.tx[0]!.finish();
      machine.clock.run();
      expect(sent(machine)).toEqual([Buffer.from(pattern(333, 1))]);
      expect(transmit(machine)).toMatchObject({ packets: 1, bounced: 0, mapped: 0 });
    }));
});
