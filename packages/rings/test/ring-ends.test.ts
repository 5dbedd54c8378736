/*
 * The two ends of a shared ring, side by side in one worker: what each moves, what it refuses, and what it tells the other.
 * worker.test.ts has them in two workers, hand-off-model.test.ts in every interleaving.
 */

import { hostPages } from '@netcx/dma';
import { i32 } from '@netcx/dma/memory';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { Ring, RingConsumer, RingError, RingHeader, RingProducer } from '../src/index.ts';

const block = hostPages.allocate(4096, { owner: 'ring ends test' });
afterAll(() => hostPages.free(block));

function open(elements = 8) {
  const ring = Ring.create(block, { name: 'r', elements, stride: 8 });
  return {
    ring,
    producer: RingProducer.attach(block, 'tx 0', { polls: 1 }),
    consumer: RingConsumer.attach(block, 'tx 0', { polls: 1 }),
  };
}

const codeOf = (action: () => unknown): string => {
  try {
    action();
    return 'accepted';
  } catch (error) {
    if (error instanceof RingError) return error.code;
    throw error;
  }
};

describe('the two ends of a shared ring', () => {
  it('go round together', () => {
    const { ring, producer, consumer } = open();
    for (let round = 0; round < 20; round++) {
      expect([producer.freeCount, consumer.postCount, consumer.drainCount]).toEqual([7, 0, 0]);
      for (let index = 0; index < 5; index++) i32[producer.at(producer.endIndex + index)] = round * 10 + index;
      expect(producer.publish(5)).toBe(false);
      expect([producer.freeCount, consumer.postCount, consumer.driverCount]).toEqual([2, 5, 5]);
      const seen = Array.from({ length: 5 }, (_, index) => i32[consumer.at(consumer.nextIndex + index)]);
      expect(seen).toEqual([0, 1, 2, 3, 4].map((index) => round * 10 + index));
      consumer.post(4);
      expect(consumer.drainCount).toBe(4);
      expect(consumer.complete(5)).toBe(false); // next goes along
      expect([consumer.drainCount, consumer.beginIndex, consumer.nextIndex]).toEqual([
        0,
        (5 * (round + 1)) % 8,
        (5 * (round + 1)) % 8,
      ]);
      expect(producer.reapCount).toBe(5);
      producer.reap(5);
    }
    expect(ring.describe()).toBe('r: 8 x 8 B, processed 4 begin 4 next 4 end 4');
  });

  it('open where the ring stands', () => {
    const ring = Ring.create(block, { name: 'r', elements: 8, stride: 8 });
    ring.publish(6);
    ring.post(5);
    ring.complete(3);
    ring.reap(2);
    const producer = RingProducer.attach(block, 'p');
    const consumer = RingConsumer.attach(block, 'c');
    expect([producer.processedIndex, producer.endIndex, producer.reapCount, producer.freeCount]).toEqual([2, 6, 1, 3]);
    expect([consumer.beginIndex, consumer.nextIndex, consumer.postCount, consumer.drainCount]).toEqual([3, 5, 1, 2]);
    expect(() => RingProducer.attach(block + 64, 'p')).toThrow('RING_HEADER: p');
    expect(() => RingConsumer.attach(block + 64, 'c')).toThrow('RING_HEADER: c');
  });

  it.each([-1, 8, 1.5, NaN, Infinity, 2 ** 32])('move nothing for a count of %d', (count) => {
    const { ring, producer, consumer } = open();
    producer.publish(3);
    consumer.post(2);
    consumer.complete(1);
    const before = ring.describe();
    for (const move of [
      () => producer.publish(count),
      () => {
        producer.reap(count);
      },
      () => {
        consumer.post(count);
      },
      () => consumer.complete(count),
    ]) {
      expect(codeOf(move)).toBe('RANGE_EXCEEDED');
    }
    expect(ring.describe()).toBe(before);
    expect(() => producer.publish(count)).toThrow(`tx 0: publish(${count}), but at most 4 elements may move`);
  });

  it('look at the other side’s index once for a burst', () => {
    const { producer, consumer } = open();
    const load = vi.spyOn(Atomics, 'load');
    /** Looks at an index of the other side while something is done. */
    const looks = (field: 'endIndex' | 'beginIndex', action: () => unknown): number => {
      load.mockClear();
      action();
      const word = (block >>> 2) + (RingHeader[field].location.byteOffset >>> 2);
      return load.mock.calls.filter(([, index]) => index === word).length;
    };
    try {
      producer.publish(5);
      const receive = () => {
        const count = consumer.postCount;
        consumer.post(count - 1);
        consumer.complete(count);
      };
      expect(looks('endIndex', receive)).toBe(1);
      const reap = () => {
        producer.reap(producer.reapCount);
      };
      expect(looks('beginIndex', reap)).toBe(1);
      // What came since is there for who asks for more than was seen.
      producer.publish(2);
      expect(looks('endIndex', () => consumer.complete(2))).toBeGreaterThan(0);
      expect(consumer.beginIndex).toBe(7);
    } finally {
      load.mockRestore();
    }
  });

  it('cannot be moved by what the other side writes', () => {
    const { producer, consumer } = open();
    producer.publish(3);
    for (const field of ['endIndex', 'processedIndex', 'beginIndex', 'nextIndex'] as const) {
      RingHeader[field].set(i32, block >>> 2, 0xdead_beef);
    }
    expect([producer.endIndex, producer.freeCount]).toEqual([3, 4]);
    expect([consumer.beginIndex, consumer.nextIndex, consumer.drainCount]).toEqual([0, 0, 0]);
    producer.publish(1);
    expect(consumer.postCount).toBe(4);
  });

  it('name an index of the other side that lies where nobody can have moved it', () => {
    const { producer, consumer } = open();
    producer.publish(5);
    consumer.post(4);
    consumer.complete(2); // begin 2, next 4, end 5
    const header = block >>> 2;
    for (const end of [2, 3]) {
      RingHeader.endIndex.set(i32, header, end); // between what was posted and not completed
      expect(() => consumer.postCount).toThrow(`INDEX_ASTRAY: tx 0: the other side's end is ${end}; expected 4 to 1`);
      expect(codeOf(() => consumer.driverCount)).toBe('INDEX_ASTRAY');
      expect(codeOf(() => consumer.wait(0))).toBe('INDEX_ASTRAY');
    }
    for (const end of [4, 5, 7, 0, 1]) {
      RingHeader.endIndex.set(i32, header, end);
      expect(codeOf(() => consumer.postCount)).toBe('accepted');
    }
    for (const begin of [6, 7]) {
      RingHeader.beginIndex.set(i32, header, begin); // past the end
      expect(() => producer.reapCount).toThrow(
        `INDEX_ASTRAY: tx 0: the other side's begin is ${begin}; expected 0 to 5`,
      );
      expect(
        codeOf(() => {
          producer.reap(1);
        }),
      ).toBe('INDEX_ASTRAY');
    }
    expect([producer.processedIndex, consumer.nextIndex]).toEqual([0, 4]);
  });

  it('tell the other side once for each time that it asked', () => {
    const { producer, consumer } = open();
    expect(consumer.arm()).toBe(true);
    expect(producer.publish(1)).toBe(true);
    expect(producer.publish(1)).toBe(false);
    expect(consumer.arm()).toBe(false); // there is something already
    expect(producer.publish(1)).toBe(false);
    expect(producer.arm()).toBe(true);
    expect(consumer.complete(2)).toBe(true);
    expect(consumer.complete(1)).toBe(false);
    expect(producer.arm()).toBe(false);
  });

  it('wait for a time at most, and not at all when there is something', () => {
    const { producer, consumer } = open();
    const start = performance.now();
    expect(consumer.wait(30)).toBe(0);
    expect(producer.wait(30)).toBe(0);
    expect(performance.now() - start).toBeGreaterThan(50);
    producer.publish(2);
    expect(consumer.wait()).toBe(2);
    consumer.complete(1);
    expect(producer.wait()).toBe(1);
    // Nobody is left armed: a mover would wake a sleeper that is not there.
    expect(RingHeader.driverArmed.get(i32, block >>> 2) + RingHeader.frameworkArmed.get(i32, block >>> 2)).toBe(0);
  });

  it('are forgotten by a reset', () => {
    const { ring, producer, consumer } = open();
    consumer.arm();
    producer.arm();
    ring.reset();
    expect(RingHeader.driverArmed.get(i32, block >>> 2) + RingHeader.frameworkArmed.get(i32, block >>> 2)).toBe(0);
  });
});
