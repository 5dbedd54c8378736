/*
 * Handles for a driver's own memory: each is told once when nobody holds it any more, outside the release, and with the
 * context that it was lent with.
 */

import { hostPages } from '@netcx/dma';
import { hostBytes, i32 } from '@netcx/dma/memory';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BufferEntry, bufferBytes, LentBuffers, NO_BUFFER, Pool, releaseBuffer, retainBuffer } from '../src/index.ts';

const memory = hostPages.allocate(4096, { owner: 'a driver’s own' });

function withLent(count: number, use: (lent: LentBuffers, returned: [number, number][]) => void): void {
  const taken = hostPages.bytesTaken;
  const returned: [number, number][] = [];
  const lent = new LentBuffers({ name: 'rx 0', count, returned: (low, high) => returned.push([low, high]) });
  use(lent, returned);
  lent.close();
  expect(hostPages.bytesTaken).toBe(taken);
}

describe('lent buffers', () => {
  it('stand for the driver’s memory until the last holder lets go, and are told by collect', () => {
    withLent(4, (lent, returned) => {
      const buffer = lent.take();
      expect(lent.lend(buffer, memory + 100, 1500, -1, 2)).toBe(true);
      const bytes = bufferBytes(buffer);
      expect([bytes.byteOffset, bytes.length]).toEqual([memory + 100, 1500]);
      expect(BufferEntry.domain.get(i32, buffer)).toBe(0);
      retainBuffer(buffer);
      releaseBuffer(buffer);
      expect([lent.collect(), returned.length]).toEqual([0, 0]);
      releaseBuffer(buffer);
      expect([lent.free, returned]).toEqual([3, []]);
      expect([lent.collect(), lent.free, returned]).toEqual([1, 4, [[0xffff_ffff, 2]]]);
      expect(lent.collect()).toBe(0);
    });
  });

  it('are none when all are lent, and one as soon as one comes back', () => {
    withLent(2, (lent, returned) => {
      const buffers = [lent.take(), lent.take()];
      expect([lent.take(), Pool.exhausted.get(i32, lent.header), lent.free]).toEqual([NO_BUFFER, 1, 0]);
      lent.lend(buffers[0]!, memory, 64, 7, 0);
      releaseBuffer(buffers[0]!);
      expect(lent.take()).toBe(buffers[0]); // collects first
      expect(returned).toEqual([[7, 0]]);
      for (const buffer of buffers) releaseBuffer(buffer);
      expect([lent.collect(), returned.length]).toEqual([0, 1]); // what stood for no memory is not told
    });
  });

  it.each([
    [0, 0],
    [hostBytes - 63, 64],
    [2 ** 52, 64],
  ])('do not stand for what is not host memory: %d + %d bytes', (address, capacity) => {
    withLent(1, (lent, returned) => {
      const buffer = lent.take();
      expect(lent.lend(buffer, address, capacity, 5, 6)).toBe(false);
      expect(returned).toEqual([[5, 6]]); // the driver has it back at once
      releaseBuffer(buffer);
      expect([lent.collect(), returned.length]).toEqual([0, 1]);
    });
  });

  it('wake whoever waits, and name who holds them when they cannot be closed', () => {
    withLent(2, (lent, returned) => {
      let woken = 0;
      const buffer = lent.take();
      lent.lend(buffer, memory, 64, 1, 0);
      lent.awaitBuffer(() => woken++);
      expect(() => {
        lent.close();
      }).toThrow('STILL_HELD: rx 0: 1 of 2 lent buffers are still held; by receive rings: 1');
      expect(lent.census()).toMatchObject({ count: 2, free: 1, nic: 1 });
      releaseBuffer(buffer);
      expect([woken, returned.length]).toEqual([1, 0]); // told by collect, never from inside a release
    });
  });

  it('cannot be none, or closed twice', () => {
    for (const count of [0, 1.5, 2 ** 20 + 1])
      expect(() => new LentBuffers({ name: 'rx 0', count, returned: () => undefined })).toThrow('POOL_SIZE');
    const lent = new LentBuffers({ name: 'rx 0', count: 1, returned: () => undefined });
    lent.close();
    expect(() => {
      lent.close();
    }).toThrow('POOL_CLOSED');
  });

  it('are told once each, whatever the order, and to a driver that lends and releases while it is told', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 8 }), fc.array(fc.nat(19), { maxLength: 100 }), (count, moves) => {
        const out: number[] = [];
        const told: number[] = [];
        let next = 0;
        let releasing = false;
        const lent = new LentBuffers({
          name: 'model',
          count,
          returned: (low) => {
            told.push(low);
            if (!releasing || out.length === 0) return;
            releaseBuffer(out.pop()!);
          },
        });
        for (const move of moves) {
          releasing = move % 3 === 0;
          if (move < 10) {
            const buffer = lent.take();
            if (buffer === NO_BUFFER) continue;
            lent.lend(buffer, memory, 64, next++, 0);
            out.push(buffer);
          } else if (move < 17 && out.length > 0) releaseBuffer(out.splice(move % out.length, 1)[0]!);
          else lent.collect();
        }
        for (const buffer of out.splice(0)) releaseBuffer(buffer);
        lent.close();
        expect(told.toSorted((a, b) => a - b)).toEqual(Array.from({ length: next }, (_, index) => index));
      }),
      { numRuns: 300 },
    );
  });
});
