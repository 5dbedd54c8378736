/*
 * Segments that software cuts, judged by naive code: random headers, parts, sizes and rings. And by example, what is asked of
 * hardware that can, and where software helps it.
 */

import { i32 } from '@netcx/dma/memory';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { OffloadCapabilities } from '../src/index.ts';
import { FrameDescriptor } from '../src/edge/index.ts';
import { seeded } from './conservation.ts';
import { buildFrame, naiveChecksums, naiveSegments, naiveTag, plainShape, type FrameShape } from './offload-frames.ts';
import { buildOffloadRig, type Place } from './offload-rig.ts';

import { counters, hex, hexes, on, sent, transmit } from './offload-looks.ts';
import { cuts, inside, rigOf, rings, shapes } from './offload-shapes.ts';
import { runsBySize } from './test-size.ts';

describe('segments that software cuts', () => {
  it('are those that naive code cuts, whatever headers, sizes and rings', async () => {
    await fc.assert(
      fc.asyncProperty(
        shapes,
        fc.oneof(fc.integer({ min: 1, max: 8000 }), fc.constantFrom(1, 536, 1448, 8000)),
        cuts,
        rings,
        fc.constantFrom<Place>('pool', 'odd', 'own', 'big'),
        fc.boolean(),
        async (shape, mss, places, sizes, place, layout) => {
          const size = Math.max(mss, Math.ceil(shape.payload / 200));
          const frame = buildFrame({ ...shape, snap: shape.snap && shape.payload < 1000 });
          const rig = rigOf(sizes);
          rig.send(frame, { segmentSize: size, layout }, inside(places, frame.bytes.length), place);
          rig.finish();
          const segments = naiveSegments(frame, size);
          expect(sent(rig, sizes.payloadBackfill)).toEqual(hexes(segments));
          const kind = shape.tcp ? 'tcp' : 'udp';
          expect(counters(rig).offloads.segment[kind]).toEqual({ success: 1, failure: 0 });
          expect(counters(rig).offloads.segments).toBe(segments.length);
          expect(transmit(rig)).toMatchObject({ packets: 1, bytes: frame.bytes.length });
          await rig.close();
        },
      ),
      seeded('software segmentation', runsBySize({ quick: 60, ci: 400, long: 5000 })),
    );
  });

  it('carry 64 KB in 45, in rings that hold far fewer, and complete once', () =>
    on({ packets: 8, fragments: 16, buffers: 4, mtu: 1500 }, (rig) => {
      const frame = buildFrame({ ...plainShape, payload: 45 * 1448, flags: 0x99 });
      const other = buildFrame({ ...plainShape, seed: 9 });
      rig.send(frame, { segmentSize: 1448 }, [20, 54, 30_000], 'own');
      expect(rig.machine.recorder.sentContexts).toEqual([]);
      rig.send(other, { layer3: true, layer4: true });
      for (let round = 0; round < 44; round++) {
        rig.tx.finish();
        rig.machine.clock.run();
        expect(rig.machine.recorder.sentContexts).toEqual([]);
      }
      rig.finish();
      expect(rig.machine.recorder.sentContexts).toEqual([0, 1, 2, 3, 4]);
      expect(hexes(rig.tx.frames)).toEqual(hexes([...naiveSegments(frame, 1448), naiveChecksums(other, true, true)]));
      expect(transmit(rig)).toMatchObject({ packets: 2, bytes: frame.bytes.length + other.bytes.length });
    }));

  it('leave nothing behind in their places for frames that come after them', () =>
    on({ packets: 16, fragments: 64, buffers: 64, mtu: 1500 }, (rig) => {
      rig.send(buildFrame({ ...plainShape, payload: 8 * 1000 }), { segmentSize: 1000 }, [100], 'own');
      rig.finish();
      // Plain frames in all places, then in those of the segments, completed beside one that was copied.
      for (let round = 0; round < 3; round++) {
        for (let count = 0; count < 7; count++) rig.send(buildFrame(plainShape), {});
        rig.send(buildFrame(plainShape), { layer4: true });
        rig.finish();
      }
      expect(transmit(rig).packets).toBe(1 + 3 * 8);
    }));

  it('are given up in the middle when the queue stops, and every buffer comes back', async () => {
    const rig = buildOffloadRig({ packets: 4, fragments: 8, buffers: 3, mtu: 1500 });
    rig.send(buildFrame({ ...plainShape, payload: 20_000 }), { segmentSize: 1000 }, [100], 'own');
    const stopping = rig.machine.adapter.stop();
    await Promise.resolve();
    rig.machine.clock.run({ until: rig.machine.clock.now() });
    for (let round = 0; round < 20; round++) {
      rig.tx.finish();
      rig.machine.clock.run({ until: rig.machine.clock.now() });
    }
    expect(rig.machine.adapter.statistics().transmit.dropped.stopped).toBe(1);
    expect(rig.tx.frames.length).toBeLessThan(20);
    expect(rig.machine.recorder.sentContexts).toEqual([0, 1]);
    await rig.machine.clock.drive(stopping);
    await rig.close();
  });

  it('leave their payload where it lies, behind a header of their own', () =>
    on({ mtu: 1500 }, (rig) => {
      rig.send(buildFrame({ ...plainShape, payload: 2500 }), { segmentSize: 1000 }, [], 'big');
      expect(rig.tx.wishes.map(({ fragments }) => fragments)).toEqual([2, 2, 2]);
      rig.finish();
      expect(transmit(rig)).toMatchObject({ bounced: 0, mapped: 0, retried: 0 });
    }));

  it.each<readonly [string, number, Partial<FrameShape>, number, (bytes: Uint8Array) => void]>([
    ['segments longer than the MTU', 1461, {}, 1, () => undefined],
    ['neither TCP nor UDP', 1000, {}, 0, (bytes) => bytes.set([1], 23)],
    ['a fragment', 1000, {}, 0, (bytes) => bytes.set([0x20, 0], 20)],
    ['no IP', 1000, {}, 0, (bytes) => bytes.set([0x88, 0xb5], 12)],
  ])('are not cut for %s', (_what, segmentSize, shape, tooLong, spoil) =>
    on({ mtu: 1500 }, (rig) => {
      const frame = buildFrame({ ...plainShape, payload: 3000, ...shape });
      spoil(frame.bytes);
      rig.send(frame, { segmentSize, layout: false }, [], 'big');
      rig.finish();
      expect(rig.tx.frames).toEqual([]);
      expect(transmit(rig).dropped).toMatchObject({ tooLong, segmentation: 1 - tooLong });
    }),
  );

  it('are not cut from more than can be', () =>
    on({ mtu: 9000 }, (rig) => {
      rig.send(buildFrame({ ...plainShape, payload: 262_144 }), { segmentSize: 8000 }, [], 'big');
      rig.send(buildFrame({ ...plainShape, payload: 262_145 }), { segmentSize: 8000 }, [], 'big');
      rig.finish();
      expect(rig.tx.frames.length).toBe(33);
      expect(transmit(rig).dropped.segmentation).toBe(1);
    }));
});

