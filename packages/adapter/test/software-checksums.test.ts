/*
 * Checksums and tags that software inserts on transmit, judged by naive code: random headers of every kind, cut into parts
 * anywhere, rings that are short of everything.
 */

import { i32 } from '@netcx/dma/memory';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FrameDescriptor } from '../src/edge/index.ts';
import { seeded } from './conservation.ts';
import { buildFrame, naiveChecksums, naiveSegments, naiveTag, plainShape, type FrameShape } from './offload-frames.ts';
import { type Place } from './offload-rig.ts';

import { counters, hex, hexes, on, sent, transmit } from './offload-looks.ts';
import { cuts, inside, rigOf, rings, shapes } from './offload-shapes.ts';
import { runsBySize } from './test-size.ts';

describe('checksums that software inserts', () => {
  it('are those that naive code finds, whatever the headers and however the frame is cut', async () => {
    await fc.assert(
      fc.asyncProperty(
        shapes,
        cuts,
        rings,
        fc.record({
          layer3: fc.boolean(),
          layer4: fc.boolean(),
          layout: fc.boolean(),
          padding: fc.constantFrom(0, 1, 6),
        }),
        fc.constantFrom<Place>('pool', 'odd', 'own'),
        async (shape, places, sizes, { layer3, layer4, layout, padding }, place) => {
          const frame = buildFrame({ ...shape, snap: shape.snap && shape.payload < 1000 });
          const padded = { ...frame, bytes: Uint8Array.from([...frame.bytes, ...Array<number>(padding).fill(0x55)]) };
          const rig = rigOf(sizes);
          rig.send(padded, { layer3, layer4, layout }, inside(places, padded.bytes.length), place);
          rig.finish();
          expect(sent(rig, sizes.payloadBackfill)).toEqual([
            hex(naiveChecksums(padded, layer3, layer4, frame.bytes.length)),
          ]);
          const needed = layer4 || (layer3 && shape.ip === 4);
          expect(counters(rig).offloads.checksum).toEqual({ required: needed ? 1 : 0, failure: 0 });
          await rig.close();
        },
      ),
      seeded('software checksums', runsBySize({ quick: 60, ci: 400, long: 5000 })),
    );
  });

  it('leave the protocol’s own bytes as they are', () =>
    on({}, (rig) => {
      const frame = buildFrame(plainShape);
      rig.send(frame, { layer3: true, layer4: true }, [], 'own');
      rig.send(frame, { layer3: true, layer4: true }, [], 'own');
      const { edge } = rig.machine.adapter.transmitQueues[0]!;
      const address = FrameDescriptor.address.get(i32, edge.ring.at(0));
      rig.finish();
      expect(hexes(rig.tx.frames)).toEqual(Array(2).fill(hex(naiveChecksums(frame, true, true))));
      expect(address).toBeGreaterThan(0);
    }));

  it('are never zero for UDP', () =>
    on({}, (rig) => {
      // The last two bytes make the sum all ones, so that its complement is zero.
      const frame = buildFrame({ ...plainShape, tcp: false, payload: 2 });
      frame.bytes.fill(0, 42);
      const first = naiveChecksums(frame, false, true);
      frame.bytes.set(first.subarray(40, 42), 42);
      rig.send(frame, { layer4: true });
      rig.finish();
      expect(hex(rig.tx.frames[0]!.subarray(40, 42))).toBe('ffff');
    }));

  it('go over the last destination of a segment routing header', () =>
    on({}, (rig) => {
      const frame = buildFrame({ ...plainShape, ip: 6, ipv6Extensions: ['segmentRouting', 'home'] });
      rig.send(frame, { layer4: true });
      rig.finish();
      expect(hexes(rig.tx.frames)).toEqual([hex(naiveChecksums(frame, false, true))]);
    }));

  it.each<readonly [string, Partial<FrameShape>, (bytes: Uint8Array) => void]>([
    ['no IP', {}, (bytes) => bytes.set([0x88, 0xb5], 12)],
    ['an IP header that is longer than the frame', {}, (bytes) => bytes.set([0x0f, 0xff], 16)],
    ['an IP length that ends inside the TCP header', {}, (bytes) => bytes.set([0, 30], 16)],
    ['a fragment', {}, (bytes) => bytes.set([0x20, 0], 20)],
    ['neither TCP nor UDP', {}, (bytes) => bytes.set([1], 23)],
    ['a TCP header that cannot be', {}, (bytes) => bytes.set([0x10], 46)],
  ])('are refused for %s', (_what, shape, spoil) =>
    on({}, (rig) => {
      const frame = buildFrame({ ...plainShape, ...shape });
      spoil(frame.bytes);
      rig.send(frame, { layer4: true, layout: false });
      rig.finish();
      expect([rig.tx.frames, rig.tx.ignored]).toEqual([[], 1]);
      expect(transmit(rig).dropped.checksum).toBe(1);
      expect(counters(rig).offloads.checksum).toEqual({ required: 0, failure: 1 });
      expect(rig.machine.recorder.sentContexts).toEqual([0]);
    }),
  );
});

describe('a tag that software inserts', () => {
  const tag = 0xb123;

  it('stands behind the addresses, in front of other tags, of segments and of checksums', async () => {
    await fc.assert(
      fc.asyncProperty(
        shapes,
        cuts,
        rings,
        fc.constantFrom<readonly [number, number]>([1, 0xa000], [2, 0x0123], [3, 0xa123]),
        fc.constantFrom(0, 500),
        async (shape, places, sizes, [tagging, inserted], segmentSize) => {
          const frame = buildFrame({ ...shape, snap: shape.snap && shape.payload < 1000 });
          const rig = rigOf(sizes);
          rig.send(
            frame,
            { tagging, tag, segmentSize, layer3: true, layer4: true },
            inside(places, frame.bytes.length),
            'own',
          );
          rig.finish();
          const frames = segmentSize === 0 ? [naiveChecksums(frame, true, true)] : naiveSegments(frame, segmentSize);
          expect(sent(rig, sizes.payloadBackfill)).toEqual(frames.map((one) => hex(naiveTag(one, inserted))));
          expect(rig.tx.wishes[0]!.layer2HeaderLength).toBe(frame.layer2 + 4);
          expect(counters(rig).offloads.tagged).toBe(1);
          await rig.close();
        },
      ),
      seeded('software tags', runsBySize({ quick: 30, ci: 200, long: 3000 })),
    );
  });

  it('goes into frames of any kind, but not into less than a header', () =>
    on({}, (rig) => {
      const frame = buildFrame(plainShape);
      const odd = { ...frame, bytes: frame.bytes.subarray(0, 14) };
      odd.bytes.set([0x88, 0xb5], 12);
      rig.send(odd, { tagging: 3, tag, layout: false });
      rig.send({ ...frame, bytes: frame.bytes.subarray(0, 13) }, { tagging: 3, tag, layout: false });
      rig.finish();
      expect(hexes(rig.tx.frames)).toEqual([hex(naiveTag(odd.bytes, 0xa123))]);
      expect(transmit(rig).dropped.tagging).toBe(1);
    }));
});
