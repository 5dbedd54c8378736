/*
 * UDP over IPv4, read and written, with its checksum over the addresses.
 */

import { addWords, checksumOf } from './internet-checksum.ts';
import { Protocol } from './ipv4.ts';
import { get16, join, set16, set32 } from './octets.ts';

/** Where the fields are. */
const SOURCE_PORT = 0;
const DESTINATION_PORT = 2;
const LENGTH = 4;
const CHECKSUM = 6;
const HEADER = 8;

/** A message of UDP. */
export interface UdpMessage {
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly data: Uint8Array;
}

/**
 * @param bytes - what a datagram carries
 * @param source - the datagram's, for the checksum
 * @param destination - the datagram's
 * @returns the message, or `undefined` when its length or checksum is wrong
 */
export function parseUdp(bytes: Uint8Array, source: number, destination: number): UdpMessage | undefined {
  const length = get16(bytes, LENGTH);
  if (length < HEADER || bytes.length < length) return undefined;
  const message = bytes.subarray(0, length);
  // Zero says that the sender computed none.
  if (get16(bytes, CHECKSUM) !== 0 && sum(message, source, destination) !== 0) return undefined;
  return {
    sourcePort: get16(bytes, SOURCE_PORT),
    destinationPort: get16(bytes, DESTINATION_PORT),
    data: message.subarray(HEADER),
  };
}

/**
 * @param message - ports and data
 * @param source - the datagram's, for the checksum
 * @param destination - the datagram's
 * @returns what the datagram carries
 */
export function buildUdp(message: UdpMessage, source: number, destination: number): Uint8Array {
  const header = new Uint8Array(HEADER);
  set16(header, SOURCE_PORT, message.sourcePort);
  set16(header, DESTINATION_PORT, message.destinationPort);
  set16(header, LENGTH, HEADER + message.data.length);
  const bytes = join(header, message.data);
  // A sum of zero is written as its other form, since zero says that there is none.
  set16(bytes, CHECKSUM, sum(bytes, source, destination) || 0xffff);
  return bytes;
}

function sum(message: Uint8Array, source: number, destination: number): number {
  const addresses = new Uint8Array(8);
  set32(addresses, 0, source);
  set32(addresses, 4, destination);
  return checksumOf(addWords(addWords(Protocol.Udp + message.length, addresses), message));
}