const everything: OffloadCapabilities = {
  txChecksum: { layer3: 15, layer4: 7 },
  gso: { layer3: 15, layer4: 7, maximumOffloadSize: 65_536, minimumSegmentCount: 2 },
  ieee8021qTag: { priority: true, vlan: true },
};

describe('hardware that can', () => {
  it('is asked for what the frame asks for, and gets the frame as it lies', () =>
    on({ mtu: 1500, offloads: everything }, (rig) => {
      const frame = buildFrame({ ...plainShape, payload: 3000 });
      rig.send(frame, { segmentSize: 1000, tagging: 3, tag: 0xa123 }, [], 'big');
      rig.send(buildFrame(plainShape), { layer3: true, layer4: true });
      rig.send(buildFrame(plainShape), { layer4: true, layout: false });
      rig.send(buildFrame(plainShape), {});
      rig.finish();
      const lengths = { layer2HeaderLength: 14, layer3HeaderLength: 20, layer4HeaderLength: 20, fragments: 1 };
      const none = { checksum: 0, mss: 0, tagging: 0 };
      expect(rig.tx.wishes).toMatchObject([
        { ...lengths, checksum: 0b10_10_00, mss: 1000, tagging: 3, priority: 5, vlan: 0x123 },
        { ...lengths, ...none, checksum: 0b10_10_00 },
        { ...lengths, ...none, checksum: 0b10_00_00 },
        { ...lengths, ...none },
      ]);
      expect(hex(rig.tx.frames[0]!)).toBe(hex(frame.bytes));
      expect(transmit(rig).bounced).toBe(0);
    }));

  it('is not asked again for what the packet before in the same place asked for', () =>
    on({ packets: 4, mtu: 1500, offloads: everything }, (rig) => {
      const plain = buildFrame(plainShape);
      const cut = buildFrame({ ...plainShape, payload: 2000 });
      for (let round = 0; round < 6; round++) {
        rig.send(
          round % 2 === 0 ? cut : plain,
          round % 2 === 0 ? { segmentSize: 1000, tagging: 2, tag: 5 } : {},
          [],
          'big',
        );
        rig.finish();
      }
      expect(rig.tx.wishes.map(({ mss, tagging }) => [mss, tagging])).toEqual(
        Array.from({ length: 6 }, (_, round) => (round % 2 === 0 ? [1000, 2] : [0, 0])),
      );
    }));

  it('is helped where a frame is beyond its limits', () =>
    on(
      { mtu: 9000, offloads: { ...everything, gso: { ...everything.gso!, layer4: 1, maximumOffloadSize: 4000 } } },
      (rig) => {
        const cases = [
          { payload: 4000, mss: 1000, made: 1 },
          { payload: 4001, mss: 1000, made: 5 }, // too much
          { payload: 900, mss: 1000, made: 1 }, // too few segments, and so one that is cut here
          { payload: 4000, mss: 1000, made: 4, tcpOptions: 12 }, // not over TCP options
        ];
        for (const { payload, mss, made, tcpOptions = 0 } of cases) {
          const before = rig.tx.frames.length;
          rig.send(buildFrame({ ...plainShape, payload, tcpOptions }), { segmentSize: mss }, [], 'big');
          rig.finish();
          expect(rig.tx.frames.length - before).toBe(made);
        }
        expect(rig.tx.wishes.map(({ mss }) => mss)).toEqual([1000, ...Array<number>(10).fill(0)]);
        expect(counters(rig).offloads.segment.tcp.success).toBe(3);
      },
    ));

  it('cuts no frame that it cannot read in one piece: software does, or nobody', async () => {
    const scattered = { mtu: 1500, offloads: everything, tx: { maximumNumberOfFragments: 2 } };
    const frame = buildFrame({ ...plainShape, payload: 3000 });
    await on(scattered, (rig) => {
      rig.send(frame, { segmentSize: 1000 }, [60, 1000, 2000], 'big');
      rig.finish();
      expect(rig.tx.wishes.map(({ mss, checksum }) => [mss, checksum])).toEqual(Array(3).fill([0, 0b10_10_00]));
    });
    await on({ ...scattered, adapter: { softwareOffloads: false } }, (rig) => {
      rig.send(frame, { segmentSize: 1000 }, [60, 1000, 2000], 'big');
      rig.finish();
      expect([rig.tx.frames, transmit(rig).dropped.segmentation]).toEqual([[], 1]);
    });
  });

  it('cuts behind a tag that software inserted', () =>
    on({ mtu: 1500, offloads: { txChecksum: everything.txChecksum!, gso: everything.gso! } }, (rig) => {
      const frame = buildFrame({ ...plainShape, payload: 3000 });
      rig.send(frame, { segmentSize: 1000, tagging: 2, tag: 9 }, [], 'big');
      rig.finish();
      expect(rig.tx.wishes).toMatchObject([{ mss: 1000, checksum: 0b10_10_00, layer2HeaderLength: 18, fragments: 2 }]);
      expect(hexes(rig.tx.frames)).toEqual([hex(naiveTag(frame.bytes, 9))]);
    }));
});

