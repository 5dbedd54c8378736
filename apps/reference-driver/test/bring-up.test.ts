/* The driver on the model, in every shape that its options give it: it comes up, carries frames both ways, and leaves nothing. */

import { hostPages, Iommu } from '@netcx/dma';
import { describe, expect, it } from 'vitest';
import { DriverError, type DriverOptions } from '../src/index.ts';
import { arriving, firstWrong, frame, Pair, type PairOptions, type TestStation } from './pair.ts';

const shapes: Readonly<Record<string, PairOptions>> = {
  'as shipped': {},
  'behind an IOMMU': { iommu: true },
  'two queues': { queues: 2 },
  'sixteen queues, which share vectors': { queues: 16 },
  'jumbo frames': { mtu: 9706 },
  'jumbo frames behind an IOMMU': { mtu: 9706, iommu: true },
  'the smallest frames': { mtu: 68 },
  'the smallest rings': { ringSize: 8 },
  'the largest rings': { ringSize: 4096 },
  'no checksum offload': { checksumOffload: false },
  'no pause between interrupts': { interruptInterval: 0 },
  'ten vectors, as QEMU has': { queues: 8, nic: { vectors: 10 } },
  'two vectors for everything': { queues: 4, nic: { vectors: 2 } },
};

const bytesOf = (station: TestStation): Uint8Array[] => station.arrivals.map(({ bytes }) => bytes);

describe.each(Object.entries(shapes))('%s', (_, options) => {
  it('carries frames both ways and leaves nothing behind', async () => {
    const taken = hostPages.bytesTaken;
    const pair = await Pair.started(options);
    const { a, b } = pair;
    const longest = (options.mtu ?? 1500) + 14;
    const lengths = [14, 59, 60, 61, 64, 65, longest - 1, longest].filter((length) => length <= longest);
    const queues = options.queues ?? 1;
    const there: Uint8Array[] = [];
    const back: Uint8Array[] = [];
    for (let round = 0; round < 40; round++) {
      for (const length of lengths) {
        there.push(frame(length, there.length));
        back.push(frame(length, 10_000 + back.length));
        pair.send(a, there.at(-1)!, { queue: 0 });
        pair.send(b, back.at(-1)!, { queue: 0 });
      }
    }
    pair.clock.advance(50e6);
    expect(firstWrong(bytesOf(b), there.map(arriving))).toBeUndefined();
    expect(firstWrong(bytesOf(a), back.map(arriving))).toBeUndefined();

    // Now one at a time, by every queue, with sleep in between: each one must wake whoever waits for it.
    for (let number = 0; number < 3 * queues; number++) {
      const before = b.arrivals.length;
      expect(a.trySend(frame(60, 777), { queue: number % queues })).toBe(true);
      pair.clock.advance(1e6);
      expect(b.arrivals.length, `frame ${number} by queue ${number % queues}`).toBe(before + 1);
      expect(a.edge(number % queues).pending).toBe(0);
    }
    const { domain } = b;
    if (domain instanceof Iommu) expect(domain.faultCount).toBe(0);
    expect(
      [a.driver.counters(), b.driver.counters()].map(({ transmit, receive }) => [
        transmit.invalidHeads,
        transmit.unsent,
        receive,
      ]),
    ).toEqual([
      [0, 0, { errors: 0, invalidLengths: 0 }],
      [0, 0, { errors: 0, invalidLengths: 0 }],
    ]);
    await pair.close();
    expect(hostPages.bytesTaken).toBe(taken);
    if (domain instanceof Iommu) expect(domain.mappedPages).toBe(0);
  });
});

