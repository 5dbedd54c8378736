/*
 * Frames of real traffic whose checksums their senders computed, and what a protocol writes into them for a NIC to finish.
 */

import { Layer2Type, Layer3Type, Layer4Type } from '@netcx/rings';
import type { Wishes } from './endpoint.ts';

/** The checksum extension's byte: layer 3 from bit 2 on, layer 4 from bit 4 on. */
export const byte = (layer3: number, layer4: number): number => (layer3 << 2) | (layer4 << 4);
/** The bytes that a text of hexadecimal digits stands for. */
export const bytesOf = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, 'hex'));

/** Frames as they were recorded, with where their headers and checksum fields lie. */
export const recorded = {
  'UDP over IPv4': {
    bytes: bytesOf(
      '02000000000202000000000108004500004755a100004011a101c0000201c0000202c9f700350033a7681f210120000100000000000106736572766572076578616d706c65000001000100002904d0000000000000',
    ),
    headers: { layer3: Layer3Type.IPv4NoOptions, layer3Length: 20, layer4: Layer4Type.Udp, layer4Length: 8 },
    fields: { layer3: 24, layer4: 40 },
  },
  'TCP over IPv4': {
    bytes: bytesOf(
      '02000000000102000000000208004500003c000040004006b6b8c0000202c000020100359b03b0f58cfd4ed84fb5a012fe8871340000020405b40402080a3b9567c0e13257ea0103030a',
    ),
    headers: { layer3: Layer3Type.IPv4NoOptions, layer3Length: 20, layer4: Layer4Type.Tcp, layer4Length: 40 },
    fields: { layer3: 24, layer4: 50 },
  },
  'UDP over IPv6': {
    bytes: bytesOf(
      '02000000000202000000000186dd600e5b2e000f114020010db800000000000000000000000120010db8000000000000000000000002c8300009000f99dd636c6f7365640a',
    ),
    headers: { layer3: Layer3Type.IPv6NoExtensions, layer3Length: 40, layer4: Layer4Type.Udp, layer4Length: 8 },
    fields: { layer3: undefined, layer4: 60 },
  },
} as const;

/** The sum of the pseudo header: what a protocol leaves in the field for the NIC to go on with (RFC 9293, RFC 768, RFC 8200). */
function pseudoHeader(bytes: Uint8Array, headers: (typeof recorded)[keyof typeof recorded]['headers']): number {
  const view = new DataView(bytes.buffer);
  const ipv4 = headers.layer3 === Layer3Type.IPv4NoOptions;
  const [first, last] = ipv4 ? [26, 34] : [22, 54];
  let sum = ipv4 ? view.getUint16(16) - headers.layer3Length : view.getUint16(18);
  sum += headers.layer4 === Layer4Type.Tcp ? 6 : 17;
  for (let at = first; at < last; at += 2) sum += view.getUint16(at);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return sum;
}

export function wishesFor(headers: (typeof recorded)[keyof typeof recorded]['headers'], checksum: number): Wishes {
  const { layer3, layer3Length, layer4, layer4Length } = headers;
  const layout = 14 | (layer3Length << 7) | (layer4Length << 16) | (Layer2Type.Ethernet << 24) | (layer3 << 28);
  return { layout, layer4Type: layer4, checksum };
}

/** A recorded frame as a protocol hands it over: the pseudo header's sum in one field, nothing in the other. */
export function unfinished({ bytes, headers, fields }: (typeof recorded)[keyof typeof recorded]): Uint8Array {
  const frame = bytes.slice();
  new DataView(frame.buffer).setUint16(fields.layer4, pseudoHeader(bytes, headers));
  if (fields.layer3 !== undefined) new DataView(frame.buffer).setUint16(fields.layer3, 0);
  return frame;
}
