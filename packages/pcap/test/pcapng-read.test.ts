// Owns: pcapng files as literal bytes, block by block and option by option, and what is read from them.
import { describe, expect, it } from 'vitest';
import type { RawBlock } from '../src/index.ts';
import { BlockType, CaptureParser } from '../src/index.ts';
import {
  block,
  concat,
  enhancedPacket,
  hex,
  interfaceBlock,
  number,
  obsoletePacket,
  options,
  sectionHeader,
  simplePacket,
  text,
  wordPair,
} from './bytes.ts';
import { outcomeOf } from './outcome.ts';

/** A section, an Ethernet interface with nanoseconds, and one packet with every option that is interpreted; by hand. */
const little = hex(`
  0a0d0d0a 1c000000 4d3c2b1a 0100 0000 ffffffffffffffff 1c000000
  01000000 20000000 0100 0000 00000400  0900 0100 09000000  0000 0000 20000000
  06000000 5c000000 00000000 b16f9717 01006ff4 05000000 3c000000 0102030405 000000
    0100 0200 6869 0000
    0200 0400 01000000
    0400 0800 0700000000000000
    0500 0800 efcdab8967452301
    0600 0400 03000000
    0000 0000 5c000000`);
const big = hex(`
  0a0d0d0a 0000001c 1a2b3c4d 0001 0000 ffffffffffffffff 0000001c
  00000001 00000020 0001 0000 00040000  0009 0001 09000000  0000 0000 00000020
  00000006 0000005c 00000000 17976fb1 f46f0001 00000005 0000003c 0102030405 000000
    0001 0002 6869 0000
    0002 0004 00000001
    0004 0008 0000000000000007
    0005 0008 0123456789abcdef
    0006 0004 00000003
    0000 0000 0000005c`);

function sections(bytes: Uint8Array): CaptureParser {
  const parser = new CaptureParser();
  parser.push(bytes);
  parser.end();
  return parser;
}

