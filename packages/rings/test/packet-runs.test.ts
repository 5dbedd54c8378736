/*
 * Packets that move their fragments along: by example, and beside naive lists over random commands. Transmit: runs that the
 * framework lays down one behind the other, ignored packets, completion out of order. Receive: runs that the driver
 * chooses, with gaps between them. Rings are small, so runs wrap all the time.
 */

import { hostPages } from '@netcx/dma';
import { i32 } from '@netcx/dma/memory';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { Packet, RingCollection, RingError } from '../src/index.ts';

const block = hostPages.allocate(65_536, { owner: 'packet runs test' });
afterAll(() => hostPages.free(block));

const make = (packets: number, fragments: number): RingCollection =>
  RingCollection.create(block, { name: 'q 0', packets, fragments, packetStride: 12, fragmentStride: 8 });

/** Writes a packet's run into the element at an index. */
function describePacket(rings: RingCollection, index: number, first: number, count: number, ignore = 0): void {
  const p = rings.packets.at(index);
  i32.fill(0, p, p + 3);
  Packet.fragmentIndex.set(i32, p, first);
  Packet.fragmentCount.set(i32, p, count);
  Packet.ignore.set(i32, p, ignore);
}

function send(rings: RingCollection, count: number, ignore = 0): void {
  describePacket(rings, rings.packets.endIndex, rings.fragments.endIndex, count, ignore);
  rings.fragments.publish(ignore === 1 ? 0 : count);
  rings.packets.publish(1);
}

describe('packets in several fragments', () => {
  it('wrap around the end of the fragment ring', () => {
    const rings = make(4, 4);
    for (let round = 0; round < 6; round++) {
      send(rings, 3);
      expect(rings.fragments.freeCount).toBe(0);
      rings.postPackets(1);
      expect(rings.fragments.drainCount).toBe(3);
      rings.completePackets(1);
      rings.reapPackets(1);
      expect(rings.fragments.freeCount).toBe(3);
      expect(rings.fragments.processedIndex).toBe((3 * (round + 1)) % 4);
    }
  });

  it('have no fragments when they are ignored, whatever is written there', () => {
    const rings = make(8, 8);
    send(rings, 2);
    send(rings, 7, 1);
    send(rings, 1);
    rings.postPackets(3);
    expect(rings.fragments.drainCount).toBe(3);
    rings.completePackets(2);
    expect(rings.fragments.drainCount).toBe(1);
    rings.reapPackets(2);
    expect(rings.fragments.processedIndex).toBe(2);
  });

  it('are given back out of order up to the first that is not done', () => {
    const rings = make(8, 16);
    for (const count of [2, 1, 3, 1]) send(rings, count);
    send(rings, 0, 1);
    rings.postPackets(5);
    expect(rings.scratchedCount).toBe(0);
    for (const index of [2, 0]) Packet.scratch.set(i32, rings.packets.at(index), 1);
    expect(rings.scratchedCount).toBe(1);
    rings.completePackets(rings.scratchedCount);
    expect(rings.fragments.beginIndex).toBe(2);
    Packet.scratch.set(i32, rings.packets.at(1), 1);
    expect(rings.scratchedCount).toBe(2);
    rings.completePackets(2);
    Packet.scratch.set(i32, rings.packets.at(3), 1);
    expect(rings.scratchedCount).toBe(2); // the ignored one behind it as well
    rings.completePackets(2);
    expect([rings.fragments.beginIndex, rings.packets.beginIndex]).toEqual([7, 5]);
  });

  it('may leave gaps on receive, which the framework finds', () => {
    const rings = make(8, 16);
    rings.packets.publish(4);
    rings.fragments.publish(12);
    describePacket(rings, 0, 2, 2); // fragments 0 and 1 are skipped
    describePacket(rings, 1, 9, 1, 1); // dropped: its fragments are not in use
    describePacket(rings, 2, 7, 3); // 4 to 6 are skipped
    rings.completePackets(3);
    expect(rings.fragments.beginIndex).toBe(10);
    expect(rings.gapBefore(rings.packets.at(0))).toBe(2);
    rings.reapPackets(1);
    expect(rings.fragments.processedIndex).toBe(4);
    rings.reapPackets(1);
    expect(rings.gapBefore(rings.packets.at(2))).toBe(3);
    rings.reapPackets(1);
    expect(rings.fragments.processedIndex).toBe(10);
  });

  it.each([
    ['starts before what is left', 5, 1],
    ['starts past the end', 4, 1],
    ['reaches past the end', 1, 4],
    ['starts at an index that is not masked', 17, 1],
    ['starts at 2^32 - 1', -1, 1],
    ['is longer than any ring', 0, 65_535],
  ])('move nothing when a run %s', (_what, first, count) => {
    const rings = make(8, 16);
    rings.fragments.publish(4);
    rings.packets.publish(2);
    describePacket(rings, 0, 0, 1);
    describePacket(rings, 1, first, count);
    for (const verb of ['postPackets', 'completePackets', 'reapPackets'] as const) {
      expect(() => {
        rings[verb](2);
      }).toThrow(
        verb === 'reapPackets' ? 'RANGE_EXCEEDED: q 0 packets: reap(2)' : 'FRAGMENT_RUN: q 0 packets: packet 1 has',
      );
    }
    expect(rings.packets.describe()).toContain('processed 0 begin 0 next 0 end 2');
    expect(rings.fragments.describe()).toContain('processed 0 begin 0 next 0 end 4');
    rings.packets.complete(2); // a driver that does not check
    rings.fragments.complete(4);
    expect(() => {
      rings.reapPackets(2);
    }).toThrow(RingError);
    expect(rings.fragments.processedIndex).toBe(0);
  });

  it.each([3, -1, 0.5, NaN])('move nothing for a count of %d', (count) => {
    const rings = make(8, 16);
    send(rings, 1);
    send(rings, 1);
    for (const verb of ['postPackets', 'completePackets', 'reapPackets'] as const) {
      expect(() => {
        rings[verb](count);
      }).toThrow('RANGE_EXCEEDED');
    }
    expect(rings.packets.describe()).toContain('processed 0 begin 0 next 0 end 2');
    expect(rings.fragments.describe()).toContain('processed 0 begin 0 next 0 end 2');
  });
});

