/*
 * The layout parser against a naive one over bytes in one piece: every frame of a table cut at every index, and frames
 * with bytes turned at random, cut at random; then what it does with what drivers say.
 */

import { i32 } from '@netcx/dma/memory';
import { Layer2Type, Layer3Type, Layer4Type } from '@netcx/rings';
import fc from 'fast-check';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { FrameDescriptor } from '../src/edge/index.ts';
import { FrameLayout, LayoutOutcome } from '../src/layout/frame-layout.ts';
import { seeded } from './conservation.ts';
import { FrameMemory } from './frame-memory.ts';
import { pattern } from './frames.ts';
import { naiveLayout, type NaiveLayout } from './naive-layout.ts';
import { be, ethernet, ipv4, ipv6, join, tcp, timestamps, udp, withChecksum } from './wire-frames.ts';

const memory = new FrameMemory();
const layout = new FrameLayout();
beforeEach(() => {
  memory.clear();
});
afterAll(() => {
  memory.free();
});

type Said = Partial<NaiveLayout>;

/** Places a frame with what is said of it, completes it, and reads the descriptor back. */
function complete(
  frame: Uint8Array,
  cuts: readonly number[] = [],
  said: Said = {},
  medium: number = Layer2Type.Ethernet,
) {
  const first = memory.place(frame, cuts);
  const d = memory.ring.at(first);
  FrameDescriptor.layer2Type.set(i32, d, said.layer2Type ?? 0);
  FrameDescriptor.layer2HeaderLength.set(i32, d, said.layer2Length ?? 0);
  FrameDescriptor.layer3Type.set(i32, d, said.layer3Type ?? 0);
  FrameDescriptor.layer3HeaderLength.set(i32, d, said.layer3Length ?? 0);
  FrameDescriptor.layer4Type.set(i32, d, said.layer4Type ?? 0);
  FrameDescriptor.layer4HeaderLength.set(i32, d, said.layer4Length ?? 0);
  FrameDescriptor.tag.set(i32, d, 0x1234);
  const outcome = layout.complete(memory.ring.base, memory.ring.mask, first, medium);
  expect(FrameDescriptor.tag.get(i32, d)).toBe(0x1234); // beside layer 4's type, and not its
  const found: NaiveLayout = {
    layer2Type: FrameDescriptor.layer2Type.get(i32, d),
    layer2Length: FrameDescriptor.layer2HeaderLength.get(i32, d),
    layer3Type: FrameDescriptor.layer3Type.get(i32, d),
    layer3Length: FrameDescriptor.layer3HeaderLength.get(i32, d),
    layer4Type: FrameDescriptor.layer4Type.get(i32, d),
    layer4Length: FrameDescriptor.layer4HeaderLength.get(i32, d),
  };
  memory.clear();
  return { outcome, found };
}

const payload = pattern(40, 7);
const segment = tcp(payload);
const segmentWithOptions = tcp(payload, { options: timestamps(5, 6) });
const datagram = udp(payload);
const extension = (next: number, words = 0): Uint8Array => join([next, words], new Uint8Array(6 + 8 * words));
const fragmentHeader = (next: number, field: number): Uint8Array => join([next, 0], be(2, field), be(4, 77));
const wireless = (control: number, flags: number, length: number, inner: Uint8Array): Uint8Array =>
  join([control, flags], new Uint8Array(length - 2), [0xaa, 0xaa, 3, 0, 0, 0], be(2, 0x0800), inner);

