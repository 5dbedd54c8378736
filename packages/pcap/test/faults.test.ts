// Owns: every fault that reading can meet: its code, file offset, what was expected and what came; and that hostile
// lengths cost neither memory nor time.
import { performance } from 'node:perf_hooks';
import { describe, expect, it } from 'vitest';
import { CaptureError, CaptureParser, MAX_RECORD_LENGTH, parseCapture } from '../src/index.ts';
import type { CaptureOptions } from '../src/index.ts';
import {
  block,
  concat,
  enhancedPacket,
  hex,
  interfaceBlock,
  number,
  obsoletePacket,
  pcapHeader,
  pcapRecord,
  sectionHeader,
  simplePacket,
} from './bytes.ts';
import { faultOf, outcomeOf, outcomeOfPieces, piecesOf } from './outcome.ts';

/** A section and an interface, 48 bytes, then whatever a test puts behind them. */
const start = concat(sectionHeader(), interfaceBlock());
const packet = enhancedPacket({ data: [1, 2, 3] });

interface FaultCase {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly code: string;
  readonly offset: number;
  readonly object: string;
  readonly expected: string;
  readonly got: string;
  readonly before?: number;
  readonly options?: CaptureOptions;
}

const notMagic = '0xa1b2c3d4 or 0xa1b23c4d in either byte order (pcap), or 0x0a0d0d0a (pcapng)';
const multiple = 'a multiple of 4, at least 12';

