/*
 * Wires as a person writes them, and what they mean: plain data, so that a description can be handed to a worker. Each
 * error says what was wrong, where, and what would have been right.
 */

import { parseAddress, parseTcpPlace, type InternetAddress } from './place.ts';
import { formatIpv4, parseIpv4, parseIpv6, parseMac } from './responder/octets.ts';
import { WireError } from './wire-error.ts';

/** A station that answers. */
export interface ResponderDescription {
  readonly kind: 'responder';
  /** Its IPv4 address, as an unsigned number. */
  readonly address: number;
  /** Bits of the subnet. */
  readonly prefix: number;
  /** The first address that DHCP gives. */
  readonly client: number;
  /** Its station's address. */
  readonly mac: Uint8Array;
  /** Its IPv6 address, beside the link-local one. */
  readonly ipv6: Uint8Array;
  /** Folder that TFTP serves. */
  readonly tftp?: string | undefined;
  /** Boot file that DHCP names. */
  readonly bootfile?: string | undefined;
}

/** A capture's frames, with their timing. */
export interface ReplayDescription {
  readonly kind: 'replay';
  readonly file: string;
  /** How often; `Infinity` for ever. */
  readonly repeat: number;
  /** How much faster than they were captured. */
  readonly speed: number;
}

/** QEMU's `-netdev dgram`: a frame is a UDP datagram. */
export interface DgramDescription {
  readonly kind: 'dgram';
  readonly local: InternetAddress;
  readonly remote: InternetAddress;
}

/** QEMU's `-netdev stream`: each frame with its length in front. */
export interface StreamDescription {
  readonly kind: 'stream';
  /** A path of a socket, or an address. */
  readonly place: string | InternetAddress;
  readonly role: 'listen' | 'connect';
  /** Whether Ethernet's padding is cut off what goes to the peer; passt takes it for data. */
  readonly trim: boolean;
}

/** An interface of Linux: what arrives there arrives here, and the other way round. */
export interface PacketDescription {
  readonly kind: 'packet';
  /** The interface's name. */
  readonly name: string;
  /** Path of the network namespace that it is in; the process's own when undefined. */
  readonly namespace: string | undefined;
}

/** What stands behind a link. */
export type WireKind =
  | { readonly kind: 'pair' | 'loopback' | 'sink' }
  | ResponderDescription
  | ReplayDescription
  | DgramDescription
  | StreamDescription
  | PacketDescription;

/** A wire: what stands behind it, and the file that everything on it is recorded in, if there is one. */
export type WireDescription = WireKind & { readonly record?: string | undefined };

const KINDS = ['pair', 'loopback', 'responder', 'replay', 'dgram', 'stream', 'packet'] as const;
type Kind = (typeof KINDS)[number];
const EXPECTED =
  'pair, loopback, responder, pcap:FILE, replay:FILE, dgram:LOCAL,REMOTE, stream:PLACE or packet:INTERFACE';

/** A place in a description, for errors. */
class Words {
  readonly whole: string;
  readonly text: string;
  /** Where the text begins in the whole, counted from 1. */
  readonly at: number;

  constructor(whole: string, text = whole, at = 1) {
    this.whole = whole;
    this.text = text;
    this.at = at;
  }

  fail(expected: string, got = JSON.stringify(this.text)): never {
    throw new WireError(
      'BAD_WIRE',
      `wire ${JSON.stringify(this.whole)}, character ${String(this.at)}: expected ${expected}, got ${got}`,
    );
  }

  from(index: number, to = this.text.length): Words {
    return new Words(this.whole, this.text.slice(index, to), this.at + index);
  }

  split(separator: string): Words[] {
    let index = 0;
    return this.text.split(separator).map((part) => {
      const words = this.from(index, index + part.length);
      index += part.length + separator.length;
      return words;
    });
  }
}

/**
 * @param text - such as `responder:tftp=boot,bootfile=ipxe.efi`, `pcap:a.pcapng+pair` or `stream:/run/a.sock`
 * @returns what it means
 * @throws WireError `BAD_WIRE`: what, where, what was expected
 */
