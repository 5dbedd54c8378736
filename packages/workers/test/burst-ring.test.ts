/*
 * Burst rings against the simplest model there is, a list of what was sent; and against whatever else may stand in a descriptor.
 */

import fc from 'fast-check';
import { hostPages } from '@netcx/dma';
import { i32 as m } from '@netcx/dma/memory';
import { Frame, FRAME_HEADER_BYTES, i32, u8, wireBytesTaken } from '@netcx/hardware/wire';
import { RingConsumer } from '@netcx/rings';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Burst, BurstRing } from '../src/burst-ring.ts';
import { BurstReceiver } from '../src/burst-receiver.ts';
import { BurstSender } from '../src/burst-sender.ts';
import { seed, testSize } from './test-size.ts';

const runs = testSize('runs of the burst ring against its model', { quick: 60, ci: 600, long: 20_000 });

let ring: BurstRing;
let sender: BurstSender;
let receiver: BurstReceiver;
beforeEach(() => open());
afterEach(() => ring.free());

function open(): void {
  ring = new BurstRing('a ring', { bytes: 16 * 1024, bursts: 8 });
  sender = new BurstSender(ring.place, 'a ring');
  receiver = new BurstReceiver(ring.place, 'a ring');
}

/** Sends frames of these lengths, each byte telling which frame it is, as far as there is room. */
function send(lengths: readonly number[], first: number, time: number): boolean {
  const bytes = lengths.reduce((sum, length) => sum + ((FRAME_HEADER_BYTES + length + 7) & ~7), 0);
  let at = sender.reserve(bytes);
  if (at < 0) return false;
  expect(sender.available).toBeGreaterThanOrEqual(bytes);
  lengths.forEach((length, index) => {
    Frame.length.set(i32, at >>> 2, length);
    u8.fill((first + index) & 255, at + FRAME_HEADER_BYTES, at + FRAME_HEADER_BYTES + length);
    at += (FRAME_HEADER_BYTES + length + 7) & ~7;
  });
  sender.commit(lengths.length, bytes, time);
  return true;
}

/** What the burst holds that `next` has found: of each frame its length and its byte. */
function found(): [number, number][] {
  const frames: [number, number][] = [];
  let at = receiver.offset;
  for (let left = receiver.frames; left > 0; left--) {
    const length = Frame.length.get(i32, at >>> 2);
    const bytes = u8.subarray(at + FRAME_HEADER_BYTES, at + FRAME_HEADER_BYTES + length);
    expect(bytes.every((byte) => byte === bytes[0])).toBe(true);
    frames.push([length, bytes[0]!]);
    at += (FRAME_HEADER_BYTES + length + 7) & ~7;
  }
  expect(at).toBe(receiver.offset + receiver.bytes);
  return frames;
}

describe('a burst ring', () => {
  it('brings every burst once, in order, byte for byte, whatever its ends do in between', () => {
    const step = fc.oneof(
      fc.record({ send: fc.array(fc.integer({ min: 1, max: 1514 }), { minLength: 1, maxLength: 12 }) }),
      fc.record({ take: fc.integer({ min: 1, max: 4 }) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        ring.free();
        open();
        const model: { frames: [number, number][]; time: number }[] = [];
        let number = 0;
        steps.forEach((one, index) => {
          const time = index * 2 ** 33 + index;
          if ('send' in one) {
            if (send(one.send, number, time)) {
              model.push({ frames: one.send.map((length, n) => [length, (number + n) & 255]), time });
              number += one.send.length;
            } else expect(model.length).toBeGreaterThan(0); // an empty ring takes it
            return;
          }
          for (let taken = 0; taken < one.take; taken++) {
            const expected = model.shift();
            expect(receiver.next()).toBe(expected !== undefined);
            if (expected === undefined) break;
            expect({ frames: found(), time: receiver.time }).toEqual(expected);
            receiver.done();
          }
        });
      }),
      { seed, numRuns: runs },
    );
  });

  it('has room again for what is done, and for no more', () => {
    let sent = 0;
    while (send([1000], sent, 0)) sent++;
    expect(sent).toBe(7); // one of eight descriptors is always free
    expect(receiver.next()).toBe(true);
    receiver.done();
    expect(send([1000], sent, 0)).toBe(true);
    expect(send([1000], sent, 0)).toBe(false);
  });

  it('tells who sleeps, once, and nobody else', () => {
    expect(receiver.arm()).toBe(true);
    const at = sender.reserve(100);
    Frame.length.set(i32, at >>> 2, 60);
    expect(sender.commit(1, 80, 0)).toBe(true);
    expect(receiver.arm()).toBe(false);
    expect(sender.reserve(16 * 1024)).toBe(-1);
    expect(sender.arm()).toBe(true);
    expect(receiver.next()).toBe(true);
    expect(receiver.done()).toBe(true);
    expect(sender.idle).toBe(true);
  });

  it('believes no descriptor that cannot be', () => {
    const { data, capacity } = ring.place;
    const word = fc.oneof(
      fc.integer({ min: 0, max: 0xffff_ffff }),
      fc.integer({ min: data - 64, max: data + capacity + 64 }),
      fc.integer({ min: 0, max: 300 }),
    );
    const hostile = fc.record({ offset: word, bytes: word, frames: word, length: word });
    let refused = 0;
    fc.assert(
      fc.property(hostile, ({ offset, bytes, frames, length }) => {
        send([60, 61], 1, 5);
        const at = RingConsumer.attach(ring.place.ring, 'the same ring');
        const descriptor = at.at(at.nextIndex);
        const last = Burst.offset.get(m, descriptor);
        Burst.offset.set(m, descriptor, offset);
        Burst.bytes.set(m, descriptor, bytes);
        Burst.frames.set(m, descriptor, frames);
        Frame.length.set(i32, last >>> 2, length);
        try {
          receiver.next();
          expect(receiver.offset).toBeGreaterThanOrEqual(data);
          expect(receiver.offset + receiver.bytes).toBeLessThanOrEqual(data + capacity);
        } catch (error) {
          refused++;
          expect(error).toMatchObject({ code: 'BAD_BURST' });
          expect((error as Error).message).toMatch(/^BAD_BURST: a ring: \d+ frames in \d+ bytes at \d+; /);
        }
        receiver.done();
      }),
      { seed, numRuns: runs * 5, examples: [[{ offset: data, bytes: 160, frames: 2, length: 0xffff_fff8 }]] },
    );
    expect(refused).toBeGreaterThan(runs);
  });

  it('is refused with sizes that cannot be, and leaves nothing behind', () => {
    const before = [hostPages.bytesTaken, wireBytesTaken()];
    expect(() => new BurstRing('r', { bytes: 1000 })).toThrow(
      'BAD_OPTION: r: 1000 bytes for frames; expected a multiple',
    );
    expect(() => new BurstRing('r', { bursts: 3 })).toThrow(
      'BAD_OPTION: r: 3 bursts; expected a power of two from 2 on',
    );
    expect(() => new BurstRing('r', { bytes: 2 ** 30 })).toThrow("the devices' memory is used up");
    expect([hostPages.bytesTaken, wireBytesTaken()]).toEqual(before);
  });
});
