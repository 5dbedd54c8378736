/*
 * Messages of DHCP (RFC 2131), read and written. What is read is checked: lengths, cookie, options that run over the end.
 */

import { get16, get32, join, set16, set32 } from './octets.ts';

/** Where the fields are. */
const OPERATION = 0;
const HARDWARE_TYPE = 1;
const HARDWARE_LENGTH = 2;
const TRANSACTION = 4;
const FLAGS = 10;
const CLIENT_ADDRESS = 12;
const YOUR_ADDRESS = 16;
const NEXT_SERVER = 20;
const RELAY = 24;
const HARDWARE_ADDRESS = 28;
const FILE = 108;
const COOKIE = 236;
const OPTIONS = 240;
/** Bytes of the field for a file's name, and of the shortest message that every client takes. */
const FILE_BYTES = 128;
const SHORTEST = 300;

const REQUEST = 1;
const REPLY = 2;
const ETHERNET = 1;
const MAGIC = 0x6382_5363;
const BROADCAST_FLAG = 0x8000;

/** Options that the server reads or writes. */
export const DhcpOption = {
  Pad: 0,
  SubnetMask: 1,
  Router: 3,
  Broadcast: 28,
  RequestedAddress: 50,
  LeaseTime: 51,
  MessageType: 53,
  ServerIdentifier: 54,
  ClientIdentifier: 61,
  ServerName: 66,
  Bootfile: 67,
  End: 255,
} as const;

/** Types of messages. */
export const DhcpType = {
  Discover: 1,
  Offer: 2,
  Request: 3,
  Decline: 4,
  Ack: 5,
  Nak: 6,
  Release: 7,
  Inform: 8,
} as const;

/** A client's message. */
export interface DhcpRequest {
  readonly type: number;
  readonly transaction: number;
  /** The client cannot take an answer to an address that it does not have yet. */
  readonly broadcast: boolean;
  readonly clientAddress: number;
  readonly relay: number;
  readonly mac: Uint8Array;
  /** Options by number; what came in several pieces is joined. */
  readonly options: ReadonlyMap<number, Uint8Array>;
}

/**
 * @param message - what came to the server's port
 * @returns it, or `undefined` when it is none of a client on Ethernet
 */
export function parseDhcp(message: Uint8Array): DhcpRequest | undefined {
  if (message.length < OPTIONS || get32(message, COOKIE) !== MAGIC) return undefined;
  if (message[OPERATION] !== REQUEST || message[HARDWARE_TYPE] !== ETHERNET || message[HARDWARE_LENGTH] !== 6) {
    return undefined;
  }
  const options = parseOptions(message.subarray(OPTIONS));
  const type = options?.get(DhcpOption.MessageType);
  if (options === undefined || type?.length !== 1) return undefined;
  return {
    type: type[0] ?? 0,
    transaction: get32(message, TRANSACTION),
    broadcast: (get16(message, FLAGS) & BROADCAST_FLAG) !== 0,
    clientAddress: get32(message, CLIENT_ADDRESS),
    relay: get32(message, RELAY),
    mac: message.slice(HARDWARE_ADDRESS, HARDWARE_ADDRESS + 6),
    options,
  };
}

function parseOptions(bytes: Uint8Array): Map<number, Uint8Array> | undefined {
  const options = new Map<number, Uint8Array>();
  for (let at = 0; at < bytes.length;) {
    const option = bytes[at++];
    if (option === undefined || option === DhcpOption.End) break;
    if (option === DhcpOption.Pad) continue;
    const length = bytes[at++];
    if (length === undefined || at + length > bytes.length) return undefined;
    const value = bytes.subarray(at, at + length);
    const before = options.get(option);
    options.set(option, before === undefined ? value : join(before, value));
    at += length;
  }
  return options;
}

/**
 * @param request - the message
 * @param option - number of an option that is an address
 * @returns the address, or `undefined` when there is none
 */
export function addressOption(request: DhcpRequest, option: number): number | undefined {
  const value = request.options.get(option);
  return value?.length === 4 ? get32(value, 0) : undefined;
}

/** What the server says. */
export interface DhcpReply {
  readonly type: number;
  /** The client's address from now on; 0 when the reply gives none. */
  readonly yourAddress: number;
  /** Where the client finds its boot file; 0 when the reply names none. */
  readonly nextServer: number;
  /** Name of the boot file, at most 127 bytes; empty when there is none. */
  readonly file: string;
  /** Options by number, without the type. */
  readonly options: ReadonlyMap<number, Uint8Array>;
}

/**
 * @param request - what is answered
 * @param reply - the answer
 * @returns the message
 */
export function buildDhcp(request: DhcpRequest, reply: DhcpReply): Uint8Array {
  const header = new Uint8Array(OPTIONS);
  header[OPERATION] = REPLY;
  header[HARDWARE_TYPE] = ETHERNET;
  header[HARDWARE_LENGTH] = 6;
  set32(header, TRANSACTION, request.transaction);
  set16(header, FLAGS, request.broadcast ? BROADCAST_FLAG : 0);
  set32(header, CLIENT_ADDRESS, request.clientAddress);
  set32(header, YOUR_ADDRESS, reply.yourAddress);
  set32(header, NEXT_SERVER, reply.nextServer);
  header.set(request.mac, HARDWARE_ADDRESS);
  header.set(new TextEncoder().encode(reply.file).subarray(0, FILE_BYTES - 1), FILE);
  set32(header, COOKIE, MAGIC);
  const options = [...reply.options].map(([option, value]) => join(Uint8Array.of(option, value.length), value));
  const type = Uint8Array.of(DhcpOption.MessageType, 1, reply.type);
  const message = join(header, type, ...options, Uint8Array.of(DhcpOption.End));
  return join(message, new Uint8Array(Math.max(0, SHORTEST - message.length)));
}
