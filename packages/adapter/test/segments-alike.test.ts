/*
 * Segments that software cuts and whose checksums the hardware inserts: those that are alike are placed and completed together. Judged
 * by naive code that cuts one after the other.
 */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seeded } from './conservation.ts';
import { buildFrame, naivePseudo, naiveSegments, plainShape, type BuiltFrame } from './offload-frames.ts';
import { hex, hexes, on, sent, transmit } from './offload-looks.ts';
import type { Place } from './offload-rig.ts';
import { cuts, inside, rigOf, rings, shapes } from './offload-shapes.ts';
import { runsBySize } from './test-size.ts';

const txChecksum = { layer3: 15, layer4: 7 };
const ieee8021qTag = { priority: true, vlan: true };

/** The segments of a frame, with what hardware that inserts checksums finds in their fields. */
const seededSegments = (frame: BuiltFrame, size: number): string[] =>
  naiveSegments(frame, size).map((segment) => {
    const transport = frame.layer2 + frame.layer3;
    const words = new DataView(segment.buffer, segment.byteOffset);
    if (frame.shape.ip === 4) words.setUint16(frame.layer2 + 10, 0);
    words.setUint16(transport + (frame.shape.tcp ? 16 : 6), naivePseudo(frame, segment, segment.length - transport));
    return hex(segment);
  });

describe('segments whose checksums the hardware inserts', () => {
  it('have their checksums inserted over a seed', () =>
    on({ mtu: 1500, offloads: { txChecksum: txChecksum } }, (rig) => {
      const frame = buildFrame({ ...plainShape, payload: 2500 });
      rig.send(frame, { segmentSize: 1000 }, [], 'big');
      rig.finish();
      expect(rig.tx.wishes.map(({ checksum, mss }) => [checksum, mss])).toEqual(Array(3).fill([0b10_10_00, 0]));
      const expected = naiveSegments(frame, 1000).map((segment) => {
        new DataView(segment.buffer).setUint16(24, 0);
        new DataView(segment.buffer).setUint16(50, naivePseudo(frame, segment, segment.length - 34));
        return hex(segment);
      });
      expect(hexes(rig.tx.frames)).toEqual(expected);
    }));

  it('have numbers of their own and one seed, whatever headers, sizes, parts and rings', async () => {
    await fc.assert(
      fc.asyncProperty(
        shapes,
        fc.integer({ min: 100, max: 2000 }),
        cuts,
        rings,
        fc.constantFrom<Place>('pool', 'own', 'big', 'big'),
        fc.boolean(),
        async (shape, size, places, sizes, place, whole) => {
          const frame = buildFrame({
            ...shape,
            snap: shape.snap && shape.payload < 1000,
            payload: size + (whole ? Math.floor(shape.payload / size) * size : shape.payload),
          });
          const rig = rigOf(sizes, { txChecksum: txChecksum });
          for (let round = 0; round < 2; round++) {
            rig.send(frame, { segmentSize: size }, inside(places, frame.bytes.length), place);
            rig.finish();
          }
          const expected = seededSegments(frame, size);
          expect(sent(rig, sizes.payloadBackfill)).toEqual([...expected, ...expected]);
          expect(transmit(rig)).toMatchObject({ packets: 2, bytes: 2 * frame.bytes.length });
          await rig.close();
        },
      ),
      seeded('segments alike', runsBySize({ quick: 60, ci: 400, long: 5000 })),
    );
  }, 60_000);

  it.each([
    ['all at once', 128, 256, 128],
    ['over the ends of rings', 32, 64, 128],
    ['a few at a time', 8, 16, 4],
    ['as fragments allow', 64, 8, 128],
    ['as buffers allow', 64, 128, 3],
  ])('are right where 45 are placed %s', (_how, packets, fragments, buffers) =>
    on({ packets, fragments, buffers, mtu: 1500, offloads: { txChecksum: txChecksum } }, (rig) => {
      // CWR, PSH and FIN: the first segment's and the last one's alone.
      const whole = buildFrame({ ...plainShape, payload: 45 * 1448, flags: 0x99, sequence: 0xffff_ff00, id: 0xfff0 });
      const short = buildFrame({ ...plainShape, payload: 44 * 1448 + 1, ip: 6, tcpOptions: 40, flags: 0x99 });
      const even = buildFrame({ ...plainShape, payload: 45 * 1400, flags: 0x99 }); // its last segment is like the others
      const frames = [whole, short, even, even, short, whole];
      for (const frame of frames) {
        rig.send(frame, { segmentSize: 1400 }, frame === short ? [20, 54, 30_000] : [], 'big');
        for (let round = 0; round < 30; round++) rig.finish();
      }
      expect(hexes(rig.tx.frames)).toEqual(frames.flatMap((frame) => seededSegments(frame, 1400)));
      const bytes = frames.reduce((sum, frame) => sum + frame.bytes.length, 0);
      expect(transmit(rig)).toMatchObject({ packets: frames.length, bytes });
    }),
  );

  it('have their headers in buffers that the pool counts', () =>
    on({ packets: 64, fragments: 128, buffers: 64, mtu: 1500, offloads: { txChecksum: txChecksum } }, (rig) => {
      const { pool } = rig.machine.adapter.transmitQueues[0]!.edge;
      rig.send(buildFrame({ ...plainShape, payload: 20 * 1000 }), { segmentSize: 1000 }, [], 'big');
      expect(pool.census()).toMatchObject({ transmit: 20, protocol: 0 });
      expect(pool.statistics()).toMatchObject({ taken: 20, returned: 0, inUse: 20, peakInUse: 20 });
      rig.finish();
      expect(pool.census().transmit).toBe(0);
      expect(pool.statistics()).toMatchObject({ taken: 20, returned: 20, inUse: 0, peakInUse: 20 });
    }));

  it('each have a tag inserted where one is asked for', () =>
    on({ mtu: 1500, offloads: { txChecksum: txChecksum, ieee8021qTag: ieee8021qTag } }, (rig) => {
      const frame = buildFrame({ ...plainShape, payload: 4000 });
      rig.send(frame, { segmentSize: 1000, tagging: 3, tag: 0xa123 }, [], 'big');
      rig.finish();
      const wanted = { checksum: 0b10_10_00, mss: 0, tagging: 3, priority: 5, vlan: 0x123, fragments: 2 };
      expect(rig.tx.wishes).toMatchObject(Array(4).fill(wanted));
      expect(hexes(rig.tx.frames)).toEqual(seededSegments(frame, 1000));
    }));
});