describe('pcapng files', () => {
  it.each([
    ['little-endian', little],
    ['big-endian', big],
  ])('reads %s', (_name, bytes) => {
    const { packets, fault } = outcomeOf(bytes);
    expect(fault).toBeUndefined();
    expect(packets).toHaveLength(1);
    expect(packets[0]).toMatchObject({
      offset: 60,
      timestamp: (0x17976fb1n << 32n) | 0xf46f0001n,
      hasTimestamp: true,
      linkType: 1,
      originalLength: 60,
      flags: 1,
      direction: 'inbound',
      queue: 3,
      packetId: 0x0123456789abcdefn,
      dropCount: 7n,
      comments: ['hi'],
      options: [],
    });
    expect(packets[0]?.data).toEqual(Uint8Array.of(1, 2, 3, 4, 5));
    expect(packets[0]?.interface).toMatchObject({ id: 0, sectionIndex: 0, snapLength: 262144 });
  });

  it('reads what a section says about itself', () => {
    const bytes = sectionHeader(false, [
      { code: 1, value: text('first') },
      { code: 2, value: text('a machine') },
      { code: 3, value: text('an OS') },
      { code: 4, value: text('a program') },
      { code: 1, value: text('zweite Zeile äöü') },
      { code: 0x8001, value: [1, 2, 3] },
    ]);
    expect(sections(bytes).section).toMatchObject({
      format: 'pcapng',
      byteOrder: 'big',
      version: { major: 1, minor: 0 },
      comments: ['first', 'zweite Zeile äöü'],
      hardware: 'a machine',
      os: 'an OS',
      application: 'a program',
      options: [{ code: 0x8001, value: Uint8Array.of(1, 2, 3) }],
      interfaces: [],
    });
  });

  it.each([true, false])('reads what an interface says about itself, little-endian %s', (le) => {
    const list = [
      { code: 1, value: text('a comment') },
      { code: 2, value: text('eth0') },
      { code: 3, value: text('the first one') },
      { code: 4, value: [192, 0, 2, 1, 255, 255, 255, 0] },
      { code: 6, value: [2, 0, 0, 0, 0, 1] },
      { code: 8, value: number(1_000_000_000, 8, le) },
      { code: 9, value: [0x8a] },
      { code: 11, value: [0, ...text('udp port 53')] },
      { code: 12, value: text('Linux') },
      { code: 13, value: [32] },
      { code: 14, value: number(-2, 8, le) },
      { code: 15, value: text('82576') },
      { code: 16, value: number(5n, 8, le) },
      { code: 17, value: number(2n ** 64n - 1n, 8, le) },
      { code: 18, value: text('Europe/Berlin') },
    ];
    const bytes = concat(sectionHeader(le), interfaceBlock(le, { linkType: 113, snapLength: 96, list }));
    expect(sections(bytes).section?.interfaces).toEqual([
      {
        id: 0,
        sectionIndex: 0,
        linkType: 113,
        snapLength: 96,
        fcsLength: 4,
        name: 'eth0',
        description: 'the first one',
        speed: 1_000_000_000n,
        transmitSpeed: 5n,
        receiveSpeed: 2n ** 64n - 1n,
        macAddress: Uint8Array.of(2, 0, 0, 0, 0, 1),
        filter: 'udp port 53',
        os: 'Linux',
        hardware: '82576',
        timeZone: 'Europe/Berlin',
        timestampResolution: { base: 2, exponent: 10 },
        timestampOffset: -2n,
        comments: ['a comment'],
        options: [{ code: 4, value: Uint8Array.of(192, 0, 2, 1, 255, 255, 255, 0) }],
        statistics: undefined,
      },
    ]);
  });

  it.each([
    { fcs: 4, bytes: 4 },
    { fcs: 32, bytes: 4 },
    { fcs: 0, bytes: 0 },
    { fcs: 8, bytes: 1 },
    { fcs: 12, bytes: 2 },
  ])('takes an if_fcslen of $fcs for $bytes bytes', ({ fcs, bytes }) => {
    const file = concat(sectionHeader(), interfaceBlock(true, { list: [{ code: 13, value: [fcs] }] }));
    expect(sections(file).section?.interfaces[0]?.fcsLength).toBe(bytes);
  });

  it('keeps a filter that is not libpcap text as it stands', () => {
    const file = concat(sectionHeader(), interfaceBlock(true, { list: [{ code: 11, value: [1, 6, 0] }] }));
    expect(sections(file).section?.interfaces[0]).toMatchObject({
      filter: undefined,
      options: [{ code: 11, value: Uint8Array.of(1, 6, 0) }],
    });
  });

  it('reads simple packets: no time, length cut to the first interface, padding left out', () => {
    const file = concat(
      sectionHeader(),
      interfaceBlock(true, { snapLength: 5 }),
      interfaceBlock(true, { snapLength: 1 }),
      simplePacket([1, 2, 3, 4, 5], 60),
      simplePacket([6, 7, 8], 3),
    );
    const { packets, fault } = outcomeOf(file);
    expect(fault).toBeUndefined();
    expect(packets.map((packet) => [[...packet.data], packet.originalLength])).toEqual([
      [[1, 2, 3, 4, 5], 60],
      [[6, 7, 8], 3],
    ]);
    expect(packets[0]).toMatchObject({ timestamp: 0n, hasTimestamp: false });
  });

  it.each([true, false])('reads obsolete packet blocks, little-endian %s', (le) => {
    const file = concat(
      sectionHeader(le),
      interfaceBlock(le),
      interfaceBlock(le, { linkType: 101 }),
      obsoletePacket(
        { id: 1, time: 7n, data: [1, 2, 3], original: 9, list: [{ code: 2, value: number(2, 4, le) }] },
        5,
        le,
      ),
      obsoletePacket({ id: 0, time: 8n, data: [4] }, 0xffff, le),
    );
    const { packets, fault } = outcomeOf(file);
    expect(fault).toBeUndefined();
    expect(packets[0]).toMatchObject({
      timestamp: 7_000n,
      linkType: 101,
      originalLength: 9,
      dropCount: 5n,
      direction: 'outbound',
    });
    expect(packets[1]).toMatchObject({ timestamp: 8_000n, linkType: 1, dropCount: undefined });
  });

  it('reads options without an end marker, and nothing after one', () => {
    const comment = { code: 1, value: text('c') };
    const file = concat(
      sectionHeader(),
      interfaceBlock(),
      enhancedPacket({ data: [1], list: [comment], end: false }),
      enhancedPacket({ data: [1], list: [comment, { code: 0, value: [] }, { code: 1, value: text('hidden') }] }),
    );
    const { packets, fault } = outcomeOf(file);
    expect(fault).toBeUndefined();
    expect(packets.map((packet) => packet.comments)).toEqual([['c'], ['c']]);
  });

  it('reads text that is empty, ends in a zero byte, or is not valid UTF-8', () => {
    const values = [[], [0x61, 0, 0x62], [0xff, 0x61], [0xef, 0xbb, 0xbf, 0x61]];
    const list = values.map((value) => ({ code: 1, value }));
    const file = concat(sectionHeader(), interfaceBlock(), enhancedPacket({ data: [], list }));
    expect(outcomeOf(file).packets[0]?.comments).toEqual(['', 'a', '\ufffda', '\ufeffa']);
  });

  it('keeps options that it does not know, or whose length is wrong, as they stand', () => {
    const list = [
      { code: 3, value: [2, 0xec, 0x1d, 0x87, 0x97] },
      { code: 2, value: [1, 0, 0] },
      { code: 6, value: [1] },
      { code: 2989, value: [1, 2, 3, 4] },
    ];
    const file = concat(sectionHeader(), interfaceBlock(), enhancedPacket({ data: [1], list }));
    const { packets, fault } = outcomeOf(file);
    expect(fault).toBeUndefined();
    expect(packets[0]).toMatchObject({ flags: undefined, queue: undefined });
    expect(packets[0]?.options).toEqual(list.map(({ code, value }) => ({ code, value: Uint8Array.from(value) })));
    const badMac = concat(sectionHeader(), interfaceBlock(true, { list: [{ code: 6, value: [1] }] }));
    expect(sections(badMac).section?.interfaces[0]).toMatchObject({
      macAddress: undefined,
      options: [{ code: 6, value: Uint8Array.of(1) }],
    });
  });

  it('reads several sections, each with its own byte order and interfaces', () => {
    const file = concat(
      sectionHeader(true),
      interfaceBlock(true, { linkType: 1 }),
      enhancedPacket({ data: [1] }, true),
      sectionHeader(false, [], 1, 2),
      interfaceBlock(false, { linkType: 101 }),
      interfaceBlock(false, { linkType: 113 }),
      enhancedPacket({ id: 1, data: [2] }, false),
      sectionHeader(true),
      interfaceBlock(true, { linkType: 276 }),
      enhancedPacket({ data: [3] }, true),
    );
    const { packets, fault } = outcomeOf(file);
    expect(fault).toBeUndefined();
    expect(packets.map(({ linkType, interface: { id, sectionIndex } }) => [linkType, id, sectionIndex])).toEqual([
      [1, 0, 0],
      [113, 1, 1],
      [276, 0, 2],
    ]);
    expect(sections(file).section).toMatchObject({ index: 2, byteOrder: 'little' });
  });

  it('passes over sections of another version when asked to, and refuses them otherwise', () => {
    const file = concat(
      sectionHeader(),
      interfaceBlock(),
      enhancedPacket({ data: [1] }),
      sectionHeader(false, [], 2, 0),
      interfaceBlock(false),
      enhancedPacket({ id: 77, data: [2] }, false),
      sectionHeader(),
      interfaceBlock(),
      enhancedPacket({ data: [3] }),
    );
    const strict = outcomeOf(file);
    expect(strict.packets.map((packet) => packet.data[0])).toEqual([1]);
    expect(strict.fault).toMatchObject({ code: 'unsupported-version', offset: 28 + 20 + 36 + 12, got: 'version 2.0' });
    const lenient = outcomeOf(file, { unsupportedSections: 'skip' });
    expect(lenient.fault).toBeUndefined();
    expect(lenient.packets.map((packet) => [packet.data[0], packet.interface.sectionIndex])).toEqual([
      [1, 0],
      [3, 2],
    ]);
  });

  it('passes over blocks that it does not know, and hands them on when asked to', () => {
    const secret = block(0x0a, [...number(0x544c534b, 4, true), 0, 0, 0, 0]);
    const custom = block(0x40000bad, [1, 2, 3, 4, 5, 6, 7, 8]);
    const file = concat(
      sectionHeader(),
      secret,
      interfaceBlock(),
      custom,
      block(0x80000001, []),
      enhancedPacket({ data: [1] }),
    );
    expect(outcomeOf(file)).toMatchObject({ fault: undefined, packets: [{ linkType: 1 }] });

    const blocks: RawBlock[] = [];
    const handed = outcomeOf(file, { onBlock: (raw) => blocks.push(raw) });
    expect(handed).toMatchObject({ fault: undefined, packets: [{ linkType: 1 }] });
    expect(
      blocks.map(({ type, offset, byteOrder, sectionIndex }) => ({ type, offset, byteOrder, sectionIndex })),
    ).toEqual([
      { type: BlockType.DecryptionSecrets, offset: 28, byteOrder: 'little', sectionIndex: 0 },
      { type: BlockType.CustomNoCopy, offset: 68, byteOrder: 'little', sectionIndex: 0 },
      { type: 0x80000001, offset: 88, byteOrder: 'little', sectionIndex: 0 },
    ]);
    expect(blocks.map(({ body }) => [...body])).toEqual([
      [0x4b, 0x53, 0x4c, 0x54, 0, 0, 0, 0],
      [1, 2, 3, 4, 5, 6, 7, 8],
      [],
    ]);
  });

  it('ends with what the callback for blocks throws, after the packets before it', () => {
    const file = concat(sectionHeader(), interfaceBlock(), enhancedPacket({ data: [1] }), block(0x0bad, [0, 0, 0, 0]));
    const parser = new CaptureParser({
      onBlock: () => {
        throw new RangeError('no custom blocks here');
      },
    });
    expect(parser.push(file)).toHaveLength(1);
    expect(parser.failed).toBe(true);
    expect(() => parser.push(file)).toThrow(RangeError);
    expect(() => parser.end()).toThrow('no custom blocks here');
  });

  it.each([true, false])('reads interface statistics, little-endian %s', (le) => {
    const list = [
      { code: 2, value: wordPair(1n, le) },
      { code: 3, value: wordPair(2n ** 40n, le) },
      { code: 4, value: number(100, 8, le) },
      { code: 5, value: number(1, 8, le) },
      { code: 6, value: number(90, 8, le) },
      { code: 7, value: number(2, 8, le) },
      { code: 8, value: number(88, 8, le) },
      { code: 1, value: text('done') },
      { code: 99, value: [7] },
    ];
    const body = [...number(0, 4, le), ...wordPair(5n, le), ...options(list, le)];
    const file = concat(sectionHeader(le), interfaceBlock(le), block(5, body, le));
    expect(sections(file).section?.interfaces[0]?.statistics).toEqual({
      timestamp: 5_000n,
      startTime: 1_000n,
      endTime: 2n ** 40n * 1_000n,
      received: 100n,
      dropped: 1n,
      filterAccepted: 90n,
      osDropped: 2n,
      delivered: 88n,
      comments: ['done'],
      options: [{ code: 99, value: Uint8Array.of(7) }],
    });
  });
});
