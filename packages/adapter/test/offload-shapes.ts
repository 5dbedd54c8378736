/*
 * Random shapes of frames and of rings, for tests of what software does on transmit.
 */

import fc from 'fast-check';
import type { OffloadCapabilities } from '../src/index.ts';
import type { FrameShape } from './offload-frames.ts';
import { buildOffloadRig, type OffloadRig } from './offload-rig.ts';

export const shapes: fc.Arbitrary<FrameShape> = fc.record({
  tags: fc.constantFrom(0, 0, 1, 2),
  snap: fc.constantFrom(false, false, false, true),
  ip: fc.constantFrom(4 as const, 6 as const),
  ipv4Options: fc.constantFrom(0, 0, 4, 40),
  ipv6Extensions: fc.subarray(['hop', 'routing', 'home'] as const),
  tcp: fc.boolean(),
  tcpOptions: fc.constantFrom(0, 4, 12, 40),
  payload: fc.oneof(fc.integer({ min: 0, max: 5000 }), fc.constantFrom(0, 1, 2, 536, 1448, 4000)),
  flags: fc.integer({ min: 0, max: 255 }),
  sequence: fc.constantFrom(0, 1, 0x7fff_ffff, 0xffff_ff00),
  id: fc.constantFrom(0, 1, 0xfffe),
  seed: fc.nat(1000),
});
export const cuts = fc.array(fc.nat(), { maxLength: 6 });
/** Places in a frame, of any numbers. */
export const inside = (places: readonly number[], length: number): number[] =>
  places.map((place) => place % (length + 1));

/** Rings that are short of something, and a NIC with demands. */
export interface RingShape {
  readonly packets: number;
  readonly fragments: number;
  readonly buffers: number;
  readonly maximumNumberOfFragments: number;
  readonly alignment: number;
  readonly payloadBackfill: number;
  readonly copies: boolean;
  readonly withoutDma: boolean;
}

export const rings: fc.Arbitrary<RingShape> = fc.record({
  packets: fc.constantFrom(4, 16, 64),
  fragments: fc.constantFrom(8, 16, 128),
  buffers: fc.constantFrom(1, 3, 32),
  maximumNumberOfFragments: fc.constantFrom(1, 3, 64),
  alignment: fc.constantFrom(1, 1, 1, 8),
  payloadBackfill: fc.constantFrom(0, 0, 2),
  copies: fc.constantFrom(false, false, true),
  withoutDma: fc.boolean(),
});
export const rigOf = (
  { packets, fragments, buffers, maximumNumberOfFragments, alignment, payloadBackfill, copies, withoutDma }: RingShape,
  offloads: OffloadCapabilities = {},
  mtu = 9000,
): OffloadRig =>
  buildOffloadRig({
    packets,
    fragments,
    buffers,
    withoutDma,
    mtu,
    offloads,
    tx: { maximumNumberOfFragments, fragmentBufferAlignment: alignment, payloadBackfill },
    adapter: copies ? { bouncePolicy: 'always' } : {},
  });
