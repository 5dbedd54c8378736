/*
 * Frames for differential runs: well-formed Ethernet with tags, IPv4 or IPv6, TCP, UDP or neither, and now and then with
 * something wrong; and what a driver has to know of them to have a chip finish or cut them.
 */

import type { Random } from '@netcx/clock';

/** The chips' own address, a group and others. */
export const STATION = [0x52, 0x54, 0, 0, 0, 1] as const;
const BROADCAST = [255, 255, 255, 255, 255, 255] as const;
const OTHER = [0x52, 0x54, 0, 0, 0, 9] as const;
export const SECOND = [0x52, 0x54, 0, 0, 0, 7] as const;
const TCP = 6;
const UDP = 17;
const ICMP = 1;
/** Every flag but FIN and PSH: QEMU's chip loses those when it segments. */
const TCP_FLAGS = 0x36;

/** A frame, and where its headers end. */
export interface BuiltFrame {
  readonly bytes: Uint8Array;
  readonly layer2: number;
  readonly layer3: number;
  readonly layer4: number;
  readonly ipv4: boolean;
  /** TCP or UDP; 0 for anything else. */
  readonly protocol: number;
}

/** The one's complement sum over bytes, folded (RFC 1071). */
function onesSum(bytes: Uint8Array, start = 0): number {
  let sum = start;
  for (let at = 0; at < bytes.length; at += 2) sum += (bytes[at]! << 8) | (bytes[at + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return sum;
}

/** How a frame is to be. */
export interface FrameWishes {
  readonly destination: readonly number[];
  /** Tag control information; none when left out. */
  readonly tag?: number | undefined;
  readonly network: 4 | 6 | 0;
  readonly protocol: number;
  readonly payload: number;
  /** Words of options behind the IPv4 and the TCP header. */
  readonly options: number;
  /** What the checksum fields hold: what is right, or a seed for a chip to go on from, with the length in it or without. */
  readonly sums: 'right' | 'seed' | 'seedWithoutLength';
}

/**
 * @param random - fills what wishes leave open
 * @param wishes - how the frame is to be
 * @returns the frame
 */
export function buildFrame(random: Random, wishes: FrameWishes): BuiltFrame {
  const { destination, tag, network, protocol, payload, options, sums } = wishes;
  const ipv4 = network === 4;
  const layer2 = tag === undefined ? 14 : 18;
  const layer3 = network === 0 ? 0 : ipv4 ? 20 + 4 * options : 40;
  const layer4 = network === 0 ? 0 : protocol === TCP ? 20 + 4 * options : 8;
  const bytes = new Uint8Array(layer2 + layer3 + layer4 + payload);
  for (let at = layer2 + layer3; at < bytes.length; at++) bytes[at] = random.below(256);
  const view = new DataView(bytes.buffer);
  bytes.set([...destination, 0x52, 0x54, 0, 0, 0, 2]);
  let type = 12;
  if (tag !== undefined) {
    view.setUint16(12, 0x8100);
    view.setUint16(14, tag);
    type = 16;
  }
  view.setUint16(type, network === 0 ? 0x88b5 : ipv4 ? 0x0800 : 0x86dd);
  if (network === 0) return { bytes, layer2, layer3, layer4, ipv4, protocol: 0 };
  const carried = layer4 + payload;
  if (ipv4) {
    bytes.fill(1, layer2 + 20, layer2 + layer3);
    view.setUint8(layer2, 0x40 | (layer3 >>> 2));
    view.setUint16(layer2 + 2, layer3 + carried);
    view.setUint16(layer2 + 4, random.below(0x1_0000));
    view.setUint8(layer2 + 8, 64);
    view.setUint8(layer2 + 9, protocol);
    view.setUint32(layer2 + 12, 0x0a00_0000 + random.below(16));
    view.setUint32(layer2 + 16, 0x0a00_0100 + random.below(16));
    if (sums === 'right') view.setUint16(layer2 + 10, ~onesSum(bytes.subarray(layer2, layer2 + layer3)));
  } else {
    view.setUint32(layer2, 0x6000_0000);
    view.setUint16(layer2 + 4, carried);
    view.setUint8(layer2 + 6, protocol);
    view.setUint8(layer2 + 7, 64);
    for (let word = 8; word < 40; word += 4) view.setUint32(layer2 + word, 0x2001_0db8 + random.below(16));
  }
  const at = layer2 + layer3;
  view.setUint16(at, 1000 + random.below(8));
  view.setUint16(at + 2, 2000 + random.below(8));
  const addresses = ipv4 ? bytes.subarray(layer2 + 12, layer2 + 20) : bytes.subarray(layer2 + 8, layer2 + 40);
  const pseudo = onesSum(addresses, protocol);
  if (protocol === TCP) {
    bytes.fill(1, at + 20, at + layer4);
    view.setUint8(at + 12, (layer4 >>> 2) << 4);
    view.setUint8(at + 13, random.below(256) & TCP_FLAGS);
  } else if (protocol === UDP) view.setUint16(at + 4, carried);
  if (protocol === TCP || protocol === UDP) {
    const field = at + (protocol === TCP ? 16 : 6);
    view.setUint16(field, 0);
    const whole = onesSum(Uint8Array.of(carried >>> 8, carried), pseudo);
    if (sums === 'right') {
      const sum = ~onesSum(bytes.subarray(at), whole) & 0xffff;
      view.setUint16(field, sum === 0 && protocol === UDP ? 0xffff : sum);
    } else view.setUint16(field, sums === 'seed' ? whole : pseudo);
  }
  return { bytes, layer2, layer3, layer4, ipv4, protocol: protocol === TCP || protocol === UDP ? protocol : 0 };
}

/** One of these. */
export const oneOf = <T>(random: Random, choices: readonly T[]): T => choices[random.below(choices.length)]!;

/**
 * @param random - decides
 * @returns a destination: mostly the station, sometimes everybody, a group or somebody else
 */
function someDestination(random: Random): readonly number[] {
  const group = [1, 0, 0x5e, 0, 0, random.below(8)];
  return oneOf(random, [STATION, STATION, STATION, STATION, BROADCAST, group, group, SECOND, OTHER]);
}

/**
 * @param random - decides
 * @returns what a received frame is like
 */
export function someWishes(random: Random): FrameWishes {
  return {
    destination: someDestination(random),
    tag: random.chance(0.25) ? (random.below(8) << 13) | oneOf(random, [0, 1, 5, 100, 4095]) : undefined,
    network: oneOf(random, [4, 4, 4, 6, 6, 0]),
    protocol: oneOf(random, [TCP, TCP, UDP, UDP, ICMP]),
    payload: random.chance(0.1) ? random.between(1400, 4500) : random.between(46, 1400),
    options: random.chance(0.2) ? random.between(1, 10) : 0,
    sums: 'right',
  };
}
