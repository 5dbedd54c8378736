/*
 * The receive hash that chose the queue, and what it was computed over. `ms_packet_hash`, reference netadaptercx §1.8.
 */

import { u16, u32 } from '@netcx/layout';
import { defineExtension } from '../extension.ts';

/** Which headers went into the hash: flags. */
export const HashProtocol = Object.freeze({
  None: 0,
  IPv4: 1,
  IPv4Options: 2,
  IPv6: 4,
  IPv6Extensions: 8,
  Tcp: 0x10,
  Udp: 0x20,
} as const);
/** A set of {@link HashProtocol} flags. */
export type HashProtocol = number;

/** The hash, and the {@link HashProtocol} flags of what it covers. */
export const Hash = defineExtension({
  name: 'ms_packet_hash',
  version: 1,
  size: 8,
  alignment: 4,
  level: 'packet',
  fields: {
    value: u32(0),
    protocolType: u16(4),
  },
});