/** A packet as the lists hold it. */
interface Listed {
  readonly fragments: readonly number[]; // numbered from the first one ever, so that they never wrap
  readonly ignored: boolean;
  done: boolean;
}

/** Packets and fragments as plain lists. */
class Lists {
  readonly packets: number;
  readonly fragments: number;
  readonly sent: Listed[] = [];
  readonly posted: Listed[] = [];
  readonly returned: Listed[] = [];
  /** Fragments handed out ever, and taken back ever. */
  next = 0;
  taken = 0;

  constructor(packets: number, fragments: number) {
    this.packets = packets;
    this.fragments = fragments;
  }

  get inFlight(): number {
    return this.sent.length + this.posted.length + this.returned.length;
  }
}

let commandsRun = 0;
const command = (
  name: string,
  run: (lists: Lists, rings: RingCollection) => void,
): fc.Command<Lists, RingCollection> => ({
  check: () => true,
  toString: () => name,
  run(lists, rings) {
    commandsRun++;
    run(lists, rings);
    compare(lists, rings);
  },
});

function compare({ sent, posted, returned, next, taken, fragments }: Lists, rings: RingCollection): void {
  const last = (list: readonly Listed[], otherwise: number): number =>
    list.flatMap((packet) => packet.fragments).at(-1) ?? otherwise - 1;
  const begin = last(returned, taken) + 1;
  const posting = last(posted, begin) + 1;
  const expected = [taken, begin, posting, next].map((number) => number % fragments);
  const ring = rings.fragments;
  const actual = [ring.processedIndex, ring.beginIndex, ring.nextIndex, ring.endIndex];
  if (actual.some((index, at) => index !== expected[at])) expect(actual).toEqual(expected);
  const lengths = [rings.packets.reapCount, rings.packets.drainCount, rings.packets.postCount];
  const counts = [returned.length, posted.length, sent.length];
  if (lengths.some((length, at) => length !== counts[at])) expect(lengths).toEqual(counts);
  const prefix = posted.findIndex(({ done, ignored }) => !done && !ignored);
  if (rings.scratchedCount !== (prefix === -1 ? posted.length : prefix)) expect(rings.scratchedCount).toBe(prefix);
}

