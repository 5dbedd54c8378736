/*
 * The other two legal ways to bring receive buffers: the driver's own, lent fragment by fragment and returned by callback; and
 * the system's, which the driver takes from the data-buffer ring and attaches. What a driver writes is checked.
 */

import { BufferEntry } from '@netcx/buffers';
import { hostBytes, i32 as m } from '@netcx/dma/memory';
import { DataBuffer, LogicalAddress, ReturnContext, VirtualAddress } from '@netcx/extensions';
import { Fragment, Packet } from '@netcx/rings';
import { describe, expect, it } from 'vitest';
import { OfferedBuffer, type RxQueue } from '../src/index.ts';
import type { FakeMachine } from './fake-machine.ts';
import { pattern } from './frames.ts';
import { SLOT } from './mode-drivers.ts';
import { attaching, lending } from './mode-rigs.ts';

const shown = ({ recorder }: FakeMachine) => recorder.shown.map(({ bytes }) => Buffer.from(bytes));
const received = ({ adapter }: FakeMachine) => adapter.statistics().receive;

describe('buffers that the driver allocates and attaches', () => {
  it('are shown where the driver put the bytes, and returned with their context, once each, when they are released', () =>
    lending({}, ({ machine, driver }) => {
      const queue = machine.adapter.receiveQueues[0]!;
      expect([queue.pool, queue.bufferCapacity, queue.extension(DataBuffer).enabled]).toEqual([undefined, 0, false]);
      machine.recorder.keeps = true;
      driver.arrive(pattern(60, 1));
      driver.arrive(pattern(900, 2), 3);
      machine.clock.run();
      expect(shown(machine)).toEqual([Buffer.from(pattern(60, 1)), Buffer.from(pattern(900, 2))]);
      expect(machine.recorder.shown.map(({ parts }) => parts)).toEqual([1, 3]);
      expect(machine.recorder.kept.map((buffer) => BufferEntry.address.get(m, buffer))).toEqual(
        [0, 1, 2, 3].map((slot) => driver.memory + slot * SLOT),
      );
      expect(driver.returned).toEqual([]);
      expect(machine.adapter.statistics().buffers['fake rx 0']).toMatchObject({ protocol: 4 });
      machine.recorder.release(2);
      machine.clock.run();
      expect(driver.returned.toSorted((a, b) => a[0] - b[0])).toEqual([
        [0, 0xfeed_0000],
        [1, 0xfeed_0001],
      ]);
      machine.recorder.release();
      machine.clock.run();
      expect(driver.returned.length).toBe(4);
    }));

  it('go on being received when the protocol gives some back', () =>
    lending({ fragments: 8, packets: 8, buffers: 8, slots: 4 }, ({ machine, driver }) => {
      machine.recorder.keeps = true;
      for (let seed = 0; seed < 10; seed++) driver.arrive(pattern(60, seed));
      machine.clock.run();
      expect([machine.recorder.shown.length, driver.waiting.length]).toEqual([4, 6]);
      machine.recorder.release(1);
      machine.clock.run();
      expect([machine.recorder.shown.length, driver.waiting.length]).toEqual([5, 5]);
      machine.recorder.keeps = false;
      machine.recorder.release();
      machine.clock.run();
      expect(shown(machine)).toEqual(Array.from({ length: 10 }, (_, seed) => Buffer.from(pattern(60, seed))));
    }));

  it('can be sent on: the frame is mapped for the other NIC, and the buffer returned when it is sent', () =>
    lending({}, ({ machine, driver }) => {
      machine.adapter.detachProtocol();
      machine.adapter.attachProtocol({
        receive(edge, count) {
          const { edge: out } = machine.adapter.transmitQueues[0]!;
          const from = edge.ring.at(edge.ring.beginIndex);
          m.copyWithin(out.ring.at(out.ring.endIndex), from, from + edge.ring.stride);
          edge.complete(count);
          out.submit(count);
        },
      });
      driver.arrive(pattern(77, 1));
      machine.clock.run();
      expect(driver.returned).toEqual([]);
      machine.tx[0]!.finish();
      machine.clock.run();
      expect(machine.tx[0]!.frames).toEqual([Buffer.from(pattern(77, 1))]);
      expect(driver.returned).toEqual([[0, 0xfeed_0000]]);
      expect(machine.adapter.statistics().transmit).toMatchObject({ packets: 1, mapped: 1, bounced: 0 });
    }));

  // prettier-ignore
  it.each<[string, (p: number, fragment: (part: number) => number, queue: RxQueue) => void]>([
    ['memory that is none',        (_p, f, queue) => { queue.extension(VirtualAddress).address.set(m, f(0), hostBytes - 100); }],
    ['memory far beyond',          (_p, f, queue) => { queue.extension(VirtualAddress).address.set(m, f(0), 2 ** 52); }],
    ['no capacity',                (_p, f) => { Fragment.capacity.set(m, f(0), 0); }],
    ['more bytes than capacity',   (_p, f) => { Fragment.validLength.set(m, f(0), SLOT); }],
    ['a second part that starts late', (_p, f) => { Fragment.offset.set(m, f(1), 1); }],
    ['no fragments',               (p) => { Packet.fragmentCount.set(m, p, 0); }],
    ['nothing, but it is ignored', (p) => { Packet.ignore.set(m, p, 1); }],
  ])('cost the packet that says %s, and come back all the same', (_what, spoil) =>
    lending({}, ({ machine, driver }) => {
      driver.spoil = (p, fragment) => { spoil(p, fragment, driver.queue); };
      driver.arrive(pattern(500, 1), 2);
      machine.clock.run();
      driver.spoil = undefined;
      driver.arrive(pattern(70, 2));
      machine.clock.run();
      expect(shown(machine)).toEqual([Buffer.from(pattern(70, 2))]);
      const { dropped, packets } = received(machine);
      expect([packets, dropped.invalid + dropped.ignored]).toEqual([1, 1]);
      expect(driver.returned.length).toBe(3);
    }));

  it('that a protocol holds are named when the adapter cannot stop', () =>
    lending({}, async ({ machine, driver }) => {
      machine.recorder.keeps = true;
      driver.arrive(pattern(70, 2));
      machine.clock.run();
      await expect(machine.stop()).rejects.toThrow(
        'STILL_HELD: fake rx 0: 1 of 32 lent buffers are still held; by protocol: 1',
      );
      expect(driver.returned).toEqual([]);
    }));
});

