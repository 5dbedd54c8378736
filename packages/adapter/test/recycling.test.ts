/*
 * Buffers of frames that go on unseen come back to the places that they were taken from. Whatever else goes on, in the same
 * queues or in others, each buffer is in one place at a time, none is lost, and each frame leaves as it came.
 */

import { hostPages } from '@netcx/dma';
import { i32 } from '@netcx/dma/memory';
import { LogicalAddress, VirtualAddress } from '@netcx/extensions';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Recycler } from '../src/redirect/recycler.ts';
import { seeded } from './conservation.ts';
import type { FakeMachine } from './fake-machine.ts';
import { submitFrame } from './frames.ts';
import {
  build,
  close,
  expectCounted,
  expectEachOnce,
  finish,
  numbered,
  numberOf,
  RING,
  stopAround,
} from './redirect-rig.ts';

/** A burst that takes several polls, each of which moves so many that the queue is busy. */
const POLL = 16;

it('in a steady stream no buffer goes by the pool', async () => {
  const rig = build(2 * RING, 1);
  const { from, to, redirectors } = rig;
  const [source] = from;
  const [sink] = to;
  redirectors[0]!.to = sink;
  const pool = source!.adapter.receiveQueues[0]!.pool!;
  const frames = Array.from({ length: 640 }, (_, number) => numbered(0, number, 60 + (number % 900)));
  source!.rx[0]!.batch = POLL;
  source!.rx[0]!.arrive(...frames.map((bytes) => ({ bytes })));
  const taken = new Set<number>();
  while (source!.clock.step()) {
    sink!.tx[0]!.finishAll();
    expectEachOnce(rig, 0);
    if (source!.rx[0]!.waiting < 600 && source!.rx[0]!.waiting > 0) taken.add(pool.taken);
  }
  expect(taken.size).toBe(1);
  expect(sink!.tx[0]!.frames.map((bytes) => Buffer.from(bytes))).toEqual(frames.map((bytes) => Buffer.from(bytes)));
  const bytes = frames.reduce((sum, frame) => sum + frame.length, 0);
  const sent = sink!.adapter.statistics().queues.find(({ direction }) => direction === 'transmit');
  expect(sent?.traffic.unicast).toEqual({ packets: 640, bytes });
  await close(rig);
});

/** What the first queue of a machine knows of buffers that are to come back. */
const recyclerOf = (machine: FakeMachine): Recycler => machine.adapter.receiveQueues[0]!.translator.outlet!.recycler;

/** A stream that is busy: as many polls as it takes, without an end. */
function stream(machine: FakeMachine, source: number, count: number): void {
  machine.rx[0]!.batch = POLL;
  const frames = Array.from({ length: count }, (_, number) => ({ bytes: numbered(source, number, 60) }));
  machine.rx[0]!.arrive(...frames);
}

/** Polls everybody until so many frames are on their way from a machine. */
function stepUntilAway(machine: FakeMachine, count: number): void {
  for (let left = 100; recyclerOf(machine).away < count && left > 0; left--) machine.clock.step();
  expect(recyclerOf(machine).away).toBe(count);
}

/** Polls everybody until buffers are back. */
function stepUntilHome(machine: FakeMachine): void {
  for (let left = 100; recyclerOf(machine).home === 0 && left > 0; left--) machine.clock.step();
}

it('frames behind others come home, and the others go to the pool', async () => {
  const rig = build(2 * RING, 1);
  const [from] = rig.from;
  const [sink] = rig.to;
  rig.redirectors[0]!.to = sink;
  stream(from!, 0, 5);
  from!.clock.run(); // nothing more comes: they are nobody's loan
  expect([recyclerOf(from!).away, sink!.tx[0]!.outstanding]).toEqual([0, 5]);
  stream(from!, 0, 100);
  stepUntilAway(from!, POLL);
  while (sink!.tx[0]!.outstanding < 5 + POLL) sink!.clock.step();
  const { free } = from!.adapter.receiveQueues[0]!.pool!;
  sink!.tx[0]!.finishAll();
  stepUntilHome(from!);
  expect(recyclerOf(from!).home).toBe(POLL);
  expect(from!.adapter.receiveQueues[0]!.pool!.free).toBe(free + 5);
  expectEachOnce(rig, 0);
  await finish(rig);
});

