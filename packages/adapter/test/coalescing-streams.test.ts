/*
 * Random streams of several flows with everything that ends a chain, in random parts: as the naive coalescer has it, and cut
 * again as they were. NETCX_TEST_SIZE=ci runs 10,000 of each.
 */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { andBack, compare, expectSame, flows, FORWARDING, RECEIVING } from './coalescing-rig.ts';
import { seeded } from './conservation.ts';
import { buildStreams, randomFrame, randomRow } from './random-streams.ts';
import { StageRig } from './stage-rig.ts';
import { runsBySize } from './test-size.ts';

describe('random streams', () => {
  const runs = runsBySize({ quick: 25, ci: 10_000, long: 100_000 });
  it('become what the naive coalescer makes of them, for receivers and for forwarders', () => {
    fc.assert(
      fc.property(
        fc.array(randomFrame, { maxLength: 40, size: 'max' }),
        fc.constantFrom(RECEIVING, FORWARDING),
        (ones, offloads) => {
          const { frames, cuts } = buildStreams(ones);
          compare(frames, offloads, cuts);
        },
      ),
      seeded('coalescing', runs),
    );
  }, 600_000);

  it('of like segments in a row, too', () => {
    fc.assert(
      fc.property(
        fc.array(randomRow, { maxLength: 8, size: 'max' }),
        fc.constantFrom(RECEIVING, FORWARDING),
        fc.boolean(),
        (rows, offloads, whole) => {
          const { frames, cuts } = buildStreams(
            rows.flat().map((it) => (whole ? { ...it, cuts: [], spoilt: false } : it)),
          );
          compare(frames, offloads, cuts);
        },
      ),
      seeded('coalescing, rows', runs),
    );
  }, 600_000);

  it('cut again are what they were, in each flow in order', () => {
    fc.assert(
      fc.property(fc.array(randomFrame, { maxLength: 40, size: 'max' }), (ones) => {
        const { frames, cuts } = buildStreams(ones.map((it) => ({ ...it, trailer: 0, spoilt: false })));
        expectSame(flows(andBack(frames, cuts)), flows(frames));
      }),
      seeded('coalescing, and back', runs),
    );
  }, 600_000);

  it('lose no byte and no buffer when the driver says anything of layouts and checksums', () => {
    const lie = fc.record({
      layout: fc.nat({ max: 2 ** 32 - 1 }),
      layer4Type: fc.nat({ max: 15 }),
      near: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(fc.tuple(randomFrame, lie), { maxLength: 30, size: 'max' }), (ones) => {
        const { frames, cuts } = buildStreams(ones.map(([one]) => one));
        const rig = new StageRig(
          { ...RECEIVING, rxChecksum: { ipv4: true, tcpIPv4: true, udpIPv6: true } },
          512,
          256,
          4096,
        );
        for (const [index, frame] of frames.entries()) {
          const { layout, layer4Type, near } = ones[index]![1];
          // Near the truth, with one bit turned; or anything.
          const said = near ? 0x3214_0a0e ^ (1 << (layout & 31)) : layout;
          rig.put(frame, cuts[index], { layout: said, layer4Type: near ? 1 : layer4Type, checksum: 0b01_01_00 });
        }
        const out = rig.run();
        const alone = out.filter(({ count }) => count === 0).map(({ bytes }) => Buffer.from(bytes).toString('hex'));
        const came = frames.map((frame) => Buffer.from(frame).toString('hex'));
        expect(alone.filter((bytes) => !came.includes(bytes))).toEqual([]);
        expect(alone.length + out.reduce((sum, { count }) => sum + count, 0)).toBe(frames.length);
        rig.free(); // throws when a buffer is missing
      }),
      seeded('coalescing, lies', runs),
    );
  }, 600_000);
});
