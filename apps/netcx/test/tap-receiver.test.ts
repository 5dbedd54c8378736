/* Frames from the NIC, as Linux is handed them: the parts that were described, in their order, and each buffer given back once. */

import { FRAME_DESCRIPTOR_BYTES, FrameDescriptor } from '@netcx/adapter/edge';
import { hostPages } from '@netcx/dma';
import { i32, u8 } from '@netcx/dma/memory';
import { Ring } from '@netcx/rings';
import { PieceMemory, VNET_HEADER_BYTES, type Pieces } from '@netcx/tap';
import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import type { ReceivedFrames } from '../src/tap/frame-parts.ts';
import { newTapCounters } from '../src/tap/tap-counters.ts';
import { TapReceiver } from '../src/tap/tap-receiver.ts';

/** Most parts that Linux is handed of one frame. */
const MOST = 127;
const ELEMENTS = 256;
const options = { name: 'frames', elements: ELEMENTS, stride: FRAME_DESCRIPTOR_BYTES };
const host = new PieceMemory(u8);

interface Part {
  readonly address: number;
  readonly length: number;
}

/** A TAP that notes what is written: the first piece is the header, wherever it lies. */
class Written {
  readonly queues = 1;
  readonly frames: Part[][] = [];
  full = false;

  write(_queue: number, { list, count }: Pieces): boolean {
    const words = new BigUint64Array(list.buffer, 0, count * 2);
    const pieces = Array.from({ length: count }, (_, piece) => ({
      address: Number(words[2 * piece]! - BigInt(host.address)),
      length: Number(words[2 * piece + 1]),
    }));
    expect(pieces.shift()?.length).toBe(VNET_HEADER_BYTES);
    this.frames.push(pieces);
    return !this.full;
  }
}

const part = fc.record({ address: fc.nat(u8.length - 4096), length: fc.integer({ min: 1, max: 4096 }) });
const frame = fc.oneof(
  { arbitrary: fc.array(part, { minLength: 1, maxLength: 4 }), weight: 9 },
  { arbitrary: fc.array(part, { minLength: MOST - 1, maxLength: MOST + 2 }), weight: 1 },
);
const frames = fc.array(frame, { maxLength: 24 }).filter((list) => list.flat().length < ELEMENTS);

it('hands over the parts of each frame, as many as fit, and gives every buffer back once', () => {
  const pages = hostPages.allocate(Ring.bytes(options), { owner: 'frames' });
  fc.assert(
    fc.property(fc.nat(ELEMENTS - 1), frames, fc.boolean(), (begin, list, full) => {
      const ring = Ring.create(pages, options);
      ring.publish(begin);
      ring.post(begin);
      ring.complete(begin);
      ring.reap(begin);
      const descriptors = list.flatMap((parts) =>
        parts.map((one, index) => ({ ...one, more: Number(index < parts.length - 1) })),
      );
      for (const [index, { address, length, more }] of descriptors.entries()) {
        const d = ring.at(begin + index);
        i32.fill(0, d, d + FRAME_DESCRIPTOR_BYTES / 4);
        FrameDescriptor.address.set(i32, d, address);
        FrameDescriptor.length.set(i32, d, length);
        FrameDescriptor.more.set(i32, d, more);
        FrameDescriptor.buffer.set(i32, d, index + 1);
      }
      const released: number[] = [];
      let completed = -1;
      const edge: ReceivedFrames = {
        id: 0,
        ring,
        release: (buffer: number) => void released.push(buffer),
        complete: (count: number) => void (completed = count),
      };
      const tap = new Written();
      tap.full = full;
      const counters = newTapCounters();

      new TapReceiver(tap, counters).receive(edge, descriptors.length);

      expect(tap.frames).toEqual(list.map((parts) => parts.slice(0, MOST)));
      expect(released).toEqual(descriptors.map((_, index) => index + 1));
      expect(completed).toBe(descriptors.length);
      expect([counters.toLinux, counters.refused]).toEqual(full ? [0, list.length] : [list.length, 0]);
    }),
  );
  hostPages.free(pages);
});
