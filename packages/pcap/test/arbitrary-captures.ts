// Owns: random valid captures for the tests, built by hand from random values.
// Invariant: what it makes is valid by the drafts; the parser must read it without a fault.
import fc from 'fast-check';
import type { OptionBytes } from './bytes.ts';
import {
  block,
  concat,
  enhancedPacket,
  interfaceBlock,
  number,
  obsoletePacket,
  options,
  pcapHeader,
  pcapRecord,
  sectionHeader,
  simplePacket,
  text,
  wordPair,
} from './bytes.ts';

const u16 = fc.nat(0xffff);
const u32 = fc.nat(0xffff_ffff);
const u64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const data = fc.uint8Array({ maxLength: 70 });
const comment = fc.string({ unit: 'grapheme', maxLength: 12 }).map((value) => ({ code: 1, value: text(value) }));

function fixed(code: number, size: number): (little: boolean) => fc.Arbitrary<OptionBytes> {
  return (little) => u64.map((value) => ({ code, value: number(value, size, little) }));
}

/** Any resolution there can be, the common ones more often. */
const resolution = fc
  .oneof(fc.constantFrom(0, 3, 6, 9, 12, 0x81, 0x8a), fc.nat(255))
  .map((octet) => ({ code: 9, value: [octet] }));

function packetOptions(little: boolean): fc.Arbitrary<OptionBytes[]> {
  const each = [fixed(2, 4), fixed(4, 8), fixed(5, 8), fixed(6, 4), fixed(777, 3)].map((make) => make(little));
  return fc.array(fc.oneof(comment, ...each), { maxLength: 4 });
}

function section(little: boolean): fc.Arbitrary<Uint8Array> {
  const interfaces = fc.array(
    fc.record({
      linkType: u16,
      snapLength: fc.oneof(fc.constant(0), fc.nat(100)),
      list: fc.array(fc.oneof(comment, resolution, fixed(14, 8)(little), fixed(8, 8)(little)), {
        maxLength: 3,
      }),
    }),
    { minLength: 1, maxLength: 3 },
  );
  return interfaces.chain((described) => {
    const id = fc.nat(described.length - 1);
    const snapLength = described[0]!.snapLength;
    const packet = fc.record({ id, time: u64, data, original: u32, list: packetOptions(little), end: fc.boolean() });
    const body = fc.oneof(
      { weight: 4, arbitrary: packet.map((value) => enhancedPacket(value, little)) },
      fc.tuple(packet, u16).map(([value, drops]) => obsoletePacket(value, drops, little)),
      data.map((bytes) => {
        const kept = snapLength === 0 ? bytes : bytes.slice(0, snapLength);
        return simplePacket(kept, bytes.length, little);
      }),
      fc
        .tuple(id, u64, fc.array(fixed(4, 8)(little), { maxLength: 2 }))
        .map(([of, time, list]) =>
          block(5, [...number(of, 4, little), ...wordPair(time, little), ...options(list, little)], little),
        ),
      // Not the type of a block that is read.
      fc.tuple(fc.integer({ min: 7, max: 0x0a0d0d09 }), data).map(([type, bytes]) => block(type, bytes, little)),
    );
    return fc
      .tuple(fc.array(comment, { maxLength: 2 }), fc.array(body, { maxLength: 8 }))
      .map(([comments, bodies]) =>
        concat(
          sectionHeader(little, comments),
          ...described.map((description) => interfaceBlock(little, description)),
          ...bodies,
        ),
      );
  });
}

const pcapngCapture: fc.Arbitrary<Uint8Array> = fc
  .array(fc.boolean().chain(section), { minLength: 1, maxLength: 3 })
  .map((parts) => concat(...parts));

const pcapCapture: fc.Arbitrary<Uint8Array> = fc
  .record({
    little: fc.boolean(),
    header: fc.record({
      nanosecond: fc.boolean(),
      snapLength: u32,
      link: fc.oneof(
        u16,
        u16.map((linkType) => 0x2400_0000 + linkType),
      ),
    }),
    minor: fc.constantFrom(0, 2, 3, 4, 4, 4),
    records: fc.array(fc.record({ seconds: u32, fraction: u32, data, more: fc.nat(9999) }), { maxLength: 8 }),
  })
  .map(({ little, header, minor, records }) =>
    concat(
      pcapHeader(little, { ...header, minor }),
      ...records.map(({ seconds, fraction, data: bytes, more }) => {
        const [first, second] = [bytes.length, bytes.length + more];
        const lengths = minor < 3 ? { captured: second, original: first } : { captured: first, original: second };
        return pcapRecord({ seconds, fraction, data: bytes, ...lengths }, little);
      }),
    ),
  );

export const anyCapture: fc.Arbitrary<Uint8Array> = fc.oneof(pcapngCapture, pcapngCapture, pcapCapture);
