/*
 * Receive checksums in software against sums over every byte: each kind of frame right and wrong, wherever it is cut, and
 * what must not be said of frames of which nothing is known.
 */

import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { FrameReader } from '../src/layout/frame-reader.ts';
import { frameSum } from '../src/layout/internet-sum.ts';
import type { ReceiveWork } from '../src/receive-offload/receive-offload-switches.ts';
import { seeded } from './conservation.ts';
import { FrameMemory } from './frame-memory.ts';
import { pattern } from './frames.ts';
import { StageRig } from './stage-rig.ts';
import { be, ethernet, ipv4, ipv6, join, naiveChecksum, naiveSum, pseudoHeader, tcp, tcpFrame, udp, withChecksum } from './wire-frames.ts'; // prettier-ignore

const ALL: ReceiveWork = {
  rxChecksum: { ipv4: true, tcpIPv4: true, tcpIPv6: true, udpIPv4: true, udpIPv6: true },
};

/** Layer 3's and layer 4's evaluation, as a stage finds them: 0 = not checked, 1 = valid, 2 = invalid. */
function evaluate(frame: Uint8Array, work = ALL, cuts: readonly number[] = [], checksum = 0): [number, number] {
  const rig = new StageRig(work, 512, 64, frame.length + 64);
  rig.put(frame, cuts, { checksum });
  const [out] = rig.run();
  expect(out?.bytes).toEqual(frame);
  rig.free();
  return [(out!.checksum >>> 2) & 3, (out!.checksum >>> 4) & 3];
}

/** Turns a bit of a byte. */
const spoil = (frame: Uint8Array, at: number): Uint8Array =>
  frame.map((byte, index) => (index === (at + frame.length) % frame.length ? byte ^ 4 : byte));

const payload = pattern(41, 3);
const four = tcpFrame(payload);
const six = tcpFrame(payload, { ipv6: {} });
const udpFour = ethernet(0x0800, withChecksum(ipv4(17, udp(payload))));
const udpSix = ethernet(0x86dd, withChecksum(ipv6(17, udp(payload))));
const bare = udp(payload);

/** A segment over IPv6 behind extension headers, its checksum right for the addresses of the header. */
function behind(first: number, bytes: Uint8Array): Uint8Array {
  const plain = withChecksum(ipv6(6, tcp(payload)));
  return ethernet(0x86dd, ipv6(6, plain.subarray(40), { extensions: { first, bytes } }));
}

/** A datagram that is shorter than its packet; its checksum covers what it says. */
function shorter(): Uint8Array {
  const datagram = join(udp(payload), [1, 2, 3]);
  datagram.set(be(2, 8 + payload.length), 4);
  const packet = ipv4(17, datagram);
  const said = datagram.subarray(0, 8 + payload.length);
  packet.set(be(2, naiveChecksum(pseudoHeader(packet, 17, said.length), said)), 26);
  return ethernet(0x0800, packet);
}