it('a transmit queue sends the buffers of one queue at a time home', async () => {
  const rig = build();
  const [one, other] = rig.from;
  const [sink] = rig.to;
  for (const redirector of rig.redirectors) redirector.to = sink;
  for (const round of [0, 1]) {
    const [first, second] = round === 0 ? [one!, other!] : [other!, one!];
    stream(first, rig.from.indexOf(first), POLL + 4);
    stepUntilAway(first, POLL);
    stream(second, rig.from.indexOf(second), 20);
    for (let left = 100; second.rx[0]!.waiting === 20 && left > 0; left--) sink!.clock.step();
    expect([recyclerOf(first).away > 0, recyclerOf(second).away]).toEqual([true, 0]);
    for (let left = 100; left > 0; left--) {
      sink!.tx[0]!.finishAll();
      sink!.clock.run();
    }
    for (const index of rig.from.keys()) expectEachOnce(rig, index);
  }
  // One that has met the queue before another did meets it again.
  stream(one!, 0, POLL + 4);
  stepUntilAway(one!, POLL);
  while (sink!.tx[0]!.outstanding < POLL) sink!.clock.step();
  sink!.tx[0]!.finishAll();
  stepUntilHome(one!);
  expect(recyclerOf(one!).home).toBe(POLL);
  await finish(rig);
});

it.each([200, 40])(
  'while the other NIC sends nothing, this one has buffers from the pool; others every %i',
  async (every) => {
    const rig = build(4 * RING, 1, 4 * RING);
    const [from] = rig.from;
    rig.redirectors[0]!.to = rig.to[0];
    const frames = Array.from({ length: 150 }, (_, number) => numbered(0, number, 60, number % every === every - 1));
    from!.rx[0]!.batch = 20;
    from!.rx[0]!.arrive(...frames.map((bytes) => ({ bytes })));
    let settled = 0;
    for (let before = 0; from!.clock.step(); before = recyclerOf(from!).away) {
      expectEachOnce(rig, 0);
      if (before > 0 && recyclerOf(from!).away === 0) settled++;
    }
    expect(settled).toBeLessThanOrEqual(1 + 150 / every); // for frames that stay away there is a rest
    expect(rig.to[0]!.tx[0]!.outstanding).toBe(150);
    expect(from!.rx[0]!.leastBuffers).toBeGreaterThanOrEqual(RING / 2);
    expect(from!.rx[0]!.buffers).toBe(RING - 1);
    await finish(rig);
  },
);

it('a queue with other places to fill lends none', async () => {
  const rig = build(2 * RING, 1);
  const [from] = rig.from;
  stream(from!, 0, 10); // shown
  for (let left = 100; from!.rx[0]!.waiting > 0 && left > 0; left--) from!.clock.step();
  const { freeCount } = from!.adapter.receiveQueues[0]!.rings.fragments;
  expect(freeCount).toBe(10);
  const { inlet } = rig.to[0]!.adapter.transmitQueues[0]!.translator;
  recyclerOf(from!).lend(inlet!, 4, 240);
  expect([recyclerOf(from!).away, recyclerOf(from!).spare]).toEqual([0, 0]);
  from!.clock.run();
  await finish(rig);
});

