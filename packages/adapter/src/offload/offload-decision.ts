/*
 * Whether the hardware can do what a frame asks for, frame by frame: pure functions, apart from whoever looks at the frame
 * and from whoever acts. The order of the questions is NetAdapterCx's (reference netadaptercx §6.2), with its gaps closed:
 * size and number of segments are looked at, and headers of unknown length count as the kind that the hardware lacks.
 */

import { Layer3Type, Layer4Type } from '@netcx/rings';
import { Layer3Flags, type GsoOffload, type LayerFlags, type TxChecksumOffload } from '../offload-capabilities.ts';
import type { ChecksumSwitches, SegmentationSwitches } from './offload-set.ts';

/** A frame's headers, as its descriptor or the parser has them. Lengths in bytes, types as in a packet's layout. */
export interface FrameHeaders {
  readonly layer2HeaderLength: number;
  /** Of `Layer3Type`. */
  readonly layer3Type: number;
  readonly layer3HeaderLength: number;
  /** Of `Layer4Type`. */
  readonly layer4Type: number;
  readonly layer4HeaderLength: number;
}

/** The layer 3 kinds over which the hardware handles each layer 4: sets of `Layer3Flags`, 0 = it does not. */
export interface TrafficLimits {
  readonly tcpNoOptions: number;
  readonly tcpWithOptions: number;
  readonly udp: number;
  /** Farthest byte at which a layer 4 header may start; 0 = no limit. */
  readonly layer4HeaderOffsetLimit: number;
}

/** What the hardware inserts of checksums, as far as it is on. */
export interface ChecksumLimits extends TrafficLimits {
  /** The kinds of IPv4 whose own checksum it inserts. */
  readonly ipv4: number;
  /** Farthest byte at which a layer 3 header may start; 0 = no limit. */
  readonly layer3HeaderOffsetLimit: number;
}

/** What the hardware cuts into segments, as far as it is on. */
export interface SegmentationLimits extends TrafficLimits {
  /** Most bytes of payload. */
  readonly maximumOffloadSize: number;
  /** Fewest segments. */
  readonly minimumSegmentCount: number;
}

/** Why software has to do it. */
export type SoftwareReason =
  /** The hardware does nothing of the kind, or it is off. */
  | 'none'
  /** Not over this layer 3: its version, its options or extensions. */
  | 'layer3'
  /** Not for this layer 4, or its options. */
  | 'layer4'
  /** The layer 3 header starts too far into the frame. */
  | 'layer3Offset'
  /** The layer 4 header does. */
  | 'layer4Offset'
  /** There is more payload than the hardware cuts. */
  | 'size'
  /** There would be fewer segments than the hardware makes. */
  | 'segments';

const { ipv4NoOptions, ipv4WithOptions, ipv6NoExtensions, ipv6WithExtensions } = Layer3Flags;
const IPV4 = ipv4NoOptions | ipv4WithOptions;
const IPV6 = ipv6NoExtensions | ipv6WithExtensions;
/** By `Layer3Type`: which kinds it may be. */
const KINDS: readonly number[] = [0, IPV4, ipv4WithOptions, ipv4NoOptions, IPV6, ipv6WithExtensions, ipv6NoExtensions];
const TCP_HEADER_BYTES = 20;

/**
 * @param layer3Type - of `Layer3Type`
 * @returns whether it is IPv4 of any kind
 */
export const isIPv4 = (layer3Type: number): boolean => ((KINDS[layer3Type] ?? 0) & IPV4) !== 0;

/**
 * @param layer3Type - of `Layer3Type`
 * @returns whether it is IPv6 of any kind
 */
export const isIPv6 = (layer3Type: number): boolean => ((KINDS[layer3Type] ?? 0) & IPV6) !== 0;

/**
 * @param layer4Type - of `Layer4Type`
 * @returns whether it is TCP or UDP
 */
export const hasPorts = (layer4Type: number): boolean => layer4Type === Layer4Type.Tcp || layer4Type === Layer4Type.Udp;

/**
 * @param frame - its headers
 * @param layer3 - whether its layer 3 checksum is required
 * @param layer4 - whether its layer 4 checksum is
 * @param limits - what the hardware does
 * @returns why software has to insert them; `undefined` when the hardware can, or nothing is required
 */
export function softwareChecksumReason(
  frame: FrameHeaders,
  layer3: boolean,
  layer4: boolean,
  limits: ChecksumLimits,
): SoftwareReason | undefined {
  if (!layer3 && !layer4) return undefined;
  if ((limits.ipv4 | limits.tcpNoOptions | limits.tcpWithOptions | limits.udp) === 0) return 'none';
  const kinds = KINDS[frame.layer3Type] ?? 0;
  if (layer4 && hasPorts(frame.layer4Type)) {
    const over = layer3KindsFor(frame, limits);
    if (over === 0) return 'layer4';
    if ((kinds & ~over) !== 0) return 'layer3';
  }
  if (layer3 && (kinds & IPV4 & ~limits.ipv4) !== 0) return 'layer3';
  if (frame.layer3Type === Layer3Type.Unspecified) return undefined;
  if (beyond(limits.layer4HeaderOffsetLimit, frame.layer2HeaderLength + frame.layer3HeaderLength))
    return 'layer4Offset';
  return beyond(limits.layer3HeaderOffsetLimit, frame.layer2HeaderLength) ? 'layer3Offset' : undefined;
}

