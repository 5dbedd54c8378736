/*
 * Where a frame's headers lie, for checksums that Linux leaves to the NIC: frames as Linux sends them, and whatever else
 * may come.
 */

import fc from 'fast-check';
import { Layer3Type, Layer4Type } from '@netcx/rings';
import { describe, expect, test } from 'vitest';
import { layoutFor } from '../src/tap/frame-layout.ts';
import { parseTapPlace } from '../src/tap/tap-place.ts';

/** A frame of so many bytes with an EtherType, and what layer 4's header says of its own length. */
function frame(bytes: number, etherType: number, layer4At: number, dataOffset = 0x50): DataView {
  const view = new DataView(new ArrayBuffer(bytes));
  view.setUint16(12, etherType);
  if (layer4At + 12 < bytes) view.setUint8(layer4At + 12, dataOffset);
  return view;
}

const fields = (layout: number) => ({
  layer2Length: layout & 127,
  layer3Length: (layout >>> 7) & 511,
  layer4Length: (layout >>> 16) & 255,
  layer3Type: layout >>> 28,
});

describe('the layout of a frame whose checksum is wanted', () => {
  test('TCP over IPv4, with options', () => {
    const found = layoutFor(frame(66, 0x0800, 34, 0x80), 34, 16);
    expect(found?.layer4Type).toBe(Layer4Type.Tcp);
    expect(fields(found?.layout ?? 0)).toEqual({
      layer2Length: 14,
      layer3Length: 20,
      layer4Length: 32,
      layer3Type: Layer3Type.IPv4NoOptions,
    });
  });

  test('UDP over IPv6', () => {
    const found = layoutFor(frame(70, 0x86dd, 54), 54, 6);
    expect(found?.layer4Type).toBe(Layer4Type.Udp);
    expect(fields(found?.layout ?? 0)).toEqual({
      layer2Length: 14,
      layer3Length: 40,
      layer4Length: 8,
      layer3Type: Layer3Type.IPv6NoExtensions,
    });
  });

  test('UDP over IPv4 with options, IPv6 with an extension header', () => {
    expect(layoutFor(frame(70, 0x0800, 38), 38, 6)?.layout).toBeDefined();
    expect(fields(layoutFor(frame(90, 0x86dd, 62), 62, 6)?.layout ?? 0).layer3Type).toBe(Layer3Type.IPv6WithExtensions);
  });

  test.each([
    ['ARP', frame(60, 0x0806, 34), 34, 16],
    ['a checksum behind the end', frame(49, 0x0800, 34), 34, 16],
    ['a header that begins inside IP', frame(60, 0x0800, 30), 30, 16],
    ['IPv6 that is too short', frame(90, 0x86dd, 50), 50, 6],
    ['SCTP', frame(60, 0x0800, 34), 34, 8],
  ])('none for %s', (_, view, start, offset) => {
    expect(layoutFor(view, start, offset)).toBeUndefined();
  });

  test('lies inside the frame, or is none, whatever comes', () => {
    const word = fc.integer({ min: 0, max: 65_535 });
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 14, maxLength: 200 }), word, word, (bytes, start, offset) => {
        const found = layoutFor(new DataView(bytes.buffer, bytes.byteOffset, bytes.length), start, offset);
        if (found === undefined) return;
        const { layer2Length, layer3Length } = fields(found.layout);
        expect(layer2Length + layer3Length + offset + 2).toBeLessThanOrEqual(bytes.length);
      }),
      { numRuns: 2000 },
    );
  });
});

test('a TAP is named alone, with a namespace, or with the path of one', () => {
  expect(parseTapPlace('tap0')).toEqual({ name: 'tap0', namespace: undefined });
  expect(parseTapPlace('tap0@left')).toEqual({ name: 'tap0', namespace: '/run/netns/left' });
  expect(parseTapPlace('tap0@/proc/7/ns/net')).toEqual({ name: 'tap0', namespace: '/proc/7/ns/net' });
});
