/*
 * Frames as they stand on the wire, built byte by byte with checksums summed the slow way: what tests of layouts,
 * checksums and coalescing compare with.
 */

/** One's complement sum of big-endian words; an odd last byte counts as the high half of one. */
export function naiveSum(bytes: Uint8Array): number {
  let sum = 0;
  for (let at = 0; at < bytes.length; at += 2) sum += (bytes[at]! << 8) + (bytes[at + 1] ?? 0);
  while (sum > 0xffff) sum = (sum % 0x10000) + Math.floor(sum / 0x10000);
  return sum;
}

export const naiveChecksum = (...parts: Uint8Array[]): number => 0xffff - naiveSum(Buffer.concat(parts));

/** Bytes of big-endian numbers: `be(2, 0x0800)`. */
export function be(bytes: number, value: number): Uint8Array {
  return Uint8Array.from({ length: bytes }, (_, at) => Math.floor(value / 2 ** (8 * (bytes - 1 - at))) & 255);
}

export const join = (...parts: (Uint8Array | readonly number[])[]): Uint8Array =>
  new Uint8Array(Buffer.concat(parts.map((part) => Uint8Array.from(part))));

export interface EthernetFields {
  readonly to?: Uint8Array;
  readonly from?: Uint8Array;
  /** Tag control informations, outermost first; the outer one of two has 802.1ad's type. */
  readonly tags?: readonly number[];
  /** Length and LLC/SNAP in place of the type. */
  readonly snap?: boolean;
}

export function ethernet(type: number, payload: Uint8Array, fields: EthernetFields = {}): Uint8Array {
  const { to = be(6, 0x0200_0000_0001), from = be(6, 0x0200_0000_0002), tags = [], snap = false } = fields;
  const tagged = tags.flatMap((tag, at) => [...be(2, at + 1 < tags.length ? 0x88a8 : 0x8100), ...be(2, tag)]);
  const typed = snap ? join(be(2, payload.length + 8), [0xaa, 0xaa, 3, 0, 0, 0], be(2, type)) : be(2, type);
  return join(to, from, tagged, typed, payload);
}

export interface Ipv4Fields {
  readonly source?: number;
  readonly destination?: number;
  readonly identification?: number;
  readonly tos?: number;
  readonly ttl?: number;
  readonly dontFragment?: boolean;
  readonly moreFragments?: boolean;
  readonly fragmentOffset?: number;
  readonly options?: Uint8Array;
}

export function ipv4(protocol: number, payload: Uint8Array, fields: Ipv4Fields = {}): Uint8Array {
  const { source = 0x0a00_0001, destination = 0x0a00_0002, identification = 1, tos = 0, ttl = 64 } = fields;
  const { dontFragment = true, moreFragments = false, fragmentOffset = 0, options = new Uint8Array(0) } = fields;
  const flags = (dontFragment ? 0x4000 : 0) + (moreFragments ? 0x2000 : 0) + fragmentOffset;
  const head = join(
    [0x45 + options.length / 4, tos],
    be(2, 20 + options.length + payload.length),
    be(2, identification),
    be(2, flags),
    [ttl, protocol, 0, 0],
    be(4, source),
    be(4, destination),
    options,
  );
  head.set(be(2, naiveChecksum(head)), 10);
  return join(head, payload);
}

export interface Ipv6Fields {
  readonly source?: Uint8Array;
  readonly destination?: Uint8Array;
  readonly trafficClass?: number;
  readonly flowLabel?: number;
  readonly hopLimit?: number;
  /** Extension headers as they stand, the first one's number, each with the number of the next in its first byte. */
  readonly extensions?: { readonly first: number; readonly bytes: Uint8Array };
}

const ipv6Address = (last: number): Uint8Array => join(be(4, 0xfd00_0000), be(8, 0), be(4, last));

