/*
 * Software coalescing against the naive one: each rule by a table, and the shapes that are known to break implementations
 * (long payloads, all lengths of options, flags, split parts, trailers), cut again by a segmenter.
 */

import { describe, expect, it } from 'vitest';
import {
  andBack,
  compare,
  datagrams,
  expectSame,
  FORWARDING,
  pieces,
  RECEIVING,
  stream,
  type Piece,
} from './coalescing-rig.ts';
import { pattern } from './frames.ts';
import { StageRig, type Meta } from './stage-rig.ts';
import { be, ethernet, ipv4, ipv6, join, TcpFlags, timestamps, udp } from './wire-frames.ts';

describe('a receiver', () => {
  // prettier-ignore
  it.each<[what: string, pieces: Piece[], counts: number[]]>([
    ['segments that follow one another',        pieces(10, 1448), [10]],
    ['segments over IPv6',                      pieces(5, 1000, { ipv6: {} }), [5]],
    ['segments of any size',                    [{ size: 1 }, { size: 3 }, { size: 1000 }, { size: 7 }], [4]],
    ['segments that fill a frame each',         pieces(3, 2 ** 16 - 100), [0, 0, 0]],
    ['a hole',                                  [{ size: 10 }, { size: 10 }, { size: 10, skip: 5 }, { size: 10 }], [2, 2]],
    ['a segment again',                         [{ size: 10 }, { size: 10, skip: -10 }], [0, 0]],
    ['FIN at the end',                          [{ size: 10 }, { size: 10, tcp: { flags: TcpFlags.ack | TcpFlags.fin } }], [0, 0]],
    ['SYN at the beginning',                    [{ size: 0, tcp: { flags: TcpFlags.syn } }, { size: 10, skip: 1 }, { size: 10 }], [0, 2]],
    ['RST, URG, ECE and CWR',                   [{ size: 9 }, ...[4, 32, 64, 128].map((flag) => ({ size: 9, tcp: { flags: 16 | flag } })), { size: 9 }], [0, 0, 0, 0, 0, 0]],
    ['a bare ECE within the data',              [{ size: 9 }, { size: 0, tcp: { flags: TcpFlags.ack | TcpFlags.ece } }, { size: 9 }], [0, 0, 0]],
    ['PSH, which goes on',                      [{ size: 9 }, { size: 9, tcp: { flags: 24 } }, { size: 9 }], [3]],
    ['later acknowledgements and other windows', [{ size: 9 }, { size: 9, tcp: { acknowledgement: 50, window: 9 } }, { size: 9, tcp: { acknowledgement: 50, window: 10 } }], [3]],
    ['an earlier acknowledgement',              [{ size: 9, tcp: { acknowledgement: 50 } }, { size: 9, tcp: { acknowledgement: 49 } }], [0, 0]],
    ['bare acknowledgements that advance',      [1, 2, 3].map((acknowledgement) => ({ size: 0, tcp: { acknowledgement } })), [3]],
    ['duplicate acknowledgements',              pieces(4, 0), [4]],
    ['an advance behind duplicates',            [...pieces(3, 0), { size: 0, tcp: { acknowledgement: 2 } }], [3, 0]],
    ['data, and the same acknowledgement bare', [{ size: 9 }, { size: 0 }], [0, 0]],
    ['data, and a later one bare',              [{ size: 9 }, { size: 0, tcp: { acknowledgement: 2 } }, { size: 9, tcp: { acknowledgement: 2 } }], [3]],
    ['a window update',                         [{ size: 0 }, { size: 0, tcp: { window: 501 } }], [0, 0]],
    ['timestamps that go on',                   [1, 1, 2].map((now) => ({ size: 9, tcp: { options: timestamps(now, now) } })), [3]],
    ['a timestamp from before',                 [{ size: 9, tcp: { options: timestamps(2, 2) } }, { size: 9, tcp: { options: timestamps(1, 2) } }], [0, 0]],
    ['a timestamp that wraps around',           [{ size: 9, tcp: { options: timestamps(2 ** 32 - 1, 5) } }, { size: 9, tcp: { options: timestamps(3, 5) } }], [2]],
    ['a timestamp, and none',                   [{ size: 9, tcp: { options: timestamps(2, 2) } }, { size: 9 }], [0, 0]],
    ['two timestamps in one header',            pieces(2, 9, { tcp: { options: join(timestamps(1, 1), timestamps(1, 1)) } }), [0, 0]],
    ['other options, the same',                 pieces(2, 9, { tcp: { options: Uint8Array.of(1, 1, 1, 1) } }), [2]],
    ['other options, different ones',           [1, 2].map((edge) => ({ size: 9, tcp: { options: join([1, 1, 5, 10], be(4, edge), be(4, 9)) } })), [0, 0]],
    ['options of no length',                    pieces(2, 9, { tcp: { options: Uint8Array.of(1, 1, 5, 0) } }), [0, 0]],
    ['another time to live',                    [{ size: 9 }, { size: 9, ipv4: { ttl: 63 } }], [0, 0]],
    ['another service',                         [{ size: 9 }, { size: 9, ipv4: { tos: 4 } }], [0, 0]],
    ['congestion experienced',                  [{ size: 9, ipv4: { tos: 2 } }, { size: 9, ipv4: { tos: 3 } }, { size: 9, ipv4: { tos: 3 } }], [0, 2]],
    ['may be fragmented, and may not',          [{ size: 9 }, { size: 9, ipv4: { dontFragment: false } }], [0, 0]],
    ['any identification',                      [{ size: 9 }, { size: 9, ipv4: { identification: 0 } }], [2]],
    ['IP options',                              pieces(2, 9, { ipv4: { options: Uint8Array.of(1, 1, 1, 0) } }), [0, 0]],
    ['a fragment',                              [{ size: 9 }, { size: 9, ipv4: { moreFragments: true } }, { size: 9 }], [0, 0, 0]],
    ['another hop limit',                       [{ size: 9, ipv6: {} }, { size: 9, ipv6: { hopLimit: 9 } }], [0, 0]],
    ['another flow label',                      [{ size: 9, ipv6: {} }, { size: 9, ipv6: { flowLabel: 9 } }], [0, 0]],
    ['another traffic class',                   [{ size: 9, ipv6: {} }, { size: 9, ipv6: { trafficClass: 9 } }], [0, 0]],
    ['tagged frames of one VLAN',               pieces(3, 9, { ethernet: { tags: [5] } }), [3]],
    ['frames of two VLANs',                     [{ size: 9, ethernet: { tags: [5] } }, { size: 9, ethernet: { tags: [6] } }], [0, 0]],
    ['padding behind short packets',            [{ size: 2, trailer: 4 }, { size: 1, trailer: 9 }, { size: 5 }], [3]],
    ['64 KB',                                   pieces(50, 1448), [45, 5]],
    ['65 frames: more parts than fit',          pieces(66, 10), [64, 2]],
  ])('coalesces by the rules: %s', (_what, some, counts) => {
    expect(compare(stream(some, 2 ** 32 - 20), RECEIVING)).toEqual(counts);
  });

  it('tells flows apart by addresses, ports, link addresses and versions, and puts a frame where its first segment was', () => {
    const flows: Piece[] = [
      { size: 10 },
      { size: 10, tcp: { sourcePort: 1001 } },
      { size: 10, tcp: { destinationPort: 81 } },
      { size: 10, ipv4: { source: 5 } },
      { size: 10, ipv4: { destination: 5 } },
      { size: 10, ethernet: { from: be(6, 9) } },
      { size: 10, ipv6: {} },
    ];
    const streams = flows.map((piece) => stream([piece, piece, piece]));
    const mixed = [0, 1, 2].flatMap((round) => streams.map((frames) => frames[round]!));
    expect(compare(mixed, RECEIVING)).toEqual(flows.map(() => 3));
  });

  it('lets nothing overtake within a flow: what cannot be coalesced ends what came before it', () => {
    const [one, two, three, four] = stream(pieces(4, 100)) as [Uint8Array, Uint8Array, Uint8Array, Uint8Array];
    const spoilt = two.slice();
    spoilt[60]! ^= 1;
    expect(compare([one, spoilt, two, three, four], RECEIVING)).toEqual([0, 0, 3]);
  });

  it('takes segments with timestamps only when that is asked for, and only the versions that are', () => {
    const with4 = stream(pieces(2, 9, { tcp: { options: timestamps(1, 1) } }));
    expect(compare(with4, { rsc: { tcpIPv4: true } })).toEqual([0, 0]);
    expect(compare(stream(pieces(2, 9)), { rsc: { tcpIPv4: true } })).toEqual([2]);
    const rig = new StageRig({ rsc: { tcpIPv4: true } });
    for (const frame of stream(pieces(2, 9, { ipv6: {} }))) rig.put(frame);
    expect(rig.run().map(({ count }) => count)).toEqual([0, 0]);
    rig.free();
  });

  // prettier-ignore
  it.each<[what: string, metas: Meta[], counts: number[]]>([
    ['one tag that was taken out',     [{ tagging: 2, tag: 5 }, { tagging: 2, tag: 5 }], [2]],
    ['two tags that were taken out',   [{ tagging: 2, tag: 5 }, { tagging: 2, tag: 6 }], [0, 0]],
    ['a priority, and none',           [{ tagging: 1, tag: 0x2000 }, {}], [0, 0]],
    ['what the NIC says is invalid',   [{}, { checksum: 0b10_01_00 }], [0, 0]],
    ['what the NIC says is valid',     [{ checksum: 0b01_01_00 }, { checksum: 0b01_01_00 }], [2]],
    ['what the NIC coalesced itself',  [{}, { coalesced: 3 }], [0, 3]],
  ])('heeds what the NIC says: %s', (_what, metas, counts) => {
    const rig = new StageRig(RECEIVING);
    for (const [index, frame] of stream(pieces(2, 50)).entries()) rig.put(frame, [], metas[index]);
    expect(rig.run().map(({ count }) => count)).toEqual(counts);
    rig.free();
  });

  it("keeps the first segment's hash, tag and time, and says that the checksums are valid", () => {
    const rig = new StageRig(RECEIVING);
    const [one, two] = stream(pieces(2, 50)) as [Uint8Array, Uint8Array];
    rig.put(one, [], { tagging: 2, tag: 5, hash: 77, hashType: 9, time: 1234 });
    rig.put(two, [20], { tagging: 2, tag: 5, hash: 77, hashType: 9, time: 5678 });
    rig.put(ethernet(0x0806, new Uint8Array(46)), [], { time: 9 });
    const [frame, other] = rig.run();
    expect(frame).toMatchObject({
      count: 2,
      parts: 2,
      tag: 5,
      hash: 77,
      hashType: 9,
      time: 1234,
      checksum: 0b01_01_00,
    });
    expect(other).toMatchObject({ count: 0, time: 9, hash: 0, delta: 0 });
    rig.free();
  });

  it('counts segments, bytes, events and aborts', () => {
    const rig = new StageRig(RECEIVING);
    for (const frame of stream([...pieces(3, 100), { size: 100, skip: 1 }, { size: 50 }])) rig.put(frame);
    rig.run();
    expect(rig.stage.coalescer.counters).toEqual({ segments: 5, bytes: 450, events: 2, aborts: 1 });
    rig.free();
  });

  it('coalesces datagrams of one size, the last one shorter', () => {
    expect(compare(datagrams([100, 100, 100, 40, 100]), RECEIVING)).toEqual([4, 0]);
    expect(compare(datagrams([100, 101, 101]), RECEIVING)).toEqual([0, 2]);
    expect(compare(datagrams([100, 0, 100]), RECEIVING)).toEqual([0, 0, 0]);
    expect(compare([...datagrams([100, 100]), ...datagrams([100], { ttl: 3 })], RECEIVING)).toEqual([2, 0]);
  });

  it('coalesces datagrams without checksums among themselves', () => {
    const bare = [60, 60].map((size) => ethernet(0x0800, ipv4(17, udp(pattern(size, 1)))));
    expect(compare(bare, RECEIVING)).toEqual([2]);
    expect(compare([bare[0]!, ...datagrams([60])], RECEIVING)).toEqual([0, 0]);
    const six = [60, 60].map((size) => ethernet(0x86dd, ipv6(17, udp(pattern(size, 1)))));
    expect(compare(six, RECEIVING)).toEqual([0, 0]); // over IPv6 there must be one
  });

  it('does not believe a datagram that says another length than its packet', () => {
    const odd = [1, 2].map(() => {
      const datagram = udp(pattern(60, 1));
      datagram.set(be(2, 60), 4);
      return ethernet(0x0800, ipv4(17, datagram));
    });
    expect(compare(odd, RECEIVING)).toEqual([0, 0]);
  });
});

