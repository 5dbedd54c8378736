/*
 * Frames that a protocol has leave by a transmit queue without being shown. Whatever kinds of frames come, however often the
 * protocol changes its mind and however slowly the other NIC sends: each frame is shown or sent once, all in the order in
 * which they came, and every buffer comes back.
 */

import { hostPages, IdentityMap } from '@netcx/dma';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { seeded } from './conservation.ts';
import type { Arrival } from './fake-driver.ts';
import { buildFakeMachine, type FakeMachine } from './fake-machine.ts';
import { pattern, submitFrame } from './frames.ts';
import { Redirector } from './redirect-rig.ts';

type Reach = 'straight' | 'mapped';

function build(reach: Reach): { from: FakeMachine; to: FakeMachine; redirector: Redirector } {
  const domain = new IdentityMap();
  const common = { mtu: 1400, ...(reach === 'straight' ? { reach: domain } : {}) };
  const from = buildFakeMachine({ name: 'from', ...common });
  const to = buildFakeMachine({ name: 'to', clock: from.clock, ...common });
  const redirector = new Redirector();
  from.adapter.detachProtocol();
  from.adapter.attachProtocol(redirector);
  for (const machine of [from, to]) machine.adapter.start();
  from.clock.run();
  return { from, to, redirector };
}

async function close({ from, to }: { from: FakeMachine; to: FakeMachine }): Promise<void> {
  for (const machine of [from, to]) await machine.stop();
  expect([...from.rx, ...from.tx, ...to.rx, ...to.tx].flatMap(({ violations }) => violations)).toEqual([]);
}

/** A frame for one station, or for a group, that tells its number. */
function numbered(number: number, length: number, group = false): Uint8Array {
  const bytes = pattern(length, number);
  bytes[0] = group ? 1 : 2;
  bytes.set([number & 0xff, number >>> 8], 12);
  return bytes;
}

const numberOf = (bytes: Uint8Array): number => bytes[12]! | (bytes[13]! << 8);

it.each<Reach>(['straight', 'mapped'])('a burst goes on unseen, buffers %s', async (reach) => {
  const taken = hostPages.bytesTaken;
  const rig = build(reach);
  const { from, to, redirector } = rig;
  redirector.to = to;
  const frames = Array.from({ length: 200 }, (_, number) => numbered(number, 60 + number));
  for (let first = 0; first < 200; first += 20) {
    from.rx[0]!.arrive(...frames.slice(first, first + 20).map((bytes) => ({ bytes })));
    for (let round = 0; round < 8; round++) {
      from.clock.run();
      to.tx[0]!.finishAll();
    }
  }
  from.clock.run();
  expect(to.tx[0]!.frames.map((bytes) => Buffer.from(bytes))).toEqual(frames.map((bytes) => Buffer.from(bytes)));
  expect(redirector.shown).toEqual([]);
  const bytes = frames.reduce((sum, frame) => sum + frame.length, 0);
  const nothing = { packets: 0, bytes: 0 };
  const traffic = { unicast: { packets: 200, bytes }, multicast: nothing, broadcast: nothing };
  expect(from.adapter.statistics().queues.find((one) => one.direction === 'receive')?.traffic).toEqual(traffic);
  expect(to.adapter.statistics().queues.find((one) => one.direction === 'transmit')?.traffic).toEqual(traffic);
  // What goes straight never stands at the edge.
  expect(from.adapter.receiveQueues[0]!.edge.ring.endIndex === 0).toBe(reach === 'straight');
  await close(rig);
  expect(hostPages.bytesTaken).toBe(taken);
});

it('the NIC keeps what finds no room, and goes on by itself once there is some', async () => {
  const rig = build('straight');
  const { from, to, redirector } = rig;
  redirector.to = to;
  from.rx[0]!.arrive(...Array.from({ length: 60 }, (_, number) => ({ bytes: numbered(number, 60) })));
  from.clock.run();
  expect([to.tx[0]!.outstanding, from.rx[0]!.waiting > 0, from.clock.pending]).toEqual([15, true, 0]);
  for (let round = 0; round < 80; round++) {
    to.tx[0]!.finish();
    from.clock.run();
  }
  expect(to.tx[0]!.frames.map(numberOf)).toEqual(Array.from({ length: 60 }, (_, number) => number));
  await close(rig);
});

it.each<Reach>(['straight', 'mapped'])('fragments without a packet are supplied anew, buffers %s', async (reach) => {
  const rig = build(reach);
  const { from, to, redirector } = rig;
  redirector.to = to;
  const [receiving] = from.rx;
  const none = { bytes: new Uint8Array(60), packetless: true };
  for (let round = 0; round < 4; round++) {
    // As a driver does whose device was reset: what it had is given back, all of it.
    receiving!.arrive(...Array.from({ length: receiving!.buffers }, () => none));
    from.clock.run();
    expect([receiving!.waiting, receiving!.buffers]).toEqual([0, 15]);
  }
  receiving!.arrive({ bytes: numbered(7, 60) });
  from.clock.run();
  to.tx[0]!.finishAll();
  from.clock.run();
  expect(to.tx[0]!.frames.map(numberOf)).toEqual([7]);
  await close(rig);
});

it('frames for a queue that has stopped are dropped, and counted', async () => {
  const rig = build('straight');
  const { from, to, redirector } = rig;
  const edge = to.adapter.transmitQueues[0]!.edge;
  redirector.redirect = () => edge;
  await to.stop();
  from.rx[0]!.arrive(...Array.from({ length: 5 }, (_, number) => ({ bytes: numbered(number, 60, number === 3) })));
  from.clock.run();
  expect(from.adapter.statistics().receive).toMatchObject({ packets: 0, dropped: { unclaimed: 5 } });
  expect(from.rx[0]!.waiting).toBe(0);
  await from.stop();
});