it('headers longer than any frame may be are not copied anywhere', () =>
  on({ mtu: 100, adapter: { checkedBuffers: true } }, (rig) => {
    const frame = { ...buildFrame({ ...plainShape, payload: 400 }), layer2: 127 };
    rig.send(frame, { segmentSize: 60 }, [], 'own');
    rig.finish();
    expect(transmit(rig)).toMatchObject({ packets: 0, dropped: { tooLong: 1 } });
  }));

it('descriptors that lie cost their frame, and nothing else', async () => {
  const word = fc.integer({ min: -0x8000_0000, max: 0x7fff_ffff });
  // Mostly what could be: Ethernet, a known layer 3 and 4, short headers.
  const plausible = fc
    .tuple(
      fc.constantFrom(14, 18, 60, 127),
      fc.constantFrom(0, 20, 24, 40, 48, 60, 511),
      fc.constantFrom(0, 8, 20, 60),
      fc.nat(6),
    )
    .map(([layer2, layer3, layer4, type]) => layer2 | (layer3 << 7) | (layer4 << 16) | (2 << 24) | (type << 28));
  await fc.assert(
    fc.asyncProperty(
      fc.uint8Array({ minLength: 1, maxLength: 1000, size: 'max' }),
      fc.oneof(word, plausible),
      fc.oneof(word, fc.constantFrom(0x2801, 0x2802, 0x2831)),
      fc.constantFrom(0, 1, 60, 0xf_ffff),
      fc.constantFrom(100, 9000),
      fc.constantFrom(0, 2),
      fc.boolean(),
      async (bytes, layout, wishes, segmentSize, mtu, payloadBackfill, hardware) => {
        const rig = buildOffloadRig({
          mtu,
          buffers: 4,
          packets: 64,
          fragments: 128,
          tx: { payloadBackfill },
          ...(hardware ? { offloads: everything } : {}),
          adapter: { checkedBuffers: true }, // a byte behind any buffer's end is found when the buffer is taken again
        });
        const lying = { ...buildFrame(plainShape), bytes };
        const { edge } = rig.machine.adapter.transmitQueues[0]!;
        rig.send(lying, { segmentSize, layout: false }, [bytes.length >> 1], 'own', (d) => {
          FrameDescriptor.layout.set(i32, d, layout);
          FrameDescriptor.layer4AndChecksum.set(i32, d, wishes);
        });
        rig.finish();
        rig.send(buildFrame({ ...plainShape, payload: 10 }), { layer4: true });
        rig.finish();
        expect([edge.pending, rig.machine.recorder.sentContexts]).toEqual([0, [0, 1, 2]]);
        expect(rig.tx.frames.at(-1)!.length).toBe(64 + payloadBackfill);
        const held = Array.from({ length: edge.pool.count }, () => edge.pool.take());
        for (const buffer of held) edge.pool.release(buffer);
        await rig.close();
      },
    ),
    seeded('lies', runsBySize({ quick: 60, ci: 600, long: 10_000 })),
  );
});

describe('without software', () => {
  it('what the hardware lacks is given up, by name', () =>
    on({ mtu: 1500, adapter: { softwareOffloads: false } }, (rig) => {
      const frame = buildFrame(plainShape);
      rig.send(frame, { layer4: true });
      rig.send(frame, { segmentSize: 50 });
      rig.send(frame, { tagging: 1 });
      rig.send(frame, {});
      rig.finish();
      expect(transmit(rig)).toMatchObject({ packets: 1, dropped: { checksum: 1, segmentation: 1, tagging: 1 } });
    }));
});