export function parseWire(text: string): WireDescription {
  const words = new Words(text);
  if (text !== 'pcap' && !text.startsWith('pcap:')) return parseKind(words);
  const behind = words.from(Math.min(text.length, 'pcap:'.length));
  // A file's name may have a plus in it: only one in front of a wire divides.
  const plus = new RegExp(`\\+(?=(?:${KINDS.join('|')})(?::|$))`).exec(behind.text)?.index;
  const record = behind.text.slice(0, plus);
  if (record === '') behind.fail('the name of a file', 'nothing');
  if (plus === undefined) return { kind: 'sink', record };
  return { ...parseKind(behind.from(plus + 1)), record };
}

/**
 * @param description - a wire
 * @returns how many NICs it takes
 */
export const wireEnds = (description: WireDescription): 1 | 2 => (description.kind === 'pair' ? 2 : 1);

function parseKind(words: Words): WireKind {
  const colon = words.text.indexOf(':');
  const name = colon < 0 ? words.text : words.text.slice(0, colon);
  if (!(KINDS as readonly string[]).includes(name)) words.from(0, name.length).fail(EXPECTED);
  const kind = name as Kind;
  const rest = colon < 0 ? undefined : words.from(colon + 1);
  if (kind === 'pair' || kind === 'loopback') {
    rest?.fail(`nothing behind ${kind}`);
    return { kind };
  }
  if (kind === 'responder') return parseResponder(rest);
  if (rest === undefined || rest.text === '') {
    return words.from(words.text.length).fail(`a colon and a value behind ${kind}`, 'nothing');
  }
  if (kind === 'replay') return parseReplay(rest);
  if (kind === 'packet') return parsePacket(rest);
  return kind === 'dgram' ? parseDgram(rest) : parseStream(rest);
}

function parseResponder(words: Words | undefined): ResponderDescription {
  const options = new Map<string, Words>();
  for (const part of words === undefined || words.text === '' ? [] : words.split(',')) {
    const equals = part.text.indexOf('=');
    const key = part.from(0, equals < 0 ? undefined : equals);
    const known = ['tftp', 'address', 'client', 'bootfile', 'mac', 'ipv6'];
    if (!known.includes(key.text)) key.fail(`one of ${known.join(', ')}`);
    if (equals < 0 || equals === part.text.length - 1) part.from(part.text.length).fail(`= and a value`, 'nothing');
    if (options.has(key.text)) key.fail(`${key.text} at most once`, 'another');
    options.set(key.text, part.from(equals + 1));
  }
  const given = (key: string, standard: string): Words => options.get(key) ?? new Words(standard);
  const [addressWords = given('address', ''), prefixWords, ...more] = given('address', '10.0.2.2/24').split('/');
  const address = parseIpv4(addressWords.text) ?? addressWords.fail('an IPv4 address such as 10.0.2.2/24');
  const prefix = Number(prefixWords?.text ?? '24');
  if (more.length > 0 || !/^\d*$/.test(prefixWords?.text ?? '') || prefix < 8 || prefix > 30) {
    (prefixWords ?? addressWords).fail('a subnet of 8 to 30 bits');
  }
  const clientWords = given('client', formatIpv4(standardClient(address, prefix)));
  const client = parseIpv4(clientWords.text) ?? clientWords.fail('an IPv4 address such as 10.0.2.15');
  const host = 2 ** (32 - prefix);
  if (Math.floor(client / host) !== Math.floor(address / host) || client === address) {
    clientWords.fail(`another address of the subnet of ${formatIpv4(address)}/${String(prefix)}`);
  }
  const macWords = given('mac', '52:55:0a:00:02:02');
  const ipv6Words = given('ipv6', 'fd00:2::2');
  // The length of the prefix is of no use to a station that only answers.
  const ipv6 = parseIpv6(ipv6Words.text.replace(/\/(\d|[1-9]\d|1[01]\d|12[0-8])$/, ''));
  const bootfile = options.get('bootfile');
  if (bootfile !== undefined && new TextEncoder().encode(bootfile.text).length > 127) {
    bootfile.fail('a name of at most 127 bytes');
  }
  return {
    kind: 'responder',
    address,
    prefix,
    client,
    mac: parseMac(macWords.text) ?? macWords.fail("a station's address such as 52:55:0a:00:02:02"),
    ipv6: ipv6 ?? ipv6Words.fail('an IPv6 address such as fd00:2::2'),
    tftp: options.get('tftp')?.text,
    bootfile: bootfile?.text,
  };
}

