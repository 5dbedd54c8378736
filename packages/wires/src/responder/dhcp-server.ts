/*
 * A DHCP server for one link (RFC 2131, sections 4.1 and 4.3): addresses in the order in which clients come, the same one
 * for the same client as long as the wire is open, and where to boot from. Leases are bounded by the subnet.
 */

import { SECOND } from '@netcx/clock';
import {
  addressOption,
  buildDhcp,
  DhcpOption,
  DhcpType,
  parseDhcp,
  type DhcpReply,
  type DhcpRequest,
} from './dhcp-message.ts';
import { formatIpv4, set32 } from './octets.ts';

/** Seconds that a client may keep its address without asking again. */
const LEASE_SECONDS = 24 * 3600;
/** Addresses at most, whatever the subnet holds. */
const MOST_LEASES = 1024;
const EVERYBODY = 0xffff_ffff;

/** What the server gives. */
export interface DhcpServerOptions {
  /** The server's own address, router and next server. */
  readonly address: number;
  /** Bits of the subnet, 8 to 30. */
  readonly prefix: number;
  /** The first address that it gives. */
  readonly first: number;
  /** Name of the boot file, if there is one. */
  readonly bootfile?: string | undefined;
}

/** An answer, and where it goes. */
export interface DhcpAnswer {
  readonly message: Uint8Array;
  readonly destination: number;
  /** Whether it goes to every station. */
  readonly broadcast: boolean;
}

interface Lease {
  readonly client: string;
  /** Nanoseconds of the clock. */
  until: number;
}

/** Gives addresses. */
export class DhcpServer {
  readonly #options: DhcpServerOptions;
  readonly #mask: number;
  /** By address. */
  readonly #leases = new Map<number, Lease>();
  #malformed = 0;
  #exhausted = 0;

  /**
   * @param options - addresses and boot file
   */
  constructor(options: DhcpServerOptions) {
    this.#options = options;
    this.#mask = (EVERYBODY << (32 - options.prefix)) >>> 0;
  }

  /** Leases that were given, messages that were none, and clients that found no address free. */
  get counters(): { readonly leases: number; readonly malformed: number; readonly exhausted: number } {
    return { leases: this.#leases.size, malformed: this.#malformed, exhausted: this.#exhausted };
  }

  /**
   * @param bytes - what came to the server's port
   * @param now - nanoseconds
   * @returns the answer, or `undefined` when none is due
   */
  answer(bytes: Uint8Array, now: number): DhcpAnswer | undefined {
    const request = parseDhcp(bytes);
    if (request === undefined) {
      this.#malformed++;
      return undefined;
    }
    // Nobody relays on a single link.
    if (request.relay !== 0) return undefined;
    switch (request.type) {
      case DhcpType.Discover:
        return this.#offer(request, now);
      case DhcpType.Request:
        return this.#grant(request, now);
      case DhcpType.Decline:
        this.#decline(request, now);
        return undefined;
      case DhcpType.Release:
        this.#release(request);
        return undefined;
      case DhcpType.Inform:
        return this.#reply(request, DhcpType.Ack, 0);
      default:
        return undefined;
    }
  }

  #offer(request: DhcpRequest, now: number): DhcpAnswer | undefined {
    const client = clientOf(request);
    const wanted = addressOption(request, DhcpOption.RequestedAddress);
    const address =
      this.#addressOf(client) ?? (wanted !== undefined && this.#isFree(wanted, now) ? wanted : this.#free(now));
    if (address === undefined) {
      this.#exhausted++;
      return undefined;
    }
    // Kept for a minute, until the client decides.
    this.#leases.set(address, { client, until: now + 60 * SECOND });
    return this.#reply(request, DhcpType.Offer, address);
  }

  #grant(request: DhcpRequest, now: number): DhcpAnswer | undefined {
    const server = addressOption(request, DhcpOption.ServerIdentifier);
    const client = clientOf(request);
    const known = this.#addressOf(client);
    if (server !== undefined && server !== this.#options.address) {
      // The client took another server's offer.
      if (known !== undefined) this.#leases.delete(known);
      return undefined;
    }
    // Without a record of the client there is nothing to say.
    if (known === undefined) return undefined;
    const asked = addressOption(request, DhcpOption.RequestedAddress) ?? request.clientAddress;
    if (asked !== known) return this.#reply(request, DhcpType.Nak, 0);
    this.#leases.set(known, { client, until: now + LEASE_SECONDS * SECOND });
    return this.#reply(request, DhcpType.Ack, known);
  }

  /** Somebody else uses the address: nobody is given it for a while. */
  #decline(request: DhcpRequest, now: number): void {
    const known = this.#addressOf(clientOf(request));
    if (known !== undefined) this.#leases.set(known, { client: '', until: now + LEASE_SECONDS * SECOND });
  }

  #release(request: DhcpRequest): void {
    const known = this.#addressOf(clientOf(request));
    if (known !== undefined && known === request.clientAddress) this.#leases.delete(known);
  }

  #addressOf(client: string): number | undefined {
    for (const [address, lease] of this.#leases) if (lease.client === client) return address;
    return undefined;
  }

  #isFree(address: number, now: number): boolean {
    const { first } = this.#options;
    const last = Math.min((first | ~this.#mask) >>> 0, first + MOST_LEASES);
    if (address < first || address >= last || address === this.#options.address) return false;
    const lease = this.#leases.get(address);
    return lease === undefined || lease.until <= now;
  }

  #free(now: number): number | undefined {
    for (let offset = 0; offset < MOST_LEASES; offset++) {
      if (this.#isFree(this.#options.first + offset, now)) return this.#options.first + offset;
    }
    return undefined;
  }

  #reply(request: DhcpRequest, type: number, yourAddress: number): DhcpAnswer {
    const { address, bootfile = '' } = this.#options;
    const nak = type === DhcpType.Nak;
    const options = new Map<number, Uint8Array>([[DhcpOption.ServerIdentifier, word(address)]]);
    if (!nak) {
      if (yourAddress !== 0) options.set(DhcpOption.LeaseTime, word(LEASE_SECONDS));
      options.set(DhcpOption.SubnetMask, word(this.#mask));
      options.set(DhcpOption.Router, word(address));
      options.set(DhcpOption.Broadcast, word((address | ~this.#mask) >>> 0));
      if (bootfile !== '') {
        options.set(DhcpOption.ServerName, new TextEncoder().encode(formatIpv4(address)));
        options.set(DhcpOption.Bootfile, new TextEncoder().encode(bootfile));
      }
    }
    const reply: DhcpReply = { type, yourAddress, nextServer: nak ? 0 : address, file: nak ? '' : bootfile, options };
    const message = buildDhcp(request, reply);
    // RFC 2131, section 4.1.
    if (!nak && request.clientAddress !== 0) return { message, destination: request.clientAddress, broadcast: false };
    if (nak || request.broadcast || yourAddress === 0) return { message, destination: EVERYBODY, broadcast: true };
    return { message, destination: yourAddress, broadcast: false };
  }
}

/** Who a client is: by the name that it gives itself, else by its station's address. */
function clientOf(request: DhcpRequest): string {
  const name = request.options.get(DhcpOption.ClientIdentifier) ?? request.mac;
  return [...name.subarray(0, 255)].join();
}

function word(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  set32(bytes, 0, value);
  return bytes;
}
