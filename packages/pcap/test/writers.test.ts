// Owns: what the writers write, as literal bytes, and what they refuse.
import { describe, expect, it } from 'vitest';
import type { PacketToWrite } from '../src/index.ts';
import { LinkType, MAX_RECORD_LENGTH, PcapWriter, PcapngWriter, parseCapture } from '../src/index.ts';
import { hex } from './bytes.ts';
import { faultOf, same } from './outcome.ts';
import { pcap, pcapng, written } from './written.ts';

const time = 1_700_000_001_999_999_999n;

describe('the pcap writer', () => {
  it.each([
    { options: { resolution: 'microsecond' }, header: 'd4c3b2a1 0200 0400', stamp: '01f15365 3f420f00' },
    { options: {}, header: '4d3cb2a1 0200 0400', stamp: '01f15365 ffc99a3b' },
  ] as const)('writes little-endian bytes, $options', ({ options, header, stamp }) => {
    const bytes = pcap(options, { timestamp: time, data: Uint8Array.of(1, 2, 3), originalLength: 60 });
    expect(bytes).toEqual(hex(`${header} 0000000000000000 00000400 01000000 ${stamp} 03000000 3c000000 010203`));
  });

  it.each([
    { options: { resolution: 'microsecond' }, header: 'a1b2c3d4 0002 0004', stamp: '6553f101 000f423f' },
    { options: {}, header: 'a1b23c4d 0002 0004', stamp: '6553f101 3b9ac9ff' },
  ] as const)('writes big-endian bytes, $options', ({ options, header, stamp }) => {
    const all = { ...options, byteOrder: 'big', snapLength: 96, linkType: 101, fcsLength: 4 } as const;
    const bytes = pcap(all, { timestamp: time, data: Uint8Array.of(1, 2, 3) });
    expect(bytes).toEqual(hex(`${header} 0000000000000000 00000060 24000065 ${stamp} 00000003 00000003 010203`));
  });

  it.each([
    { options: { linkType: 0x10000 } },
    { options: { linkType: -1 } },
    { options: { snapLength: 0 } },
    { options: { snapLength: 2 ** 32 } },
    { options: { fcsLength: 3 } },
    { options: { fcsLength: 32 } },
  ])('refuses $options', ({ options }) => {
    expect(faultOf(() => pcap(options))).toMatchObject({ code: 'bad-value' });
  });

  it.each([
    { name: 'a time before 1970', packet: { timestamp: -1n }, code: 'bad-value' },
    { name: 'a time after 2106', packet: { timestamp: 2n ** 32n * 1_000_000_000n }, code: 'bad-value' },
    { name: 'a time beyond 64 bits', packet: { timestamp: 2n ** 64n }, code: 'bad-value' },
    { name: 'more bytes than the snapshot length', packet: { data: new Uint8Array(101) }, code: 'bad-value' },
    { name: 'an original length beyond 32 bits', packet: { originalLength: 2 ** 32 }, code: 'bad-value' },
    { name: 'a broken original length', packet: { originalLength: 1.5 }, code: 'bad-value' },
    { name: 'another link type', packet: { linkType: 101 }, code: 'link-type-mismatch' },
  ])('refuses $name and writes nothing of it', ({ packet, code }) => {
    const good: PacketToWrite = { timestamp: 0n, data: Uint8Array.of(1) };
    const bytes = written(
      (sink) => new PcapWriter(sink, { snapLength: 100 }),
      (writer) => {
        expect(faultOf(() => writer.write({ ...good, ...packet }))).toMatchObject({ code });
        writer.write(good);
      },
    );
    expect(bytes).toEqual(pcap({ snapLength: 100 }, good));
  });

  it('refuses a record that no reader would take', () => {
    const data = new Uint8Array(MAX_RECORD_LENGTH - 15);
    expect(faultOf(() => pcap({ snapLength: 2 ** 32 - 1 }, { timestamp: 0n, data }))).toMatchObject({
      code: 'bad-value',
    });
    expect(pcap({ snapLength: 2 ** 32 - 1 }, { timestamp: 0n, data: data.subarray(1) })).toHaveLength(
      24 + MAX_RECORD_LENGTH,
    );
  });
});

