/*
 * Descriptors against literal bytes: each field alone with all its bits set, and whole descriptors as NetAdapterCx 2.x
 * lays them out (reference netadaptercx §1.1, §1.4 to §1.6).
 */

import type { Accessor } from '@netcx/layout';
import { describeStruct, type Struct } from '@netcx/layout';
import { describe, expect, it } from 'vitest';
import {
  Fragment,
  FRAGMENT_BYTES,
  FRAGMENT_MAXIMUM_LENGTH,
  FRAGMENT_MAXIMUM_OFFSET,
  Layer2Type,
  Layer3Type,
  Layer4Type,
  Packet,
  PACKET_BYTES,
  RING_HEADER_BYTES,
  RingHeader,
  SYSTEM_BUFFER_BYTES,
  SystemBuffer,
} from '../src/index.ts';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex').replace(/../g, '$& ').trimEnd();

/** The bytes of a zeroed struct after the given fields were written. */
function bytesOf(struct: Struct, values: Readonly<Record<string, number>>): string {
  const view = new Int32Array(describeStruct(struct).size / 4);
  for (const [field, value] of Object.entries(values)) (struct as Record<string, Accessor>)[field]!.set(view, 0, value);
  return hex(new Uint8Array(view.buffer));
}

/** Each field of a struct, and the struct's bytes when all bits of that field alone are set. */
function expectFields(struct: Struct, table: Readonly<Record<string, string>>): void {
  const size = describeStruct(struct).size;
  expect(Object.keys(table)).toEqual(Object.keys(describeStruct(struct).fields));
  for (const [field, bytes] of Object.entries(table)) {
    expect(`${field}: ${bytesOf(struct, { [field]: 0xffff_ffff })}`).toBe(`${field}: ${bytes}`);
    // Read back from a struct whose other bits are all set, and from one whose other bits are all clear.
    const view = new Int32Array(size / 4);
    new Uint8Array(view.buffer).set(Buffer.from(bytes.replaceAll(' ', ''), 'hex'));
    const accessor = (struct as Record<string, Accessor>)[field]!;
    const whole = accessor.get(view, 0);
    expect(whole).toBeGreaterThan(0);
    view.fill(-1);
    expect(accessor.get(view, 0)).toBe(whole);
    accessor.set(view, 0, 0);
    const inverted = Buffer.from(bytes.replaceAll(' ', ''), 'hex').map((byte) => ~byte);
    expect(hex(new Uint8Array(view.buffer))).toBe(hex(inverted));
  }
}

describe('Packet', () => {
  it('has its fields where NET_PACKET and NET_PACKET_LAYOUT have them', () => {
    expect(PACKET_BYTES).toBe(12);
    expect(describeStruct(Packet).size).toBe(12);
    // prettier-ignore
    expectFields(Packet, {
      fragmentIndex:      'ff ff ff ff 00 00 00 00 00 00 00 00',
      fragmentCount:      '00 00 00 00 ff ff 00 00 00 00 00 00',
      layer2HeaderLength: '00 00 00 00 00 00 7f 00 00 00 00 00',
      layer3HeaderLength: '00 00 00 00 00 00 80 ff 00 00 00 00',
      layer4HeaderLength: '00 00 00 00 00 00 00 00 ff 00 00 00',
      layer2Type:         '00 00 00 00 00 00 00 00 00 0f 00 00',
      layer3Type:         '00 00 00 00 00 00 00 00 00 f0 00 00',
      layer4Type:         '00 00 00 00 00 00 00 00 00 00 0f 00',
      layoutReserved:     '00 00 00 00 00 00 00 00 00 00 f0 00',
      ignore:             '00 00 00 00 00 00 00 00 00 00 00 01',
      scratch:            '00 00 00 00 00 00 00 00 00 00 00 02',
      reserved:           '00 00 00 00 00 00 00 00 00 00 00 fc',
      layoutLow:          '00 00 00 00 00 00 ff ff 00 00 00 00',
      countAndLayoutLow:  '00 00 00 00 ff ff ff ff 00 00 00 00',
      layoutHigh:         '00 00 00 00 00 00 00 00 ff ff ff ff',
    });
  });

  it('reads as a TCP packet over IPv4 in three fragments from fragment 0x01020304 on', () => {
    const packet = {
      fragmentIndex: 0x0102_0304,
      fragmentCount: 3,
      layer2HeaderLength: 14,
      layer3HeaderLength: 20,
      layer4HeaderLength: 32,
      layer2Type: Layer2Type.Ethernet,
      layer3Type: Layer3Type.IPv4NoOptions,
      layer4Type: Layer4Type.Tcp,
      scratch: 1,
    };
    // 14 in bits 6:0 and 20 in bits 15:7 of one half word: 0x0a0e.
    expect(bytesOf(Packet, packet)).toBe('04 03 02 01 03 00 0e 0a 20 32 01 02');
  });

  it('numbers the layers as NetAdapterCx 2.x does', () => {
    expect(Layer2Type).toEqual({ Unspecified: 0, Null: 1, Ethernet: 2, Ieee80211: 3 });
    expect(Layer3Type).toEqual({
      Unspecified: 0,
      IPv4UnspecifiedOptions: 1,
      IPv4WithOptions: 2,
      IPv4NoOptions: 3,
      IPv6UnspecifiedExtensions: 4,
      IPv6WithExtensions: 5,
      IPv6NoExtensions: 6,
    });
    expect(Layer4Type).toEqual({ Unspecified: 0, Tcp: 1, Udp: 2, IPFragment: 3, IPNotFragment: 4 });
  });
});

