/*
 * ARP for IPv4 over Ethernet: answers who asks for our address.
 */

import { get16, get32, set16, set32 } from './octets.ts';

/** Where the fields are. */
const HARDWARE = 0;
const PROTOCOL = 2;
const HARDWARE_LENGTH = 4;
const PROTOCOL_LENGTH = 5;
const OPERATION = 6;
const SENDER_MAC = 8;
const SENDER_IP = 14;
const TARGET_MAC = 18;
const TARGET_IP = 24;
const LENGTH = 28;

const ETHERNET = 1;
const IPV4 = 0x0800;
const REQUEST = 1;
const REPLY = 2;

/**
 * @param packet - what an ARP frame carries, padding included
 * @param mac - our station's address
 * @param address - our IPv4 address
 * @returns the answer, or `undefined` when none is due
 */
export function answerArp(packet: Uint8Array, mac: Uint8Array, address: number): Uint8Array | undefined {
  const answerable =
    packet.length >= LENGTH &&
    get16(packet, HARDWARE) === ETHERNET &&
    get16(packet, PROTOCOL) === IPV4 &&
    packet[HARDWARE_LENGTH] === 6 &&
    packet[PROTOCOL_LENGTH] === 4 &&
    get16(packet, OPERATION) === REQUEST &&
    get32(packet, TARGET_IP) === address;
  if (!answerable) return undefined;
  const reply = packet.slice(0, LENGTH);
  set16(reply, OPERATION, REPLY);
  reply.set(packet.subarray(SENDER_MAC, SENDER_IP), TARGET_MAC);
  set32(reply, TARGET_IP, get32(packet, SENDER_IP));
  reply.set(mac, SENDER_MAC);
  set32(reply, SENDER_IP, address);
  return reply;
}
