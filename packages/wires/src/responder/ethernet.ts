/*
 * Ethernet headers: two addresses and a type. Frames are padded to their shortest by whoever sends them.
 */

import { get16, join, same, set16 } from './octets.ts';

/** To, from, type; then the payload. */
const FROM = 6;
const TYPE = 12;
const PAYLOAD = 14;
/** Bytes of the shortest frame without check sequence. */
const SHORTEST = 60;

/** What a frame carries. */
export const EtherType = { Ipv4: 0x0800, Arp: 0x0806, Ipv6: 0x86dd } as const;

/** The address of every station. */
export const BROADCAST: Uint8Array = new Uint8Array(6).fill(0xff);

/** A frame taken apart: views of its bytes. */
export interface EthernetFrame {
  readonly to: Uint8Array;
  readonly from: Uint8Array;
  readonly type: number;
  /** With padding, if there is some. */
  readonly payload: Uint8Array;
}

/**
 * @param bytes - a frame without check sequence
 * @param us - our address
 * @returns it, or `undefined` when it is too short, not for us, or from no station
 */
export function parseEthernet(bytes: Uint8Array, us: Uint8Array): EthernetFrame | undefined {
  if (bytes.length < PAYLOAD) return undefined;
  const to = bytes.subarray(0, FROM);
  const from = bytes.subarray(FROM, TYPE);
  const isGroup = (address: Uint8Array): boolean => ((address[0] ?? 0) & 1) !== 0;
  if (isGroup(from) || !(isGroup(to) || same(to, us))) return undefined;
  return { to, from, type: get16(bytes, TYPE), payload: bytes.subarray(PAYLOAD) };
}

/**
 * @param to - 6 bytes
 * @param from - 6 bytes
 * @param type - one of `EtherType`
 * @param payload - what it carries
 * @returns the frame, padded
 */
export function buildEthernet(to: Uint8Array, from: Uint8Array, type: number, payload: Uint8Array): Uint8Array {
  const header = new Uint8Array(PAYLOAD);
  header.set(to);
  header.set(from, FROM);
  set16(header, TYPE, type);
  return join(header, payload, new Uint8Array(Math.max(0, SHORTEST - PAYLOAD - payload.length)));
}
