// Owns: what each impairment does to frames, in virtual time, against arithmetic.
// Invariant: a frame in these tests is its number in four bytes, so that every one can be told from every other.
import { MICROSECOND, MILLISECOND, Random, VirtualClock, type Alarm } from '@netcx/clock';
import { afterEach, describe, expect, it } from 'vitest';
import {
  corrupt,
  delay,
  duplicate,
  gilbert,
  Link,
  LoopbackLink,
  loss,
  mangle,
  rate,
  reorder,
  tap,
} from '../src/index.ts';
import { Frame, FRAME_BAD_FCS, i32 } from '../src/wire.ts';
import { BYTES, closeLinks, numbers, rig, ROOM, upTo } from './impaired-rig.ts';

afterEach(closeLinks);

describe('loss', () => {
  it('of nothing and of everything', () => {
    expect(numbers(rig([loss(0)]).run(50))).toEqual(upTo(50));
    const all = rig([loss(1)]);
    expect(all.run(50)).toEqual([]);
    expect(all.counts()).toEqual({ lost: 50 });
  });

  it('is as frequent as it should be, and the rest arrives in order', () => {
    const { run, counts } = rig([loss(0.1)]);
    const arrived = numbers(run(10_000, 100));
    // Five standard deviations of a binomial distribution are 150.
    expect(counts()['lost']).toBeGreaterThan(850);
    expect(counts()['lost']).toBeLessThan(1150);
    expect(arrived.length + (counts()['lost'] ?? 0)).toBe(10_000);
    expect(arrived).toEqual([...arrived].sort((one, other) => one - other));
  });

  it('comes in bursts, as long and as many as the two states say', () => {
    const { run, counts } = rig([gilbert({ enter: 0.02, leave: 0.25 })]);
    const arrived = numbers(run(20_000, 100));
    const lost = counts()['lost'] ?? 0;
    expect(lost / 20_000).toBeGreaterThan(0.8 * (0.02 / 0.27));
    expect(lost / 20_000).toBeLessThan(1.2 * (0.02 / 0.27));
    const gaps = arrived.slice(1).map((number, index) => number - (arrived[index] ?? 0) - 1);
    const bursts = gaps.filter((gap) => gap > 0);
    const mean = bursts.reduce((sum, gap) => sum + gap, 0) / bursts.length;
    // Four frames on average; independent losses of this rate would come 1.1 at a time.
    expect(mean).toBeGreaterThan(3.4);
    expect(mean).toBeLessThan(4.6);
  });

  it('in each state by its own chance', () => {
    const never = rig([gilbert({ enter: 1, leave: 0, lossInBad: 0, lossInGood: 1 })]);
    expect(numbers(never.run(20))).toEqual(upTo(20));
    const good = rig([gilbert({ enter: 0, leave: 1, lossInBad: 0, lossInGood: 1 })]);
    expect(good.run(20)).toEqual([]);
  });
});

describe('delay', () => {
  it('is exact without jitter', () => {
    const { run } = rig([delay(2 * MILLISECOND)]);
    expect(run(1).map(({ time }) => time)).toEqual([672 + 2 * MILLISECOND]);
  });

  it('varies within its jitter, both ways, and keeps the order', () => {
    const { clock, send, arrivals } = rig([delay(2 * MILLISECOND, { jitter: MILLISECOND })]);
    const delays: number[] = [];
    for (let frame = 0; frame < 200; frame++) {
      const from = clock.now();
      send(1);
      clock.run();
      delays.push((arrivals.at(-1)?.time ?? 0) - from - 672);
    }
    expect(Math.min(...delays)).toBeGreaterThanOrEqual(MILLISECOND);
    expect(Math.min(...delays)).toBeLessThan(1.1 * MILLISECOND);
    expect(Math.max(...delays)).toBeLessThanOrEqual(3 * MILLISECOND);
    expect(Math.max(...delays)).toBeGreaterThan(2.9 * MILLISECOND);
    const together = rig([delay(0, { jitter: MILLISECOND })]);
    expect(numbers(together.run(500))).toEqual(upTo(500));
  });

  it('holds so many bytes at most, and drops the rest', () => {
    const { run, counts, link } = rig([delay(1000 * MILLISECOND, { limit: 10 * BYTES })]);
    expect(numbers(run(25, 5))).toEqual(upTo(10));
    expect(counts()).toEqual({ delayed: 10, dropped: 15 });
    expect(link.impairments().aToB[0]?.held).toBe(0);
  });

  it('loses what it holds when the link goes down', () => {
    const { clock, link, send, arrivals } = rig([delay(MILLISECOND)]);
    send(5);
    clock.advance(10 * MICROSECOND);
    expect(link.impairments().aToB[0]?.held).toBe(5);
    link.b.enable(false);
    clock.run();
    expect(arrivals).toEqual([]);
    expect(link.counters().aToB).toMatchObject({ frames: 0, lostFrames: 5 });
    link.b.enable(true);
    send(1);
    clock.run();
    expect(numbers(arrivals)).toEqual([5]);
  });
});