// prettier-ignore
const cases: FaultCase[] = [
  { name: 'nothing at all', bytes: hex(''), code: 'truncated', offset: 0,
    object: 'capture file', expected: 'a pcap or pcapng header', got: 'an empty file' },
  { name: 'three bytes', bytes: hex('d4c3b2'), code: 'truncated', offset: 0,
    object: 'capture file', expected: 'at least 4 bytes', got: '3 bytes' },
  { name: 'another file', bytes: hex('7f454c46 02010100'), code: 'not-a-capture', offset: 0,
    object: 'capture file, first four bytes', expected: notMagic, got: '0x7f454c46' },
  { name: 'a gzip file', bytes: hex('1f8b0800 00000000'), code: 'unsupported-format', offset: 0,
    object: 'capture file, first four bytes', expected: notMagic,
    got: '0x1f8b0800, a file compressed with gzip: decompress it first' },
  { name: "Kuznetzov's pcap", bytes: hex('34cdb2a1'), code: 'unsupported-format', offset: 0,
    object: 'capture file, first four bytes', expected: notMagic, got: "0x34cdb2a1, Kuznetzov's modified pcap" },

  { name: 'half a pcap header', bytes: pcapHeader().subarray(0, 23), code: 'truncated', offset: 0,
    object: 'pcap file header', expected: 'at least 24 bytes', got: '23 bytes' },
  { name: 'half a record header', bytes: concat(pcapHeader(), pcapRecord({ data: [1] }), new Uint8Array(15)),
    code: 'truncated', offset: 41, before: 1, object: 'packet record', expected: 'at least 16 bytes', got: '15 bytes' },
  { name: 'half a packet', bytes: concat(pcapHeader(), pcapRecord({ data: [1], captured: 60 })),
    code: 'truncated', offset: 24, object: 'packet record', expected: 'at least 76 bytes', got: '17 bytes' },
  { name: 'a record of 4 GiB', bytes: concat(pcapHeader(), pcapRecord({ data: [1] }), pcapRecord({ data: [], captured: 0xffff_ffff })),
    code: 'record-too-long', offset: 41, before: 1,
    object: 'packet record', expected: 'at most 16777216 bytes', got: '4294967311 bytes' },
  { name: 'a record over a limit of the reader', bytes: concat(pcapHeader(), pcapRecord({ data: new Uint8Array(85) })),
    options: { maxRecordLength: 100 }, code: 'record-too-long', offset: 24,
    object: 'packet record', expected: 'at most 100 bytes', got: '101 bytes' },

  { name: 'a section of no byte order', bytes: hex('0a0d0d0a 1c000000 4d3c2b1b'), code: 'bad-header', offset: 8,
    object: 'section header block, byte-order magic', expected: 'the bytes 4d 3c 2b 1a or 1a 2b 3c 4d', got: '0x1b2b3c4d' },
  { name: 'a section header that ends early', bytes: sectionHeader().subarray(0, 27), code: 'truncated', offset: 0,
    object: 'pcapng block', expected: 'at least 28 bytes', got: '27 bytes' },
  { name: 'a section header too short for its fields', bytes: hex('0a0d0d0a 18000000 4d3c2b1a 01000000 00000000 18000000'),
    code: 'bad-block-length', offset: 0, object: 'section header block', expected: 'at least 28 bytes', got: '24 bytes' },
  { name: 'a section of version 1.1', bytes: sectionHeader(true, [], 1, 1), code: 'unsupported-version', offset: 12,
    object: 'section header block', expected: 'version 1.0 or 1.2', got: 'version 1.1' },
  { name: 'a section of version 3', bytes: sectionHeader(false, [], 3, 1), code: 'unsupported-version', offset: 12,
    object: 'section header block', expected: 'version 1.0 or 1.2', got: 'version 3.1' },
  { name: 'a block shorter than a block', bytes: concat(start, number(6, 4, true), number(8, 4, true)),
    code: 'bad-block-length', offset: 52, object: 'enhanced packet block', expected: multiple, got: '8' },
  { name: 'a block whose length is not a multiple of 4', bytes: concat(start, number(77, 4, true), number(35, 4, true)),
    code: 'bad-block-length', offset: 52, object: 'block of type 0x0000004d', expected: multiple, got: '35' },
  { name: 'a packet block of 4 GiB', bytes: concat(start, packet, number(6, 4, true), number(0xffff_fffc, 4, true)),
    code: 'record-too-long', offset: 84, before: 1,
    object: 'enhanced packet block', expected: 'at most 16777216 bytes', got: '4294967292 bytes' },
  { name: 'an unknown block of 4 GiB, cut off', bytes: concat(start, packet, number(77, 4, true), number(0xffff_fffc, 4, true), [1, 2, 3]),
    code: 'truncated', offset: 84, before: 1,
    object: 'block of type 0x0000004d', expected: '4294967292 bytes', got: '11 bytes' },
  { name: 'an unknown block of 4 GiB that is to be handed on', bytes: concat(start, number(77, 4, true), number(0xffff_fffc, 4, true)),
    options: { onBlock: () => undefined }, code: 'record-too-long', offset: 48,
    object: 'block of type 0x0000004d', expected: 'at most 16777216 bytes', got: '4294967292 bytes' },
  { name: 'two lengths that differ', bytes: concat(start, packet.subarray(0, -4), number(40, 4, true)),
    code: 'bad-block-length', offset: 80, object: 'enhanced packet block (begun at 48), trailing length', expected: '36', got: '40' },
  { name: 'two lengths that differ in an unknown block', bytes: concat(start, block(77, [1]).subarray(0, -4), number(0, 4, true)),
    code: 'bad-block-length', offset: 60, object: 'block of type 0x0000004d (begun at 48), trailing length', expected: '16', got: '0' },
  { name: 'an unknown block without its trailing length', bytes: concat(start, block(77, [1]).subarray(0, -4)),
    code: 'truncated', offset: 48, object: 'block of type 0x0000004d', expected: '16 bytes', got: '12 bytes' },
  { name: 'an interface too short for its fields', bytes: concat(sectionHeader(), block(1, [1, 0, 0, 0])),
    code: 'bad-block-length', offset: 28, object: 'interface description block', expected: 'at least 20 bytes', got: '16 bytes' },
  { name: 'an enhanced packet too short for its fields', bytes: concat(start, block(6, new Uint8Array(16))),
    code: 'bad-block-length', offset: 48, object: 'enhanced packet block', expected: 'at least 32 bytes', got: '28 bytes' },
  { name: 'an obsolete packet too short for its fields', bytes: concat(start, block(2, new Uint8Array(16))),
    code: 'bad-block-length', offset: 48, object: 'packet block', expected: 'at least 32 bytes', got: '28 bytes' },
  { name: 'a simple packet too short for its fields', bytes: concat(start, block(3, [])),
    code: 'bad-block-length', offset: 48, object: 'simple packet block', expected: 'at least 16 bytes', got: '12 bytes' },
  { name: 'statistics too short for their fields', bytes: concat(start, block(5, new Uint8Array(8))),
    code: 'bad-block-length', offset: 48, object: 'interface statistics block', expected: 'at least 24 bytes', got: '20 bytes' },

  { name: 'more captured bytes than the block holds', bytes: concat(start, enhancedPacket({ data: [1, 2, 3], captured: 5 })),
    code: 'bad-packet-length', offset: 68, object: 'enhanced packet block', expected: 'at most the 4 bytes that the block holds', got: '5 bytes' },
  { name: 'far more captured bytes than the block holds', bytes: concat(start, obsoletePacket({ data: [1], captured: 0xffff_ffff }, 0)),
    code: 'bad-packet-length', offset: 68, object: 'packet block', expected: 'at most the 4 bytes that the block holds', got: '4294967295 bytes' },
  { name: 'a simple packet that claims more than it has', bytes: concat(start, simplePacket([1, 2], 9)),
    code: 'bad-packet-length', offset: 56, object: 'simple packet block', expected: 'at most the 4 bytes that the block holds', got: '9 bytes' },
  { name: 'a packet on an interface that is not there', bytes: concat(start, packet, enhancedPacket({ id: 1, data: [] })),
    code: 'unknown-interface', offset: 84, before: 1,
    object: 'enhanced packet block', expected: 'one of the 1 interfaces described before it in its section', got: 'interface 1' },
  { name: 'an interface of the section before', bytes: concat(start, packet, sectionHeader(), packet),
    code: 'unknown-interface', offset: 112, before: 1,
    object: 'enhanced packet block', expected: 'one of the 0 interfaces described before it in its section', got: 'interface 0' },
  { name: 'a simple packet without an interface', bytes: concat(sectionHeader(), simplePacket([1], 1)),
    code: 'unknown-interface', offset: 28, object: 'simple packet block',
    expected: 'one of the 0 interfaces described before it in its section', got: 'interface 0' },
  { name: 'statistics of an interface that is not there', bytes: concat(start, block(5, [...number(9, 4, true), ...new Uint8Array(8)])),
    code: 'unknown-interface', offset: 48, object: 'interface statistics block',
    expected: 'one of the 1 interfaces described before it in its section', got: 'interface 9' },
  { name: 'more interfaces than the limit', bytes: concat(start, interfaceBlock()), options: { maxInterfaces: 1 },
    code: 'too-many-interfaces', offset: 48, object: 'interface description block',
    expected: 'at most 1 interfaces in a section', got: 'one more' },

  { name: 'an option longer than its block', bytes: concat(start, block(6, [...new Uint8Array(20), 1, 0, 5, 0, 1, 2, 3, 4])),
    code: 'bad-option', offset: 76, object: 'enhanced packet block, option 1', expected: 'at most 4 bytes', got: '5 bytes' },
  { name: 'a time resolution of two bytes', bytes: concat(sectionHeader(), interfaceBlock(true, { list: [{ code: 9, value: [6, 0] }] })),
    code: 'bad-option', offset: 44, object: 'interface description block, option 9', expected: 'a value of 1 bytes', got: '2 bytes' },
  { name: 'a time offset of four bytes', bytes: concat(sectionHeader(), interfaceBlock(true, { list: [{ code: 14, value: [0, 0, 0, 0] }] })),
    code: 'bad-option', offset: 44, object: 'interface description block, option 14', expected: 'a value of 8 bytes', got: '4 bytes' },
];