describe('Fragment', () => {
  it('has its fields where NET_FRAGMENT has them', () => {
    expect(FRAGMENT_BYTES).toBe(8);
    expect(describeStruct(Fragment).size).toBe(8);
    const { whole, ...bits } = describeStruct(Fragment).fields;
    expect(whole).toMatchObject({ byteOffset: 0, wordBits: 64, overlay: true });
    // prettier-ignore
    const table = {
      validLength: 'ff ff ff 03 00 00 00 00', // bits 25:0
      capacity:    '00 00 00 fc ff ff 0f 00', // bits 51:26
      offset:      '00 00 00 00 00 00 f0 3f', // bits 61:52
      scratch:     '00 00 00 00 00 00 00 40', // bit 62
      bounced:     '00 00 00 00 00 00 00 80', // bit 63
    };
    expect(Object.keys(bits)).toEqual(Object.keys(table));
    for (const [field, bytes] of Object.entries(table)) {
      expect(`${field}: ${bytesOf(Fragment, { [field]: 0xffff_ffff })}`).toBe(`${field}: ${bytes}`);
    }
  });

  it('reads as 1514 bytes, 2 bytes into a buffer of 2048', () => {
    // 1514 | 2048 << 26 | 2 << 52
    expect(bytesOf(Fragment, { validLength: 1514, capacity: 2048, offset: 2 })).toBe('ea 05 00 00 20 00 20 00');
  });

  it('holds the largest length and offset that it says', () => {
    const view = new Int32Array(2);
    Fragment.validLength.set(view, 0, FRAGMENT_MAXIMUM_LENGTH);
    Fragment.capacity.set(view, 0, FRAGMENT_MAXIMUM_LENGTH);
    Fragment.offset.set(view, 0, FRAGMENT_MAXIMUM_OFFSET);
    expect(Fragment.validLength.get(view, 0)).toBe(67_108_863);
    expect(Fragment.capacity.get(view, 0)).toBe(67_108_863);
    expect(Fragment.offset.get(view, 0)).toBe(1023);
    Fragment.validLength.set(view, 0, FRAGMENT_MAXIMUM_LENGTH + 1);
    Fragment.offset.set(view, 0, FRAGMENT_MAXIMUM_OFFSET + 1);
    expect([Fragment.validLength.get(view, 0), Fragment.offset.get(view, 0)]).toEqual([0, 0]);
  });

  it('is cleared by one write of the whole', () => {
    const view = new Int32Array([-1, -1]);
    Fragment.whole.set(view, 0, 0);
    expect([...view]).toEqual([0, 0]);
  });
});

describe('SystemBuffer', () => {
  it('is a handle of eight bytes', () => {
    expect(SYSTEM_BUFFER_BYTES).toBe(8);
    expect(describeStruct(SystemBuffer).size).toBe(8);
    expect(bytesOf(SystemBuffer, { handle: 0x12_3456_789a_bcde })).toBe('de bc 9a 78 56 34 12 00');
  });
});

describe('RingHeader', () => {
  it('has its fields where NET_RING has them, the driver’s half from byte 48 on', () => {
    expect(RING_HEADER_BYTES).toBe(64);
    expect(describeStruct(RingHeader).size).toBe(64);
    const at = (offset: number, bytes: string): string =>
      hex(Buffer.concat([Buffer.alloc(offset), Buffer.from(bytes, 'hex')], 64));
    // prettier-ignore
    expectFields(RingHeader, {
      ringsBehind:      at(0,  'ffff'),
      elementStride:    at(2,  'ffff'),
      numberOfElements: at(4,  'ffffffff'),
      elementIndexMask: at(8,  'ffffffff'),
      endIndex:         at(12, 'ffffffff'),
      processedIndex:   at(16, 'ffffffff'),
      coreSize:         at(20, 'ffff'),
      coreVersion:      at(22, 'ffff'),
      frameworkArmed:   at(24, 'ffffffff'),
      beginIndex:       at(48, 'ffffffff'),
      nextIndex:        at(52, 'ffffffff'),
      scratch:          at(56, 'ffffffff'),
      driverArmed:      at(60, 'ffffffff'),
    });
  });
});
