/* The packet buffer against a list: the same frames, in the same order, whatever is stored and removed when. */

import { expect, it } from 'vitest';
import fc from 'fast-check';
import { allocateWire, Frame, FRAME_HEADER_BYTES, freeWire, i32, u8 } from '@netcx/hardware/wire';
import { LOSSLESS_BYTES, PACKET_BUFFER_BYTES, PacketBuffer } from '../src/packet-buffer.ts';

const LONGEST = 9724;
const bytesOf = (length: number): number => FRAME_HEADER_BYTES + ((length + 7) & ~7);

const source = allocateWire(PACKET_BUFFER_BYTES);

/** Writes a frame where the link would have it. */
function write(length: number, seed: number): number {
  Frame.length.set(i32, source >> 2, length);
  Frame.status.set(i32, source >> 2, seed & 1);
  for (let byte = 0; byte < length; byte++) u8[source + FRAME_HEADER_BYTES + byte] = seed * 31 + byte;
  return source;
}

/** Lengths and first bytes of the frames that lie in a row at the front. */
function front(buffer: PacketBuffer): string[] {
  const found: string[] = [];
  let at = buffer.offset;
  for (let frame = 0; frame < buffer.run(); frame++) {
    const length = Frame.length.get(i32, at >> 2);
    const last = at + FRAME_HEADER_BYTES + length;
    found.push([length, Frame.status.get(i32, at >> 2), ...u8.slice(last - Math.min(3, length), last)].join());
    at += bytesOf(length);
  }
  return found;
}

const expected = (length: number, seed: number): string => {
  const tail = [3, 2, 1].filter((back) => back <= length).map((back) => (seed * 31 + length - back) & 255);
  return [length, seed & 1, ...tail].join();
};

it('is empty at first, and holds exactly 64 KiB', () => {
  const buffer = new PacketBuffer();
  expect([buffer.frames, buffer.run()]).toEqual([0, 0]);
  for (let frame = 0; frame < 64; frame++) expect(buffer.store(write(1008, frame))).toBe(true);
  expect(buffer.store(write(0, 0))).toBe(false);
  expect([buffer.frames, buffer.run()]).toEqual([64, 64]);
  buffer.free();
});

it('takes what is smaller after it refused what does not fit', () => {
  const buffer = new PacketBuffer();
  for (let frame = 0; frame < 6; frame++) buffer.store(write(9720, frame));
  expect([buffer.store(write(9720, 6)), buffer.store(write(1500, 7))]).toEqual([false, true]);
  expect(front(buffer).at(-1)).toBe(expected(1500, 7));
  buffer.free();
});

it('goes on at its start when its end is full, and never overwrites what waits', () => {
  const buffer = new PacketBuffer();
  for (let frame = 0; frame < 64; frame++) buffer.store(write(1008, frame));
  buffer.remove(2);
  expect(buffer.store(write(1008, 64))).toBe(true);
  expect(buffer.store(write(1008, 65))).toBe(false); // full and empty must not look alike
  expect([buffer.frames, buffer.run()]).toEqual([63, 62]);
  expect(front(buffer)[0]).toBe(expected(1008, 2));
  buffer.remove(62);
  expect([buffer.frames, front(buffer)]).toEqual([1, [expected(1008, 64)]]);
  buffer.remove(1);
  expect(buffer.store(write(60_000, 66))).toBe(true); // empty: all of it is there again
  buffer.clear();
  expect([buffer.frames, buffer.run()]).toEqual([0, 0]);
  buffer.free();
});

it('is a list of frames with a limit (seeded)', () => {
  const step = fc.record({
    store: fc.array(fc.oneof(fc.integer({ min: 60, max: 1514 }), fc.integer({ min: 0, max: LONGEST })), {
      maxLength: 25,
    }),
    remove: fc.nat({ max: 30 }),
  });
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 25 }), (steps) => {
      const buffer = new PacketBuffer();
      const list: { length: number; text: string }[] = [];
      let seed = 0;
      for (const { store, remove } of steps) {
        for (const length of store) {
          const used = list.reduce((sum, frame) => sum + bytesOf(frame.length), 0);
          if (buffer.store(write(length, ++seed))) {
            expect(used + bytesOf(length)).toBeLessThanOrEqual(PACKET_BUFFER_BYTES);
            list.push({ length, text: expected(length, seed) });
          } else {
            // What is lost at the wrap is less than the frame that did not fit there.
            expect(used + bytesOf(length) + bytesOf(LONGEST)).toBeGreaterThanOrEqual(PACKET_BUFFER_BYTES);
          }
        }
        expect(buffer.frames).toBe(list.length);
        expect(front(buffer)).toEqual(list.slice(0, buffer.run()).map(({ text }) => text));
        expect(buffer.run() > 0).toBe(list.length > 0);
        const removed = Math.min(remove, buffer.run());
        buffer.remove(removed);
        list.splice(0, removed);
        expect(front(buffer)).toEqual(list.slice(0, buffer.run()).map(({ text }) => text));
      }
      while (list.length > 0) {
        const run = buffer.run();
        expect(front(buffer)).toEqual(list.splice(0, run).map(({ text }) => text));
        buffer.remove(run);
      }
      expect(buffer.frames).toBe(0);
      buffer.free();
    }),
    { seed: 6464, numRuns: 60 },
  );
  freeWire(source, PACKET_BUFFER_BYTES);
});

it('takes more memory while it is empty, and only then', () => {
  const buffer = new PacketBuffer();
  const held = (): number => {
    let frames = 0;
    while (buffer.store(write(1000, frames))) frames++;
    return frames;
  };
  const few = held();
  buffer.resize(LOSSLESS_BYTES);
  expect([few, held()]).toEqual([Math.floor(PACKET_BUFFER_BYTES / bytesOf(1000)), 0]);
  buffer.clear();
  buffer.resize(LOSSLESS_BYTES);
  expect(held()).toBe(Math.floor(LOSSLESS_BYTES / bytesOf(1000)));
  buffer.clear();
  buffer.resize(2 ** 30); // more than there is: it stays as it was
  expect(held()).toBe(Math.floor(LOSSLESS_BYTES / bytesOf(1000)));
  expect(buffer.bytes).toBe(Math.floor(LOSSLESS_BYTES / bytesOf(1000)) * bytesOf(1000));
  buffer.free();
  expect(buffer.bytes).toBe(0);
});