/** Frames by what is special about them, with the six numbers that must be found. */
// prettier-ignore
const FRAMES: Readonly<Record<string, readonly [frame: Uint8Array, expected: readonly number[], medium?: number]>> = {
  'TCP over IPv4':               [ethernet(0x0800, ipv4(6, segment)), [2, 14, 3, 20, 1, 20]],
  'TCP options':                 [ethernet(0x0800, ipv4(6, segmentWithOptions)), [2, 14, 3, 20, 1, 32]],
  'IPv4 options':                [ethernet(0x0800, ipv4(17, datagram, { options: be(12, 1) })), [2, 14, 2, 32, 2, 8]],
  'longest IPv4 and TCP':        [ethernet(0x0800, ipv4(6, tcp(payload, { options: new Uint8Array(40) }), { options: new Uint8Array(40) })), [2, 14, 2, 60, 1, 60]],
  'one tag':                     [ethernet(0x0800, ipv4(6, segment), { tags: [5] }), [2, 18, 3, 20, 1, 20]],
  'two tags':                    [ethernet(0x86dd, ipv6(6, segment), { tags: [5, 6] }), [2, 22, 6, 40, 1, 20]],
  'three tags: one too many':    [ethernet(0x0800, ipv4(6, segment), { tags: [5, 6, 7] }), [2, 22, 0, 0, 0, 0]],
  'LLC/SNAP':                    [ethernet(0x0800, ipv4(17, datagram), { snap: true }), [2, 22, 3, 20, 2, 8]],
  'LLC/SNAP behind a tag':       [ethernet(0x0800, ipv4(17, datagram), { snap: true, tags: [9] }), [2, 26, 3, 20, 2, 8]],
  'LLC without SNAP':            [ethernet(60, join([0x42, 0x42, 3], payload)), [2, 14, 0, 0, 0, 0]],
  'ARP':                         [ethernet(0x0806, payload), [2, 14, 0, 0, 0, 0]],
  'ICMP':                        [ethernet(0x0800, ipv4(1, payload)), [2, 14, 3, 20, 4, 0]],
  'first IPv4 fragment':         [ethernet(0x0800, ipv4(6, segment, { moreFragments: true })), [2, 14, 3, 20, 3, 0]],
  'last IPv4 fragment':          [ethernet(0x0800, ipv4(6, segment, { fragmentOffset: 9 })), [2, 14, 3, 20, 3, 0]],
  'UDP over IPv6':               [ethernet(0x86dd, ipv6(17, datagram)), [2, 14, 6, 40, 2, 8]],
  'extension headers':           [ethernet(0x86dd, ipv6(0, segment, { extensions: { first: 0, bytes: join(extension(60), extension(43, 2), extension(6)) } })), [2, 14, 5, 80, 1, 20]],
  'authentication header':       [ethernet(0x86dd, ipv6(0, segment, { extensions: { first: 51, bytes: join([6, 4], new Uint8Array(22)) } })), [2, 14, 5, 64, 1, 20]],
  'IPv6 fragment':               [ethernet(0x86dd, ipv6(0, segment, { extensions: { first: 44, bytes: fragmentHeader(6, 8) } })), [2, 14, 5, 48, 3, 0]],
  'IPv6 first fragment':         [ethernet(0x86dd, ipv6(0, segment, { extensions: { first: 44, bytes: fragmentHeader(6, 1) } })), [2, 14, 5, 48, 3, 0]],
  'IPv6 atomic fragment':        [ethernet(0x86dd, ipv6(0, segment, { extensions: { first: 44, bytes: fragmentHeader(6, 0) } })), [2, 14, 5, 48, 1, 20]],
  'no next header':              [ethernet(0x86dd, ipv6(59, payload)), [2, 14, 6, 40, 4, 0]],
  'encrypted payload':           [ethernet(0x86dd, ipv6(50, payload)), [2, 14, 6, 40, 4, 0]],
  'extension past the frame':    [ethernet(0x86dd, ipv6(0, segment, { extensions: { first: 0, bytes: join([6, 40], new Uint8Array(6)) } })), [2, 14, 0, 0, 0, 0]],
  'extensions of 471 bytes':     [ethernet(0x86dd, ipv6(0, segment, { extensions: { first: 0, bytes: join(extension(60, 31), extension(6, 25)) } })), [2, 14, 5, 504, 1, 20]],
  'extensions past 9 bits':      [ethernet(0x86dd, ipv6(0, segment, { extensions: { first: 0, bytes: join(extension(60, 31), extension(6, 26)) } })), [2, 14, 0, 0, 0, 0]],
  'IHL below 5':                 [ethernet(0x0800, join([0x44], ipv4(6, segment).subarray(1))), [2, 14, 0, 0, 0, 0]],
  'IHL past the frame':          [ethernet(0x0800, join([0x4f], ipv4(17, udp(be(4, 0))).subarray(1))), [2, 14, 0, 0, 0, 0]],
  'version that is not the type\'s': [ethernet(0x0800, ipv6(6, segment)), [2, 14, 0, 0, 0, 0]],
  'data offset below 5':         [ethernet(0x0800, ipv4(6, join(segment.subarray(0, 12), [0x40], segment.subarray(13)))), [2, 14, 3, 20, 0, 0]],
  'data offset past the frame':  [ethernet(0x0800, ipv4(6, join(tcp(be(4, 0)).subarray(0, 12), [0xf0], tcp(be(4, 0)).subarray(13)))), [2, 14, 3, 20, 0, 0]],
  'half a UDP header':           [ethernet(0x0800, ipv4(17, datagram.subarray(0, 7))), [2, 14, 3, 20, 0, 0]],
  'nothing but a link header':   [ethernet(0x0800, be(0, 0)), [2, 14, 0, 0, 0, 0]],
  'less than a link header':     [be(13, 1), [2, 0, 0, 0, 0, 0]],
  'no link layer, IPv4':         [ipv4(6, segment), [1, 0, 3, 20, 1, 20], Layer2Type.Null],
  'no link layer, IPv6':         [ipv6(17, datagram), [1, 0, 6, 40, 2, 8], Layer2Type.Null],
  'no link layer, neither':      [payload, [1, 0, 0, 0, 0, 0], Layer2Type.Null],
  'nothing at all':              [be(1, 0), [1, 0, 0, 0, 0, 0], Layer2Type.Null],
  '802.11 data':                 [wireless(0x08, 1, 24, ipv4(6, segment)), [3, 32, 3, 20, 1, 20], Layer2Type.Ieee80211],
  '802.11 with quality':         [wireless(0x88, 2, 26, ipv4(17, datagram)), [3, 34, 3, 20, 2, 8], Layer2Type.Ieee80211],
  '802.11 with everything':      [wireless(0x88, 0x83, 36, ipv4(17, datagram)), [3, 44, 3, 20, 2, 8], Layer2Type.Ieee80211],
  '802.11 management':           [wireless(0x80, 0, 24, payload), [3, 0, 0, 0, 0, 0], Layer2Type.Ieee80211],
  '802.11 encrypted':            [join([0x08, 0x41], new Uint8Array(22), payload), [3, 24, 0, 0, 0, 0], Layer2Type.Ieee80211],
};

