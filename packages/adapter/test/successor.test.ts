/*
 * Segments that are known by their likeness to the one before, against the same segments with headers that are read: those
 * whose frames lie differently in their words are never known by likeness. Whatever differs, and whatever the NIC says, both
 * come to the same. NETCX_TEST_SIZE says how much.
 */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FORWARDING, RECEIVING, stream, pieces, datagrams } from './coalescing-rig.ts';
import { seeded } from './conservation.ts';
import { naiveFinding } from './naive-coalescer.ts';
import { StageRig, type Meta } from './stage-rig.ts';
import { runsBySize } from './test-size.ts';
import { timestamps } from './wire-frames.ts';

const stamped = { options: timestamps(7, 8) };
/** Four segments alike, of each kind. */
const rows: Record<string, Uint8Array[]> = {
  'TCP over IPv4': stream(pieces(4, 100)),
  'TCP with timestamps over IPv4, of odd sizes': stream(pieces(4, 101, { tcp: stamped })),
  'TCP over IPv6': stream(pieces(4, 100, { ipv6: {} })),
  'UDP over IPv4': datagrams([100, 100, 100, 100]),
};
const HEADERS = 74;

/** Everything that comes out of a stage, and all that it has counted; some frames have passed its rings before. */
function through(
  frames: readonly Uint8Array[],
  metas: readonly Meta[],
  offsets: readonly number[],
  receiving: boolean,
  elements = 512,
  before = 0,
) {
  const rig = new StageRig(receiving ? RECEIVING : FORWARDING, elements, frames.length);
  for (let frame = 0; frame < before; frame++) {
    rig.put(frames[0]!, []);
    rig.run();
  }
  for (const [index, frame] of frames.entries())
    rig.put(frame, [], { ...metas[index], offset: offsets[index % offsets.length]! });
  const out = rig.run();
  const { counters, coalescer } = rig.stage;
  const all = { out, counters: { ...counters }, coalescing: { ...coalescer.counters } };
  rig.free();
  return all;
}

/** Far quicker to compare. */
const inShort = ({ out, ...counted }: ReturnType<typeof through>): string =>
  JSON.stringify([out.map(({ bytes, ...rest }) => [Buffer.from(bytes).toString('latin1'), rest]), counted]);

const ALIKE = [0];
const DIFFERENT = [0, 2, 1, 3];

describe('a segment like the one before it', () => {
  it.each(Object.entries(rows))('is chained: %s', (_what, frames) => {
    const metas = frames.map((frame) => ({ checksum: naiveFinding(frame) }));
    const { out } = through(frames, metas, ALIKE, false);
    expect(out.map(({ count }) => count)).toEqual([4]);
    expect(through(frames, metas, DIFFERENT, false).out).toEqual(out);
  });

  it('is another kind of datagram without a checksum', () => {
    const frames = datagrams([100, 100, 100, 100]);
    frames[2]!.fill(0, 40, 42);
    const metas = frames.map((frame) => ({ checksum: naiveFinding(frame) }));
    const { out } = through(frames, metas, ALIKE, false);
    expect(out.map(({ count }) => count)).toEqual([2, 0, 0]);
  });

  it('is looked at as closely as any other', () => {
    const change = fc.record({
      frame: fc.nat({ max: 3 }),
      bit: fc.nat({ max: 8 * HEADERS - 1 }),
    });
    const meta = fc.record({
      checksum: fc.constantFrom(undefined, undefined, undefined, undefined, 0, 0b10_01_00, 0b01_00_00, 0b01_01_00),
      layout: fc.constantFrom(14 | (1 << 24), 14 | (1 << 24), 14 | (1 << 24), 0, 18 | (1 << 24)),
      tag: fc.constantFrom(0, 0, 0, 5),
      coalesced: fc.constantFrom(0, 0, 0, 0, 2),
      hash: fc.constantFrom(0, 0, 9),
      hashType: fc.constantFrom(0, 0, 1),
    });
    const usual = fc.constant<{ checksum: number | undefined }>({ checksum: undefined });
    const row = <T>(one: fc.Arbitrary<T>) => fc.array(one, { minLength: 4, maxLength: 4 });
    fc.assert(
      fc.property(
        fc.constantFrom(...Object.keys(rows)),
        fc.array(change, { maxLength: 1 }),
        fc.oneof(row(usual), row(meta)),
        fc.boolean(),
        (kind, changes, metas, receiving) => {
          const frames = rows[kind]!.map((frame) => Uint8Array.from(frame));
          for (const { frame, bit } of changes) frames[frame]![bit >> 3]! ^= 1 << (bit & 7);
          const honest = naiveFinding(rows[kind]![0]!);
          const said = metas.map(({ checksum = honest, ...more }) => ({ ...more, checksum }));
          expect(through(frames, said, ALIKE, receiving)).toEqual(through(frames, said, DIFFERENT, receiving));
        },
      ),
      seeded('successors', runsBySize({ quick: 400, ci: 4_000, long: 200_000 })),
    );
  });

  it('is one of a row of any length, in rings that start over', () => {
    const shapes = [{ tcp: stamped }, {}, { ipv6: {} }] as const;
    const parameters = fc.record({
      frames: fc.oneof(fc.integer({ min: 2, max: 12 }), fc.integer({ min: 2, max: 127 })),
      size: fc.integer({ min: 1, max: 1400 }),
      shape: fc.constantFrom(...shapes),
      broken: fc.nat({ max: 200 }),
      bit: fc.nat({ max: 8 * HEADERS - 1 }),
      short: fc.nat({ max: 200 }),
      before: fc.nat({ max: 127 }),
      receiving: fc.boolean(),
    });
    fc.assert(
      fc.property(parameters, ({ frames: count, size, shape, broken, bit, short, before, receiving }) => {
        const sizes = Array.from({ length: count }, (_, index) => (index === short ? Math.ceil(size / 2) : size));
        const frames = stream(sizes.map((bytes) => ({ size: bytes, ...shape })));
        const said = naiveFinding(frames[0]!);
        if (broken < count) frames[broken]![bit >> 3]! ^= 1 << (bit & 7);
        const metas = frames.map(() => ({ checksum: said }));
        const [alike, different] = [ALIKE, DIFFERENT].map((offsets) =>
          inShort(through(frames, metas, offsets, receiving, 128, before)),
        );
        expect(alike).toBe(different);
      }),
      seeded('rows of successors', runsBySize({ quick: 60, ci: 600, long: 30_000 })),
    );
  });
});
