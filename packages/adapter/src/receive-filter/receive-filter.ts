/*
 * An adapter's receive filter: what the driver says that its NIC can do, and what a protocol asks for. Flags and multicast
 * list go to the driver in one call, in D0 and while the queues exist; what is asked for before waits for them, and is set
 * again whenever they are new. Follows reference netadaptercx §5.9.
 */

import { AdapterError } from '../adapter-error.ts';
import type { PowerReference } from '../power-reference.ts';
import { violation } from '../verifier/violation.ts';
import {
  checkFilterCapabilities,
  INITIAL_PACKET_FILTER,
  namesOf,
  PacketFilterFlags,
  type ReceiveFilterCapabilities,
  type ReceiveFilterView,
} from './packet-filter.ts';

/** Bytes of an Ethernet address. */
const ADDRESS_BYTES = 6;
/** The bit of an address's first byte that makes it a group's. */
const GROUP = 0x01;

interface Filter {
  readonly flags: number;
  readonly addresses: readonly Uint8Array[];
}

/** The receive filter of an adapter. */
export class ReceiveFilter {
  readonly #name: string;
  readonly #refuseWhenStarted: () => void;
  readonly #whilePowered: PowerReference;
  #capabilities: ReceiveFilterCapabilities | undefined;
  #wanted: Filter | undefined;
  #open = false;
  #calls = 0;

  /**
   * @param name - the adapter's, for messages
   * @param refuseWhenStarted - throws while the adapter's queues exist
   * @param whilePowered - calls the driver with the device in D0
   */
  constructor(name: string, refuseWhenStarted: () => void, whilePowered: PowerReference) {
    this.#name = name;
    this.#refuseWhenStarted = refuseWhenStarted;
    this.#whilePowered = whilePowered;
  }

