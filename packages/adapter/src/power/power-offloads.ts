/*
 * What a NIC answers for while its device sleeps: NETPOWEROFFLOAD in our names (reference netadaptercx §5.1). ARP requests for
 * an IPv4 address (RFC 826) and neighbour solicitations for IPv6 addresses (RFC 4861), so that the machine need not wake.
 */

import { AdapterError } from '../adapter-error.ts';

/** How many a NIC can answer for. */
export interface PowerOffloadCapabilities {
  /** IPv4 addresses whose ARP requests it answers; 0, or left out: none. */
  readonly arp?: number;
  /** IPv6 addresses whose solicitations it answers; 0, or left out: none. */
  readonly ns?: number;
}

/** Answer ARP requests. */
export interface ArpOffload {
  readonly type: 'arp';
  /** Only those from this address, 4 bytes; from any when it is all zeros. */
  readonly remoteIPv4Address: Uint8Array;
  /** Those for this address, 4 bytes. */
  readonly hostIPv4Address: Uint8Array;
  /** What is answered, 6 bytes for Ethernet. */
  readonly linkLayerAddress: Uint8Array;
}

/** Answer neighbour solicitations. */
export interface NsOffload {
  readonly type: 'ns';
  /** Only those from this address, 16 bytes; from any when it is all zeros. */
  readonly remoteIPv6Address: Uint8Array;
  /** The solicited-node address that they come to, 16 bytes. */
  readonly solicitedNodeIPv6Address: Uint8Array;
  /** Those for one of these, 16 bytes each; one or two. */
  readonly targetIPv6Addresses: readonly Uint8Array[];
  /** What is answered, 6 bytes for Ethernet. */
  readonly linkLayerAddress: Uint8Array;
}

/** What a protocol asks for. */
export type PowerOffloadRequest = ArpOffload | NsOffload;

/** What it was granted. */
export type PowerOffload = PowerOffloadRequest & {
  /** For its removal. */
  readonly id: number;
  /** The adapter's name. */
  readonly adapter: string;
};

const IPV4 = 4;
const IPV6 = 16;

/**
 * @param adapter - the adapter's name, for messages
 * @param request - what a protocol asks for
 * @throws AdapterError `POWER_OFFLOAD_INVALID`, naming the address whose length cannot be
 */
export function checkPowerOffload(adapter: string, request: PowerOffloadRequest): void {
  const lengths: readonly (readonly [string, Uint8Array, number])[] =
    request.type === 'arp'
      ? [
          ['remoteIPv4Address', request.remoteIPv4Address, IPV4],
          ['hostIPv4Address', request.hostIPv4Address, IPV4],
        ]
      : [
          ['remoteIPv6Address', request.remoteIPv6Address, IPV6],
          ['solicitedNodeIPv6Address', request.solicitedNodeIPv6Address, IPV6],
          ...request.targetIPv6Addresses.map((address) => ['targetIPv6Addresses', address, IPV6] as const),
        ];
  for (const [field, address, length] of lengths) {
    if (address.length !== length)
      throw new AdapterError(
        'POWER_OFFLOAD_INVALID',
        `${adapter}: ${field} has ${String(address.length)} bytes; expected ${String(length)}`,
      );
  }
  const targets = request.type === 'ns' ? request.targetIPv6Addresses.length : 1;
  if (targets < 1 || targets > 2)
    throw new AdapterError('POWER_OFFLOAD_INVALID', `${adapter}: ${String(targets)} targets; expected 1 or 2`);
  const { length } = request.linkLayerAddress;
  if (length < 1 || length > 32)
    throw new AdapterError(
      'POWER_OFFLOAD_INVALID',
      `${adapter}: linkLayerAddress has ${String(length)} bytes; expected 1 to 32`,
    );
}

/**
 * @param request - what a protocol asked for
 * @returns how many addresses of the NIC's it takes
 */
export function addressesOf(request: PowerOffloadRequest): number {
  return request.type === 'arp' ? 1 : request.targetIPv6Addresses.length;
}
