/*
 * Owns: where a frame's headers lie, for frames of which Linux has left a checksum, or the segmentation, to the NIC.
 * Invariant: whatever the bytes are, what is said of them lies inside the frame; 0 = nothing can be said. Nothing is allocated.
 */
import { Layer2Type, Layer3Type, Layer4Type } from '@netcx/rings';

const ETHERNET_BYTES = 14;
const TAG_BYTES = 4;
/** Tags in front of layer 3 that are looked behind: a provider's and a customer's. */
const MOST_TAGS = 2;
const ETHER_TYPE_IPV4 = 0x0800;
const ETHER_TYPE_IPV6 = 0x86dd;
const ETHER_TYPE_VLAN = 0x8100;
const ETHER_TYPE_PROVIDER_VLAN = 0x88a8;
const IPV4_BYTES = 20;
const IPV6_BYTES = 40;
/** What a descriptor can say of layer 3's length: 9 bits. */
const LONGEST_LAYER3 = 511;
/** Where TCP and UDP have their checksums, in bytes from the start of their headers (RFC 9293 §3.1, RFC 768). */
export const TCP_CHECKSUM = 16;
const UDP_CHECKSUM = 6;
const TCP_BYTES = 20;
const UDP_BYTES = 8;

/**
 * @param checksumOffset - where a checksum is to be written, from the start of layer 4's header on
 * @returns what layer 4 is, if that is where it has its checksum; `Unspecified` otherwise
 */
export function layer4TypeFor(checksumOffset: number): number {
  if (checksumOffset === TCP_CHECKSUM) return Layer4Type.Tcp;
  return checksumOffset === UDP_CHECKSUM ? Layer4Type.Udp : Layer4Type.Unspecified;
}

/**
 * @param bytes - memory
 * @param at - where the frame begins
 * @param length - its bytes there
 * @param checksumStart - where the checksum that is wanted begins, from the frame's start on: layer 4's header
 * @param checksumOffset - where it is to be written, from there on
 * @returns the word `layout` of a frame descriptor; 0 when this is not TCP or UDP over IP as Linux sends it
 */
export function layoutFor(
  bytes: Uint8Array,
  at: number,
  length: number,
  checksumStart: number,
  checksumOffset: number,
): number {
  const type4 = layer4TypeFor(checksumOffset);
  const least4 = type4 === Layer4Type.Tcp ? TCP_BYTES : UDP_BYTES;
  if (type4 === Layer4Type.Unspecified || length < ETHERNET_BYTES || checksumStart + least4 > length) return 0;
  let layer2 = ETHERNET_BYTES;
  let etherType = etherTypeBefore(bytes, at + layer2);
  for (let tags = 0; tags < MOST_TAGS && isTag(etherType) && layer2 + TAG_BYTES <= checksumStart; tags++) {
    layer2 += TAG_BYTES;
    etherType = etherTypeBefore(bytes, at + layer2);
  }
  const layer3 = checksumStart - layer2;
  const type3 = layer3TypeOf(etherType, layer3);
  if (type3 === Layer3Type.Unspecified) return 0;
  const layer4 = type4 === Layer4Type.Tcp ? (bytes[at + checksumStart + 12]! >>> 4) * 4 : UDP_BYTES;
  if (layer4 < least4 || checksumStart + layer4 > length) return 0;
  return layer2 | (layer3 << 7) | (layer4 << 16) | (Layer2Type.Ethernet << 24) | (type3 << 28);
}

const etherTypeBefore = (bytes: Uint8Array, at: number): number => (bytes[at - 2]! << 8) | bytes[at - 1]!;

const isTag = (etherType: number): boolean => etherType === ETHER_TYPE_VLAN || etherType === ETHER_TYPE_PROVIDER_VLAN;

function layer3TypeOf(etherType: number, length: number): number {
  if (length > LONGEST_LAYER3) return Layer3Type.Unspecified;
  if (etherType === ETHER_TYPE_IPV4 && length >= IPV4_BYTES)
    return length === IPV4_BYTES ? Layer3Type.IPv4NoOptions : Layer3Type.IPv4WithOptions;
  if (etherType === ETHER_TYPE_IPV6 && length >= IPV6_BYTES)
    return length === IPV6_BYTES ? Layer3Type.IPv6NoExtensions : Layer3Type.IPv6WithExtensions;
  return Layer3Type.Unspecified;
}
