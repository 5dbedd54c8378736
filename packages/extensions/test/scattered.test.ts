/*
 * The scattered plan: everything is there and aligned, nothing lies where the packed plan has it, and every extension has a gap
 * in front of it and one behind.
 */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  Checksum,
  describeExtension,
  Gso,
  Hash,
  LogicalAddress,
  planElement,
  Rsc,
  VirtualAddress,
  type ElementPlan,
  type Extension,
} from '../src/index.ts';

const packet = { level: 'packet', coreSize: 12, coreAlignment: 4 } as const;
const fragment = { level: 'fragment', coreSize: 8, coreAlignment: 8 } as const;

/** The bytes of each extension of a plan. */
const bytesOf = ({ placements }: ElementPlan): number[] =>
  placements.flatMap(({ definition, offset }) =>
    Array.from({ length: describeExtension(definition).size }, (_, byte) => offset + byte),
  );

describe('the scattered plan', () => {
  it('puts the packet’s checksum, segmentation and hash behind a gap as large as all of them', () => {
    const plan = planElement({ ...packet, extensions: [Checksum, Gso, Hash], mode: 'scattered' });
    // Packed: gso or hash at 12, 13 bytes in all, up to byte 25. Scattered from there on, in the other order, 4 bytes apart.
    expect(Object.fromEntries(plan.offsets)).toEqual({ ms_packet_checksum: 25, ms_packet_hash: 32, ms_packet_gso: 44 });
    expect(plan.stride).toBe(52);
  });

  it('puts the fragment’s addresses in the other order', () => {
    const plan = planElement({ ...fragment, extensions: [VirtualAddress, LogicalAddress], mode: 'scattered' });
    expect(Object.fromEntries(plan.offsets)).toEqual({
      ms_fragment_logicaladdress: 24,
      ms_fragment_virtualaddress: 40,
    });
    expect(plan.stride).toBe(56);
  });

  it('is the bare core where there is no extension', () => {
    expect(planElement({ ...packet, extensions: [], mode: 'scattered' }).stride).toBe(12);
  });

  it('has no byte of an extension where the packed plan has one, and a gap beside each', () => {
    const all: readonly Extension[] = [Checksum, Gso, Rsc, Hash];
    fc.assert(
      fc.property(fc.subarray([...all]), fc.nat(8), (extensions, more) => {
        const spec = { ...packet, coreSize: 12 + 4 * more, extensions };
        const scattered = planElement({ ...spec, mode: 'scattered' });
        const packed = new Set(bytesOf(planElement(spec)));
        const bytes = bytesOf(scattered);
        expect(bytes.filter((byte) => packed.has(byte))).toEqual([]);
        expect(new Set(bytes).size).toBe(bytes.length);
        for (const { definition, offset } of scattered.placements) {
          const { size, alignment } = describeExtension(definition);
          expect(offset % alignment).toBe(0);
          expect(bytes).not.toContain(offset - 1);
          expect(bytes).not.toContain(offset + size);
          expect(offset + size).toBeLessThan(scattered.stride);
        }
      }),
    );
  });
});