const inWords = (numbers: readonly number[]): NaiveLayout => {
  const [layer2Type, layer2Length, layer3Type, layer3Length, layer4Type, layer4Length] = numbers as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  return { layer2Type, layer2Length, layer3Type, layer3Length, layer4Type, layer4Length };
};

describe('headers are found', () => {
  it.each(Object.keys(FRAMES))('in a frame of one piece: %s', (name) => {
    const [frame, expected, medium] = FRAMES[name]!;
    expect(naiveLayout(frame, medium)).toEqual(inWords(expected)); // the judge itself
    expect(complete(frame, [], {}, medium)).toEqual({ outcome: LayoutOutcome.Parsed, found: inWords(expected) });
  });

  it('wherever a frame is cut in two, and cut into single bytes', () => {
    for (const [frame, expected, medium] of Object.values(FRAMES)) {
      for (let cut = 1; cut < Math.min(frame.length, 130); cut++)
        expect(complete(frame, [cut], {}, medium).found).toEqual(inWords(expected));
      const everywhere = Array.from({ length: Math.min(frame.length - 1, 150) }, (_, at) => at + 1);
      expect(complete(frame, everywhere, {}, medium).found).toEqual(inWords(expected));
    }
  });

  it('or not, as the naive parser says, in frames with turned bytes, cut short and cut in parts', () => {
    const frame = fc.constantFrom(...Object.values(FRAMES));
    const turn = fc.record({ at: fc.nat({ max: 90 }), to: fc.nat({ max: 255 }) });
    const cuts = fc.uniqueArray(fc.integer({ min: 1, max: 120 }), { maxLength: 5 });
    fc.assert(
      fc.property(
        frame,
        fc.array(turn, { maxLength: 4 }),
        fc.nat({ max: 120 }),
        cuts,
        ([bytes, , medium], turns, lost, at) => {
          const turned = bytes.slice(0, Math.max(1, bytes.length - (lost > 60 ? 0 : lost)));
          for (const { at: place, to } of turns) if (place < turned.length) turned[place] = to;
          const inside = at.filter((cut) => cut < turned.length).sort((a, b) => a - b);
          expect(complete(turned, inside, {}, medium).found).toEqual(naiveLayout(turned, medium));
        },
      ),
      seeded('layout', 3000),
    );
  });
});

