// Owns: the queue in front of a link: bursts, waiting for room, bounds, and what is refused; and frames that are damaged.
// Invariant: the link is small on purpose, so that it is full most of the time.
import { VirtualClock } from '@netcx/clock';
import { Link, corrupt } from '@netcx/hardware';
import * as fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { Outbox, Partner } from '../src/index.ts';
import { Station } from './station.ts';

const links: Link[] = [];
afterEach(() => {
  for (const link of links.splice(0)) link.close();
});

function rig(capacity: number) {
  const clock = new VirtualClock();
  const link = new Link(clock, { capacity });
  links.push(link);
  const receiver = new Station(link.b);
  let rooms = 0;
  let bursts = 0;
  const receive = receiver.receive.bind(receiver);
  receiver.receive = (offset, frames) => {
    bursts++;
    receive(offset, frames);
  };
  const outbox: Outbox = new Outbox(clock, link.a);
  link.a.attach({
    receive: () => undefined,
    changed: () => undefined,
    room: () => {
      rooms++;
      outbox.room();
    },
  });
  link.a.enable(true);
  clock.run();
  return { clock, link, outbox, receiver, seen: () => ({ rooms, bursts }) };
}

const frame = (number: number, length = 60): Uint8Array => {
  const bytes = new Uint8Array(length);
  new DataView(bytes.buffer).setUint32(0, number);
  return bytes;
};
const numbers = (frames: readonly Uint8Array[]): number[] =>
  frames.map((bytes) => new DataView(bytes.buffer).getUint32(0));

describe('an outbox', () => {
  it('sends what waits as one burst', () => {
    const { clock, outbox, receiver, seen } = rig(1 << 20);
    for (let number = 0; number < 100; number++) outbox.send(frame(number));
    expect(outbox.counters()).toEqual({ sent: 0, dropped: 0, unfit: 0, queued: 100 });
    clock.run();
    expect(numbers(receiver.take())).toEqual(Array.from({ length: 100 }, (_, index) => index));
    expect([outbox.counters(), seen().bursts]).toEqual([{ sent: 100, dropped: 0, unfit: 0, queued: 0 }, 1]);
  });

  it('waits for room, and loses nothing', () => {
    const { clock, outbox, receiver, seen } = rig(4096);
    for (let number = 0; number < 1000; number++) outbox.send(frame(number, 60 + (number % 1400)));
    clock.run();
    expect(numbers(receiver.take())).toEqual(Array.from({ length: 1000 }, (_, index) => index));
    expect(seen().rooms).toBeGreaterThan(10);
  });

  it('holds so many frames, and so many bytes, and drops and counts the rest', () => {
    const { outbox } = rig(1 << 20);
    const sent = Array.from({ length: 5000 }, (_, number) => outbox.send(frame(number)));
    expect([sent.filter(Boolean).length, outbox.open]).toEqual([4096, false]);
    expect(outbox.counters()).toEqual({ sent: 0, dropped: 904, unfit: 0, queued: 4096 });
    outbox.clear();
    expect(outbox.counters()).toMatchObject({ dropped: 5000, queued: 0 });
    let bytes = 0;
    while (outbox.send(frame(0, 16 * 1024))) bytes += 16 * 1024;
    expect(bytes).toBe(4 * 1024 * 1024);
  });

  it('refuses what no link carries', () => {
    const { outbox } = rig(1 << 20);
    expect([0, 13, 16 * 1024 + 1].map((length) => outbox.send(new Uint8Array(length)))).toEqual([false, false, false]);
    expect([14, 16 * 1024].map((length) => outbox.send(new Uint8Array(length)))).toEqual([true, true]);
    expect(outbox.counters()).toEqual({ sent: 0, dropped: 0, unfit: 3, queued: 2 });
  });

  it('keeps the order whatever happens', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.integer({ min: 14, max: 1600 }), fc.nat(3)), { maxLength: 200 }), (steps) => {
        const { clock, outbox, receiver } = rig(4096);
        for (const [number, [length, run]] of steps.entries()) {
          outbox.send(frame(number, length));
          for (let left = run; left > 0; left--) clock.step();
        }
        clock.run();
        expect(numbers(receiver.take())).toEqual(steps.map((_, index) => index));
        for (const link of links.splice(0)) link.close();
      }),
      { numRuns: 100 },
    );
  });
});

it('a wire passes over frames whose check sequence is wrong, and counts them', () => {
  const clock = new VirtualClock();
  const link = new Link(clock, { impairments: { aToB: [corrupt(1)], bToA: [] } });
  links.push(link);
  const station = new Station(link.a);
  const taken: Uint8Array[] = [];
  const partner = new Partner(clock, link.b, (bytes) => taken.push(bytes.slice()));
  clock.run();
  station.send(frame(1));
  clock.run();
  link.impair([]);
  station.send(frame(2));
  clock.run();
  expect([numbers(taken), partner.counters()]).toEqual([
    [2],
    { received: 1, badFcs: 1, sent: 0, dropped: 0, unfit: 0, queued: 0 },
  ]);
});
