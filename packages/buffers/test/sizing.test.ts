/*
 * The sizing that adapters use unless told otherwise: what was asked, what was granted, and why.
 */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { defaultSizing } from '../src/index.ts';

const GIGABIT = 1e9;

describe('defaultSizing', () => {
  // prettier-ignore
  it.each([
    [10e6,          256],
    [GIGABIT,       256],
    [2.5 * GIGABIT, 1024],
    [10 * GIGABIT,  4096],
    [25 * GIGABIT,  4096],
    [400 * GIGABIT, 4096],
  ])('goes by a link of %d bit/s: %d elements', (linkSpeed, elements) => {
    const { transmit, receive } = defaultSizing({ fragmentRingHint: 0, linkSpeed, maximumFragments: 1 });
    for (const sizes of [transmit, receive]) {
      expect(sizes.fragments).toEqual({ asked: 0, granted: elements, reason: 'by link speed' });
      expect(sizes.packets).toEqual({ asked: 0, granted: elements, reason: 'as many as fragments, for frames of one fragment' });
    }
    expect(transmit.buffers).toEqual({ asked: 0, granted: elements, reason: 'one for each element, should every frame be copied' });
    expect(receive.buffers).toEqual({ asked: 0, granted: 2 * elements, reason: 'as many with the protocol as on the ring' });
  });

  it.each([2, 64, 128, 4096, 65_536])('grants %d when %d is asked', (hint) => {
    const { transmit, receive } = defaultSizing({ fragmentRingHint: hint, linkSpeed: GIGABIT, maximumFragments: 1 });
    expect(transmit.fragments).toEqual({ asked: hint, granted: hint, reason: 'as asked' });
    expect(receive.fragments).toEqual({ asked: hint, granted: hint, reason: 'as asked' });
    expect(receive.buffers.granted).toBe(2 * hint);
  });

  it('grants more than was asked when a packet would not fit, and says so', () => {
    const sizes = (hint: number, maximumFragments: number) =>
      defaultSizing({ fragmentRingHint: hint, linkSpeed: GIGABIT, maximumFragments }).transmit.fragments;
    expect(sizes(8, 16)).toEqual({ asked: 8, granted: 32, reason: 'a packet of the most fragments must fit' });
    expect(sizes(16, 15)).toEqual({ asked: 16, granted: 16, reason: 'as asked' });
    expect(sizes(16, 16)).toEqual({ asked: 16, granted: 32, reason: 'a packet of the most fragments must fit' });
    expect(sizes(0, 300)).toEqual({ asked: 0, granted: 512, reason: 'by link speed' });
  });

  it('always grants powers of two in which a packet fits with one element free', () => {
    const input = fc.record({
      fragmentRingHint: fc.oneof(
        fc.constant(0),
        fc.integer({ min: 1, max: 16 }).map((exponent) => 2 ** exponent),
      ),
      linkSpeed: fc.double({ min: 1, max: 1e13, noNaN: true }),
      maximumFragments: fc.integer({ min: 1, max: 65_535 }),
    });
    fc.assert(
      fc.property(input, (wanted) => {
        const { transmit, receive } = defaultSizing(wanted);
        for (const { packets, fragments, buffers } of [transmit, receive]) {
          expect(Math.log2(fragments.granted) % 1).toBe(0);
          expect(fragments.granted).toBeGreaterThan(wanted.maximumFragments);
          expect(fragments.granted).toBeGreaterThanOrEqual(wanted.fragmentRingHint);
          expect(packets.granted).toBe(fragments.granted);
          expect(buffers.granted).toBeGreaterThanOrEqual(fragments.granted);
          // Never a silent change.
          expect(fragments.granted === wanted.fragmentRingHint).toBe(fragments.reason === 'as asked');
        }
      }),
    );
  });
});
