// Owns: what is written is read back as it was, for random sections, interfaces, packets and statistics.
// Invariant: a seed is printed with every failure.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CapturePacket, InterfaceToWrite } from '../src/index.ts';
import { CaptureParser, parseCapture } from '../src/index.ts';
import { anyCapture } from './arbitrary-captures.ts';
import { parseNaively } from './naive-parser.ts';
import { pcap, pcapng } from './written.ts';

const u32 = fc.nat(0xffff_ffff);
const u64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });
const label = fc.string({ unit: 'grapheme', maxLength: 20 }).filter((value) => !value.includes('\0'));
const byteOrder = fc.constantFrom('little', 'big');
/** The first time that 32 bits of seconds cannot hold. */
const lastPcapTime = 2n ** 32n * 1_000_000_000n;
const data = fc.uint8Array({ maxLength: 90 });

const describedInterface: fc.Arbitrary<InterfaceToWrite> = fc.record({
  linkType: fc.nat(0xffff),
  snapLength: fc.constantFrom(0, 90, 262144),
  fcsLength: maybe(fc.nat(31)),
  name: maybe(label),
  description: maybe(label),
  speed: maybe(u64),
  transmitSpeed: maybe(u64),
  receiveSpeed: maybe(u64),
  macAddress: maybe(fc.uint8Array({ minLength: 6, maxLength: 6 })),
  filter: maybe(label),
  os: maybe(label),
  hardware: maybe(label),
  timeZone: maybe(label),
  comments: fc.array(label, { maxLength: 2 }),
});

const describedPacket = fc.record({
  timestamp: u64,
  data,
  originalLength: u32,
  flags: maybe(u32),
  queue: maybe(u32),
  packetId: maybe(u64),
  dropCount: maybe(u64),
  comments: fc.array(label, { maxLength: 2 }),
});

describe('what is written is read back', () => {
  it('from pcap, in either byte order and unit', () => {
    const packet = fc.record({
      timestamp: fc.bigInt({ min: 0n, max: lastPcapTime - 1n }),
      data,
      originalLength: u32,
    });
    const options = fc.record({
      byteOrder,
      resolution: fc.constantFrom('microsecond', 'nanosecond'),
      linkType: fc.nat(0xffff),
      snapLength: fc.integer({ min: 90, max: 0xffff_ffff }),
      fcsLength: maybe(fc.nat(15).map((words) => words * 2)),
    });
    fc.assert(
      fc.property(options, fc.array(packet, { maxLength: 6 }), (header, packets) => {
        const bytes = pcap(header, ...packets);
        const parser = new CaptureParser();
        const read = parser.push(bytes);
        parser.end();
        const { linkType, snapLength, fcsLength } = header;
        expect(parser.section?.byteOrder).toBe(header.byteOrder);
        expect(parser.section?.interfaces).toMatchObject([{ linkType, snapLength, fcsLength }]);
        const unit = header.resolution === 'microsecond' ? 1000n : 1n;
        expect(
          read.map(({ timestamp, originalLength, data: got }) => ({ timestamp, originalLength, data: got })),
        ).toEqual(packets.map((wanted) => ({ ...wanted, timestamp: wanted.timestamp - (wanted.timestamp % unit) })));
        expect(parseNaively(bytes).fault).toBeUndefined();
      }),
    );
  });

  it('from pcapng: section, interfaces, packets and statistics', () => {
    const section = fc.record({
      byteOrder,
      comments: fc.array(label, { maxLength: 2 }),
      hardware: maybe(label),
      os: maybe(label),
      application: maybe(label),
    });
    const counters = fc.record({
      timestamp: u64,
      startTime: maybe(u64),
      endTime: maybe(u64),
      received: maybe(u64),
      dropped: maybe(u64),
      filterAccepted: maybe(u64),
      osDropped: maybe(u64),
      delivered: maybe(u64),
      comments: fc.array(label, { maxLength: 2 }),
    });
    const interfaces = fc.array(describedInterface, { minLength: 1, maxLength: 3 });
    const packets = fc.array(fc.tuple(fc.nat(), describedPacket), { maxLength: 6 });
    fc.assert(
      fc.property(section, interfaces, packets, counters, (header, described, list, statistics) => {
        const bytes = pcapng(header, (writer) => {
          described.forEach((description) => writer.addInterface(description));
          list.forEach(([at, packet]) => writer.write({ ...packet, interface: at % described.length }));
          writer.writeStatistics(0, statistics);
        });
        const parser = new CaptureParser();
        const read = parser.push(bytes);
        parser.end();
        expect(parser.section).toMatchObject(header);
        expect(parser.section?.interfaces).toMatchObject(described);
        expect(parser.section?.interfaces[0]?.statistics).toMatchObject(statistics);
        expect(read.map((packet) => packet.interface.id)).toEqual(list.map(([at]) => at % described.length));
        expect(read).toMatchObject(list.map(([, packet]) => packet));
        expect(parseNaively(bytes).packets).toHaveLength(list.length);
      }),
    );
  });

  it('packets that were read can be written as they are, into either format', () => {
    fc.assert(
      fc.property(anyCapture, (file) => {
        const read = [...parseCapture(file)].filter(({ timestamp }) => timestamp >= 0n && timestamp < 2n ** 64n);
        const ids = new Map<CapturePacket['interface'], number>();
        const bytes = pcapng({}, (writer) => {
          for (const packet of read) {
            // Captures in the wild have packets over the snapshot length; a writer does not make more of them.
            const id = ids.get(packet.interface) ?? writer.addInterface({ ...packet.interface, snapLength: 0 });
            ids.set(packet.interface, id);
            writer.write({ ...packet, interface: id });
          }
        });
        const again = [...parseCapture(bytes)];
        const plain = ({
          timestamp,
          linkType,
          data: got,
          originalLength,
          flags,
          direction,
          queue,
          packetId,
          dropCount,
          comments,
        }: CapturePacket) => ({
          timestamp,
          linkType,
          got,
          originalLength,
          flags,
          direction,
          queue,
          packetId,
          dropCount,
          comments,
        });
        expect(again.map(plain)).toEqual(read.map(plain));

        const fits = read.filter(
          ({ linkType, timestamp }) => linkType === read[0]?.linkType && timestamp < lastPcapTime,
        );
        const classic = pcap({ linkType: read[0]?.linkType }, ...fits);
        expect([...parseCapture(classic)].map(({ timestamp, data: got }) => ({ timestamp, got }))).toEqual(
          fits.map(({ timestamp, data: got }) => ({ timestamp, got })),
        );
      }),
    );
  });

  it('the same calls write the same bytes', () => {
    const once = () =>
      pcapng({}, (writer) =>
        writer.write({ interface: writer.addInterface(), timestamp: 5n, data: new Uint8Array(9) }),
      );
    expect(once()).toEqual(once());
    const text = Buffer.from(once()).toString('latin1');
    expect(text).not.toContain(process.platform);
  });
});
