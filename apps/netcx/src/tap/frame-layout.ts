/*
 * Owns: where a frame's headers lie, for frames whose checksum Linux has left to the NIC.
 * Invariant: whatever the bytes are, what is said of them lies inside the frame; undefined = nothing can be said.
 */
import { Layer2Type, Layer3Type, Layer4Type } from '@netcx/rings';

const ETHERNET_BYTES = 14;
const ETHER_TYPE_IPV4 = 0x0800;
const ETHER_TYPE_IPV6 = 0x86dd;
const IPV6_BYTES = 40;
/** Where TCP and UDP have their checksums, in bytes from the start of their headers (RFC 9293 §3.1, RFC 768). */
const TCP_CHECKSUM = 16;
const UDP_CHECKSUM = 6;
const UDP_BYTES = 8;

/** Where headers lie: the word `layout` of a frame descriptor, and layer 4's type beside it. */
export interface FrameLayout {
  readonly layout: number;
  readonly layer4Type: number;
}

/**
 * @param frame - the frame's bytes, from its first on
 * @param checksumStart - where the checksum that is wanted begins: layer 4's header
 * @param checksumOffset - where it is to be written, from there on
 * @returns where the headers lie; `undefined` when this is not TCP or UDP over IP as Linux sends it
 */
export function layoutFor(frame: DataView, checksumStart: number, checksumOffset: number): FrameLayout | undefined {
  const layer3 = checksumStart - ETHERNET_BYTES;
  if (layer3 < 20 || checksumStart + checksumOffset + 2 > frame.byteLength) return undefined;
  const type3 = layer3TypeOf(frame, layer3);
  if (type3 === undefined) return undefined;
  const tcp = checksumOffset === TCP_CHECKSUM;
  if (!tcp && checksumOffset !== UDP_CHECKSUM) return undefined;
  const length4 = tcp ? (frame.getUint8(checksumStart + 12) >>> 4) * 4 : UDP_BYTES;
  const layout = ETHERNET_BYTES | (layer3 << 7) | (length4 << 16) | (Layer2Type.Ethernet << 24) | (type3 << 28);
  return { layout, layer4Type: tcp ? Layer4Type.Tcp : Layer4Type.Udp };
}

function layer3TypeOf(frame: DataView, length: number): number | undefined {
  const etherType = frame.getUint16(12);
  if (etherType === ETHER_TYPE_IPV4) return length === 20 ? Layer3Type.IPv4NoOptions : Layer3Type.IPv4WithOptions;
  if (etherType !== ETHER_TYPE_IPV6 || length < IPV6_BYTES) return undefined;
  return length === IPV6_BYTES ? Layer3Type.IPv6NoExtensions : Layer3Type.IPv6WithExtensions;
}