it('frames of more runs than are known one by one are counted, whoever completes together', async () => {
  const rig = build(1024, 1, 512, 512);
  const [from] = rig.from;
  const [sink] = rig.to;
  rig.redirectors[0]!.to = sink;
  const frames = Array.from({ length: 20 * POLL }, (_, number) => numbered(0, number, 60 + ((number * 7) % 900)));
  from!.rx[0]!.batch = POLL;
  from!.rx[0]!.arrive(...frames.map((bytes) => ({ bytes })));
  stepUntilAway(from!, 12 * POLL);
  while (from!.clock.step()) for (let count = 0; count < 21; count++) sink!.tx[0]!.finish();
  await finish(rig);
  expect(sink!.tx[0]!.frames.map((bytes) => Buffer.from(bytes))).toEqual(frames.map((bytes) => Buffer.from(bytes)));
});

it('what a driver does to the addresses that it was given is gone with the frame', async () => {
  const rig = build(2 * RING, 1);
  const [from] = rig.from;
  rig.redirectors[0]!.to = rig.to[0];
  const queue = from!.adapter.receiveQueues[0]!;
  const extensions = [queue.extension(LogicalAddress).offset, queue.extension(VirtualAddress).offset];
  expect(extensions.every((offset) => offset > 0)).toBe(true);
  const frames = Array.from({ length: 400 }, (_, number) => numbered(0, number, 60 + number));
  from!.rx[0]!.batch = POLL;
  from!.rx[0]!.arrive(
    ...frames.map((bytes) => ({
      bytes,
      spoil: (_packet: number, fragment: (part: number) => number) => {
        LogicalAddress.address.low.set(i32, fragment(0), extensions[0]!, 4096);
        VirtualAddress.address.low.set(i32, fragment(0), extensions[1]!, 0);
      },
    })),
  );
  let lent = 0;
  while (from!.clock.step()) {
    rig.to[0]!.tx[0]!.finishAll();
    lent = Math.max(lent, recyclerOf(from!).away);
    const { fragments } = queue.rings;
    for (let index = 0; index < fragments.driverCount; index++) {
      const at = fragments.at(fragments.beginIndex + index);
      const address = VirtualAddress.hostOffset.get(i32, at, extensions[1]!);
      expect(LogicalAddress.address.low.get(i32, at, extensions[0]!)).toBe(address); // its domain changes no address
    }
  }
  expect(lent).toBeGreaterThan(0);
  expect(rig.to[0]!.tx[0]!.frames.map((bytes) => Buffer.from(bytes))).toEqual(
    frames.map((bytes) => Buffer.from(bytes)),
  );
  await close(rig);
});

const kinds = fc.oneof(
  { weight: 7, arbitrary: fc.constant('plain') },
  { weight: 3, arbitrary: fc.constantFrom('group', 'parts', 'ignore') },
);
const source = fc.nat(1);
const steps = fc.array(
  fc.oneof(
    {
      weight: 5,
      arbitrary: fc.record({ act: fc.constant('burst' as const), source, count: fc.integer({ min: 1, max: 60 }) }),
    },
    {
      weight: 3,
      arbitrary: fc.record({ act: fc.constant('mixed' as const), source, kinds: fc.array(kinds, { maxLength: 40 }) }),
    },
    { weight: 6, arbitrary: fc.record({ act: fc.constant('finish' as const), sink: fc.nat(1), count: fc.nat(60) }) },
    { weight: 12, arbitrary: fc.record({ act: fc.constant('step' as const), count: fc.integer({ min: 1, max: 6 }) }) },
    { weight: 1, arbitrary: fc.record({ act: fc.constant('idle' as const) }) },
    { weight: 2, arbitrary: fc.record({ act: fc.constant('aim' as const), source, sink: fc.nat(2) }) },
    { weight: 1, arbitrary: fc.record({ act: fc.constant('submit' as const), sink: fc.nat(1), count: fc.nat(3) }) },
    { weight: 1, arbitrary: fc.record({ act: fc.constant('keep' as const), source, keeps: fc.boolean() }) },
    { weight: 1, arbitrary: fc.record({ act: fc.constant('restart' as const), sink: fc.nat(1) }) },
  ),
  { minLength: 20, maxLength: 120 },
);

