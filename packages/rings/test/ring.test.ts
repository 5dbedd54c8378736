/*
 * A ring's life by example: how it is built and refused, what each method moves, and what stays where it was.
 */

import { hostPages } from '@netcx/dma';
import { hostBytes, i32, u8 } from '@netcx/dma/memory';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { Ring, RingError, RingHeader } from '../src/index.ts';

const block = hostPages.allocate(65_536, { owner: 'ring test' });
afterAll(() => hostPages.free(block));
beforeEach(() => u8.fill(0xa5, block, block + 65_536));

const codeOf = (action: () => unknown): string => {
  try {
    action();
    return 'accepted';
  } catch (error) {
    if (error instanceof RingError) return error.code;
    throw error;
  }
};

const indices = (ring: Ring) => [ring.processedIndex, ring.beginIndex, ring.nextIndex, ring.endIndex];

describe('create', () => {
  it('writes the header, zeroes the elements and touches nothing behind them', () => {
    const options = { name: 'tx 0 packets', elements: 8, stride: 20 };
    const ring = Ring.create(block + 64, options);
    expect(Ring.bytes(options)).toBe(64 + 8 * 20);
    const header = Buffer.from(u8.slice(block + 64, block + 128)).toString('hex');
    // The core descriptor at byte 20: the whole element, version 1, since nothing else was said.
    const core = '1400' + '0100';
    expect(header).toBe('0000' + '1400' + '08000000' + '07000000' + '00'.repeat(8) + core + '00'.repeat(40));
    expect(ring).toMatchObject({ coreSize: 20, coreVersion: 1 });
    expect(u8.slice(block + 128, block + 288).every((byte) => byte === 0)).toBe(true);
    expect([u8[block + 63], u8[block + 288]]).toEqual([0xa5, 0xa5]);
    expect(ring).toMatchObject({ name: 'tx 0 packets', offset: block + 64, elements: 8, mask: 7, stride: 5 });
    expect([ring.header * 4, ring.base * 4]).toEqual([block + 64, block + 128]);
    expect([ring.at(0), ring.at(7), ring.at(8), ring.at(-1)]).toEqual([
      ring.base,
      ring.base + 35,
      ring.base,
      ring.base + 35,
    ]);
  });

  it.each([0, 1, 3, 6, 2 ** 21, -2, 2.5, NaN])('refuses %d elements', (elements) => {
    expect(codeOf(() => Ring.create(block, { name: 'r', elements, stride: 16 }))).toBe('RING_SIZE');
  });

  it.each([0, 2, 3, 18, 65_536, -4, 4.5, NaN])('refuses a stride of %d bytes', (stride) => {
    expect(codeOf(() => Ring.create(block, { name: 'r', elements: 2, stride }))).toBe('RING_STRIDE');
  });

  it.each([-64, 32, 64.5, NaN, hostBytes, hostBytes - 64])('refuses host offset %d', (offset) => {
    expect(codeOf(() => Ring.create(offset, { name: 'r', elements: 2, stride: 16 }))).toBe('RING_ADDRESS');
  });

  it.each([
    { coreSize: 0 },
    { coreSize: 14 },
    { coreSize: 24 },
    { coreSize: NaN },
    { coreVersion: 0 },
    { coreVersion: 1.5 },
    { coreVersion: 65_536 },
  ])('refuses a core descriptor of %o', (core) => {
    const options = { name: 'r', elements: 2, stride: 20, ...core };
    expect(codeOf(() => Ring.bytes(options))).toBe('RING_CORE');
    expect(codeOf(() => Ring.create(block, options))).toBe('RING_CORE');
  });

  it('tells its core descriptor to whoever attaches', () => {
    Ring.create(block, { name: 'made', elements: 2, stride: 24, coreSize: 20, coreVersion: 2 });
    expect(Ring.attach(block, 'found')).toMatchObject({ coreSize: 20, coreVersion: 2 });
  });

  it('takes the smallest and the largest that it says', () => {
    expect(Ring.bytes({ name: 'r', elements: 2, stride: 4 })).toBe(72);
    expect(Ring.bytes({ name: 'r', elements: 2 ** 20, stride: 65_532 })).toBe(64 + 2 ** 20 * 65_532);
  });
});

