/*
 * Packets for a NIC to cut, and what must come of them: headers that are consistent in themselves, checksums that are right by
 * a sum of our own (RFC 1071), payload that is whole. Nothing here knows how any NIC does it.
 */

import { Layer2Type, Layer3Type, Layer4Type } from '@netcx/rings';
import type { Wishes } from './endpoint.ts';

/** The one's complement sum over bytes, folded. */
function onesSum(bytes: Uint8Array, start = 0): number {
  let sum = start;
  for (let at = 0; at < bytes.length; at += 2) sum += (bytes[at]! << 8) | (bytes[at + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return sum;
}

/** What a packet is. */
export interface LargePacket {
  readonly ipv4: boolean;
  readonly tcp: boolean;
  readonly payload: number;
  /** Bytes of TCP options. */
  readonly options?: number;
  /** TCP's flags; all that matter to segments when left out. */
  readonly flags?: number;
}

/** FIN, PSH, ACK and CWR: each of them is another segment's. */
const EVERY_FLAG = 0x99;
const SEQUENCE = 0xffff_f000; // so it wraps
const IDENTIFICATION = 0xfffe;

const lengths = ({ ipv4, tcp, options = 0 }: LargePacket) => ({
  layer3: ipv4 ? 20 : 40,
  layer4: tcp ? 20 + options : 8,
});

/** The pseudo header's sum, with so many bytes behind the network header. */
function pseudo(bytes: Uint8Array, packet: LargePacket, carried: number): number {
  const addresses = packet.ipv4 ? bytes.subarray(26, 34) : bytes.subarray(22, 54);
  return onesSum(addresses, (packet.tcp ? 6 : 17) + (carried >>> 16) + (carried & 0xffff));
}

/**
 * @param packet - what it is
 * @returns its bytes as a protocol hands them over: in the checksum's place the sum of the pseudo header without the length
 */
export function largeFrame(packet: LargePacket): Uint8Array {
  const { ipv4, tcp, payload, flags = EVERY_FLAG } = packet;
  const { layer3, layer4 } = lengths(packet);
  const at = 14 + layer3;
  const bytes = Uint8Array.from({ length: at + layer4 + payload }, (_, index) => (index * 7 + (index >>> 8)) & 255);
  const view = new DataView(bytes.buffer);
  bytes.set([2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, ...(ipv4 ? [8, 0] : [0x86, 0xdd])]);
  if (ipv4) {
    bytes.set([0x45, 0, 0, 0, 0, 0, 0x40, 0, 64, tcp ? 6 : 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2], 14);
    view.setUint16(16, Math.min(0xffff, layer3 + layer4 + payload));
    view.setUint16(18, IDENTIFICATION);
  } else {
    bytes.set([0x60, 0, 0, 0, 0, 0, tcp ? 6 : 17, 64], 14);
    view.setUint16(18, Math.min(0xffff, layer4 + payload));
    for (let word = 0; word < 8; word++) view.setUint32(22 + 4 * word, 0x2001_0db8 + word);
  }
  view.setUint32(at, 0x1234_5678); // ports
  if (tcp) {
    view.setUint32(at + 4, SEQUENCE);
    view.setUint32(at + 8, 1);
    bytes.set([(layer4 >>> 2) << 4, flags, 0x10, 0, 0, 0, 0, 0], at + 12);
    bytes.fill(1, at + 20, at + layer4);
  } else view.setUint16(at + 4, Math.min(0xffff, layer4 + payload));
  view.setUint16(at + (tcp ? 16 : 6), pseudo(bytes, packet, 0));
  return bytes;
}

/** What a protocol says of such a packet. */
export function largeWishes(packet: LargePacket, segmentSize: number): Wishes {
  const { ipv4, tcp } = packet;
  const { layer3, layer4 } = lengths(packet);
  const type = ipv4 ? Layer3Type.IPv4NoOptions : Layer3Type.IPv6NoExtensions;
  const layout = 14 | (layer3 << 7) | (layer4 << 16) | (Layer2Type.Ethernet << 24) | (type << 28);
  return { layout, layer4Type: tcp ? Layer4Type.Tcp : Layer4Type.Udp, segmentSize };
}

/**
 * What is wrong with segments of a packet.
 *
 * @param packet - what it was
 * @param size - bytes of payload in each
 * @param segments - the frames that arrived, not padded beyond what their headers say
 * @returns sentences; none when all is well
 */
export function wrongWithSegments(packet: LargePacket, size: number, segments: readonly Uint8Array[]): string[] {
  const { ipv4, tcp, payload, flags = EVERY_FLAG } = packet;
  const { layer3, layer4 } = lengths(packet);
  const original = largeFrame(packet);
  const header = 14 + layer3 + layer4;
  const at = 14 + layer3;
  const wrong: string[] = [];
  const expect = (what: string, found: unknown, wanted: unknown): void => {
    if (found !== wanted) wrong.push(`${what} is ${String(found)}; expected ${String(wanted)}`);
  };
  expect('number of segments', segments.length, Math.max(1, Math.ceil(payload / size)));
  let done = 0;
  for (const [index, segment] of segments.entries()) {
    const name = (what: string): string => `segment ${String(index)}: ${what}`;
    const view = new DataView(segment.buffer, segment.byteOffset, segment.length);
    const part = Math.min(size, payload - done);
    const last = index === segments.length - 1;
    expect(name('length'), segment.length, Math.max(60, header + part));
    if (ipv4) {
      expect(name('total length'), view.getUint16(16), layer3 + layer4 + part);
      expect(name('identification'), view.getUint16(18), (IDENTIFICATION + index) & 0xffff);
      expect(name('header sum'), onesSum(segment.subarray(14, 34)), 0xffff);
    } else expect(name('payload length'), view.getUint16(18), layer4 + part);
    if (tcp) {
      expect(name('sequence number'), view.getUint32(at + 4), (SEQUENCE + done) >>> 0);
      const wanted = flags & ~(last ? 0 : 0x09) & ~(index === 0 ? 0 : 0x80);
      expect(name('flags'), view.getUint8(at + 13), wanted);
    } else expect(name('UDP length'), view.getUint16(at + 4), 8 + part);
    const carried = segment.subarray(at, header + part);
    expect(name('checksum'), onesSum(carried, pseudo(segment, packet, carried.length)), 0xffff);
    const same = Buffer.compare(
      segment.subarray(header, header + part),
      original.subarray(header + done, header + done + part),
    );
    expect(name('payload'), same, 0);
    done += part;
  }
  expect('payload of all', done, payload);
  return wrong;
}
