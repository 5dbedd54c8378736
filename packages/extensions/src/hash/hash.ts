/*
 * The receive hash that chose the queue, and what it was computed over. `ms_packet_hash`, reference netadaptercx §1.8.
 */

import { u16, u32 } from '@netcx/layout';
import { defineExtension } from '../extension.ts';

/**
 * Which headers went into the hash: flags.
 *
 * @example
 * ```ts
 * HashProtocol.IPv4 | HashProtocol.Tcp; // 0x11
 * ```
 */
export const HashProtocol = Object.freeze({
  None: 0,
  IPv4: 1,
  IPv4Options: 2,
  IPv6: 4,
  IPv6Extensions: 8,
  Tcp: 0x10,
  Udp: 0x20,
} as const);
/**
 * A set of {@link HashProtocol} flags.
 *
 * @example
 * ```ts
 * const covered: HashProtocol = HashProtocol.IPv6 | HashProtocol.Udp;
 * covered; // 0x24
 * ```
 */
export type HashProtocol = number;

/**
 * The hash, and the {@link HashProtocol} flags of what it covers.
 *
 * @example
 * ```ts
 * const element = { level: 'packet', coreSize: 12, coreAlignment: 4 } as const;
 * const hash = planElement({ ...element, extensions: [Hash] }).extension(Hash);
 * hash.value.set(memory, 0, 0xdead_beef);
 * hash.value.get(memory, 0); // 0xdead_beef
 * ```
 */
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