describe('attach', () => {
  it('finds the ring that was created there, and shares its indices', () => {
    const ring = Ring.create(block, { name: 'made', elements: 4, stride: 12 });
    ring.publish(3);
    const same = Ring.attach(block, 'found');
    expect(same).toMatchObject({ name: 'found', offset: block, elements: 4, mask: 3, stride: 3, base: ring.base });
    expect(same.driverCount).toBe(3);
    same.complete(2);
    expect(indices(ring)).toEqual([0, 2, 2, 3]);
  });

  it.each([block + 4, block + 32, block + 0.5, -64, NaN, hostBytes, 2 ** 40])('refuses host offset %d', (offset) => {
    Ring.create(block, { name: 'made', elements: 4, stride: 12 });
    expect(codeOf(() => Ring.attach(offset, 'found'))).toBe('RING_HEADER');
  });

  it('refuses a sound header where no ring can begin', () => {
    Ring.create(block, { name: 'made', elements: 4, stride: 12 });
    u8.copyWithin(block + 32, block, block + 64);
    expect(codeOf(() => Ring.attach(block + 32, 'found'))).toBe('RING_HEADER');
    expect(codeOf(() => Ring.attach(block + 32.5, 'found'))).toBe('RING_HEADER');
  });

  // prettier-ignore
  it.each<[string, Exclude<keyof typeof RingHeader, symbol>, number]>([
    ['no elements',                     'numberOfElements', 0],
    ['a number that is no power of two', 'numberOfElements', 5],
    ['a mask of another ring',          'elementIndexMask', 7],
    ['no stride',                       'elementStride',    0],
    ['a stride of half words',          'elementStride',    6],
    ['an end past the end',             'endIndex',         4],
    ['a begin past the end',            'beginIndex',       0xffff_ffff],
    ['a next past the end',             'nextIndex',        4],
    ['a processed past the end',        'processedIndex',   0x8000_0000],
    ['a core larger than an element',   'coreSize',         16],
    ['a core of half words',            'coreSize',         6],
    ['a core of no version',            'coreVersion',      0],
  ])('refuses a header with %s', (_what, field, value) => {
    Ring.create(block, { name: 'made', elements: 4, stride: 12 });
    RingHeader[field].set(i32, block >>> 2, value);
    expect(() => Ring.attach(block, 'rx 0 packets')).toThrow(`RING_HEADER: rx 0 packets: no ring at host offset ${block}`);
  });

  it('refuses a header whose elements would reach past the memory', () => {
    Ring.create(block, { name: 'made', elements: 4, stride: 12 });
    RingHeader.numberOfElements.set(i32, block >>> 2, 2 ** 20);
    RingHeader.elementIndexMask.set(i32, block >>> 2, 2 ** 20 - 1);
    RingHeader.elementStride.set(i32, block >>> 2, 65_532);
    expect(codeOf(() => Ring.attach(block, 'found'))).toBe('RING_HEADER');
  });
});

describe('the four indices', () => {
  it('go round through the four sections', () => {
    const ring = Ring.create(block, { name: 'r', elements: 8, stride: 16 });
    const counts = () => [ring.reapCount, ring.drainCount, ring.postCount, ring.freeCount];
    expect(counts()).toEqual([0, 0, 0, 7]);
    ring.publish(6);
    expect(counts()).toEqual([0, 0, 6, 1]);
    ring.post(5);
    expect(counts()).toEqual([0, 5, 1, 1]);
    ring.complete(4);
    expect(counts()).toEqual([4, 1, 1, 1]);
    expect(indices(ring)).toEqual([0, 4, 5, 6]);
    ring.reap(3);
    expect(counts()).toEqual([1, 1, 1, 4]);
    ring.publish(4); // wraps
    expect(indices(ring)).toEqual([3, 4, 5, 2]);
    expect(ring.driverCount).toBe(6);
    expect(ring.describe()).toBe('r: 8 x 16 B, processed 3 begin 4 next 5 end 2');
  });

  it('never has more than all but one element in flight', () => {
    const ring = Ring.create(block, { name: 'r', elements: 2, stride: 4 });
    for (let round = 0; round < 5; round++) {
      ring.publish(1);
      expect(
        codeOf(() => {
          ring.publish(1);
        }),
      ).toBe('RANGE_EXCEEDED');
      ring.complete(1);
      expect(
        codeOf(() => {
          ring.publish(1);
        }),
      ).toBe('RANGE_EXCEEDED'); // given back, but not reaped
      ring.reap(1);
    }
    expect(indices(ring)).toEqual([1, 1, 1, 1]);
  });

  it('takes next along for a driver that does not post', () => {
    const ring = Ring.create(block, { name: 'r', elements: 8, stride: 16 });
    ring.publish(6);
    ring.post(1);
    ring.complete(4);
    expect([ring.nextIndex, ring.drainCount, ring.postCount]).toEqual([4, 0, 2]);
    ring.post(2);
    ring.complete(1);
    expect([ring.nextIndex, ring.drainCount]).toEqual([6, 1]);
  });

  it('start at 0 again after a reset, elements as they were', () => {
    const ring = Ring.create(block, { name: 'r', elements: 4, stride: 4 });
    i32[ring.at(2)] = 77;
    ring.publish(3);
    ring.post(2);
    ring.complete(1);
    ring.reap(1);
    ring.reset();
    expect(indices(ring)).toEqual([0, 0, 0, 0]);
    expect(i32[ring.at(2)]).toBe(77);
  });

  const verbs = ['publish', 'post', 'complete', 'reap'] as const;
  const counts = [-1, 4, 1.5, NaN, Infinity, 2 ** 32, 2 ** 32 + 1, -(2 ** 32), undefined as unknown as number];
  it.each(verbs.flatMap((verb) => counts.map((count) => [verb, count] as const)))(
    'stay where they are for %s(%d)',
    (verb, count) => {
      const ring = Ring.create(block, { name: 'rx 3 packets', elements: 16, stride: 16 });
      ring.publish(12);
      ring.post(9);
      ring.complete(6);
      ring.reap(3);
      const most = { publish: 6, post: 3, complete: 6, reap: 3 }[verb];
      expect(
        codeOf(() => {
          ring[verb](most);
        }),
      ).toBe('accepted');
      const after = indices(ring);
      expect(
        codeOf(() => {
          ring[verb](count);
        }),
      ).toBe('RANGE_EXCEEDED');
      expect(() => {
        ring[verb](count);
      }).toThrow(
        new RegExp(
          `^RANGE_EXCEEDED: rx 3 packets: ${verb}\\(.+\\), but at most \\d+ elements may move \\(rx 3 packets: 16 x 16 B, processed`,
        ),
      );
      expect(indices(ring)).toEqual(after);
    },
  );
});
