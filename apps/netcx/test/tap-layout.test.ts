/*
 * Where a frame's headers lie, for checksums that Linux leaves to the NIC: frames as Linux sends them, and whatever else
 * may come.
 */

import fc from 'fast-check';
import { Layer3Type, Layer4Type } from '@netcx/rings';
import { describe, expect, test } from 'vitest';
import { layer4TypeFor, layoutFor } from '../src/tap/frame-layout.ts';
import { partialChecksum } from '../src/tap/partial-checksum.ts';
import { parseTapPlace } from '../src/tap/tap-place.ts';

/** A frame of so many bytes, its EtherType behind so many tags, and what layer 4's header says of its own length. */
function frame(bytes: number, etherType: number, layer4At: number, { dataOffset = 0x50, tags = 0 } = {}): Uint8Array {
  const view = new DataView(new ArrayBuffer(bytes));
  for (let tag = 0; tag < tags; tag++) view.setUint16(12 + 4 * tag, tag + 1 < tags ? 0x88a8 : 0x8100);
  view.setUint16(12 + 4 * tags, etherType);
  if (layer4At + 12 < bytes) view.setUint8(layer4At + 12, dataOffset);
  return new Uint8Array(view.buffer);
}

/** The layout of a frame that does not begin where its memory does. */
function layoutOf(bytes: Uint8Array, start: number, offset: number): number {
  const memory = new Uint8Array(bytes.length + 100);
  memory.set(bytes, 50);
  return layoutFor(memory, 50, bytes.length, start, offset);
}

const fields = (layout: number) => ({
  layer2Length: layout & 127,
  layer3Length: (layout >>> 7) & 511,
  layer4Length: (layout >>> 16) & 255,
  layer3Type: layout >>> 28,
});

describe('the layout of a frame whose checksum is wanted', () => {
  test('TCP over IPv4, with options', () => {
    expect(fields(layoutOf(frame(66, 0x0800, 34, { dataOffset: 0x80 }), 34, 16))).toEqual({
      layer2Length: 14,
      layer3Length: 20,
      layer4Length: 32,
      layer3Type: Layer3Type.IPv4NoOptions,
    });
  });

  test('UDP over IPv6', () => {
    expect(fields(layoutOf(frame(70, 0x86dd, 54), 54, 6))).toEqual({
      layer2Length: 14,
      layer3Length: 40,
      layer4Length: 8,
      layer3Type: Layer3Type.IPv6NoExtensions,
    });
  });

  test('UDP over IPv4 with options, IPv6 with an extension header', () => {
    expect(fields(layoutOf(frame(70, 0x0800, 38), 38, 6)).layer3Type).toBe(Layer3Type.IPv4WithOptions);
    expect(fields(layoutOf(frame(90, 0x86dd, 62), 62, 6)).layer3Type).toBe(Layer3Type.IPv6WithExtensions);
  });

  test.each([1, 2])('behind tags: %d', (tags) => {
    const start = 14 + 4 * tags + 20;
    expect(fields(layoutOf(frame(100, 0x0800, start, { tags }), start, 16))).toMatchObject({
      layer2Length: 14 + 4 * tags,
      layer3Length: 20,
    });
  });

  test.each([
    ['ARP', frame(60, 0x0806, 34), 34, 16],
    ['a checksum behind the end', frame(49, 0x0800, 34), 34, 16],
    ['a header of TCP that goes past the end', frame(60, 0x0800, 34, { dataOffset: 0xf0 }), 34, 16],
    ['a header of TCP that is too short', frame(60, 0x0800, 34, { dataOffset: 0x40 }), 34, 16],
    ['a header that begins inside IP', frame(60, 0x0800, 30), 30, 16],
    ['IPv6 that is too short', frame(90, 0x86dd, 50), 50, 6],
    ['IP of more bytes than a descriptor can say', frame(700, 0x86dd, 600), 600, 6],
    ['SCTP', frame(60, 0x0800, 34), 34, 8],
    ['three tags', frame(100, 0x0800, 46, { tags: 3 }), 46, 16],
    ['nothing', new Uint8Array(0), 0, 16],
  ])('none for %s', (_, bytes, start, offset) => {
    expect(layoutOf(bytes, start, offset)).toBe(0);
  });

  test('lies inside the frame, or is none, whatever comes', () => {
    const word = fc.oneof(fc.integer({ min: 0, max: 65_535 }), fc.integer({ min: 0, max: 80 }));
    const type = fc.constantFrom(0x0800, 0x86dd, 0x8100);
    const where = fc.constantFrom(6, 16, 8);
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 14, maxLength: 200 }), type, word, where, (bytes, type, start, offset) => {
        new DataView(bytes.buffer, bytes.byteOffset).setUint16(12, type);
        const found = fields(layoutOf(bytes, start, offset));
        expect(found.layer2Length + found.layer3Length + found.layer4Length).toBeLessThanOrEqual(bytes.length);
      }),
      { numRuns: 2000 },
    );
  });

  test('layer 4 is known by where it has its checksum', () => {
    expect([16, 6, 8, 0].map(layer4TypeFor)).toEqual([
      Layer4Type.Tcp,
      Layer4Type.Udp,
      Layer4Type.Unspecified,
      Layer4Type.Unspecified,
    ]);
  });
});

test('a partial checksum is that of the pseudo-header, and what completes it is right', () => {
  fc.assert(
    fc.property(fc.boolean(), fc.boolean(), fc.uint8Array({ minLength: 20, maxLength: 300 }), (ipv6, tcp, layer4) => {
      const header = new Uint8Array(ipv6 ? 40 : 20).map((_, index) => (index * 37 + layer4.length) & 0xff);
      const at = tcp ? 16 : 6;
      const sum = partialChecksum(header, 0, ipv6, tcp, layer4.length);
      layer4.set([sum >>> 8, sum & 0xff], at);
      const total = ones(layer4);
      layer4.set([(~total >>> 8) & 0xff, ~total & 0xff], at);
      // RFC 1071: over pseudo-header and data with its checksum, the sum is all ones.
      const pseudo = [...header.slice(ipv6 ? 8 : 12), 0, tcp ? 6 : 17, layer4.length >>> 8, layer4.length & 0xff];
      expect(ones(Uint8Array.from([...pseudo, ...layer4]))).toBe(0xffff);
    }),
    { numRuns: 300 },
  );
});

/** RFC 1071, byte by byte. */
function ones(bytes: Uint8Array): number {
  let sum = 0;
  for (const [index, byte] of bytes.entries()) sum += index % 2 === 0 ? byte << 8 : byte;
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return sum;
}

test('a TAP is named alone, with a namespace, or with the path of one', () => {
  expect(parseTapPlace('tap0')).toMatchObject({ name: 'tap0', namespace: undefined });
  expect(parseTapPlace('tap0@left')).toMatchObject({ name: 'tap0', namespace: '/run/netns/left' });
  expect(parseTapPlace('tap0@/proc/7/ns/net')).toMatchObject({ name: 'tap0', namespace: '/proc/7/ns/net' });
});

test('a TAP has an address of its own, the same each time', () => {
  const addresses = ['left@one', 'right@two', 'left@two'].map((text) => parseTapPlace(text).macAddress);
  expect(new Set(addresses.map(String)).size).toBe(3);
  expect(parseTapPlace('left@one').macAddress).toEqual(addresses[0]);
  // Locally administered, and no group (IEEE 802).
  for (const address of addresses) expect([address.length, (address[0] ?? 0) & 3]).toEqual([6, 2]);
});