describe('what a driver says', () => {
  const frame = ethernet(0x0800, withChecksum(ipv4(6, segment)));
  const right = naiveLayout(frame);
  const { Honoured, Parsed, Corrected } = LayoutOutcome;

  // prettier-ignore
  it.each<[what: string, said: Said, outcome: number, found?: Said]>([
    ['all of it',                              right, Honoured],
    ['all but layer 4',                        { ...right, layer4Type: 0, layer4Length: 0 }, Parsed],
    ['layer 4 without its length',             { ...right, layer4Length: 0 }, Parsed],
    ['that it is no fragment',                 { ...right, layer4Type: 4, layer4Length: 0 }, Parsed],
    ['that it is a fragment',                  { ...right, layer4Type: 3, layer4Length: 0 }, Honoured, { layer4Type: 3, layer4Length: 0 }],
    ['layer 2 alone',                          { layer2Type: 2, layer2Length: 14 }, Parsed],
    ['layer 2 without its length',             { layer2Type: 2 }, Parsed],
    ['IPv4 with unspecified options',          { ...right, layer3Type: 1 }, Parsed],
    ['layers 3 and 4, but not 2: nothing',     { ...right, layer2Type: 0 }, Parsed],
    ['a link header past the frame',           { layer2Type: 2, layer2Length: 120 }, Corrected],
    ['a link header of 13 bytes',              { layer2Type: 2, layer2Length: 13 }, Corrected],
    ['no link layer, and its length',          { ...right, layer2Type: 1 }, Corrected],
    ['an IPv4 header of 22 bytes',             { ...right, layer3Type: 2, layer3Length: 22 }, Corrected],
    ['an IPv4 header of 24 without options',   { ...right, layer3Length: 24 }, Corrected],
    ['an IPv6 header of 20 bytes',             { ...right, layer3Type: 6 }, Corrected],
    ['a TCP header of 16 bytes',               { ...right, layer4Length: 16 }, Corrected],
    ['a UDP header of 20 bytes',               { ...right, layer4Type: 2 }, Corrected],
    ['headers that are longer than the frame', { ...right, layer3Type: 5, layer3Length: 100 }, Corrected],
    ['types that there are not',               { ...right, layer3Type: 9 }, Corrected],
    ['that it is IPv6, which it is not',       { ...right, layer3Type: 6, layer3Length: 40, layer4Type: 0, layer4Length: 0 }, Corrected, { layer3Type: 0, layer3Length: 0, layer4Type: 0, layer4Length: 0 }],
  ])('is honoured or corrected: %s', (_what, said: Said, outcome: number, found: Said = {}) => {
    expect(complete(frame, [], said)).toEqual({ outcome, found: { ...right, ...found } });
  });

  it('of the link layer is corrected when a tag stands behind it', () => {
    const tagged = ethernet(0x0800, withChecksum(ipv4(6, segment)), { tags: [7] });
    expect(complete(tagged, [], { layer2Type: 2, layer2Length: 14 })).toEqual({
      outcome: Corrected,
      found: naiveLayout(tagged),
    });
  });

  it('of a link layer that it alone knows is honoured: bytes before the type field', () => {
    const special = join(frame.subarray(0, 12), be(6, 0xabcd), frame.subarray(12));
    const found = { ...right, layer2Length: 20 };
    expect(complete(special, [], { layer2Type: 2, layer2Length: 20 })).toEqual({ outcome: Parsed, found });
  });

  it('whatever it is, leaves lengths that lie in the frame and that such headers can have', () => {
    const anything = fc.record({
      layer2Type: fc.nat({ max: 15 }), layer2Length: fc.nat({ max: 127 }),
      layer3Type: fc.nat({ max: 15 }), layer3Length: fc.nat({ max: 511 }),
      layer4Type: fc.nat({ max: 15 }), layer4Length: fc.nat({ max: 255 }),
    }); // prettier-ignore
    fc.assert(
      fc.property(anything, fc.constantFrom(...Object.values(FRAMES)), fc.nat({ max: 100 }), (said, [bytes], lost) => {
        const cut = bytes.slice(0, Math.max(1, bytes.length - lost));
        const { found } = complete(cut, [], said);
        expect(found.layer2Length + found.layer3Length + found.layer4Length).toBeLessThanOrEqual(cut.length);
        if (found.layer4Type === Layer4Type.Tcp && found.layer4Length > 0) expect(found.layer4Length % 4).toBe(0);
        if (found.layer3Type === Layer3Type.IPv4NoOptions) expect([0, 20]).toContain(found.layer3Length);
        if (found.layer3Type === Layer3Type.IPv6NoExtensions) expect([0, 40]).toContain(found.layer3Length);
      }),
      seeded('layout, said', 2000),
    );
  });
});