describe('the pcapng writer', () => {
  const flagged: PacketToWrite = {
    timestamp: time,
    data: Uint8Array.of(1, 2, 3, 4, 5),
    originalLength: 60,
    interface: 1,
    direction: 'outbound',
    flags: 0x201,
    queue: 3,
    packetId: 0x0123456789abcdefn,
    dropCount: 7n,
    comments: ['hi', 'there'],
  };

  function everything(writer: PcapngWriter): void {
    expect(writer.addInterface()).toBe(0);
    expect(
      writer.addInterface({ linkType: LinkType.RAW, snapLength: 96, name: 'tun0', speed: 10n, fcsLength: 4 }),
    ).toBe(1);
    writer.write({ timestamp: 1n, data: new Uint8Array(0) });
    writer.write(flagged);
    writer.writeStatistics(1, { timestamp: 2n, startTime: 1n, received: 9n, comments: ['end'] });
  }

  it('writes little-endian bytes', () => {
    const bytes = pcapng({ comments: ['a'], application: 'netcx' }, everything);
    expect(bytes).toEqual(
      hex(`
      0a0d0d0a 34000000 4d3c2b1a 0100 0000 ffffffffffffffff
        0100 0100 61000000  0400 0500 6e65746378 000000  0000 0000 34000000
      01000000 20000000 0100 0000 00000000  0900 0100 09000000  0000 0000 20000000
      01000000 3c000000 6500 0000 60000000
        0200 0400 74756e30  0800 0800 0a00000000000000  0900 0100 09000000  0d00 0100 20000000  0000 0000 3c000000
      06000000 20000000 00000000 00000000 01000000 00000000 00000000 20000000
      06000000 68000000 01000000 fe9c9717 ff935fad 05000000 3c000000 0102030405 000000
        0100 0200 6869 0000  0100 0500 7468657265 000000  0200 0400 02020000  0400 0800 0700000000000000
        0500 0800 efcdab8967452301  0600 0400 03000000  0000 0000 68000000
      05000000 3c000000 01000000 00000000 02000000
        0100 0300 656e6400  0200 0800 00000000 01000000  0400 0800 0900000000000000  0000 0000 3c000000`),
    );
  });

  it('writes big-endian bytes', () => {
    const bytes = pcapng({ byteOrder: 'big', hardware: 'hw', os: 'os' }, everything);
    expect(bytes).toEqual(
      hex(`
      0a0d0d0a 00000030 1a2b3c4d 0001 0000 ffffffffffffffff
        0002 0002 68770000  0003 0002 6f730000  0000 0000 00000030
      00000001 00000020 0001 0000 00000000  0009 0001 09000000  0000 0000 00000020
      00000001 0000003c 0065 0000 00000060
        0002 0004 74756e30  0008 0008 000000000000000a  0009 0001 09000000  000d 0001 20000000  0000 0000 0000003c
      00000006 00000020 00000000 00000000 00000001 00000000 00000000 00000020
      00000006 00000068 00000001 17979cfe ad5f93ff 00000005 0000003c 0102030405 000000
        0001 0002 6869 0000  0001 0005 7468657265 000000  0002 0004 00000202  0004 0008 0000000000000007
        0005 0008 0123456789abcdef  0006 0004 00000003  0000 0000 00000068
      00000005 0000003c 00000001 00000000 00000002
        0001 0003 656e6400  0002 0008 00000000 00000001  0004 0008 0000000000000009  0000 0000 0000003c`),
    );
  });

  it.each([
    { name: 'a time before 1970', packet: { timestamp: -1n }, code: 'bad-value' },
    { name: 'a time beyond 64 bits', packet: { timestamp: 2n ** 64n }, code: 'bad-value' },
    { name: 'more bytes than the snapshot length', packet: { data: new Uint8Array(101) }, code: 'bad-value' },
    { name: 'an original length beyond 32 bits', packet: { originalLength: 2 ** 32 }, code: 'bad-value' },
    { name: 'flags beyond 32 bits', packet: { flags: 2 ** 32 }, code: 'bad-value' },
    { name: 'a queue below 0', packet: { queue: -1 }, code: 'bad-value' },
    { name: 'a packet id beyond 64 bits', packet: { packetId: 2n ** 64n }, code: 'bad-value' },
    { name: 'a drop count below 0', packet: { dropCount: -1n }, code: 'bad-value' },
    { name: 'a comment with a zero character', packet: { comments: ['a\0b'] }, code: 'bad-value' },
    { name: 'a comment of 64 KiB', packet: { comments: ['é'.repeat(32768)] }, code: 'bad-value' },
    { name: 'an interface that is not there', packet: { interface: 1 }, code: 'unknown-interface' },
    { name: 'an interface that cannot be', packet: { interface: -1 }, code: 'unknown-interface' },
    { name: 'another link type', packet: { linkType: 101 }, code: 'link-type-mismatch' },
  ])('refuses $name and writes nothing of it', ({ packet, code }) => {
    const good: PacketToWrite = { timestamp: 0n, data: Uint8Array.of(1) };
    const bytes = pcapng({}, (writer) => {
      writer.addInterface({ snapLength: 100 });
      expect(faultOf(() => writer.write({ ...good, ...packet }))).toMatchObject({ code });
      writer.write(good);
    });
    const clean = pcapng({}, (writer) => {
      writer.addInterface({ snapLength: 100 });
      writer.write(good);
    });
    expect(bytes).toEqual(clean);
  });

  it('refuses interfaces and statistics that their fields cannot hold', () => {
    const bytes = pcapng({}, (writer) => {
      const refused = (use: () => void) => expect(faultOf(use)?.code);
      refused(() => writer.addInterface({ linkType: 65536 })).toBe('bad-value');
      refused(() => writer.addInterface({ snapLength: -1 })).toBe('bad-value');
      refused(() => writer.addInterface({ macAddress: Uint8Array.of(1) })).toBe('bad-value');
      refused(() => writer.addInterface({ speed: -1n })).toBe('bad-value');
      refused(() => writer.addInterface({ fcsLength: 32 })).toBe('bad-value');
      refused(() => writer.addInterface({ name: '\0' })).toBe('bad-value');
      refused(() => writer.writeStatistics(0, { timestamp: 0n })).toBe('unknown-interface');
      writer.addInterface();
      refused(() => writer.writeStatistics(0, { timestamp: -1n })).toBe('bad-value');
      refused(() => writer.writeStatistics(0, { timestamp: 0n, received: 2n ** 64n })).toBe('bad-value');
    });
    expect(bytes).toEqual(pcapng({}, (writer) => writer.addInterface()));
    expect(faultOf(() => pcapng({ os: 'a\0' }, () => undefined))).toMatchObject({ code: 'bad-value' });
  });
});