describe('what software finds of a checksum', () => {
  // prettier-ignore
  it.each<[what: string, frame: Uint8Array, found: [number, number]]>([
    ['TCP over IPv4',                        four, [1, 1]],
    ['with its payload turned',              spoil(four, -1), [1, 2]],
    ['with its ports turned',                spoil(four, 35), [1, 2]],
    ['with its time to live turned',         spoil(four, 22), [2, 1]],
    ['with its addresses turned',            spoil(four, 26), [2, 2]],
    ['with padding behind it',               join(four, [1, 2, 3]), [1, 1]],
    ['with IP options',                      ethernet(0x0800, withChecksum(ipv4(6, tcp(payload), { options: Uint8Array.of(1, 1, 1, 0) }))), [1, 1]],
    ['in VLANs',                             tcpFrame(payload, { ethernet: { tags: [1, 2] } }), [1, 1]],
    ['TCP over IPv6, which has no other',    six, [0, 1]],
    ['and turned',                           spoil(six, -1), [0, 2]],
    ['UDP over IPv4',                        udpFour, [1, 1]],
    ['and turned',                           spoil(udpFour, -1), [1, 2]],
    ['UDP over IPv6',                        udpSix, [0, 1]],
    ['and turned',                           spoil(udpSix, -1), [0, 2]],
    ['UDP over IPv4 that says there is none', ethernet(0x0800, ipv4(17, bare)), [1, 1]],
    ['UDP over IPv6, where there must be one', ethernet(0x86dd, ipv6(17, bare)), [0, 2]],
    ['a datagram shorter than its packet',   shorter(), [1, 1]],
    ['a datagram longer than its packet',    ethernet(0x0800, withChecksum(ipv4(17, join(bare.subarray(0, 4), be(2, 60), bare.subarray(6))))), [1, 0]],
    ['a datagram of fewer than 8 bytes',     ethernet(0x0800, withChecksum(ipv4(17, join(bare.subarray(0, 4), be(2, 7), bare.subarray(6))))), [1, 0]],
    ['a packet longer than its frame',       four.subarray(0, -1), [1, 0]],
    ['a fragment',                           ethernet(0x0800, ipv4(6, tcp(payload), { moreFragments: true })), [1, 0]],
    ['ICMP',                                 ethernet(0x0800, ipv4(1, payload)), [1, 0]],
    ['ARP',                                  ethernet(0x0806, payload), [0, 0]],
    ['options for every hop',                behind(0, join([6, 0], be(6, 0x0104_0000_0000))), [0, 1]],
    ['a route that is done',                 behind(43, join([6, 2, 0, 0], new Uint8Array(20))), [0, 1]],
    ['a route that goes on elsewhere',       behind(43, join([6, 2, 0, 1], new Uint8Array(20))), [0, 0]],
    ['options for the destination',          behind(60, join([6, 0], be(6, 0x0104_0000_0000))), [0, 1]],
    ['the home address of a mobile node',    behind(60, join([6, 2, 1, 2, 0, 0], [0xc9, 16], new Uint8Array(16))), [0, 0]],
    ['an atomic fragment',                   behind(44, join([6, 0, 0, 0], be(4, 9))), [0, 1]],
    ['a route behind other headers',         behind(0, join([60, 0], be(6, 0x0104_0000_0000), [43, 0], be(6, 0x0104_0000_0000), [6, 2, 0, 1], new Uint8Array(20))), [0, 0]],
  ])('%s', (_what, frame, found) => {
    expect(evaluate(frame)).toEqual(found);
  });

  it('is the same wherever the frame is cut', () => {
    for (const frame of [four, six, udpFour, udpSix]) {
      for (let cut = 1; cut < frame.length; cut++) {
        expect(evaluate(frame, ALL, [cut])[1]).toBe(1);
        expect(evaluate(spoil(frame, -1), ALL, [cut])[1]).toBe(2);
      }
    }
  });

  it('is kept to what is asked for', () => {
    expect(evaluate(four, { rxChecksum: { ipv4: true } })).toEqual([1, 0]);
    expect(evaluate(four, { rxChecksum: { tcpIPv4: true } })).toEqual([0, 1]);
    expect(evaluate(four, { rxChecksum: { udpIPv4: true, tcpIPv6: true } })).toEqual([0, 0]);
    expect(evaluate(udpSix, { rxChecksum: { udpIPv6: true } })).toEqual([0, 1]);
    expect(evaluate(four, { layout: true })).toEqual([0, 0]);
  });

  it('leaves what the NIC has found', () => {
    expect(evaluate(four, ALL, [], 0b10_10_00)).toEqual([2, 2]);
    expect(evaluate(spoil(four, -1), ALL, [], 0b01_01_00)).toEqual([1, 1]);
    expect(evaluate(four, ALL, [], 0b10_00_00)).toEqual([1, 2]);
  });

  it('is counted', () => {
    const rig = new StageRig(ALL);
    for (const frame of [four, spoil(four, -1), six]) rig.put(frame);
    rig.run();
    expect(rig.stage.counters).toEqual({
      layoutsParsed: 3,
      layoutsCorrected: 0,
      checksumsValid: 4,
      checksumsInvalid: 1,
    });
    rig.free();
  });

  it('is right for payloads of any length and content', () => {
    const one = fc.record({
      bytes: fc.uint8Array({ maxLength: 200 }),
      over6: fc.boolean(),
      datagram: fc.boolean(),
      turn: fc.nat(),
    });
    fc.assert(
      fc.property(
        one,
        fc.uniqueArray(fc.integer({ min: 1, max: 53 }), { maxLength: 3 }),
        ({ bytes, over6, datagram, turn }, cuts) => {
          const segment = datagram ? udp(bytes) : tcp(bytes);
          const packet = withChecksum(over6 ? ipv6(datagram ? 17 : 6, segment) : ipv4(datagram ? 17 : 6, segment));
          const frame = ethernet(over6 ? 0x86dd : 0x0800, packet);
          const inside = cuts.filter((cut) => cut < frame.length).sort((a, b) => a - b);
          expect(evaluate(frame, ALL, inside)).toEqual([over6 ? 0 : 1, 1]);
          if (bytes.length === 0) return;
          const at = frame.length - 1 - (turn % bytes.length);
          expect(evaluate(spoil(frame, at), ALL, inside)[1]).toBe(2);
        },
      ),
      seeded('receive checksums', 300),
    );
  });
});

describe('a sum over parts', () => {
  const memory = new FrameMemory();
  const reader = new FrameReader();
  afterAll(() => {
    memory.free();
  });

  it("is the sum of the words, whatever the parts' places and lengths", () => {
    const cut = fc.uniqueArray(fc.integer({ min: 1, max: 299 }), { maxLength: 6 });
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 1, maxLength: 300 }),
        cut,
        fc.nat(),
        fc.nat(),
        (bytes, cuts, from, size) => {
          const first = memory.place(bytes, cuts.filter((at) => at < bytes.length).sort((a, b) => a - b)); // prettier-ignore
          reader.open(memory.ring.base, memory.ring.mask, first);
          const start = from % bytes.length;
          const length = size % (bytes.length - start + 1);
          expect(frameSum(reader, start, length)).toBe(naiveSum(bytes.subarray(start, start + length)));
          memory.clear();
        },
      ),
      seeded('sums', 1000),
    );
  });

  it('of 64 KiB of ones does not overflow', () => {
    const first = memory.place(new Uint8Array(65_535).fill(0xff));
    reader.open(memory.ring.base, memory.ring.mask, first);
    expect(frameSum(reader, 0, 65_535)).toBe(0xff00);
    memory.clear();
  });
});
