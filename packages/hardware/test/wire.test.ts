import { hostPages } from '@netcx/dma';
import { hostBytes, u8 as host } from '@netcx/dma/memory';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  allocateWire,
  allOrNone,
  buffer,
  copyByLoop,
  copyFromHost,
  copyToHost,
  copyWithinWire,
  Frame,
  freeWire,
  i32,
  u8,
  wireBytesTaken,
} from '../src/wire.ts';

it('a frame is a length, a status, and room up to 16 bytes', () => {
  const at = allocateWire(64);
  Frame.length.set(i32, at >> 2, 0x1234);
  Frame.status.set(i32, at >> 2, 1);
  expect([...u8.subarray(at, at + 16)]).toEqual([0x34, 0x12, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
  freeWire(at, 64);
});

describe('device memory', () => {
  it('is given out zeroed, in pieces that do not touch, outside of host memory', () => {
    const sizes = [1, 64, 65, 1000, 64];
    const pieces = sizes.map((size) => ({ at: allocateWire(size), size }));
    const ranges = [...pieces].sort((one, other) => one.at - other.at);
    for (const [index, { at, size }] of ranges.entries()) {
      expect(at % 64).toBe(0);
      expect(at).toBeGreaterThanOrEqual(hostBytes);
      expect(at + size).toBeLessThanOrEqual(ranges[index + 1]?.at ?? buffer.byteLength);
    }
    for (const { at, size } of pieces) {
      u8.fill(0xee, at, at + size);
      freeWire(at, size);
      const again = allocateWire(size);
      expect([again, u8.subarray(again, again + size).every((byte) => byte === 0)]).toEqual([at, true]);
      freeWire(again, size);
    }
  });

  it("comes back once: a second time it may be somebody else's", () => {
    const at = allocateWire(100);
    expect(() => freeWire(at, 300)).toThrow(
      `devices' memory at ${String(at)}: 320 bytes come back where 128 are given out`,
    );
    freeWire(at, 100);
    expect(() => freeWire(at, 100)).toThrow(RangeError);
    const [one, other] = [allocateWire(100), allocateWire(100)];
    expect(one).not.toBe(other);
    for (const each of [one, other]) freeWire(each, 100);
  });

  it('is split once all of it was given out', () => {
    const PIECE = 1 << 20;
    const pieces: number[] = [];
    try {
      for (;;) pieces.push(allocateWire(PIECE));
    } catch {
      // Nothing is left but what is smaller than a piece.
    }
    const smaller: number[] = [];
    const back = pieces.pop()!;
    freeWire(back, PIECE);
    try {
      for (;;) smaller.push(allocateWire(PIECE / 4));
    } catch {
      // The rest of the memory, and four quarters of the piece that came back.
    }
    expect(smaller.filter((at) => at >= back && at < back + PIECE)).toHaveLength(4);
    for (const at of smaller) freeWire(at, PIECE / 4);
    for (const at of pieces) freeWire(at, PIECE);
  });

  it('is joined where small pieces came back side by side', () => {
    const PIECE = 1 << 18;
    const before = wireBytesTaken();
    const pieces: number[] = [];
    const everything = (): void => {
      try {
        for (;;) pieces.push(allocateWire(PIECE));
      } catch {
        // Nothing is left but what is smaller than a piece.
      }
    };
    everything();
    const count = pieces.length;
    for (const at of pieces) i32[at >> 2] = -1;
    for (const at of pieces.splice(0)) freeWire(at, PIECE);
    const large = allocateWire(8 * PIECE);
    expect(u8.subarray(large, large + 8 * PIECE).every((byte) => byte === 0)).toBe(true);
    everything();
    expect(pieces.length).toBeGreaterThanOrEqual(count - 8);
    for (const at of pieces) expect(at + PIECE <= large || at >= large + 8 * PIECE).toBe(true);
    expect(new Set(pieces).size).toBe(pieces.length);
    for (const at of pieces) freeWire(at, PIECE);
    freeWire(large, 8 * PIECE);
    expect(wireBytesTaken()).toBe(before);
  });

  it('says so when it is used up', () => {
    expect(() => allocateWire(buffer.byteLength)).toThrow(/the devices' memory is used up/);
  });

  it('is taken as a whole, or not at all', () => {
    const before = wireBytesTaken();
    const given: number[] = [];
    const take = (bytes: number): number => {
      const at = allocateWire(bytes);
      given.push(at);
      return at;
    };
    const fails = (): void =>
      allOrNone(() => {
        take(100);
        const back = take(64);
        allOrNone(() => take(1000));
        expect(() => allOrNone(() => take(buffer.byteLength))).toThrow(/used up/);
        freeWire(back, 64);
        throw new Error('the last part');
      });
    expect(fails).toThrow('the last part');
    expect(wireBytesTaken()).toBe(before);

    const first = given.splice(0)[0];
    const kept = allOrNone(() => take(100));
    expect([kept, wireBytesTaken()]).toEqual([first, before + 128]); // the piece of 100 bytes is free again, and once
    expect(allOrNone(() => take(100))).not.toBe(kept);
    for (const at of given) freeWire(at, 100);
    expect(wireBytesTaken()).toBe(before);
  });
});

describe('copies', () => {
  const here = allocateWire(4096);
  const there = hostPages.allocate(4096, { owner: 'wire test' });
  const room = fc.record({ to: fc.nat(1000), from: fc.nat(1000), bytes: fc.nat(2000) });

  it('move exactly the bytes that were asked, either way and within', () => {
    fc.assert(
      fc.property(room, fc.nat(255), ({ to, from, bytes }, seed) => {
        for (let byte = 0; byte < 4096; byte++) {
          u8[here + byte] = byte * 7 + seed;
          host[there + byte] = byte * 11 + seed + 1;
        }
        const before = { here: u8.slice(here, here + 4096), there: host.slice(there, there + 4096) };
        copyToHost(there + to, here + from, bytes);
        const expectedThere = before.there.slice();
        expectedThere.set(before.here.subarray(from, from + bytes), to);
        expect(Buffer.compare(host.subarray(there, there + 4096), expectedThere)).toBe(0);

        copyFromHost(here + from, there + to, bytes);
        expect(Buffer.compare(u8.subarray(here, here + 4096), before.here)).toBe(0);

        for (const copy of [copyWithinWire, copyByLoop]) {
          const expectedHere = before.here.slice();
          expectedHere.set(before.here.subarray(from % 1000, (from % 1000) + (bytes % 1000)), 2048 + to);
          copy(here + 2048 + to, here + (from % 1000), bytes % 1000);
          expect(Buffer.compare(u8.subarray(here, here + 4096), expectedHere)).toBe(0);
          u8.set(before.here, here);
        }
      }),
      { numRuns: 200 },
    );
  });
});
