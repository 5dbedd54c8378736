/*
 * IPv6 neighbours: answers who asks for one of our addresses, and echo. A solicitation is checked as Linux checks it: hop
 * limit, checksum, code, lengths, target, options, and who may ask from no address.
 */

import { buildEthernet, EtherType } from './ethernet.ts';
import { buildIcmpv6, icmpv6Checksum, ICMPV6, parseIpv6Packet, type Ipv6Packet } from './ipv6.ts';
import { join, same, set32 } from './octets.ts';

/** Where a solicitation's and an advertisement's fields are. */
const TYPE = 0;
const CODE = 1;
const FLAGS = 4;
const TARGET = 8;
const OPTIONS = 24;
const ECHO_HEADER = 8;

const ECHO_REQUEST = 128;
const ECHO_REPLY = 129;
const SOLICITATION = 135;
const ADVERTISEMENT = 136;
const SOURCE_LINK_LAYER = 1;
const TARGET_LINK_LAYER = 2;
const SOLICITED = 0x4000_0000;
const OVERRIDE = 0x2000_0000;

const UNSPECIFIED = new Uint8Array(16);
const ALL_NODES = Uint8Array.of(0xff, 2, ...new Array<number>(13).fill(0), 1);
const ALL_NODES_MAC = Uint8Array.of(0x33, 0x33, 0, 0, 0, 1);

/**
 * @param mac - a station's address
 * @returns the link-local address that goes with it
 */
export function linkLocalOf(mac: Uint8Array): Uint8Array {
  const [first = 0, ...rest] = mac;
  return Uint8Array.of(0xfe, 0x80, 0, 0, 0, 0, 0, 0, first ^ 2, ...rest.slice(0, 2), 0xff, 0xfe, ...rest.slice(2));
}

/** Who answers. */
export interface Ipv6Station {
  readonly mac: Uint8Array;
  /** Its addresses; the first one answers for the group of all nodes. */
  readonly addresses: readonly Uint8Array[];
}

/**
 * @param packet - what an IPv6 frame carries, padding included
 * @param from - the station that it comes from
 * @param station - who answers
 * @returns the frame that answers, or `undefined` when none is due
 */
export function answerIpv6(packet: Uint8Array, from: Uint8Array, station: Ipv6Station): Uint8Array | undefined {
  const request = parseIpv6Packet(packet);
  if (request?.nextHeader !== ICMPV6 || request.payload.length < ECHO_HEADER) return undefined;
  if (request.payload[CODE] !== 0 || icmpv6Checksum(request) !== 0) return undefined;
  if (request.payload[TYPE] === ECHO_REQUEST) return echo(request, from, station);
  if (request.payload[TYPE] === SOLICITATION) return advertise(request, from, station);
  return undefined;
}

function echo(request: Ipv6Packet, from: Uint8Array, station: Ipv6Station): Uint8Array | undefined {
  const { source, destination, payload } = request;
  const us = same(destination, ALL_NODES)
    ? station.addresses[0]
    : station.addresses.find((one) => same(one, destination));
  if (us === undefined || same(source, UNSPECIFIED)) return undefined;
  const reply = payload.slice();
  reply[TYPE] = ECHO_REPLY;
  return buildEthernet(from, station.mac, EtherType.Ipv6, buildIcmpv6(us, source, reply));
}

function advertise(request: Ipv6Packet, from: Uint8Array, station: Ipv6Station): Uint8Array | undefined {
  const { source, destination, hopLimit, payload } = request;
  if (hopLimit !== 255 || payload.length < OPTIONS) return undefined;
  const options = optionTypes(payload.subarray(OPTIONS));
  const target = station.addresses.find((address) => same(address, payload.subarray(TARGET, OPTIONS)));
  if (options === undefined || target === undefined) return undefined;
  // Who has no address yet asks the target's group whether this one is taken, and is told with everybody else.
  const asksFromNowhere = same(source, UNSPECIFIED);
  if (asksFromNowhere && (!isGroupOf(destination, target) || options.includes(SOURCE_LINK_LAYER))) return undefined;
  const message = new Uint8Array(OPTIONS);
  message[TYPE] = ADVERTISEMENT;
  set32(message, FLAGS, asksFromNowhere ? OVERRIDE : SOLICITED + OVERRIDE);
  message.set(target, TARGET);
  const packet = buildIcmpv6(
    target,
    asksFromNowhere ? ALL_NODES : source,
    join(message, Uint8Array.of(TARGET_LINK_LAYER, 1), station.mac),
  );
  return buildEthernet(asksFromNowhere ? ALL_NODES_MAC : from, station.mac, EtherType.Ipv6, packet);
}

/** The types of the options, or `undefined` when one has no length or runs over the end. */
function optionTypes(bytes: Uint8Array): number[] | undefined {
  const types: number[] = [];
  for (let at = 0; at < bytes.length;) {
    const length = (bytes[at + 1] ?? 0) * 8;
    if (length === 0 || at + length > bytes.length) return undefined;
    types.push(bytes[at] ?? 0);
    at += length;
  }
  return types;
}

/** Whether a group is the one in which an address is asked for. */
const isGroupOf = (group: Uint8Array, address: Uint8Array): boolean =>
  same(group, Uint8Array.of(0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff, ...address.subarray(13)));