it('a queue that stops does not wait for room elsewhere', async () => {
  const rig = build('straight');
  const { from, to, redirector } = rig;
  redirector.to = to;
  const kinds = Array.from({ length: 30 }, (_, number) => ({ bytes: numbered(number, 60), parts: 1 + (number % 2) }));
  from.rx[0]!.arrive(...kinds);
  from.clock.run();
  expect(to.tx[0]!.outstanding).toBe(10); // 15 fragments, and none is left
  const stopping = from.adapter.stop();
  to.tx[0]!.finishAll();
  await from.clock.drive(stopping);
  await to.stop();
  expect(to.tx[0]!.frames.map(numberOf)).toEqual(Array.from({ length: 10 }, (_, number) => number));
});

it('a frame that was submitted before goes first', async () => {
  const rig = build('straight');
  const { from, to, redirector } = rig;
  redirector.to = to;
  const { edge } = to.adapter.transmitQueues[0]!;
  const own = edge.pool.take();
  const address = 4096;
  expect(own).not.toBe(0);
  edge.pool.release(own);
  // Both wake the same clock, the receive queue first.
  from.rx[0]!.arrive({ bytes: numbered(1, 60) });
  submitFrame(edge, [{ address, length: 60 }]);
  from.clock.run();
  to.tx[0]!.finishAll();
  from.clock.run();
  expect(to.tx[0]!.frames.map((bytes) => bytes.length)).toEqual([60, 60]);
  expect(numberOf(to.tx[0]!.frames[1]!)).toBe(1);
  await close(rig);
});

const kinds = fc.constantFrom('plain', 'group', 'parts', 'late');
const steps = fc.array(
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({ act: fc.constant('arrive' as const), kinds: fc.array(kinds, { maxLength: 24 }) }),
    },
    { weight: 4, arbitrary: fc.record({ act: fc.constant('finish' as const), count: fc.nat(20) }) },
    {
      weight: 2,
      arbitrary: fc.record({ act: fc.constantFrom('redirect' as const, 'show' as const, 'leave' as const) }),
    },
    { weight: 1, arbitrary: fc.record({ act: fc.constant('take' as const) }) },
  ),
  { maxLength: 60 },
);

function arrival(kind: string, bytes: Uint8Array): Arrival {
  if (kind === 'parts') return { bytes, parts: 3 };
  return kind === 'late' ? { bytes, offset: 5 } : { bytes };
}

it('each frame is shown or sent once and in order, whatever happens', async () => {
  await fc.assert(
    fc.asyncProperty(fc.constantFrom<Reach>('straight', 'mapped'), steps, async (reach, script) => {
      const taken = hostPages.bytesTaken;
      const rig = build(reach);
      const { from, to, redirector } = rig;
      let next = 0;
      for (const step of script) {
        if (step.act === 'arrive')
          for (const kind of step.kinds) {
            const bytes = numbered(next, 64 + (next % 900), kind === 'group');
            from.rx[0]!.arrive(arrival(kind, bytes));
            next++;
          }
        else if (step.act === 'finish') for (let count = 0; count < step.count; count++) to.tx[0]!.finish();
        else if (step.act === 'take') redirector.take(Infinity);
        else {
          redirector.to = step.act === 'redirect' ? to : undefined;
          redirector.leaves = step.act === 'leave';
        }
        from.clock.run();
      }
      redirector.leaves = false;
      for (let round = 0; round < next + 40; round++) {
        redirector.take(Infinity);
        to.tx[0]!.finishAll();
        from.clock.run();
      }
      const shown = redirector.shown.map(({ bytes }) => bytes);
      const sent = to.tx[0]!.frames;
      const byNumber = (a: number, b: number): number => a - b;
      expect(shown.map(numberOf)).toEqual(shown.map(numberOf).sort(byNumber));
      expect(sent.map(numberOf)).toEqual(sent.map(numberOf).sort(byNumber));
      const all = [...shown, ...sent].map(numberOf).sort(byNumber);
      expect(all).toEqual(Array.from({ length: next }, (_, number) => number));
      for (const bytes of [...shown, ...sent]) {
        const number = numberOf(bytes);
        expect(Buffer.compare(bytes, numbered(number, 64 + (number % 900), bytes[0] === 1))).toBe(0);
      }
      await close(rig);
      expect(hostPages.bytesTaken).toBe(taken);
    }),
    seeded('redirect', 60),
  );
});

it('the protocol that comes after one whose frames waited to go on is told of none of them', async () => {
  const rig = build('mapped');
  const { from, to, redirector } = rig;
  redirector.to = to;
  // Of frames of two parts one stands at the edge when there is room for one part alone.
  from.rx[0]!.arrive(...Array.from({ length: 20 }, (_, number) => ({ bytes: numbered(number, 60), parts: 2 })));
  from.clock.run();
  const { ring } = from.adapter.receiveQueues[0]!.edge;
  expect(ring.driverCount).toBeGreaterThan(0); // the other NIC has sent nothing
  const told: [number, number][] = [];
  from.adapter.detachProtocol();
  from.adapter.attachProtocol({ receive: (edge, count) => told.push([count, edge.ring.driverCount]) });
  from.adapter.receiveQueues[0]!.context.wake();
  from.clock.run();
  expect(told.filter(([count, there]) => count > there)).toEqual([]);
  to.tx[0]!.finishAll();
  from.adapter.detachProtocol();
  from.clock.run();
  await close(rig);
});
