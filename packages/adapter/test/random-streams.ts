/*
 * Random streams of several flows, TCP and UDP over IPv4 and IPv6, near the ends of every number that wraps around, with
 * everything that may end a chain of segments.
 */

import fc from 'fast-check';
import { pattern } from './frames.ts';
import { ethernet, ipv4, ipv6, join, tcp, timestamps, udp, withChecksum } from './wire-frames.ts';

/** One frame of a random stream: how it differs from a plain segment that goes on where its flow was. */
export const randomFrame = fc.record(
  {
    size: fc.oneof(fc.constant(40), fc.constant(40), fc.constant(41), fc.nat({ max: 60 }), fc.nat({ max: 3000 })),
    flow: fc.nat({ max: 2 }),
    udp: fc.oneof({ weight: 4, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
    six: fc.oneof({ weight: 3, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
    flags: fc.constantFrom(16, 16, 16, 16, 16, 16, 24, 24, 17, 2, 80, 0),
    advance: fc.constantFrom(0, 0, 0, 0, 0, 1, 100, -1),
    window: fc.constantFrom(500, 500, 500, 500, 501),
    now: fc.constantFrom(0, 0, 0, 0, 0, 1, -1),
    stamped: fc.constantFrom(0, 0, 1, 2),
    skip: fc.constantFrom(0, 0, 0, 0, 0, 0, 0, 1, -1),
    tos: fc.constantFrom(0, 0, 0, 0, 0, 0, 3),
    identification: fc.constantFrom(0, 0, 0, 0, 0, 0, 0, 1),
    trailer: fc.constantFrom(0, 0, 0, 6),
    fragment: fc.constantFrom(...Array.from({ length: 20 }, () => false), true),
    spoilt: fc.constantFrom(...Array.from({ length: 20 }, () => false), true),
    cuts: fc.uniqueArray(fc.integer({ min: 1, max: 120 }), { maxLength: 3 }),
  },
  { noNullPrototype: true },
);
export type RandomFrame = typeof randomFrame extends fc.Arbitrary<infer T> ? T : never;

/** A few frames that go on as the first of them began, as a NIC sends them that cuts a long packet. */
export const randomRow = fc
  .tuple(randomFrame, fc.integer({ min: 1, max: 6 }))
  .map(([one, count]) =>
    Array.from({ length: count }, (_, index): RandomFrame =>
      index === 0 ? one : { ...one, skip: 0, advance: 0, now: 0, identification: 0 },
    ),
  );

/** The frames, and where each is cut. Each flow's numbers go on from frame to frame. */
export function buildStreams(ones: readonly RandomFrame[]): { frames: Uint8Array[]; cuts: number[][] } {
  const state = new Map<string, { sequence: number; acknowledgement: number; now: number; identification: number }>();
  const frames = ones.map((it, index) => {
    const key = `${it.flow} ${String(it.udp)} ${String(it.six)}`;
    const flow = state.get(key) ?? {
      sequence: 2 ** 32 - 100,
      acknowledgement: 2 ** 32 - 50,
      now: 2 ** 32 - 2,
      identification: 65_530,
    };
    state.set(key, flow);
    const at = (flow.sequence + it.skip + 2 ** 32) % 2 ** 32;
    flow.sequence = (at + it.size) % 2 ** 32;
    flow.acknowledgement = (flow.acknowledgement + it.advance + 2 ** 32) % 2 ** 32;
    flow.now = (flow.now + it.now + 2 ** 32) % 2 ** 32;
    flow.identification = (flow.identification + 1 + it.identification) % 65_536;
    const stamp = timestamps(flow.now, flow.now);
    const options = it.stamped === 0 ? new Uint8Array(0) : it.stamped === 1 ? stamp : join([1, 1, 1, 1], stamp);
    const payload = pattern(it.size, index);
    const segment = it.udp
      ? udp(payload, 1000 + it.flow)
      : tcp(payload, {
          sourcePort: 1000 + it.flow,
          sequence: at,
          acknowledgement: flow.acknowledgement,
          flags: it.flags,
          window: it.window,
          options,
        });
    const protocol = it.udp ? 17 : 6;
    const packet = it.six
      ? ipv6(protocol, segment, { trafficClass: it.tos })
      : ipv4(protocol, segment, { identification: flow.identification, tos: it.tos, moreFragments: it.fragment });
    const frame = join(ethernet(it.six ? 0x86dd : 0x0800, withChecksum(packet)), pattern(it.trailer, 1));
    if (it.spoilt) frame[frame.length - 1 - it.trailer]! ^= 0x10;
    return frame;
  });
  const cuts = ones.map((it, index) => it.cuts.filter((cut) => cut < frames[index]!.length).sort((a, b) => a - b));
  return { frames, cuts };
}