describe('faults', () => {
  it.each(cases)('$name: $code', ({ bytes, options, before = 0, code, object, offset, expected, got }) => {
    const whole = outcomeOf(bytes, options);
    expect(whole.fault).toEqual({ code, object, offset, expected, got });
    expect(whole.packets).toHaveLength(before);
    expect(outcomeOfPieces(piecesOf(bytes, 1), options)).toEqual(whole);
  });

  it('read as a sentence', () => {
    expect(() => [...parseCapture(concat(pcapHeader(), new Uint8Array(3)))]).toThrow(
      new CaptureError('truncated', {
        object: 'packet record',
        offset: 24,
        expected: 'at least 16 bytes',
        got: '3 bytes',
      }),
    );
    expect(() => [...parseCapture(concat(pcapHeader(), new Uint8Array(3)))]).toThrow(
      'packet record at file offset 24: expected at least 16 bytes, got 3 bytes',
    );
  });

  it('are thrown again by every later call', () => {
    const parser = new CaptureParser();
    expect(parser.push(Uint8Array.of(1, 2, 3, 4))).toEqual([]);
    expect(parser.failed).toBe(true);
    const first = faultOf(() => parser.push(new Uint8Array(1)));
    expect(first).toMatchObject({ code: 'not-a-capture' });
    expect(faultOf(() => parser.end())).toEqual(first);
  });

  it.each([0, -1, 1.5, Number.NaN])('a limit of %d is refused', (limit) => {
    expect(faultOf(() => new CaptureParser({ maxRecordLength: limit }))).toMatchObject({ code: 'bad-value' });
    expect(faultOf(() => new CaptureParser({ maxInterfaces: limit }))).toMatchObject({ code: 'bad-value' });
  });
});

