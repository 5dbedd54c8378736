/*
 * The packet descriptor's core: which fragments hold the frame and how its headers lie. Twelve bytes, the first part of
 * each element of a packet ring; extensions follow at offsets that are only known at run time. Follows NET_PACKET and
 * NET_PACKET_LAYOUT of NetAdapterCx 2.x (reference netadaptercx §1.4, §1.5), bit for bit.
 */

import { bits, defineStruct, overlay, u16, u32, u8 } from '@netcx/layout';

/**
 * A packet: its run of fragments, its layout, and two flags.
 *
 * @example
 * ```ts
 * const packet = rings.packets.at(rings.packets.endIndex);
 * Packet.fragmentIndex.set(m, packet, rings.fragments.endIndex);
 * Packet.fragmentCount.set(m, packet, 2);
 * Packet.layer2Type.set(m, packet, Layer2Type.Ethernet);
 * Packet.layer2HeaderLength.set(m, packet, 14);
 * Packet.fragmentCount.get(m, packet); // 2
 * ```
 */
// prettier-ignore
export const Packet = defineStruct('Packet', 12, {
  fragmentIndex:      u32(0),                       // first fragment, an index into the fragment ring
  fragmentCount:      u16(4),                       // fragments, contiguous modulo the ring's size
  layer2HeaderLength: bits(u16(6), 6, 0),           // bytes
  layer3HeaderLength: bits(u16(6), 15, 7),          // bytes
  layer4HeaderLength: u8(8),                        // bytes
  layer2Type:         bits(u8(9), 3, 0),
  layer3Type:         bits(u8(9), 7, 4),
  layer4Type:         bits(u8(10), 3, 0),
  layoutReserved:     bits(u8(10), 7, 4),
  ignore:             bits(u8(11), 0),              // Tx: skip this one. Rx: drop it, its fragments are not in use
  scratch:            bits(u8(11), 1),              // the driver's own
  reserved:           bits(u8(11), 7, 2),
  layoutLow:          overlay(u16(6)),              // both lengths of layers 2 and 3 at once
  countAndLayoutLow:  overlay(u32(4)),              // fragment count and those lengths: one word, for loops
  layoutHigh:         overlay(u32(8)),              // the rest of the layout and the flags: one word, for loops
});

/**
 * Bytes of the packet core: where the first extension may start.
 *
 * @example
 * ```ts
 * planElement({ level: 'packet', coreSize: PACKET_BYTES, coreAlignment: 4, extensions: [] }).stride; // 12
 * ```
 */
export const PACKET_BYTES = 12;

/**
 * What frames the packet.
 *
 * @example
 * ```ts
 * Layer2Type.Ethernet; // 2
 * ```
 */
export const Layer2Type = { Unspecified: 0, Null: 1, Ethernet: 2, Ieee80211: 3 } as const;

/**
 * The network layer, as far as it is known.
 *
 * @example
 * ```ts
 * const isIPv4 = (type: number) => type >= Layer3Type.IPv4UnspecifiedOptions && type <= Layer3Type.IPv4NoOptions;
 * isIPv4(Layer3Type.IPv4NoOptions); // true
 * isIPv4(Layer3Type.IPv6NoExtensions); // false
 * ```
 */
export const Layer3Type = {
  Unspecified: 0,
  IPv4UnspecifiedOptions: 1,
  IPv4WithOptions: 2,
  IPv4NoOptions: 3,
  IPv6UnspecifiedExtensions: 4,
  IPv6WithExtensions: 5,
  IPv6NoExtensions: 6,
} as const;

/**
 * The transport layer. NetAdapterCx 1.x has the last two values the other way round.
 *
 * @example
 * ```ts
 * Layer4Type.IPFragment; // 3
 * ```
 */
export const Layer4Type = { Unspecified: 0, Tcp: 1, Udp: 2, IPFragment: 3, IPNotFragment: 4 } as const;
