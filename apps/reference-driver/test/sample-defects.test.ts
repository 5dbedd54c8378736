/*
 * The defects of Microsoft's own sample drivers (reference netadaptercx §2.7), one test each, on this driver: it has none of
 * them, and none may come back.
 */

import { FrameDescriptor } from '@netcx/adapter/edge';
import { MILLISECOND } from '@netcx/clock';
import { i32 as m } from '@netcx/dma/memory';
import { DESCRIPTOR_BYTES, REGISTERS } from '@netcx/nic-82576/registers';
import { Fragment, Packet } from '@netcx/rings';
import { expect, it } from 'vitest';
import { HandMadeTxQueue } from './hand-made-queue.ts';
import { firstWrong, frame, Pair } from './pair.ts';

const { RDLEN, TDLEN, TDT, TDWBAL } = REGISTERS;

it('defect 1: a packet is complete when its last descriptor is, not its first', async () => {
  const pair = await Pair.started();
  const { a, clock } = pair;
  pair.link.b.enable(false);
  pair.awaitLink(false); // so the chip does not get on by itself
  const bytes = frame(300, 1);
  pair.send(a, bytes, { parts: [100, 100, 100] });
  pair.send(a, frame(60, 2));
  clock.advance(MILLISECOND);
  const queue = a.driver.adapter.transmitQueues[0]!;
  const headWord = (a.nic.registers.get(TDWBAL) & ~3) >>> 2;
  for (let done = 1; done <= 4; done++) {
    m[headWord] = done; // as the chip would write it
    queue.notifyMoreCompletedPacketsAvailable();
    clock.advance(1000);
    // The first packet has three parts, which complete together.
    expect(a.completed, `${done} descriptors done`).toBe(done < 3 ? 0 : done);
  }
  await pair.close();
});

it('defect 2: a received fragment keeps its capacity', async () => {
  const pair = await Pair.started({ ringSize: 16 });
  const { a, b, clock } = pair;
  for (let number = 0; number < 100; number++) pair.send(a, frame(60 + number, number));
  clock.advance(10 * MILLISECOND);
  expect(b.arrivals).toHaveLength(100);
  const queue = b.driver.adapter.receiveQueues[0]!;
  const { fragments } = queue.rings;
  for (let index = 0; index < fragments.elements; index++)
    expect(Fragment.capacity.get(m, fragments.at(index))).toBe(queue.bufferCapacity);
  await pair.close();
});

it.each([true, false])(
  'defect 3: a received packet has a whole layout, with checksum offload %s',
  async (checksumOffload) => {
    const pair = await Pair.started({ checksumOffload });
    const { a, b, clock } = pair;
    const { packets } = b.driver.adapter.receiveQueues[0]!.rings;
    // What somebody left in the elements that the driver has.
    for (let index = 0; index < packets.driverCount; index++) {
      const p = packets.at(packets.beginIndex + index);
      Packet.layer3Type.set(m, p, 15);
      Packet.layer4Type.set(m, p, 15);
      Packet.layer3HeaderLength.set(m, p, 511);
      Packet.layer4HeaderLength.set(m, p, 255);
      Packet.ignore.set(m, p, 1);
    }
    for (let number = 0; number < 10; number++) pair.send(a, frame(60, number));
    clock.advance(10 * MILLISECOND);
    expect(b.arrivals).toHaveLength(10);
    const { ring } = b.driver.adapter.receiveQueues[0]!.edge;
    for (let index = 0; index < 10; index++) {
      const d = ring.at(index);
      expect(FrameDescriptor.layer3Type.get(m, d)).toBe(0);
      expect(FrameDescriptor.layer3HeaderLength.get(m, d)).toBe(0);
      expect(FrameDescriptor.layer4Type.get(m, d)).toBe(0);
    }
    await pair.close();
  },
);

