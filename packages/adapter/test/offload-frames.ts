/*
 * Frames that ask for offloads, by a shape that says what their headers are; and what naive code makes of them: checksums
 * word by word (RFC 1071), segments with DataViews. Nothing here is shared with the framework's own way of doing it.
 */

import { Layer2Type, Layer3Type, Layer4Type } from '@netcx/rings';

/** What a frame is like. */
export interface FrameShape {
  /** Tags that are in the frame already. */
  readonly tags: number;
  /** LLC and SNAP in place of an Ethernet type. */
  readonly snap: boolean;
  readonly ip: 4 | 6;
  /** Bytes of IPv4 options, a multiple of 4 up to 40. */
  readonly ipv4Options: number;
  /** IPv6 extension headers, by name. */
  readonly ipv6Extensions: readonly ('hop' | 'routing' | 'segmentRouting' | 'home')[];
  readonly tcp: boolean;
  /** Bytes of TCP options, a multiple of 4 up to 40. */
  readonly tcpOptions: number;
  readonly payload: number;
  readonly flags: number;
  readonly sequence: number;
  readonly id: number;
  readonly seed: number;
}

export const plainShape: FrameShape = {
  tags: 0,
  snap: false,
  ip: 4,
  ipv4Options: 0,
  ipv6Extensions: [],
  tcp: true,
  tcpOptions: 0,
  payload: 100,
  flags: 0x18,
  sequence: 1000,
  id: 7,
  seed: 1,
};

/** A frame, and where its headers end. */
export interface BuiltFrame {
  readonly shape: FrameShape;
  readonly bytes: Uint8Array;
  readonly layer2: number;
  readonly layer3: number;
  readonly layer4: number;
  readonly layer3Type: number;
  readonly layer4Type: number;
}

const view = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
const HOME_ADDRESS = Uint8Array.from({ length: 16 }, (_, at) => 0xa0 + at);
const LAST_HOP = Uint8Array.from({ length: 16 }, (_, at) => 0xc0 + at);

/** An IPv6 extension header, with `next` behind it. */
function extension(kind: FrameShape['ipv6Extensions'][number], next: number): number[] {
  if (kind === 'hop') return [next, 0, 1, 4, 0, 0, 0, 0];
  if (kind === 'home') return [next, 2, 1, 2, 0, 0, 0xc9, 16, ...HOME_ADDRESS];
  if (kind === 'routing') return [next, 2, 2, 1, 0, 0, 0, 0, ...LAST_HOP];
  // Two segments: the list is in reverse order, the last destination first.
  return [next, 4, 4, 1, 1, 0, 0, 0, ...LAST_HOP, ...HOME_ADDRESS];
}
const NUMBER = { hop: 0, routing: 43, segmentRouting: 43, home: 60 } as const;

/** Builds a frame without checksums: the fields hold what a protocol leaves there, which naive code does not look at. */
export function buildFrame(shape: FrameShape): BuiltFrame {
  const { tags, snap, ip, ipv4Options, ipv6Extensions, tcp, tcpOptions, payload, seed } = shape;
  const head: number[] = [2, 0, 0, 0, 0, seed & 255, 2, 0, 0, 0, 1, 0];
  for (let tag = 0; tag < tags; tag++)
    head.push(tag === 0 && tags > 1 ? 0x88 : 0x81, tag === 0 && tags > 1 ? 0xa8 : 0, tag, 100 + tag);
  const type = ip === 4 ? [0x08, 0x00] : [0x86, 0xdd];
  if (snap) head.push(0, 0, 0xaa, 0xaa, 3, 0, 0, 0, ...type);
  else head.push(...type);
  const layer2 = head.length;
  const protocol = tcp ? 6 : 17;
  const layer4 = tcp ? 20 + tcpOptions : 8;
  const chain = ipv6Extensions.map((kind, index) =>
    extension(kind, index + 1 < ipv6Extensions.length ? NUMBER[ipv6Extensions[index + 1]!] : protocol),
  );
  const layer3 = ip === 4 ? 20 + ipv4Options : 40 + chain.flat().length;
  const bytes = new Uint8Array(layer2 + layer3 + layer4 + payload);
  bytes.set(head);
  const v = view(bytes);
  if (snap) v.setUint16(layer2 - 10, Math.min(1500, bytes.length - layer2 + 8));
  if (ip === 4) {
    bytes.set(
      [0x40 | (layer3 / 4), 0, 0, 0, 0, 0, 0x40, 0, 64, protocol, 0xde, 0xad, 10, 0, 0, 1, 10, 0, seed & 255, 2],
      layer2,
    );
    bytes.fill(1, layer2 + 20, layer2 + layer3); // no operation
    v.setUint16(layer2 + 2, layer3 + layer4 + payload);
    v.setUint16(layer2 + 4, shape.id);
  } else {
    bytes.set(
      [0x60, 0, 0, 0, 0, 0, ipv6Extensions[0] === undefined ? protocol : NUMBER[ipv6Extensions[0]], 64],
      layer2,
    );
    for (let at = 8; at < 40; at++) bytes[layer2 + at] = (at * 7 + seed) & 255;
    bytes.set(chain.flat(), layer2 + 40);
    v.setUint16(layer2 + 4, layer3 - 40 + layer4 + payload);
  }
  const l4 = layer2 + layer3;
  v.setUint16(l4, 1024 + (seed & 1023));
  v.setUint16(l4 + 2, 9);
  if (tcp) {
    v.setUint32(l4 + 4, shape.sequence >>> 0);
    v.setUint32(l4 + 8, 77);
    bytes[l4 + 12] = (layer4 / 4) << 4;
    bytes[l4 + 13] = shape.flags;
    v.setUint16(l4 + 14, 512);
    bytes.fill(1, l4 + 20, l4 + layer4);
  } else v.setUint16(l4 + 4, 8 + payload);
  v.setUint16(l4 + (tcp ? 16 : 6), 0xbeef);
  for (let at = 0; at < payload; at++) bytes[l4 + layer4 + at] = (at * 31 + (at >>> 8) * 17 + seed * 101) & 255;
  const withOptions = ip === 4 ? Layer3Type.IPv4WithOptions : Layer3Type.IPv6WithExtensions;
  const without = ip === 4 ? Layer3Type.IPv4NoOptions : Layer3Type.IPv6NoExtensions;
  return {
    shape,
    bytes,
    layer2,
    layer3,
    layer4,
    layer3Type: layer3 === (ip === 4 ? 20 : 40) ? without : withOptions,
    layer4Type: tcp ? Layer4Type.Tcp : Layer4Type.Udp,
  };
}