describe('rate', () => {
  it('spaces frames by their time on the wire', () => {
    const { run } = rig([rate(10_000_000)]);
    const times = run(4, 4).map(({ time }) => time);
    // A burst of four shortest frames comes after 2,688 ns; each takes 84 bytes at 10 Mbit/s.
    expect(times).toEqual([1, 2, 3, 4].map((frame) => 4 * 672 + frame * 67_200));
  });

  it('stays exact over many frames although alarms are whole nanoseconds', () => {
    const { run } = rig([rate(7_000_000, { limit: 1_000_000 })]);
    const arrivals = run(1000, 1000);
    expect(arrivals.at(-1)?.time).toBe(Math.ceil(1000 * 672 + (1000 * 84 * 8e9) / 7e6));
  });

  it('drops what finds its queue full', () => {
    const { run, counts } = rig([rate(1_000_000, { limit: 3 * BYTES })]);
    expect(numbers(run(10))).toEqual([0, 1, 2]);
    expect(counts()).toEqual({ passed: 3, dropped: 7 });
  });
});

describe('reordering', () => {
  it('lets so many frames overtake', () => {
    const clock = new VirtualClock();
    const held = [1, 4, 5];
    let taken = 0;
    const random = Object.assign(new Random(1), { chance: () => held.includes(taken) });
    const out: number[] = [];
    const alarm = (callback: () => void): Alarm => clock.alarm(callback);
    const stage = reorder(0.5, { distance: 2 }).start({ random, limit: 4000, now: () => clock.now(), alarm }, (frame) =>
      out.push(frame.bytes[0] ?? -1),
    );
    for (; taken < 9; taken++) stage.take({ bytes: Uint8Array.of(taken), status: 0 });
    expect(out).toEqual([0, 2, 3, 1, 6, 7, 4, 5, 8]);
    expect([stage.counters(), stage.held, clock.pending]).toEqual([{ reordered: 3 }, 0, 0]);
  });

  it('loses what it holds when it is taken away', () => {
    const { clock, send, arrivals, link } = rig([reorder(1)]);
    send(1);
    clock.advance(10 * MICROSECOND);
    link.impair([]);
    expect(link.counters().aToB.lostFrames).toBe(1);
    send(1);
    clock.run();
    expect([numbers(arrivals), link.impairments().aToB]).toEqual([[1], []]);
  });

  it('delivers everything, some of it later', () => {
    const { run, counts } = rig([reorder(0.05, { distance: 3 })]);
    const arrived = numbers(run(2000));
    expect([...arrived].sort((one, other) => one - other)).toEqual(upTo(2000));
    const late = arrived.filter((number, index) => arrived.slice(0, index).some((before) => before > number));
    expect(late.length).toBe(counts()['reordered']);
    expect(late.length).toBeGreaterThan(60);
    expect(late.length).toBeLessThan(140);
    // At least three overtake each of them, and others that are held may join.
    for (const number of late) {
      const before = arrived.slice(0, arrived.indexOf(number)).filter((other) => other > number);
      expect(before.length).toBeGreaterThanOrEqual(3);
    }
  });

  it('does not wait for ever for frames that do not come', () => {
    const { run } = rig([reorder(1, { patience: 5 * MILLISECOND })]);
    expect(run(3, 3).map(({ number, time }) => [number, time])).toEqual(
      [0, 1, 2].map((number) => [number, 3 * 672 + 5 * MILLISECOND]),
    );
  });
});

