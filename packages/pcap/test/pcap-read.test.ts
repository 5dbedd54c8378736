// Owns: pcap files as literal bytes, in both byte orders and units, and what is read from them.
import { describe, expect, it } from 'vitest';
import { concat, hex, pcapHeader, pcapRecord } from './bytes.ts';
import { CaptureParser } from '../src/index.ts';
import { outcomeOf } from './outcome.ts';

/** The same two packets, written by hand: 1700000000.000001 with 3 of 3 bytes, 1700000001.999999 with 2 of 60 bytes. */
const microsecondLittle = hex(`
  d4c3b2a1 0200 0400 00000000 00000000 00000400 01000000
  00f15365 01000000 03000000 03000000 aabbcc
  01f15365 3f420f00 02000000 3c000000 ddee`);
const microsecondBig = hex(`
  a1b2c3d4 0002 0004 00000000 00000000 00040000 00000001
  6553f100 00000001 00000003 00000003 aabbcc
  6553f101 000f423f 00000002 0000003c ddee`);
/** The same packets with nanoseconds: .000000001 and .999999999. */
const nanosecondLittle = hex(`
  4d3cb2a1 0200 0400 00000000 00000000 00000400 01000000
  00f15365 01000000 03000000 03000000 aabbcc
  01f15365 ffc99a3b 02000000 3c000000 ddee`);
const nanosecondBig = hex(`
  a1b23c4d 0002 0004 00000000 00000000 00040000 00000001
  6553f100 00000001 00000003 00000003 aabbcc
  6553f101 3b9ac9ff 00000002 0000003c ddee`);

describe('pcap files', () => {
  it.each([
    [
      'microsecond, little-endian',
      microsecondLittle,
      'little',
      [1_700_000_000_000_001_000n, 1_700_000_001_999_999_000n],
    ],
    ['microsecond, big-endian', microsecondBig, 'big', [1_700_000_000_000_001_000n, 1_700_000_001_999_999_000n]],
    ['nanosecond, little-endian', nanosecondLittle, 'little', [1_700_000_000_000_000_001n, 1_700_000_001_999_999_999n]],
    ['nanosecond, big-endian', nanosecondBig, 'big', [1_700_000_000_000_000_001n, 1_700_000_001_999_999_999n]],
  ] as const)('reads %s', (_name, bytes, byteOrder, timestamps) => {
    const parser = new CaptureParser();
    parser.push(bytes.subarray(0, 24));
    expect(parser.section).toMatchObject({ format: 'pcap', byteOrder, index: 0, version: { major: 2, minor: 4 } });
    const { packets, fault } = outcomeOf(bytes);
    expect(fault).toBeUndefined();
    expect(packets.map((packet) => packet.timestamp)).toEqual(timestamps);
    expect(packets.map((packet) => [...packet.data])).toEqual([
      [0xaa, 0xbb, 0xcc],
      [0xdd, 0xee],
    ]);
    expect(packets.map((packet) => packet.originalLength)).toEqual([3, 60]);
    expect(packets.map((packet) => packet.offset)).toEqual([24, 43]);
    expect(packets.every((packet) => packet.hasTimestamp && packet.linkType === 1)).toBe(true);
    expect(packets[0]?.interface).toMatchObject({ id: 0, linkType: 1, snapLength: 262144, fcsLength: undefined });
    expect(packets[0]?.interface.timestampResolution).toEqual({
      base: 10,
      exponent: bytes === microsecondLittle || bytes === microsecondBig ? 6 : 9,
    });
    expect(byteOrder).toBe(bytes[0] === 0xa1 ? 'big' : 'little');
  });

  it('reads the FCS length from the upper bits of the link type', () => {
    const { packets } = outcomeOf(concat(pcapHeader(true, { link: 0x2400_0001 }), pcapRecord({ data: [1] })));
    expect(packets[0]?.interface).toMatchObject({ linkType: 1, fcsLength: 4 });
    // Without the bit that says that it is there, the length means nothing.
    const without = outcomeOf(concat(pcapHeader(false, { link: 0x2000_0071 }), pcapRecord({ data: [1] }, false)));
    expect(without.packets[0]?.interface).toMatchObject({ linkType: 113, fcsLength: undefined });
  });

  it.each([0x0800_0001, 0x0001_0001, 0x0200_0001])('refuses reserved bits in the link type: %i', (link) => {
    expect(outcomeOf(pcapHeader(true, { link })).fault).toMatchObject({ code: 'bad-header', offset: 20 });
  });

  it('reads a packet longer than the snapshot length, as some writers make them', () => {
    const { packets, fault } = outcomeOf(concat(pcapHeader(true, { snapLength: 2 }), pcapRecord({ data: [1, 2, 3] })));
    expect(fault).toBeUndefined();
    expect(packets[0]?.data).toEqual(Uint8Array.of(1, 2, 3));
  });

  it('reads an original length below the captured one as it stands', () => {
    const { packets } = outcomeOf(concat(pcapHeader(), pcapRecord({ data: [1, 2, 3], original: 1 })));
    expect(packets[0]).toMatchObject({ originalLength: 1 });
    expect(packets[0]?.data.length).toBe(3);
  });

  it('reads a packet of no bytes, the largest time, and a fraction of more than a second', () => {
    const bytes = concat(pcapHeader(), pcapRecord({ seconds: 0xffff_ffff, fraction: 0xffff_ffff, data: [] }));
    const { packets, fault } = outcomeOf(bytes);
    expect(fault).toBeUndefined();
    expect(packets[0]?.data.length).toBe(0);
    expect(packets[0]?.timestamp).toBe(4_294_967_295_000_000_000n + 4_294_967_295_000n);
  });

  it('swaps the two lengths before version 2.3, and in 2.3 where they are swapped', () => {
    const swapped = pcapRecord({ data: [1, 2], captured: 60, original: 2 });
    const straight = pcapRecord({ data: [1, 2], captured: 2, original: 60 });
    for (const minor of [0, 2]) {
      const { packets, fault } = outcomeOf(concat(pcapHeader(true, { minor }), swapped, swapped));
      expect(fault).toBeUndefined();
      expect(packets.map((packet) => [packet.data.length, packet.originalLength])).toEqual([
        [2, 60],
        [2, 60],
      ]);
    }
    const mixed = outcomeOf(concat(pcapHeader(true, { minor: 3 }), swapped, straight));
    expect(mixed.packets.map((packet) => [packet.data.length, packet.originalLength])).toEqual([
      [2, 60],
      [2, 60],
    ]);
  });

  it.each([
    { major: 1, minor: 0 },
    { major: 2, minor: 5 },
    { major: 543, minor: 0 },
  ])('refuses version $major.$minor', (version) => {
    expect(outcomeOf(pcapHeader(true, version)).fault).toMatchObject({
      code: 'unsupported-version',
      offset: 4,
      got: `version ${version.major}.${version.minor}`,
    });
  });

  it('is a capture of no packets when there is nothing after the header', () => {
    expect(outcomeOf(pcapHeader())).toEqual({ packets: [], fault: undefined });
  });
});