  /**
   * The driver says what its NIC can filter by. One that does not is left to pass what it likes, and no filter can be set.
   *
   * @param capabilities - flags, addresses, and how the device is told
   * @throws AdapterError `ADAPTER_STARTED`; ViolationError `INVALID_RECEIVE_FILTER_CAPABILITIES` or
   * `INVALID_SET_RECEIVE_FILTER_CALL_BACK`
   * @example
   * ```ts
   * adapter.receiveFilter.setCapabilities({
   *   supported: USUAL_PACKET_FILTER | PacketFilterFlags.promiscuous,
   *   maximumMulticastAddresses: 32,
   *   set: ({ packetFilter, multicastAddressList }) => writeFilter(device, packetFilter, multicastAddressList),
   * });
   * ```
   */
  setCapabilities(capabilities: ReceiveFilterCapabilities): void {
    this.#refuseWhenStarted();
    checkFilterCapabilities(this.#name, capabilities);
    this.#capabilities = capabilities;
  }

  /** Flags that can be asked for; 0 when the driver has not said. */
  get supported(): number {
    return this.#capabilities?.supported ?? 0;
  }

  /** Addresses that can be asked for. */
  get maximumMulticastAddresses(): number {
    return this.#capabilities?.maximumMulticastAddresses ?? 0;
  }

  /**
   * Flags that are set now, or will be when the adapter starts. Until somebody asks for others: directed, broadcast and
   * multicast with an empty list, as far as the NIC knows them. `undefined` when the driver has not said what it can do.
   */
  get packetFilter(): number | undefined {
    const { supported } = this;
    if (this.#wanted !== undefined || supported === 0) return this.#wanted?.flags;
    return (supported & INITIAL_PACKET_FILTER) === 0 ? supported : supported & INITIAL_PACKET_FILTER;
  }

  /** Addresses that are set with them, copies. */
  get multicastAddresses(): readonly Uint8Array[] {
    return this.#wanted?.addresses.map((address) => address.slice()) ?? [];
  }

  /** Times that the driver was told. */
  get calls(): number {
    return this.#calls;
  }

  /**
   * Whether a filter could be set, without setting it.
   *
   * @param flags - of {@link PacketFilterFlags}
   * @param multicastList - group addresses, 6 bytes each
   * @returns what stands against it, a sentence each; empty when nothing does
   */
  problems(flags: number, multicastList: readonly Uint8Array[] = []): string[] {
    const { supported, maximumMulticastAddresses: most } = this;
    const found: string[] = [];
    if (this.#capabilities === undefined) return ['the driver has not said what its NIC can filter by'];
    const beyond = Number.isInteger(flags) ? flags & ~supported : -1;
    if (beyond !== 0)
      found.push(
        Number.isInteger(flags)
          ? `${namesOf(beyond)} is not supported; the NIC has ${namesOf(supported)}`
          : `${String(flags)} is no sum of flags`,
      );
    if (multicastList.length > most)
      found.push(
        `${String(multicastList.length)} multicast addresses; the NIC has room for ${String(most)}${
          (supported & PacketFilterFlags.allMulticast) === 0 ? '' : ', and can pass all with allMulticast'
        }`,
      );
    for (const [index, address] of multicastList.entries()) {
      if (address.length !== ADDRESS_BYTES)
        found.push(`multicast address ${String(index)} has ${String(address.length)} bytes; expected 6`);
      else if ((address[0]! & GROUP) === 0)
        found.push(`multicast address ${String(index)} (${textOf(address)}) is one station's, not a group's`);
    }
    return found;
  }

  /**
   * Says what shall pass: at once while the adapter runs, and otherwise as soon as it does.
   *
   * @param flags - of {@link PacketFilterFlags}
   * @param multicastList - group addresses, 6 bytes each; copied
   * @throws AdapterError `RECEIVE_FILTER_UNSUPPORTED`, with everything that stands against it, and whatever the driver throws;
   * then what was set stays
   */
  set(flags: number, multicastList: readonly Uint8Array[] = []): void {
    const problems = this.problems(flags, multicastList);
    if (problems.length > 0)
      throw new AdapterError('RECEIVE_FILTER_UNSUPPORTED', `${this.#name}: ${problems.join('; ')}`);
    const filter = { flags, addresses: multicastList.map((address) => address.slice()) };
    if (this.#open) this.#apply(filter);
    this.#wanted = filter;
  }

  /** The queues are there: what was asked for is set, or what is usual. */
  open(): void {
    this.#open = true;
    // Capabilities may have changed since it was asked for.
    if (this.#wanted !== undefined && this.problems(this.#wanted.flags, this.#wanted.addresses).length > 0)
      this.#wanted = undefined;
    const flags = this.packetFilter;
    if (flags !== undefined) this.#apply({ flags, addresses: this.#wanted?.addresses ?? [] });
  }

  /** The queues go: the driver is not called any more. */
  close(): void {
    this.#open = false;
  }

  #apply(filter: Filter): void {
    const capabilities = this.#capabilities;
    if (capabilities === undefined) return;
    const view = new View(this.#name, filter);
    this.#whilePowered(() => {
      this.#calls++;
      try {
        capabilities.set(view);
      } finally {
        view.expire();
      }
    });
  }
}

/** What the driver is shown, for as long as it is asked. */
class View implements ReceiveFilterView {
  readonly #name: string;
  readonly #filter: Filter;
  #good = true;

  constructor(name: string, filter: Filter) {
    this.#name = name;
    this.#filter = filter;
  }

  get packetFilter(): number {
    this.#check('packetFilter');
    return this.#filter.flags;
  }

  get multicastAddressCount(): number {
    this.#check('multicastAddressCount');
    return this.#filter.addresses.length;
  }

  get multicastAddressList(): readonly Uint8Array[] {
    this.#check('multicastAddressList');
    return this.#filter.addresses.map((address) => address.slice());
  }

  expire(): void {
    this.#good = false;
  }

  #check(field: string): void {
    if (!this.#good)
      throw violation(0x0d, 'the filter is good during set only; keep what was read from it', {
        object: this.#name,
        field,
      });
  }
}

const textOf = (address: Uint8Array): string =>
  Array.from(address, (byte) => byte.toString(16).padStart(2, '0')).join(':');