export function ipv6(protocol: number, payload: Uint8Array, fields: Ipv6Fields = {}): Uint8Array {
  const { source = ipv6Address(1), destination = ipv6Address(2), trafficClass = 0, flowLabel = 0 } = fields;
  const { hopLimit = 64, extensions } = fields;
  const first = 6 * 2 ** 28 + trafficClass * 2 ** 20 + flowLabel;
  const chain = extensions?.bytes ?? new Uint8Array(0);
  const next = extensions?.first ?? protocol;
  return join(
    be(4, first),
    be(2, chain.length + payload.length),
    [next, hopLimit],
    source,
    destination,
    chain,
    payload,
  );
}

/** Pseudo header of a packet whose first byte says its version. */
export function pseudoHeader(ip: Uint8Array, protocol: number, length: number): Uint8Array {
  return ip[0]! >>> 4 === 4
    ? join(ip.subarray(12, 20), [0, protocol], be(2, length))
    : join(ip.subarray(8, 40), be(4, length), [0, 0, 0, protocol]);
}

export const TcpFlags = { fin: 1, syn: 2, rst: 4, psh: 8, ack: 16, urg: 32, ece: 64, cwr: 128 } as const;

export interface TcpFields {
  readonly sourcePort?: number;
  readonly destinationPort?: number;
  readonly sequence?: number;
  readonly acknowledgement?: number;
  readonly flags?: number;
  readonly window?: number;
  /** A multiple of 4 bytes. */
  readonly options?: Uint8Array;
}

/** A TCP segment; its checksum stays 0 until `withChecksum`. */
export function tcp(payload: Uint8Array, fields: TcpFields = {}): Uint8Array {
  const { sourcePort = 1000, destinationPort = 80, sequence = 1, acknowledgement = 1, window = 500 } = fields;
  const { flags = TcpFlags.ack, options = new Uint8Array(0) } = fields;
  return join(
    be(2, sourcePort),
    be(2, destinationPort),
    be(4, sequence),
    be(4, acknowledgement),
    [(5 + options.length / 4) << 4, flags],
    be(2, window),
    [0, 0, 0, 0],
    options,
    payload,
  );
}

export function udp(payload: Uint8Array, sourcePort = 1000, destinationPort = 443): Uint8Array {
  return join(be(2, sourcePort), be(2, destinationPort), be(2, 8 + payload.length), [0, 0], payload);
}

/** The timestamp option, behind two bytes that pad it. */
export const timestamps = (value: number, echo: number): Uint8Array => join([1, 1, 8, 10], be(4, value), be(4, echo));

/** Sets the checksum of the TCP segment or UDP datagram that an IP packet without extension headers carries. */
export function withChecksum(ip: Uint8Array): Uint8Array {
  const four = ip[0]! >>> 4 === 4;
  const at = four ? (ip[0]! & 15) * 4 : 40;
  const protocol = four ? ip[9]! : ip[6]!;
  const field = at + (protocol === 6 ? 16 : 6);
  const filled = ip.slice();
  filled.set([0, 0], field);
  const transport = filled.subarray(at);
  const sum = naiveChecksum(pseudoHeader(ip, protocol, transport.length), transport);
  filled.set(be(2, protocol === 17 && sum === 0 ? 0xffff : sum), field);
  return filled;
}

/** A whole frame of TCP over IPv4 or IPv6 over Ethernet. */
export function tcpFrame(
  payload: Uint8Array,
  fields: { readonly ethernet?: EthernetFields; readonly ipv4?: Ipv4Fields; readonly ipv6?: Ipv6Fields } & {
    readonly tcp?: TcpFields;
  } = {},
): Uint8Array {
  const segment = tcp(payload, fields.tcp);
  return fields.ipv6 === undefined
    ? ethernet(0x0800, withChecksum(ipv4(6, segment, fields.ipv4)), fields.ethernet)
    : ethernet(0x86dd, withChecksum(ipv6(6, segment, fields.ipv6)), fields.ethernet);
}
