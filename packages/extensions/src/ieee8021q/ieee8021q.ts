/*
 * The 802.1Q tag beside the packet instead of in it: on transmit what the NIC must insert, on receive what it took out.
 * Three bytes of four. `ms_packet_ieee8021q`, reference netadaptercx §1.8.
 */

import { bits, u16, u8 } from '@netcx/layout';
import { defineExtension } from '../extension.ts';

/**
 * Which parts of a tag the NIC must insert on transmit: flags.
 *
 * @example
 * ```ts
 * TxTagging.PriorityRequired | TxTagging.VlanRequired; // 3
 * ```
 */
export const TxTagging = Object.freeze({
  /** None: the packet goes as it is. */
  None: 0,
  /** The priority. */
  PriorityRequired: 1,
  /** The VLAN identifier. */
  VlanRequired: 2,
} as const);
/**
 * A set of {@link TxTagging} flags.
 *
 * @example
 * ```ts
 * const tagging: TxTagging = TxTagging.VlanRequired;
 * tagging; // 2
 * ```
 */
export type TxTagging = number;

/**
 * Priority (0 to 7) and VLAN (0 to 4095) of a packet, and on transmit what of it the NIC must insert.
 *
 * @example
 * ```ts
 * const element = { level: 'packet', coreSize: 12, coreAlignment: 4 } as const;
 * const tag = planElement({ ...element, extensions: [Ieee8021q] }).extension(Ieee8021q);
 * tag.vlanIdentifier.set(memory, 0, 100);
 * tag.txTagging.set(memory, 0, TxTagging.VlanRequired);
 * tag.vlanIdentifier.get(memory, 0); // 100
 * ```
 */
export const Ieee8021q = defineExtension({
  name: 'ms_packet_ieee8021q',
  version: 1,
  size: 4,
  alignment: 2,
  level: 'packet',
  fields: {
    priorityCodePoint: bits(u16(0), 2, 0),
    vlanIdentifier: bits(u16(0), 14, 3),
    txTagging: bits(u8(2), 1, 0),
  },
});
