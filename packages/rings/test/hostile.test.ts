/*
 * What another worker or a driver wrote is not believed: headers, indices and packets of random bits. Either everything is
 * sound, or the answer is a RingError, and no index has moved and no byte outside the rings has changed. A failure prints its
 * seed; NETCX_SEED replays it, NETCX_EFFORT above 1 tries twenty times as much.
 */

import { hostPages } from '@netcx/dma';
import { hostBytes, i32, u8 } from '@netcx/dma/memory';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { Packet, Ring, RingCollection, RingConsumer, RingError, RingHeader, RingProducer } from '../src/index.ts';

const BYTES = 16_384;
const block = hostPages.allocate(BYTES, { owner: 'hostile test' });
afterAll(() => hostPages.free(block));

const effort = Number(process.env['NETCX_EFFORT'] ?? 1);
const settings = (runs: number): { numRuns: number; seed?: number } => ({
  numRuns: effort > 1 ? runs * 20 : runs,
  ...(process.env['NETCX_SEED'] === undefined ? {} : { seed: Number(process.env['NETCX_SEED']) }),
});

/** What an action returns, or the code of the RingError that it throws; anything else that it throws is a failure. */
function attempt<T>(action: () => T): T | string {
  try {
    return action();
  } catch (error) {
    if (error instanceof RingError) return error.code;
    throw error;
  }
}

const word = fc.oneof(
  { weight: 3, arbitrary: fc.integer({ min: 0, max: 40 }) },
  { weight: 1, arbitrary: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }) },
);
const fields = [
  'numberOfElements',
  'elementIndexMask',
  'elementStride',
  'coreSize',
  'coreVersion',
  'ringsBehind',
] as const;
const indices = ['processedIndex', 'beginIndex', 'nextIndex', 'endIndex'] as const;
const damage = fc.array(fc.tuple(fc.constantFrom(...fields, ...indices), word), { minLength: 1, maxLength: 3 });

describe('whoever attaches', () => {
  it('finds a sound ring or none, whatever the header holds', () => {
    let found = 0;
    fc.assert(
      fc.property(fc.constantFrom(2, 4, 16), fc.integer({ min: 1, max: 9 }), damage, (elements, words, changes) => {
        Ring.create(block, { name: 'made', elements, stride: words * 4 });
        for (const [field, value] of changes) RingHeader[field].set(i32, block >>> 2, value);
        const ring = attempt(() => Ring.attach(block, 'found'));
        if (typeof ring === 'string') {
          expect(ring).toBe('RING_HEADER');
          return;
        }
        found++;
        expect(ring.mask).toBe(ring.elements - 1);
        expect(ring.coreSize).toBeLessThanOrEqual(ring.stride * 4);
        expect((ring.base + ring.elements * ring.stride) * 4).toBeLessThanOrEqual(hostBytes);
        for (const index of indices) expect(ring[index]).toBeLessThan(ring.elements);
      }),
      settings(3_000),
    );
    expect(found).toBeGreaterThan(100);
  });

  it('finds a sound collection or none, whatever bytes lie there', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 256, maxLength: 256 }), damage, (bytes, changes) => {
        const options = { name: 'made', packets: 4, fragments: 4, packetStride: 12, fragmentStride: 8, dataBuffers: 2 };
        RingCollection.create(block, options);
        const at = bytes[0]!;
        u8.set(bytes.subarray(0, bytes[1]), block + at * 2); // somewhere in the three rings
        for (const [field, value] of changes)
          RingHeader[field].set(i32, (block >>> 2) + (bytes[2]! & 1 ? 0 : 32), value);
        const rings = attempt(() => RingCollection.attach(block, 'found'));
        if (typeof rings === 'string') expect(rings).toBe('RING_HEADER');
        else expect(rings.packets.elements).toBeGreaterThan(1);
      }),
      settings(2_000),
    );
  });

  it('attaches nowhere but where a ring can lie', () => {
    fc.assert(
      fc.property(fc.oneof(fc.double(), fc.integer(), fc.constantFrom(hostBytes, hostBytes - 32, -64)), (offset) => {
        Ring.create(block, { name: 'made', elements: 2, stride: 4 });
        if (offset === block) return;
        expect(attempt(() => Ring.attach(offset, 'found'))).toBe('RING_HEADER');
        expect(attempt(() => RingProducer.attach(offset, 'found'))).toBe('RING_HEADER');
        expect(attempt(() => RingConsumer.attach(offset, 'found'))).toBe('RING_HEADER');
        expect(attempt(() => RingCollection.attach(offset, 'found'))).toBe('RING_HEADER');
      }),
      settings(500),
    );
  });
});

describe('packets of random bits', () => {
  it('are refused or lie within what was handed over, and nothing else changes', () => {
    const counts = { moved: 0, refused: 0 };
    const packet = fc.record({
      first: fc.oneof(fc.integer({ min: 0, max: 15 }), fc.constantFrom(16, -1, 2 ** 31 - 1)),
      count: fc.oneof({ weight: 5, arbitrary: fc.integer({ min: 0, max: 5 }) }, fc.constantFrom(15, 16, 65_535)),
      flags: fc.integer({ min: 0, max: 255 }),
    });
    const start = fc.integer({ min: 0, max: 15 });
    fc.assert(
      fc.property(fc.array(packet, { minLength: 1, maxLength: 7 }), start, start, (packets, turn, handed) => {
        const options = { name: 'q', packets: 8, fragments: 16, packetStride: 12, fragmentStride: 8 };
        u8.fill(0xa5, block, block + BYTES);
        const rings = RingCollection.create(block, options);
        rings.fragments.publish(turn);
        rings.fragments.complete(turn);
        rings.fragments.reap(turn);
        rings.fragments.publish(handed);
        rings.packets.publish(packets.length);
        for (const [index, { first, count, flags }] of packets.entries()) {
          const p = rings.packets.at(index);
          Packet.fragmentIndex.set(i32, p, first);
          Packet.fragmentCount.set(i32, p, count);
          u8[p * 4 + 11] = flags;
        }
        rings.packets.complete(packets.length);
        rings.fragments.complete(handed);
        const before = [rings.packets.describe(), rings.fragments.describe()];
        const refused = attempt(() => {
          rings.reapPackets(packets.length);
        });
        if (refused === undefined) {
          counts.moved++;
          expect(rings.packets.reapCount).toBe(0);
          expect(rings.fragments.reapCount).toBeLessThanOrEqual(handed);
        } else {
          counts.refused++;
          expect(refused).toBe('FRAGMENT_RUN');
          expect([rings.packets.describe(), rings.fragments.describe()]).toEqual(before);
        }
        expect(u8[block + RingCollection.bytes(options)]).toBe(0xa5);
      }),
      settings(3_000),
    );
    expect(counts.moved).toBeGreaterThan(50);
    expect(counts.refused).toBeGreaterThan(50);
  });
});