describe('a forwarder', () => {
  // prettier-ignore
  it.each<[what: string, pieces: Piece[], counts: number[]]>([
    ['segments of one size',           pieces(10, 1448), [10]],
    ['a shorter one ends',             [...pieces(3, 100), { size: 99 }, { size: 99 }], [4, 0]],
    ['a longer one begins',            [...pieces(3, 100), { size: 101 }, { size: 101 }], [3, 2]],
    ['PSH ends',                       [{ size: 9 }, { size: 9, tcp: { flags: 24 } }, { size: 9 }, { size: 9, tcp: { flags: 24 } }], [2, 2]],
    ['PSH alone',                      pieces(3, 9, { tcp: { flags: 24 } }), [0, 0, 0]],
    ['another acknowledgement',        [{ size: 9 }, { size: 9, tcp: { acknowledgement: 2 } }], [0, 0]],
    ['another window',                 [{ size: 9 }, { size: 9, tcp: { window: 2 } }], [0, 0]],
    ['another timestamp',              [1, 2].map((now) => ({ size: 9, tcp: { options: timestamps(now, 1) } })), [0, 0]],
    ['the same timestamp',             pieces(2, 9, { tcp: { options: timestamps(1, 1) } }), [2]],
    ['a bare acknowledgement',         [{ size: 9 }, { size: 0, tcp: { acknowledgement: 2 } }, { size: 9, tcp: { acknowledgement: 2 } }], [0, 0, 0]],
    ['an identification that is not next', [{ size: 9 }, { size: 9, ipv4: { identification: 0 } }], [0, 0]],
  ])('coalesces what segmentation gives back: %s', (_what, some, counts) => {
    expect(compare(stream(some), FORWARDING)).toEqual(counts);
  });
});

