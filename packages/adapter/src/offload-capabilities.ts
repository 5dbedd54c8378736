/*
 * What a NIC can do for a protocol, as its driver advertises it: by network layer and transport layer, with the limits
 * beyond which it cannot. What is advertised decides which extensions the elements of queues carry; what is not costs no
 * byte. Follows reference netadaptercx §1.10 and §3.1.
 */

import type { ChecksumSwitches, CoalescingSwitches, SegmentationSwitches, TagSwitches } from './offload/offload-set.ts';

/**
 * Kinds of network layer: flags.
 *
 * @example
 * ```ts
 * const plainHeadersOnly = Layer3Flags.ipv4NoOptions | Layer3Flags.ipv6NoExtensions;
 * plainHeadersOnly; // 5
 * ```
 */
export const Layer3Flags = Object.freeze({
  /** IPv4 with a header of 20 bytes. */
  ipv4NoOptions: 1,
  /** IPv4 with a longer one. */
  ipv4WithOptions: 2,
  /** IPv6 with nothing between it and the transport layer. */
  ipv6NoExtensions: 4,
  /** IPv6 with extension headers. */
  ipv6WithExtensions: 8,
} as const);

/**
 * Kinds of transport layer: flags.
 *
 * @example
 * ```ts
 * const tcp = Layer4Flags.tcpNoOptions | Layer4Flags.tcpWithOptions;
 * tcp; // 3
 * ```
 */
export const Layer4Flags = Object.freeze({
  /** TCP with a header of 20 bytes. */
  tcpNoOptions: 1,
  /** TCP with a longer one. */
  tcpWithOptions: 2,
  /** UDP. */
  udp: 4,
} as const);

/** Which headers an offload handles. */
export interface LayerFlags {
  /** A set of {@link Layer3Flags}. */
  readonly layer3: number;
  /** A set of {@link Layer4Flags}. */
  readonly layer4: number;
}

/** Checksums that the NIC can insert on transmit: the short form, for NICs that do not care about options. */
export interface TxChecksumCapabilities {
  /** Over IPv4: header checksums, and what of the two below is set. */
  readonly ipv4: boolean;
  /** TCP checksums, over IPv6 and, with `ipv4`, over IPv4. */
  readonly tcp: boolean;
  /** UDP checksums, over the same. */
  readonly udp: boolean;
  /** Farthest byte at which a layer 4 header may start; 0 = no limit. */
  readonly layer4HeaderOffsetLimit: number;
}

/** Checksums that the NIC can insert on transmit. */
export interface TxChecksumOffload extends LayerFlags {
  /** Farthest byte at which a layer 3 header may start; 0, or left out: no limit. */
  readonly layer3HeaderOffsetLimit?: number;
  /** Farthest byte at which a layer 4 header may start; 0, or left out: no limit. */
  readonly layer4HeaderOffsetLimit?: number;
  /** Told at start and at each change what of it is used from now on. */
  readonly set?: (enabled: ChecksumSwitches) => void;
}

/** Checksums that the NIC checks on receive: the short form. */
export interface RxChecksumCapabilities {
  /** IPv4 header checksums, and over IPv4 what of the two below is set. */
  readonly ipv4: boolean;
  /** TCP checksums. */
  readonly tcp: boolean;
  /** UDP checksums. */
  readonly udp: boolean;
}

/** Checksums that the NIC checks on receive; every kind that is left out. */
export interface RxChecksumOffload extends Partial<LayerFlags> {
  /** Told at start and at each change what of it is used from now on. */
  readonly set?: (enabled: ChecksumSwitches) => void;
}

/** Segmentation of TCP (LSO) and of UDP (USO). */
export interface GsoOffload extends LayerFlags {
  /** Farthest byte at which a layer 4 header may start; 0, or left out: no limit. */
  readonly layer4HeaderOffsetLimit?: number;
  /** Most bytes of layer 4 payload in a packet that shall be cut. */
  readonly maximumOffloadSize: number;
  /** Fewest segments that a packet must give. */
  readonly minimumSegmentCount: number;
  /** Told at start and at each change what of it is used from now on. */
  readonly set?: (enabled: SegmentationSwitches) => void;
}

/** Coalescing of received segments: TCP (RSC) and UDP (URO). */
export interface RscOffload extends LayerFlags {
  /** Whether segments with the TCP timestamp option are coalesced, too. */
  readonly tcpTimestampOption: boolean;
  /** Told at start and at each change what of it is used from now on. */
  readonly set?: (enabled: CoalescingSwitches) => void;
}

/** Inserting of 802.1Q tags on transmit, and taking them out on receive. */
export interface Ieee8021qTagOffload extends TagSwitches {
  /** Told at start and at each change what of it is used from now on. */
  readonly set?: (enabled: TagSwitches) => void;
}

/**
 * Everything that an adapter may advertise.
 *
 * @example
 * ```ts
 * const everyHeader = { layer3: 15, layer4: 7 };
 * adapter.offloads.advertise({
 *   txChecksum: { ...everyHeader, layer4HeaderOffsetLimit: 638 },
 *   gso: { layer3: 15, layer4: 3, maximumOffloadSize: 65_536, minimumSegmentCount: 2 },
 *   ieee8021qTag: { priority: true, vlan: true },
 * });
 * ```
 */
export interface OffloadCapabilities {
  readonly txChecksum?: TxChecksumOffload | TxChecksumCapabilities;
  readonly rxChecksum?: RxChecksumOffload | RxChecksumCapabilities;
  readonly gso?: GsoOffload;
  readonly rsc?: RscOffload;
  readonly ieee8021qTag?: Ieee8021qTagOffload;
  /** Whether the NIC notes when packets passed: their elements then have room for it. Nothing that is turned on or off. */
  readonly hardwareTimestamps?: boolean;
}