describe('buffers that the system allocates and the driver attaches', () => {
  it('are on offer with handle and addresses, in a ring of their own', () =>
    attaching({}, ({ machine, driver }) => {
      const queue = machine.adapter.receiveQueues[0]!;
      const offer = driver.offers.at(0);
      const buffer = OfferedBuffer.handle.get(m, offer);
      expect(driver.offers.driverCount).toBe(15);
      expect(buffer).toBe(queue.pool!.firstHandle);
      expect(OfferedBuffer.hostOffset.get(m, offer)).toBe(queue.pool!.address(buffer));
      const { low, high } = OfferedBuffer.logicalAddress;
      expect(machine.domain.translate(low.get(m, offer) | 0, high.get(m, offer), SLOT, 'write')).toBe(
        queue.pool!.address(buffer),
      );
      expect([queue.bufferCapacity, queue.extension(ReturnContext).enabled]).toEqual([SLOT, false]);
      expect(queue.extension(LogicalAddress).enabled).toBe(true);
      expect(queue.pool!.census()).toMatchObject({ nic: 15, free: 17 });
    }));

  it('are shown, and go back to the pool when both the driver and the protocol are done with them', () =>
    attaching({}, ({ machine, driver }) => {
      const pool = machine.adapter.receiveQueues[0]!.pool!;
      machine.recorder.keeps = true;
      driver.lag = 1; // the driver holds on to the last offer that it used
      driver.arrive(pattern(100, 1));
      machine.clock.run();
      const [buffer] = machine.recorder.kept;
      expect(BufferEntry.references.get(m, buffer!)).toBe(2);
      machine.recorder.release();
      expect([pool.isHeld(buffer!), BufferEntry.references.get(m, buffer!)]).toEqual([true, 1]);
      driver.arrive(pattern(200, 2), 2);
      machine.clock.run();
      // It was free for a moment, and is on offer once more.
      expect(pool.census()).toMatchObject({ nic: 15, protocol: 1, free: 16 }); // one of the two is on offer still
      expect(BufferEntry.references.get(m, buffer!)).toBe(1);
      machine.recorder.release();
      expect(shown(machine)).toEqual([Buffer.from(pattern(100, 1)), Buffer.from(pattern(200, 2))]);
    }));

  it('may be attached to several fragments', () =>
    attaching({}, ({ machine, driver }) => {
      driver.share = 2;
      driver.arrive(Uint8Array.from([...pattern(50, 1), ...pattern(50, 1)]), 2);
      machine.recorder.keeps = true;
      machine.clock.run();
      const [one, two] = machine.recorder.kept;
      expect([one, BufferEntry.references.get(m, one!)]).toEqual([two, 2]);
    }));

  // prettier-ignore
  it.each<[string, (handle: (value?: number) => number, f: number, machine: FakeMachine) => void]>([
    ['no handle',                    (handle) => { handle(0); }],
    ['a handle that is none',        (handle) => { handle(12_345); }],
    ['a handle beyond all numbers',  (handle) => { handle(2 ** 52); }],
    ['a buffer that is in the pool', (handle, _f, { adapter }) => { const { pool } = adapter.receiveQueues[0]!; handle(pool!.firstHandle + (pool!.count - 1) * 8); }],
    ['a buffer of another pool',     (handle, _f, { adapter }) => { handle(adapter.transmitQueues[0]!.edge.pool.firstHandle); }],
    ['more capacity than it has',    (_handle, f) => { Fragment.capacity.set(m, f, SLOT + 1); }],
    ['bytes beyond its end',         (_handle, f) => { Fragment.validLength.set(m, f, SLOT); }],
  ])('cost the packet that says %s, and nothing else', (_what, spoil) =>
    attaching({}, ({ machine, driver }) => {
      const { buffer } = driver.queue.extension(DataBuffer);
      driver.spoil = (_p, fragment) => {
        const handle = (value = buffer.get(m, fragment(0))) => { buffer.set(m, fragment(0), value); return value; };
        spoil(handle, fragment(0), machine);
      };
      driver.arrive(pattern(500, 1));
      machine.clock.run();
      driver.spoil = undefined;
      driver.arrive(pattern(70, 2));
      machine.clock.run();
      expect(shown(machine)).toEqual([Buffer.from(pattern(70, 2))]);
      expect(received(machine)).toMatchObject({ packets: 1, dropped: { invalid: 1 } });
      expect(machine.adapter.receiveQueues[0]!.pool!.census()).toMatchObject({ nic: 15, free: 17, protocol: 0 });
    }));

  it('that were given back already cannot be attached again', () =>
    attaching({}, ({ machine, driver }) => {
      machine.recorder.keeps = true;
      driver.arrive(pattern(60, 1));
      machine.clock.run();
      const [old] = machine.recorder.kept;
      driver.spoil = (_p, fragment) => {
        driver.queue.extension(DataBuffer).buffer.set(m, fragment(0), old!);
      };
      driver.arrive(pattern(60, 2));
      machine.clock.run();
      expect(received(machine)).toMatchObject({ packets: 1, dropped: { invalid: 1 } });
      expect(BufferEntry.references.get(m, old!)).toBe(1);
    }));

  it('are named when the driver keeps them', async () => {
    await attaching({}, async ({ machine, driver }) => {
      const letGo = driver.letGo.bind(driver);
      driver.letGo = () => undefined;
      const stopping = machine.stop();
      await expect(stopping).rejects.toThrow('QUEUE_NOT_DRAINED');
      driver.letGo = letGo;
      driver.letGo();
    });
  });
});