describe('duplication and damage', () => {
  it('delivers some frames twice, one behind the other', () => {
    const { run, counts } = rig([duplicate(0.1)]);
    const arrived = numbers(run(2000));
    expect(arrived.length).toBe(2000 + (counts()['duplicated'] ?? 0));
    expect(counts()['duplicated']).toBeGreaterThan(140);
    expect(counts()['duplicated']).toBeLessThan(260);
    expect([...new Set(arrived)]).toEqual(upTo(2000));
    expect(arrived).toEqual([...arrived].sort((one, other) => one - other));
  });

  it.each([
    ['corrupt', corrupt, FRAME_BAD_FCS],
    ['mangle', mangle, 0],
  ] as const)('%s flips bits at its rate', (_name, make, status) => {
    const { run, counts } = rig([make(1e-3)]);
    const arrivals = run(5000, 100);
    let flipped = 0;
    let damaged = 0;
    for (const [index, arrival] of arrivals.entries()) {
      const expected = new Uint8Array(BYTES);
      new DataView(expected.buffer).setUint32(0, index);
      let bits = 0;
      for (const [at, byte] of arrival.bytes.entries()) {
        for (let difference = byte ^ (expected[at] ?? 0); difference > 0; difference &= difference - 1) bits++;
      }
      flipped += bits;
      damaged += Number(bits > 0);
      expect(arrival.status).toBe(bits > 0 ? status : 0);
    }
    expect(counts()).toEqual({ damaged });
    // 2,400,000 bits: 2,400 flips, give or take five standard deviations.
    expect(flipped).toBeGreaterThan(2400 - 245);
    expect(flipped).toBeLessThan(2400 + 245);
  });

  it('flips every bit or none at the ends of the scale', () => {
    const [every] = rig([mangle(1)]).run(1);
    expect(every?.bytes).toEqual(new Uint8Array(BYTES).fill(0xff));
    const [none] = rig([corrupt(0)]).run(1);
    expect([none?.status, none?.bytes]).toEqual([0, new Uint8Array(BYTES)]);
  });

  it('leaves a duplicate as it was', () => {
    // Every frame twice, then every second bit of chance: both copies are damaged each by itself.
    const arrivals = rig([duplicate(1), corrupt(1e-2)]).run(50);
    const pairs = upTo(50).map((index) => [arrivals[2 * index]?.bytes, arrivals[2 * index + 1]?.bytes]);
    expect(pairs.some(([one, other]) => Buffer.compare(one ?? Buffer.of(), other ?? Buffer.of()) !== 0)).toBe(true);
  });
});

describe('stages', () => {
  it('apply in the order in which they are listed, and a tap between them sees what passes there', () => {
    const seen: number[] = [];
    const watch = tap((frame, time) => {
      const { buffer, byteOffset } = frame.bytes;
      seen.push(new DataView(buffer, byteOffset).getUint32(0));
      expect(time).toBe(672);
    });
    const { run, counts } = rig([duplicate(1), watch, delay(1000), loss(1)]);
    expect(run(1)).toEqual([]);
    expect(seen).toEqual([0, 0]);
    expect([counts(0), counts(1), counts(2), counts(3)]).toEqual([
      { duplicated: 1 },
      { seen: 2 },
      { delayed: 2, dropped: 0 },
      { lost: 2 },
    ]);
  });

  it('are of one direction if that is asked', () => {
    const { link } = rig({ aToB: [loss(1)], bToA: [] });
    expect(link.impairments()).toEqual({ aToB: [{ name: 'loss', held: 0, counts: { lost: 0 } }], bToA: [] });
  });

  it('work behind a plug, and the tap of a link sees what comes through', () => {
    const clock = new VirtualClock();
    const plug = new LoopbackLink(clock, { impairments: [duplicate(1)] });
    let frames = 0;
    let tapped = 0;
    plug.tap((direction, _offset, count) => (tapped += direction === 'aToB' ? count : 0));
    plug.end.attach({
      receive: (_offset, count) => (frames += count),
      room: () => undefined,
      changed: () => undefined,
    });
    plug.end.enable(true);
    const at = plug.end.reserve(ROOM);
    Frame.length.set(i32, at >> 2, BYTES);
    plug.end.commit(1, ROOM);
    clock.run();
    expect([frames, tapped, plug.impairments()]).toEqual([
      2,
      2,
      [{ name: 'duplicate', held: 0, counts: { duplicated: 1 } }],
    ]);
    plug.close();
  });

  it('give their memory back', () => {
    const clock = new VirtualClock();
    for (let round = 0; round < 100; round++) new Link(clock, { impairments: [loss(0.5)] }).close();
  });
});