/** A run of `count` fragments that starts `gap` further than it might. */
const sending = (count: number, gap: number, ignored: boolean): fc.Command<Lists, RingCollection> =>
  command(`send(${count} after ${gap}${ignored ? ', ignored' : ''})`, (lists, rings) => {
    const needed = ignored ? 0 : count + gap;
    const room = lists.fragments - 1 - (lists.next - lists.taken);
    if (lists.inFlight === lists.packets - 1 || needed > room || count === 0) return;
    const first = lists.next + gap;
    describePacket(rings, rings.packets.endIndex, first % lists.fragments, count, ignored ? 1 : 0);
    rings.fragments.publish(needed);
    rings.packets.publish(1);
    lists.next += needed;
    const fragments = ignored ? [] : Array.from({ length: count }, (_, index) => first + index);
    lists.sent.push({ fragments, ignored, done: false });
  });

const moving = (
  verb: 'postPackets' | 'completePackets' | 'reapPackets',
  count: number,
): fc.Command<Lists, RingCollection> =>
  command(`${verb}(${count})`, (lists, rings) => {
    const { sent, posted, returned } = lists;
    const most = {
      postPackets: sent.length,
      completePackets: sent.length + posted.length,
      reapPackets: returned.length,
    };
    if (count > most[verb]) {
      if (!refuses(() => rings[verb](count))) expect.fail(`${verb}(${count}) went through`);
      return;
    }
    rings[verb](count);
    if (verb === 'postPackets') posted.push(...sent.splice(0, count));
    if (verb === 'completePackets') {
      const fromSent = Math.max(0, count - posted.length);
      returned.push(...posted.splice(0, count), ...sent.splice(0, fromSent));
    }
    if (verb === 'reapPackets') {
      const reaped = returned.splice(0, count);
      lists.taken = (reaped.flatMap(({ fragments }) => fragments).at(-1) ?? lists.taken - 1) + 1;
    }
  });

const refuses = (action: () => void): boolean => {
  try {
    action();
    return false;
  } catch (error) {
    return error instanceof RingError;
  }
};

const finishing = (which: number): fc.Command<Lists, RingCollection> =>
  command(`finish(${which})`, ({ posted }, rings) => {
    const packet = posted[which % Math.max(1, posted.length)];
    if (packet === undefined) return;
    packet.done = true;
    Packet.scratch.set(i32, rings.packets.at(rings.packets.beginIndex + posted.indexOf(packet)), 1);
  });

const few = fc.integer({ min: 0, max: 4 });
const commands = fc.commands(
  [
    fc
      .tuple(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 0, max: 2 }), fc.boolean())
      .map(([count, gap, odd]) => sending(count, gap, odd && gap === 2)),
    fc.tuple(fc.integer({ min: 1, max: 3 }), fc.constant(0), fc.constant(false)).map((run) => sending(...run)),
    few.map((count) => moving('postPackets', count)),
    few.map((count) => moving('completePackets', count)),
    few.map((count) => moving('reapPackets', count)),
    few.map(finishing),
  ],
  { maxCommands: 200, size: 'max' },
);
const seeded = process.env['NETCX_SEED'] === undefined ? {} : { seed: Number(process.env['NETCX_SEED']) };

describe('packets beside plain lists', () => {
  it('take their fragments along, over 100,000 commands', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 4 }),
        fc.integer({ min: 1, max: 5 }),
        commands,
        (packets, fragments, moves) => {
          fc.modelRun(
            () => ({ model: new Lists(2 ** packets, 2 ** fragments), real: make(2 ** packets, 2 ** fragments) }),
            moves,
          );
        },
      ),
      { numRuns: 1_100, ...seeded },
    );
    expect(commandsRun).toBeGreaterThan(100_000);
  });
});