it.each([2 * RING, RING + 10])(
  'each buffer is in one place and each frame leaves once, of %i buffers',
  async (buffers) => {
    await fc.assert(
      fc.asyncProperty(steps, fc.boolean(), async (script, stopsEarly) => {
        const taken = hostPages.bytesTaken;
        const rig = build(buffers);
        const { from, to, redirectors } = rig;
        const { clock } = from[0]!;
        const arrived = [0, 0];
        const sent: Uint8Array[] = [];
        let own = 0;
        let restarted = false;
        let loses = stopsEarly;
        for (const { rx } of from) rx[0]!.batch = POLL;
        for (const redirector of redirectors) redirector.to = to[0];
        const arrive = (index: number, kind: string): void => {
          const number = arrived[index]!;
          const bytes = numbered(index, number, 64 + (number % 900), kind === 'group');
          if (kind === 'ignore') from[index]!.rx[0]!.arrive({ bytes, ignore: true });
          else {
            from[index]!.rx[0]!.arrive({ bytes, parts: kind === 'parts' ? 2 : 1 });
            arrived[index]!++;
          }
        };
        for (const step of script) {
          if (step.act === 'burst') for (let count = 0; count < step.count; count++) arrive(step.source, 'plain');
          else if (step.act === 'mixed') for (const kind of step.kinds) arrive(step.source, kind);
          else if (step.act === 'finish')
            for (let count = 0; count < step.count; count++) to[step.sink]!.tx[0]!.finish();
          else if (step.act === 'step') for (let count = 0; count < step.count; count++) clock.step();
          else if (step.act === 'idle') clock.run();
          else if (step.act === 'restart') {
            // What its driver has by then is given up.
            const machine = to[step.sink]!;
            machine.tx[0]!.givesUp = true;
            sent.push(...machine.tx[0]!.frames);
            await machine.stop();
            machine.adapter.start();
            restarted = loses = true;
          } else if (step.act === 'aim') redirectors[step.source]!.to = to[step.sink];
          else if (step.act === 'keep') {
            redirectors[step.source]!.keeps = step.keeps;
            if (!step.keeps) redirectors[step.source]!.release();
          } else {
            const { edge } = to[step.sink]!.adapter.transmitQueues[0]!;
            for (let count = 0; count < Math.min(step.count, edge.room); count++, own++)
              submitFrame(edge, [{ address: 4096, length: 50 }]);
          }
          for (const index of from.keys()) expectEachOnce(rig, index);
        }
        for (const redirector of redirectors) {
          redirector.keeps = false;
          redirector.release();
        }
        if (!stopsEarly)
          for (let round = 0, idle = 0; idle < 20 && round < 1000; round++) {
            idle = from.some(({ rx }) => rx[0]!.waiting > 0) ? 0 : idle + 1;
            for (const { tx } of to) tx[0]!.finishAll();
            clock.run();
          }
        for (const machine of from) await stopAround(machine, to);
        for (const { tx } of to) tx[0]!.finishAll();
        clock.run();
        const isOwn = (bytes: Uint8Array): boolean => bytes.length === 50;
        sent.push(...to.flatMap(({ tx }) => tx[0]!.frames));
        if (!loses) expect(sent.filter(isOwn).length).toBe(own);
        for (const [index, redirector] of redirectors.entries()) {
          const here = [...redirector.shown.map(({ bytes }) => bytes), ...sent].filter(
            (bytes) => !isOwn(bytes) && bytes[12] === index,
          );
          const numbers = here.map(numberOf).sort((a, b) => a - b);
          expect(new Set(numbers).size).toBe(numbers.length);
          if (!loses) expect(numbers.length).toBe(arrived[index]);
          for (const bytes of here) {
            const number = numberOf(bytes);
            expect(Buffer.compare(bytes, numbered(index, number, 64 + (number % 900), bytes[0] === 1))).toBe(0);
          }
        }
        if (!restarted) expectCounted(rig);
        await close(rig);
        expect(hostPages.bytesTaken).toBe(taken);
      }),
      seeded('recycling', 60),
    );
  },
);