describe('a capture cut at every point', () => {
  const files = [
    concat(pcapHeader(), pcapRecord({ data: [1, 2, 3] }), pcapRecord({ data: [] }), pcapRecord({ data: [4] })),
    concat(
      start,
      packet,
      block(77, [1, 2, 3, 4, 5]),
      packet,
      sectionHeader(false),
      interfaceBlock(false),
      enhancedPacket({ data: [9] }, false),
    ),
  ];

  it.each(files.map((file, index) => ({ file, format: index === 0 ? 'pcap' : 'pcapng' })))('$format', ({ file }) => {
    const whole = outcomeOf(file);
    expect(whole.fault).toBeUndefined();
    // Where records begin: there the cut cannot be seen.
    const boundaries = new Set([...whole.packets.map(({ offset }) => offset), file.length]);
    let cuts = 0;
    for (let length = 0; length < file.length; length++) {
      const { packets, fault } = outcomeOf(file.subarray(0, length));
      expect(packets).toEqual(whole.packets.slice(0, packets.length));
      if (fault === undefined) {
        continue;
      }
      cuts++;
      expect(fault.code).toBe('truncated');
      expect(fault.offset).toBeLessThanOrEqual(length);
      expect(boundaries.has(length)).toBe(false);
      expect(fault.got).toBe(length === 0 ? 'an empty file' : `${length - (fault.offset ?? 0)} bytes`);
    }
    // Every packet, header and block boundary but the last is a cut that goes unseen; all others are seen.
    expect(file.length - cuts).toBe(file === files[0] ? 3 : 7);
  });
});

describe('hostile lengths', () => {
  it('a record that claims 16 MiB costs no more memory than what has come', () => {
    const header = concat(pcapHeader(), pcapRecord({ data: [], captured: MAX_RECORD_LENGTH - 16 }));
    const before = process.memoryUsage().arrayBuffers;
    const parsers = Array.from({ length: 200 }, () => {
      const parser = new CaptureParser();
      parser.push(header);
      parser.push(new Uint8Array(1000));
      return parser;
    });
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(8 * 1024 * 1024);
    expect(faultOf(() => parsers[0]?.end())).toMatchObject({ code: 'truncated', offset: 24, got: '1016 bytes' });
  });

  it('an unknown block of any length is passed over without being held', () => {
    const parser = new CaptureParser();
    const length = 256 * 1024 * 1024;
    parser.push(concat(start, number(77, 4, true), number(length, 4, true)));
    const before = process.memoryUsage().arrayBuffers;
    const chunk = new Uint8Array(1024 * 1024);
    for (let at = 0; at < length - 12; at += chunk.length) {
      parser.push(chunk.subarray(0, Math.min(chunk.length, length - 12 - at)));
    }
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(8 * 1024 * 1024);
    const packets = parser.push(concat(number(length, 4, true), packet));
    parser.end();
    expect(packets).toMatchObject([{ offset: 48 + length }]);
  });

  it('a long record in single bytes takes time in proportion to its length', () => {
    const milliseconds = (length: number) => {
      const file = concat(pcapHeader(), pcapRecord({ data: new Uint8Array(length) }));
      const begin = performance.now();
      expect(outcomeOfPieces(piecesOf(file, 1)).packets).toHaveLength(1);
      return performance.now() - begin;
    };
    milliseconds(20_000);
    let [short, long] = [milliseconds(50_000), milliseconds(800_000)];
    // 16 times the bytes: 16 times the time if linear, 256 times if quadratic. The machine may be busy, but not each time.
    for (let tries = 0; tries < 5 && long / short >= 80; tries++) {
      short = Math.min(short, milliseconds(50_000));
      long = Math.min(long, milliseconds(800_000));
    }
    expect(long / short).toBeLessThan(80);
  });
});
