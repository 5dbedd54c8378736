/*
 * Streams of segments through a receive stage: what comes out is compared with what the naive coalescer makes of them, or
 * cut again and compared with what went in.
 */

import { expect } from 'vitest';
import type { ReceiveWork } from '../src/receive-offload/receive-offload-switches.ts';
import { pattern } from './frames.ts';
import { naiveCoalesce, naiveFinding, naiveSegment, type NaiveResult, type NaiveRules } from './naive-coalescer.ts';
import { StageRig, type Out } from './stage-rig.ts';
import {
  ethernet,
  ipv4,
  join,
  tcpFrame,
  udp,
  withChecksum,
  type EthernetFields,
  type Ipv4Fields,
  type Ipv6Fields,
  type TcpFields,
} from './wire-frames.ts';

const EVERYTHING = { tcpIPv4: true, tcpIPv6: true, udpIPv4: true, udpIPv6: true, tcpTimestampOption: true };
export const RECEIVING: ReceiveWork = { rsc: EVERYTHING };
export const FORWARDING: ReceiveWork = { rsc: EVERYTHING, coalescingFor: 'forwarding' };
const rulesOf = ({ rsc, coalescingFor }: ReceiveWork): NaiveRules => ({
  tcp: rsc?.tcpIPv4 === true,
  udp: rsc?.udpIPv4 === true,
  timestamps: rsc?.tcpTimestampOption === true,
  forwarding: coalescingFor === 'forwarding',
});

/** Segments of a stream: each goes on where the one before ended, and has the next identification. */
export interface Piece {
  readonly size: number;
  readonly tcp?: TcpFields;
  readonly ipv4?: Ipv4Fields;
  readonly ipv6?: Ipv6Fields;
  readonly ethernet?: EthernetFields;
  /** Bytes that the stream skips before it, or repeats. */
  readonly skip?: number;
  /** Bytes behind the packet. */
  readonly trailer?: number;
}

export function stream(pieces: readonly Piece[], sequence = 1000): Uint8Array[] {
  let next = sequence;
  return pieces.map(({ size, skip = 0, trailer = 0, ...fields }, index) => {
    const at = (next + skip) % 2 ** 32;
    next = (at + size) % 2 ** 32;
    const frame = tcpFrame(pattern(size, index), {
      ...fields,
      tcp: { sequence: at, ...fields.tcp },
      ...(fields.ipv6 === undefined ? { ipv4: { identification: 100 + index, ...fields.ipv4 } } : {}),
    });
    return join(frame, pattern(trailer, 99));
  });
}

/** A rig with as many and as large buffers as these frames take. */
function rigFor(frames: readonly Uint8Array[], cuts: readonly (readonly number[])[], offloads: ReceiveWork): StageRig {
  const buffers = frames.length + cuts.reduce((sum, one) => sum + one.length, 0);
  const longest = frames.reduce((most, { length }) => Math.max(most, length), 64);
  return new StageRig(offloads, 512, Math.max(1, buffers), longest + 16);
}

/**
 * Lets frames through a stage, of a NIC that says nothing of checksums and of one that has looked, and compares with the naive
 * coalescer. Returns how many segments each result is of.
 */
export function compare(
  frames: readonly Uint8Array[],
  offloads: ReceiveWork,
  cuts: readonly (readonly number[])[] = [],
) {
  compareOnce(frames, offloads, cuts, naiveFinding);
  return compareOnce(frames, offloads, cuts, () => 0);
}

function compareOnce(
  frames: readonly Uint8Array[],
  offloads: ReceiveWork,
  cuts: readonly (readonly number[])[],
  found: (frame: Uint8Array) => number,
) {
  const rig = rigFor(frames, cuts, offloads);
  try {
    for (const [index, frame] of frames.entries()) rig.put(frame, cuts[index], { checksum: found(frame) });
    const out = rig.run();
    const expected = naiveCoalesce(
      frames,
      rulesOf(offloads),
      frames.map((_, index) => 1 + (cuts[index]?.length ?? 0)),
    );
    const said = (one: NaiveResult | Out): object => ({ count: one.count, detail: one.detail, delta: one.delta });
    expect(out.map(said)).toEqual(expected.map(said));
    expectSame(
      out.map(({ bytes }) => bytes),
      expected.map(({ bytes }) => bytes),
    );
    return out.map(({ count }) => count);
  } finally {
    rig.free();
  }
}

export const pieces = (count: number, size: number, more: Partial<Piece> = {}): Piece[] =>
  Array.from({ length: count }, () => ({ size, ...more }));
export const datagrams = (sizes: readonly number[], fields: Ipv4Fields = {}): Uint8Array[] =>
  sizes.map((size, index) =>
    ethernet(0x0800, withChecksum(ipv4(17, udp(pattern(size, index)), { identification: 7 + index, ...fields }))),
  );

/** Far quicker than `toEqual`, which is asked only for its message. */
export function expectSame(found: readonly Uint8Array[], expected: readonly Uint8Array[]): void {
  const same =
    found.length === expected.length && found.every((bytes, index) => Buffer.compare(bytes, expected[index]!) === 0);
  if (!same) expect(found).toEqual(expected);
}

/** Frames flow by flow, as they came in each: version, protocol and source port tell flows apart here. */
export function flows(frames: readonly Uint8Array[]): Uint8Array[] {
  const flowOf = (frame: Uint8Array): number =>
    frame[12] === 8 ? frame[23]! * 256 + frame[35]! : 65_536 + frame[20]! * 256 + frame[55]!;
  return frames.toSorted((one, other) => flowOf(one) - flowOf(other));
}

/** Frames as they come out, cut again where they were coalesced. */
export function andBack(frames: readonly Uint8Array[], cuts: readonly (readonly number[])[] = []): Uint8Array[] {
  const rig = rigFor(frames, cuts, FORWARDING);
  for (const [index, frame] of frames.entries()) rig.put(frame, cuts[index], { checksum: naiveFinding(frame) });
  const back = rig.run().flatMap(({ bytes, count, detail }) => (count === 0 ? [bytes] : naiveSegment(bytes, detail)));
  rig.free();
  return back;
}