/** The fifteenth of the subnet, or in a small one the address behind the station's, or in front of it. */
function standardClient(address: number, prefix: number): number {
  const size = 2 ** (32 - prefix);
  const base = address - (address % size);
  if (size > 16 && address !== base + 15) return base + 15;
  return address + 1 < base + size - 1 ? address + 1 : address - 1;
}

function parseReplay(words: Words): ReplayDescription {
  let file = words;
  let repeat = 1;
  let speed = 1;
  const seen = new Set<string>();
  // From the end, since a file's name may have commas in it.
  for (;;) {
    const match = /,(repeat|speed)=([^,]*)$/.exec(file.text);
    if (match === null) break;
    const [whole, key = '', value = ''] = match;
    const place = file.from(match.index + whole.length - value.length);
    if (seen.has(key)) file.from(match.index + 1).fail(`${key} at most once`, 'another');
    seen.add(key);
    if (key === 'repeat') {
      if (value !== 'forever' && !/^[1-9]\d{0,8}$/.test(value)) place.fail('a number of times, 1 or more, or forever');
      repeat = value === 'forever' ? Infinity : Number(value);
    } else {
      if (!/^\d+(\.\d+)?$/.test(value) || !(Number(value) >= 0.001 && Number(value) <= 1e6)) {
        place.fail('how much faster, 0.001 to 1000000');
      }
      speed = Number(value);
    }
    file = file.from(0, match.index);
  }
  if (file.text === '') file.fail('the name of a file', 'nothing');
  return { kind: 'replay', file: file.text, repeat, speed };
}

function parseDgram(words: Words): DgramDescription {
  const expected = 'LOCAL,REMOTE, each such as 127.0.0.1:5001';
  const parts = words.split(',');
  const [local, remote] = parts;
  if (local === undefined || remote === undefined || parts.length > 2) return words.fail(expected);
  const parse = (part: Words): InternetAddress =>
    parseAddress(part.text) ?? part.fail('an address such as 127.0.0.1:5001');
  const description: DgramDescription = { kind: 'dgram', local: parse(local), remote: parse(remote) };
  if (description.remote.port === 0) remote.fail('a port other than 0');
  if (description.local.host.includes(':') !== description.remote.host.includes(':')) {
    remote.fail('an address of the same family as the local one');
  }
  return description;
}

function parseStream(words: Words): StreamDescription {
  const match = /(?:,(listen|connect))?(,trim)?$/.exec(words.text);
  const role = match?.[1] === 'connect' ? 'connect' : 'listen';
  const trim = match?.[2] !== undefined;
  const place = words.from(0, match?.index);
  if (place.text === '') place.fail('a path or an address such as 127.0.0.1:5001', 'nothing');
  const address = parseTcpPlace(place.text);
  if (address === 'bad') return place.fail('a path or an address such as 127.0.0.1:5001');
  if (address === undefined) {
    // What the system's address of a socket holds.
    if (new TextEncoder().encode(place.text).length > 107) place.fail('a path of at most 107 bytes');
    return { kind: 'stream', place: place.text, role, trim };
  }
  if (role === 'connect' && address.port === 0) place.fail('a port other than 0 to connect to');
  return { kind: 'stream', place: address, role, trim };
}

function parsePacket(words: Words): PacketDescription {
  const at = words.text.indexOf('@');
  const name = words.from(0, at < 0 ? undefined : at);
  // What Linux takes for a name.
  if (!/^[!-.0-9;-~]{1,15}$/.test(name.text) || name.text === '.' || name.text === '..')
    name.fail("an interface's name of 1 to 15 characters without space, slash or colon");
  if (at < 0) return { kind: 'packet', name: name.text, namespace: undefined };
  const place = words.from(at + 1);
  if (place.text === '' || place.text.includes('\0')) place.fail('the name or path of a network namespace');
  return {
    kind: 'packet',
    name: name.text,
    namespace: place.text.includes('/') ? place.text : `/run/netns/${place.text}`,
  };
}