/**
 * @param frame - its headers
 * @param payload - bytes behind them
 * @param size - bytes of payload that each segment shall carry; 0 = it shall not be cut
 * @param limits - what the hardware does
 * @returns why software has to cut it; `undefined` when the hardware can, or it shall not be cut
 */
export function softwareSegmentationReason(
  frame: FrameHeaders,
  payload: number,
  size: number,
  limits: SegmentationLimits,
): SoftwareReason | undefined {
  if (size === 0 || !hasPorts(frame.layer4Type)) return undefined;
  if ((limits.tcpNoOptions | limits.tcpWithOptions | limits.udp) === 0) return 'none';
  const over = layer3KindsFor(frame, limits);
  if (over === 0) return 'layer4';
  const kinds = KINDS[frame.layer3Type] ?? 0;
  if (kinds === 0 || (kinds & ~over) !== 0) return 'layer3';
  if (beyond(limits.layer4HeaderOffsetLimit, frame.layer2HeaderLength + frame.layer3HeaderLength))
    return 'layer4Offset';
  if (payload > limits.maximumOffloadSize) return 'size';
  return Math.ceil(payload / size) < limits.minimumSegmentCount ? 'segments' : undefined;
}

/**
 * @param tagging - what of a tag is wanted: bit 0 the priority, bit 1 the VLAN
 * @param hardware - what of it the hardware inserts
 * @returns why software has to insert it; `undefined` when the hardware can, or nothing is wanted
 */
export const softwareTagReason = (tagging: number, hardware: number): SoftwareReason | undefined =>
  (tagging & ~hardware) === 0 ? undefined : 'none';

/** The layer 3 kinds over which the hardware handles this frame's layer 4. */
function layer3KindsFor({ layer4Type, layer4HeaderLength }: FrameHeaders, limits: TrafficLimits): number {
  if (layer4Type === Layer4Type.Udp) return limits.udp;
  if (layer4HeaderLength === TCP_HEADER_BYTES) return limits.tcpNoOptions;
  if (layer4HeaderLength > TCP_HEADER_BYTES) return limits.tcpWithOptions;
  return limits.tcpNoOptions & limits.tcpWithOptions; // nobody said how long its header is
}

const beyond = (limit: number, offset: number): boolean => limit !== 0 && limit < offset;

/**
 * @param hardware - the headers that it handles
 * @param on - the kinds of traffic for which it is on
 * @returns the layer 3 kinds for each layer 4
 */
function trafficLimits(hardware: LayerFlags, on: SegmentationSwitches): Omit<TrafficLimits, 'layer4HeaderOffsetLimit'> {
  const { layer3, layer4 } = hardware;
  const tcp = layer3 & ((on.tcpIPv4 ? IPV4 : 0) | (on.tcpIPv6 ? IPV6 : 0));
  const udp = layer3 & ((on.udpIPv4 ? IPV4 : 0) | (on.udpIPv6 ? IPV6 : 0));
  return {
    tcpNoOptions: (layer4 & 1) === 0 ? 0 : tcp,
    tcpWithOptions: (layer4 & 2) === 0 ? 0 : tcp,
    udp: (layer4 & 4) === 0 ? 0 : udp,
  };
}

/**
 * @param hardware - what it advertises
 * @param on - what of it is on
 * @returns the limits within which the hardware inserts checksums
 */
export const checksumLimits = (hardware: TxChecksumOffload, on: ChecksumSwitches): ChecksumLimits => ({
  ...trafficLimits(hardware, on),
  ipv4: on.ipv4 ? hardware.layer3 & IPV4 : 0,
  layer3HeaderOffsetLimit: hardware.layer3HeaderOffsetLimit ?? 0,
  layer4HeaderOffsetLimit: hardware.layer4HeaderOffsetLimit ?? 0,
});

/**
 * @param hardware - what it advertises
 * @param on - what of it is on
 * @returns the limits within which the hardware cuts segments
 */
export const segmentationLimits = (hardware: GsoOffload, on: SegmentationSwitches): SegmentationLimits => ({
  ...trafficLimits(hardware, on),
  layer4HeaderOffsetLimit: hardware.layer4HeaderOffsetLimit ?? 0,
  maximumOffloadSize: hardware.maximumOffloadSize,
  minimumSegmentCount: hardware.minimumSegmentCount,
});
