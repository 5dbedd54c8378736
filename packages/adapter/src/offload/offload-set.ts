/*
 * Offloads as a protocol and a person know them: a switch for each kind of traffic, as fine as Windows' own keywords. One
 * set says what may be asked for, another one what is on, a third one what of that the hardware does.
 */

import { Layer3Flags, Layer4Flags, type LayerFlags } from '../offload-capabilities.ts';

/** Checksums, for each layer that has one. */
export interface ChecksumSwitches {
  /** IPv4's own. */
  readonly ipv4: boolean;
  /** TCP's over IPv4. */
  readonly tcpIPv4: boolean;
  /** TCP's over IPv6. */
  readonly tcpIPv6: boolean;
  /** UDP's over IPv4. */
  readonly udpIPv4: boolean;
  /** UDP's over IPv6. */
  readonly udpIPv6: boolean;
}

/** Segmentation: TCP is LSO, UDP is USO. */
export interface SegmentationSwitches {
  /** TCP over IPv4. */
  readonly tcpIPv4: boolean;
  /** TCP over IPv6. */
  readonly tcpIPv6: boolean;
  /** UDP over IPv4. */
  readonly udpIPv4: boolean;
  /** UDP over IPv6. */
  readonly udpIPv6: boolean;
}

/** Receive coalescing: TCP is RSC, UDP is URO. */
export interface CoalescingSwitches extends SegmentationSwitches {
  /** Whether segments with the TCP timestamp option are coalesced, too. */
  readonly tcpTimestampOption: boolean;
}

/** What of 802.1Q tags is inserted and taken out. */
export interface TagSwitches {
  /** The priority. */
  readonly priority: boolean;
  /** The VLAN identifier. */
  readonly vlan: boolean;
}

/** Every switch. */
export interface OffloadSet {
  readonly txChecksum: ChecksumSwitches;
  readonly rxChecksum: ChecksumSwitches;
  readonly gso: SegmentationSwitches;
  readonly rsc: CoalescingSwitches;
  readonly ieee8021qTag: TagSwitches;
}

/** Which offload. */
export type OffloadName = keyof OffloadSet;

/**
 * Switches to turn; those that are left out stay as they are.
 *
 * @example
 * ```ts
 * const change: OffloadChange = { gso: { tcpIPv4: true, tcpIPv6: true }, rxChecksum: { udpIPv6: false } };
 * ```
 */
export type OffloadChange = { readonly [Name in OffloadName]?: Partial<OffloadSet[Name]> };

/** Every offload, in the order in which drivers are told. */
export const OFFLOAD_NAMES: readonly OffloadName[] = ['txChecksum', 'rxChecksum', 'gso', 'rsc', 'ieee8021qTag'];

const IPV4 = Layer3Flags.ipv4NoOptions | Layer3Flags.ipv4WithOptions;
const IPV6 = Layer3Flags.ipv6NoExtensions | Layer3Flags.ipv6WithExtensions;
const TCP = Layer4Flags.tcpNoOptions | Layer4Flags.tcpWithOptions;

/**
 * @param flags - headers that an offload handles
 * @returns the kinds of traffic of which it handles some
 */
export function trafficOf(flags: LayerFlags): SegmentationSwitches {
  const { layer3, layer4 } = flags;
  const tcp = (layer4 & TCP) !== 0;
  const udp = (layer4 & Layer4Flags.udp) !== 0;
  const ipv4 = (layer3 & IPV4) !== 0;
  const ipv6 = (layer3 & IPV6) !== 0;
  return { tcpIPv4: tcp && ipv4, tcpIPv6: tcp && ipv6, udpIPv4: udp && ipv4, udpIPv6: udp && ipv6 };
}

/**
 * @param flags - headers that an offload handles
 * @returns the checksums of which it handles some
 */
export const checksumsOf = (flags: LayerFlags): ChecksumSwitches => ({
  ipv4: (flags.layer3 & IPV4) !== 0,
  ...trafficOf(flags),
});

/**
 * @param all - what every switch is
 * @returns a set of them
 */
export function uniformSet(all: boolean): OffloadSet {
  const traffic = { tcpIPv4: all, tcpIPv6: all, udpIPv4: all, udpIPv6: all };
  return {
    txChecksum: { ipv4: all, ...traffic },
    rxChecksum: { ipv4: all, ...traffic },
    gso: traffic,
    rsc: { ...traffic, tcpTimestampOption: all },
    ieee8021qTag: { priority: all, vlan: all },
  };
}

/**
 * @param set - switches, perhaps not all
 * @param offload - which
 * @returns its switches by name
 */
export const switchesIn = (
  set: OffloadSet | OffloadChange,
  offload: OffloadName,
): Record<string, boolean | undefined> => ({
  ...set[offload],
});

/**
 * @param decide - the switch of the result, from its offload, its name, and what it is in each of the sets
 * @param sets - one or more
 * @returns a set
 */
export function combine(
  decide: (offload: OffloadName, name: string, ...values: boolean[]) => boolean,
  ...sets: OffloadSet[]
): OffloadSet {
  const one = (offload: OffloadName): [OffloadName, Record<string, boolean>] => [
    offload,
    Object.fromEntries(
      Object.keys(uniformSet(false)[offload]).map((name) => [
        name,
        decide(offload, name, ...sets.map((set) => switchesIn(set, offload)[name] === true)),
      ]),
    ),
  ];
  // Made of the names of a whole set, so it is one: what the compiler cannot see.
  return Object.fromEntries(OFFLOAD_NAMES.map(one)) as unknown as OffloadSet;
}

/**
 * @param set - switches
 * @param change - those to turn
 * @returns the switches, turned
 */
export function turned(set: OffloadSet, change: OffloadChange): OffloadSet {
  return combine((offload, name, value) => switchesIn(change, offload)[name] ?? value, set);
}

/**
 * @param set - switches
 * @returns those that are on, as `offload.switch`
 */
export function namesOn(set: OffloadSet): string[] {
  return OFFLOAD_NAMES.flatMap((offload) =>
    Object.entries(set[offload])
      .filter(([, on]) => on === true)
      .map(([name]) => `${offload}.${name}`),
  );
}