it.each([
  ['of its own', 25],
  ['shared by both directions', 2],
])('a vector %s loses no wake-up, whatever comes together', async (_, vectors) => {
  // Interrupts are held back, so that much happens while one is due; the cable holds little, so that sending has to wait.
  const pair = await Pair.started({ nic: { vectors }, interruptInterval: 100, cable: { capacity: 32 * 1024 } });
  const { a, b, clock } = pair;
  const random = clock.random('what comes together');
  for (let round = 0; round < 300; round++) {
    for (let number = 0; number < 60; number++) expect(b.trySend(frame(1514, number))).toBe(true);
    for (let number = random.between(1, 5); number > 0; number--) {
      clock.advance(random.below(200_000));
      expect(a.trySend(frame(60, round))).toBe(true);
    }
    clock.advance(3e6);
    expect([a.edge().pending, b.edge().pending], `round ${round}`).toEqual([0, 0]);
    expect([a.arrivals.length, b.arrivals.length], `round ${round}`).toEqual([b.completed, a.completed]);
  }
  await pair.close();
});

it('grants the rings that were asked for, and says so', async () => {
  const pair = await Pair.started({ ringSize: 4096 });
  expect(pair.a.driver.adapter.sizes?.transmit.fragments).toEqual({ asked: 4096, granted: 4096, reason: 'as asked' });
  expect(pair.a.driver.adapter.linkState).toEqual({
    connected: true,
    txLinkSpeed: 1e9,
    rxLinkSpeed: 1e9,
    duplex: 'full',
    pause: 'sendAndReceive',
    autoNegotiated: 15,
  });
  expect(pair.a.driver.adapter.linkLayerAddress).toEqual(Uint8Array.of(2, 0, 0, 0, 0, 1));
  await pair.close();
});

it('carries a frame of many parts, and one that is longer than its neighbour', async () => {
  const pair = await Pair.started({ mtu: 9706 });
  const parts = [1, 13, 2, 300, 60, 9, 5000, 1, 1, 1, 64, 64, 64, 64, 64];
  const bytes = frame(parts.reduce((sum, part) => sum + part, 0));
  pair.send(pair.a, bytes, { parts });
  pair.send(pair.a, frame(60, 1));
  pair.clock.advance(10e6);
  expect(bytesOf(pair.b)).toEqual([bytes, frame(60, 1)]);
  await pair.close();
});

it('takes frames that need two receive buffers', async () => {
  // With an MTU of 68 a buffer has 1024 bytes, but the chip lets frames of the standard length pass.
  const pair = await Pair.started({ far: { mtu: 68, ringSize: 8 } });
  const frames = Array.from({ length: 40 }, (_, number) => frame(number % 3 === 0 ? 1514 : 200, number));
  for (const bytes of frames) pair.send(pair.a, bytes);
  pair.clock.advance(10e6);
  expect(firstWrong(bytesOf(pair.b), frames)).toBeUndefined();
  await pair.close();
});

it('receives only what is for it unless it is promiscuous', async () => {
  const pair = await Pair.started({ promiscuous: false });
  const own = frame(60, 1);
  const broadcast = frame(60, 2).fill(255, 0, 6);
  const foreign = frame(60, 3).fill(8, 5, 6);
  const multicast = frame(60, 4).fill(1, 0, 1);
  for (const bytes of [own, broadcast, foreign, multicast]) pair.send(pair.a, bytes);
  pair.clock.advance(10e6);
  expect(bytesOf(pair.b)).toEqual([own, broadcast]);
  await pair.close();
});

it.each<[string, DriverOptions]>([
  ['mtu', { mtu: 67 }],
  ['mtu', { mtu: 9707 }],
  ['mtu', { mtu: 1500.5 }],
  ['queues', { queues: 0 }],
  ['queues', { queues: 17 }],
  ['ringSize', { ringSize: 4 }],
  ['ringSize', { ringSize: 100 }],
  ['ringSize', { ringSize: 8192 }],
  ['interruptInterval', { interruptInterval: -1 }],
  ['interruptInterval', { interruptInterval: 8192 }],
])('refuses a bad %s: %o', (name, options) => {
  expect(() => new Pair(options)).toThrow(DriverError);
  expect(() => new Pair(options)).toThrow(new RegExp(`^BAD_OPTION: a: ${name} is `));
});
