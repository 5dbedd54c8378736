/*
 * A frame between adapter and protocol, as a capture has it: its bytes, its flags, and a comment with what its descriptor
 * says of offloads. Reads descriptors where they lie, and believes nothing: a part outside of host memory has no bytes.
 */

import { FrameDescriptor } from '@netcx/adapter/edge';
import { hostBytes, i32, u8 } from '@netcx/dma/memory';
import type { PacketDirection, PacketFlags } from '@netcx/pcap';

/** Values of a layer's two checksum bits: on transmit 2 is a wish, on receive 1 and 2 are what was found. */
const REQUIRED = 2;
const FOUND = ['not checked', 'valid', 'invalid', 'unknown'] as const;

/** Some bytes in host memory. */
export interface BytesPlace {
  /** Host offset of the first; 0 when it is not known. */
  readonly address: number;
  readonly length: number;
}

/**
 * @param parts - where a frame's bytes lie, in order
 * @param most - bytes to copy
 * @returns a copy of its first bytes, and how long all of it is
 */
export function copyParts(parts: readonly BytesPlace[], most: number): { data: Uint8Array; length: number } {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const data = new Uint8Array(Math.min(length, most));
  let at = 0;
  for (const { address, length: bytes } of parts) {
    const count = Math.min(bytes, data.length - at);
    // Bytes behind some that cannot be read would stand at the wrong place.
    if (address <= 0 || address + bytes > hostBytes) return { data: data.subarray(0, at), length };
    data.set(u8.subarray(address, address + count), at);
    at += count;
  }
  return { data, length };
}

/**
 * @param descriptors - word index of each part's frame descriptor
 * @returns where the frame's bytes lie
 */
export const partsOf = (descriptors: readonly number[]): BytesPlace[] =>
  descriptors.map((d) => ({
    address: FrameDescriptor.address.get(i32, d),
    length: FrameDescriptor.length.get(i32, d),
  }));

/**
 * @param d - word index of the frame's first descriptor
 * @param direction - which way it goes
 * @returns what the descriptor says of offloads, in words; empty when it says nothing
 */
export function commentOf(d: number, direction: PacketDirection): string {
  const checksum = FrameDescriptor.checksum.get(i32, d);
  const [layer3, layer4] = [(checksum >>> 2) & 3, (checksum >>> 4) & 3];
  const tagging = FrameDescriptor.tagging.get(i32, d);
  const tag = FrameDescriptor.tag.get(i32, d);
  const said: string[] = [];
  if (direction === 'outbound') {
    if (layer3 === REQUIRED) said.push('layer 3 checksum wanted');
    if (layer4 === REQUIRED) said.push('layer 4 checksum wanted');
    const size = FrameDescriptor.segmentSize.get(i32, d);
    if (size > 0) said.push(`to be cut into segments of ${String(size)} bytes`);
  } else {
    if (layer3 !== 0) said.push(`layer 3 checksum ${FOUND[layer3] ?? ''}`);
    if (layer4 !== 0) said.push(`layer 4 checksum ${FOUND[layer4] ?? ''}`);
    const coalesced = FrameDescriptor.coalesced.get(i32, d);
    if (coalesced > 0) said.push(`coalesced from ${String(coalesced)} segments`);
    if (FrameDescriptor.hashType.get(i32, d) !== 0)
      said.push(`hash 0x${(FrameDescriptor.hash.get(i32, d) >>> 0).toString(16).padStart(8, '0')}`);
  }
  if ((tagging & 1) !== 0) said.push(`priority ${String(tag >>> 13)}`);
  if ((tagging & 2) !== 0) said.push(`VLAN ${String(tag & 0xfff)}`);
  return said.join(', ');
}

function receptionOf(data: Uint8Array): NonNullable<PacketFlags['reception']> {
  if (((data[0] ?? 0) & 1) === 0) return 'unicast';
  return data.length >= 6 && data.subarray(0, 6).every((byte) => byte === 0xff) ? 'broadcast' : 'multicast';
}

/**
 * @param d - word index of the frame's first descriptor
 * @param direction - which way it goes
 * @param data - the frame's first bytes
 * @returns what a capture's flags word says of it
 */
export function flagsOf(d: number, direction: PacketDirection, data: Uint8Array): PacketFlags {
  const layer4 = (FrameDescriptor.checksum.get(i32, d) >>> 4) & 3;
  const outbound = direction === 'outbound';
  const several = outbound ? FrameDescriptor.segmentSize.get(i32, d) : FrameDescriptor.coalesced.get(i32, d);
  return {
    direction,
    reception: receptionOf(data),
    checksumNotReady: outbound && layer4 === REQUIRED,
    checksumValid: !outbound && layer4 === 1,
    segmentationOffloaded: several > 0,
  };
}
