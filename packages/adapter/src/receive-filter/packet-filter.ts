/*
 * Which frames a NIC lets through: the flags, what a driver says that its NIC can filter by, and what is wrong with either.
 * The values are NET_PACKET_FILTER_FLAGS'. Follows reference netadaptercx §1.10 and §5.11.
 */

import { violation } from '../verifier/violation.ts';

/** Kinds of frames; a filter is the sum of those that pass. */
export const PacketFilterFlags = {
  /** To the adapter's own address. */
  directed: 0x01,
  /** To an address of the multicast list. */
  multicast: 0x02,
  /** To any multicast address. */
  allMulticast: 0x04,
  /** To all stations. */
  broadcast: 0x08,
  /** Everything that is on the wire. */
  promiscuous: 0x20,
} as const;

/** What a NIC should know: without each of these a TCP/IP stack does not bind. */
export const USUAL_PACKET_FILTER =
  PacketFilterFlags.directed |
  PacketFilterFlags.multicast |
  PacketFilterFlags.allMulticast |
  PacketFilterFlags.broadcast;

/** What passes until somebody asks for something else. */
export const INITIAL_PACKET_FILTER =
  PacketFilterFlags.directed | PacketFilterFlags.multicast | PacketFilterFlags.broadcast;

/** Multicast addresses of `usualReceiveFilter`. */
const USUAL_MULTICAST_ADDRESSES = 64;
const KNOWN = USUAL_PACKET_FILTER | PacketFilterFlags.promiscuous;

/** What is asked for: good during `set` only. */
export interface ReceiveFilterView {
  /**
   * Flags of {@link PacketFilterFlags}.
   *
   * @throws ViolationError `SET_RECEIVE_FILTER_FROM_WRONG_THREAD` after `set` has returned
   */
  readonly packetFilter: number;
  /**
   * How many addresses there are.
   *
   * @throws ViolationError `SET_RECEIVE_FILTER_FROM_WRONG_THREAD` after `set` has returned
   */
  readonly multicastAddressCount: number;
  /**
   * The addresses, 6 bytes each, the driver's own to keep.
   *
   * @throws ViolationError `SET_RECEIVE_FILTER_FROM_WRONG_THREAD` after `set` has returned
   */
  readonly multicastAddressList: readonly Uint8Array[];
}

/** What a NIC can filter by. */
export interface ReceiveFilterCapabilities {
  /** Flags of {@link PacketFilterFlags} that it knows. */
  readonly supported: number;
  /** Multicast addresses that it can be told; 0 exactly when it does not know `multicast`. */
  readonly maximumMulticastAddresses: number;
  /**
   * Programs the device: EvtSetReceiveFilter. Filter and list come together; called in D0 and while the queues exist.
   *
   * @param filter - what shall pass
   */
  readonly set: (filter: ReceiveFilterView) => void;
}

/**
 * @param set - programs the device
 * @returns the capabilities with which every protocol binds: directed, multicast, all multicast and broadcast, 64 addresses
 * @example
 * ```ts
 * adapter.receiveFilter.setCapabilities(usualReceiveFilter((filter) => programFilter(device, filter.packetFilter)));
 * ```
 */
export const usualReceiveFilter = (set: (filter: ReceiveFilterView) => void): ReceiveFilterCapabilities => ({
  supported: USUAL_PACKET_FILTER,
  maximumMulticastAddresses: USUAL_MULTICAST_ADDRESSES,
  set,
});

/**
 * @param flags - of {@link PacketFilterFlags}
 * @returns their names, for messages
 */
export function namesOf(flags: number): string {
  const names = Object.entries(PacketFilterFlags).flatMap(([name, bit]) => ((flags & bit) === 0 ? [] : [name]));
  const unknown = flags & ~KNOWN;
  if (unknown !== 0) names.push(`0x${(unknown >>> 0).toString(16)}`);
  return names.length === 0 ? 'nothing' : names.join(' + ');
}

/**
 * @param adapter - the adapter's name, for messages
 * @param capabilities - what a driver declares
 * @throws ViolationError `INVALID_RECEIVE_FILTER_CAPABILITIES` or `INVALID_SET_RECEIVE_FILTER_CALL_BACK`
 */
export function checkFilterCapabilities(adapter: string, capabilities: ReceiveFilterCapabilities): void {
  const { supported, maximumMulticastAddresses: most } = capabilities;
  const wrong = (subcode: number, message: string, field: string, expected: string, found: unknown) =>
    violation(0x0b, message, { subcode, object: adapter, field, expected, found });
  if (!Number.isInteger(supported) || (supported & ~KNOWN) !== 0)
    throw wrong(0, 'flags that are not known', 'supported', `of ${namesOf(KNOWN)}`, supported);
  if (!Number.isInteger(most) || most < 0)
    throw wrong(0, 'an impossible number of addresses', 'maximumMulticastAddresses', '0 or more', most);
  if (supported === 0 && most === 0)
    throw wrong(1, 'a filter through which nothing can pass', 'supported', 'at least one flag', 0);
  const multicast = (supported & PacketFilterFlags.multicast) !== 0;
  if (multicast && most === 0)
    throw wrong(2, 'multicast without room for an address', 'maximumMulticastAddresses', '1 or more', most);
  if (!multicast && most > 0)
    throw wrong(3, 'room for addresses without multicast', 'maximumMulticastAddresses', '0', most);
  if (typeof (capabilities.set as unknown) !== 'function')
    throw violation(0x0c, 'nobody would set the filter', {
      object: adapter,
      field: 'set',
      expected: 'a function',
      found: capabilities.set,
    });
}