describe('what is coalesced and cut again is what it was', () => {
  const optionsOf = (length: number): Uint8Array =>
    length >= 12 ? join(timestamps(7, 8), new Uint8Array(length - 12).fill(1)) : new Uint8Array(length).fill(1);
  const sizes = [100, 1000, 4000, 60_000];
  const segmentSize = 1388;
  // prettier-ignore
  const endings: readonly (readonly [name: string, flags: number])[] = [
    ['nothing', 16], ['PSH', 24], ['FIN', 17], ['ECE', 16 | 64], ['CWR', 16 | 128], ['PSH and FIN', 25],
  ];

  it.each([0, 4, 8, 12, 20, 28, 36, 40])(
    'with TCP options of %i bytes, for every payload, flag, cut and trailer',
    (length) => {
      for (const size of sizes)
        for (const [at, [, flags]] of endings.entries())
          for (const version of size < 60_000 ? [4, 6] : at === 1 ? [4 + 2 * (length % 8 === 0 ? 0 : 1)] : []) {
            const count = Math.ceil(size / segmentSize);
            const trailer = flags === 16 ? 5 : 0;
            const some = Array.from({ length: count }, (_, index) => ({
              size: Math.min(segmentSize, size - index * segmentSize),
              tcp: { options: optionsOf(length), ...(index + 1 === count ? { flags } : {}) },
              ...(version === 6 ? { ipv6: {} } : {}),
            }));
            const frames = stream(some);
            const cuts = frames.map((frame, index) =>
              index % 3 === 0 ? [] : [10 + ((index * 7) % Math.min(80, frame.length - 11))],
            );
            const trailed = frames.map((frame) => join(frame, pattern(trailer, 3)));
            const back = andBack(trailed, cuts);
            // A trailer goes when frames become one; a frame that stays alone keeps it.
            expectSame(
              back.map((frame, index) => frame.subarray(0, frames[index]!.length)),
              frames,
            );
          }
    },
  );

  it('wherever the segments are split into parts', () => {
    const frames = stream(pieces(3, 50, { tcp: { options: timestamps(1, 2) } }));
    for (let cut = 1; cut < frames[0]!.length; cut++)
      expectSame(andBack(frames, [[cut], [cut], [frames[0]!.length - cut]]), frames);
  });

  it('datagrams, too', () => {
    const frames = datagrams([500, 500, 500, 1]);
    expect(andBack(frames)).toEqual(frames);
  });
});
