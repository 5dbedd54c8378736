/*
 * Segmentation offload, of TCP and of UDP: how much payload each segment carries, or 0 for a packet that is sent as it
 * is. Which of the two it is stands in the packet's layout. `ms_packet_gso`, reference netadaptercx §1.8.
 */

import { bits, u32 } from '@netcx/layout';
import { defineExtension } from '../extension.ts';

/**
 * Bytes of layer 4 payload in each segment; the TCP and the UDP member of the original are the same 20 bits.
 *
 * @example
 * ```ts
 * const element = { level: 'packet', coreSize: 12, coreAlignment: 4 } as const;
 * const gso = planElement({ ...element, extensions: [Gso] }).extension(Gso);
 * gso.mss.set(memory, 0, 1448);
 * gso.mss.get(memory, 0); // 1448
 * ```
 */
export const Gso = defineExtension({
  name: 'ms_packet_gso',
  version: 1,
  size: 4,
  alignment: 4,
  level: 'packet',
  fields: { mss: bits(u32(0), 19, 0) },
});