it('defect 4: whatever ring size is asked for, rings are powers of two, or it is refused by name', async () => {
  for (const ringSize of [1, 7, 17, 100, 1000, 1600, 4097, 2.5, NaN])
    expect(() => new Pair({ ringSize }), String(ringSize)).toThrow(/BAD_OPTION: a: ringSize is/);
  for (let ringSize = 8; ringSize <= 4096; ringSize *= 2) {
    const pair = new Pair({ ringSize });
    await pair.clock.drive(pair.a.driver.start());
    const { transmitQueues, receiveQueues } = pair.a.driver.adapter;
    for (const { rings } of [...transmitQueues, ...receiveQueues])
      for (const { elements } of [rings.packets, rings.fragments]) expect(elements & (elements - 1)).toBe(0);
    await pair.close();
  }
});

it('defect 5: indices never leave their rings, however often they wrap', async () => {
  const pair = await Pair.started({ ringSize: 8 });
  const { a, b, clock } = pair;
  const frames = Array.from({ length: 500 }, (_, number) => frame(60 + (number % 100), number));
  for (const bytes of frames) {
    pair.send(a, bytes);
    for (const { rings } of [a.driver.adapter.transmitQueues[0]!, b.driver.adapter.receiveQueues[0]!])
      for (const ring of [rings.packets, rings.fragments])
        for (const index of [ring.beginIndex, ring.nextIndex, ring.endIndex]) expect(index).toBeLessThan(ring.elements);
    clock.advance(1000);
  }
  clock.advance(10 * MILLISECOND);
  expect(
    firstWrong(
      b.arrivals.map(({ bytes }) => bytes),
      frames,
    ),
  ).toBeUndefined();
  await pair.close();
});

it('defect 6: descriptor rings are as large as the fragment rings, and are never overrun', async () => {
  const pair = new Pair({ mtu: 9000, ringSize: 32 });
  const { a, b, clock } = pair;
  // Frames may come in parts: then the fragment ring is larger than the packet ring.
  b.driver.adapter.stateNeeds({ name: 'test', takesParts: true });
  await pair.start();
  const { rings } = b.driver.adapter.receiveQueues[0]!;
  expect(b.nic.registers.get(RDLEN)).toBe(rings.fragments.elements * DESCRIPTOR_BYTES);
  const count = a.nic.registers.get(TDLEN) / DESCRIPTOR_BYTES;
  // A chip that does not get on: nothing may be written over what it has not taken.
  const hang = a.nic.faults.inject({ kind: 'hungQueue', direction: 'tx', queue: 0 });
  const frames = Array.from({ length: 60 }, (_, number) => frame(4000 + number, number));
  let sent = 0;
  while (
    a.trySend(frames[sent]!, {
      parts: Array.from({ length: 10 }, (_, part) => (part < 9 ? 400 : frames[sent]!.length - 3600)),
    })
  )
    sent++;
  clock.advance(MILLISECOND);
  expect(a.nic.registers.get(TDT)).toBeLessThan(count);
  hang.lift();
  clock.advance(10 * MILLISECOND);
  expect(
    firstWrong(
      b.arrivals.map(({ bytes }) => bytes),
      frames.slice(0, sent),
    ),
  ).toBeUndefined();
  expect(sent).toBeGreaterThan(1);
  await pair.close();
});

it('defect 7: a fragment begins at its offset', async () => {
  const pair = await Pair.started();
  const { a, b, clock } = pair;
  const queue = new HandMadeTxQueue(a.slot, clock, 3);
  const bytes = frame(300, 1);
  queue.send([{ bytes, offset: 6 }]);
  queue.send([
    { bytes: bytes.subarray(0, 100), offset: 40 },
    { bytes: bytes.subarray(100), offset: 2 },
  ]);
  clock.advance(MILLISECOND);
  expect(
    firstWrong(
      b.arrivals.map((arrival) => arrival.bytes),
      [bytes, bytes],
    ),
  ).toBeUndefined();
  queue.close();
  await pair.close();
});