describe('both writers', () => {
  it.each([
    { name: 'pcap', make: (sink: (chunk: Uint8Array) => void) => new PcapWriter(sink) },
    {
      name: 'pcapng',
      make: (sink: (chunk: Uint8Array) => void) => {
        const writer = new PcapngWriter(sink);
        writer.addInterface();
        return writer;
      },
    },
  ])('$name: chunks are the sink’s own, come in order, and closing ends it', ({ make }) => {
    const chunks: Uint8Array[] = [];
    const copies: Uint8Array[] = [];
    const writer = make((chunk) => {
      chunks.push(chunk);
      copies.push(chunk.slice());
    });
    const data = new Uint8Array(3000).fill(1);
    for (let i = 0; i < 100; i++) {
      writer.write({ timestamp: BigInt(i), data });
      data.fill(i);
      if (i % 10 === 0) writer.flush();
    }
    writer.write({ timestamp: 100n, data: new Uint8Array(200_000).fill(9) });
    writer.close();
    writer.close();
    expect(chunks.every((chunk, i) => same(chunk, copies[i]!))).toBe(true);
    expect(chunks.every((chunk) => chunk.length > 0)).toBe(true);
    const packets = [...parseCapture(chunks)];
    expect(packets.map((packet) => packet.timestamp)).toEqual(Array.from({ length: 101 }, (_, i) => BigInt(i)));
    expect(packets.map((packet) => packet.data[0])).toEqual([1, ...Array.from({ length: 99 }, (_, i) => i), 9]);
    expect(faultOf(() => writer.write({ timestamp: 0n, data }))).toMatchObject({ code: 'closed' });
    expect(chunks).toHaveLength(copies.length);
    expect(chunks.every((chunk, i) => same(chunk, copies[i]!))).toBe(true);
  });

  it('what the sink throws comes out of the write', () => {
    const writer = new PcapWriter(() => {
      throw new RangeError('the sink is full');
    });
    expect(() => writer.flush()).toThrow('the sink is full');
  });
});