export const ETHERNET = Layer2Type.Ethernet;

/** RFC 1071, word by word, as its text has it. */
function naiveSum(bytes: Uint8Array, from: number, to: number): number {
  let sum = 0;
  for (let at = from; at < to; at += 2) {
    sum += bytes[at]! * 256 + (at + 1 < to ? bytes[at + 1]! : 0);
    if (sum > 0xffff) sum -= 0xffff;
  }
  return sum;
}

const added = (a: number, b: number): number => (a + b > 0xffff ? a + b - 0xffff : a + b);

/** The pseudo header's sum, with the length of layer 4. */
export function naivePseudo(frame: BuiltFrame, bytes: Uint8Array, length: number): number {
  const { layer2, shape } = frame;
  const protocol = added(shape.tcp ? 6 : 17, length);
  if (shape.ip === 4) return added(naiveSum(bytes, layer2 + 12, layer2 + 20), protocol);
  const source = shape.ipv6Extensions.includes('home')
    ? naiveSum(HOME_ADDRESS, 0, 16)
    : naiveSum(bytes, layer2 + 8, layer2 + 24);
  const routed = shape.ipv6Extensions.includes('routing') || shape.ipv6Extensions.includes('segmentRouting');
  const destination = routed ? naiveSum(LAST_HOP, 0, 16) : naiveSum(bytes, layer2 + 24, layer2 + 40);
  return added(added(source, destination), protocol);
}

/** The frame with the checksums that are wanted; what is behind `end` pads it. */
export function naiveChecksums(
  frame: BuiltFrame,
  layer3: boolean,
  layer4: boolean,
  end = frame.bytes.length,
): Uint8Array {
  const bytes = Uint8Array.from(frame.bytes);
  const v = view(bytes);
  const { layer2, layer3: ipBytes, shape } = frame;
  if (layer3 && shape.ip === 4) {
    v.setUint16(layer2 + 10, 0);
    v.setUint16(layer2 + 10, 0xffff - naiveSum(bytes, layer2, layer2 + ipBytes));
  }
  if (layer4) {
    const at = layer2 + ipBytes;
    const field = at + (shape.tcp ? 16 : 6);
    v.setUint16(field, 0);
    const sum = 0xffff - added(naivePseudo(frame, bytes, end - at), naiveSum(bytes, at, end));
    v.setUint16(field, sum === 0 && !shape.tcp ? 0xffff : sum);
  }
  return bytes;
}

/** The segments of a frame, checksums included. */
export function naiveSegments(frame: BuiltFrame, size: number): Uint8Array[] {
  const { bytes, layer2, layer3, layer4, shape } = frame;
  const header = layer2 + layer3 + layer4;
  const segments: Uint8Array[] = [];
  for (let done = 0; done === 0 || done < shape.payload; done += size) {
    const part = bytes.subarray(header + done, Math.min(bytes.length, header + done + size));
    const segment = new Uint8Array(header + part.length);
    segment.set(bytes.subarray(0, header));
    segment.set(part, header);
    const v = view(segment);
    if (shape.snap) v.setUint16(layer2 - 10, segment.length - layer2 + 8);
    if (shape.ip === 4) {
      v.setUint16(layer2 + 2, segment.length - layer2);
      v.setUint16(layer2 + 4, (shape.id + segments.length) & 0xffff);
    } else v.setUint16(layer2 + 4, segment.length - layer2 - 40);
    const l4 = layer2 + layer3;
    if (shape.tcp) {
      v.setUint32(l4 + 4, (shape.sequence + done) >>> 0);
      const isLast = done + size >= shape.payload;
      segment[l4 + 13] = shape.flags & (isLast ? 0xff : ~0x09) & (done === 0 ? 0xff : ~0x80);
    } else v.setUint16(l4 + 4, 8 + part.length);
    segments.push(naiveChecksums({ ...frame, bytes: segment }, true, true));
  }
  return segments;
}

/** A frame with a tag behind its addresses. */
export function naiveTag(bytes: Uint8Array, tag: number): Uint8Array {
  return Uint8Array.from([...bytes.subarray(0, 12), 0x81, 0, tag >>> 8, tag & 255, ...bytes.subarray(12)]);
}
