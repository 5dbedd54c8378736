/*
 * Large send offload, the forerunner of Gso: TCP alone. NetAdapterCx lays it out on every queue for its old clients;
 * here it takes room only where a driver asks for it. `ms_packet_lso`, reference netadaptercx §1.8.
 */

import { bits, u32 } from '@netcx/layout';
import { defineExtension } from '../extension.ts';

/**
 * Bytes of TCP payload in each segment; 0 for a packet that is sent as it is. New drivers use `Gso`.
 *
 * @example
 * ```ts
 * const element = { level: 'packet', coreSize: 12, coreAlignment: 4 } as const;
 * planElement({ ...element, mode: 'cx', extensions: [Lso] }).stride; // 24
 * ```
 */
export const Lso = defineExtension({
  name: 'ms_packet_lso',
  version: 1,
  size: 4,
  alignment: 4,
  level: 'packet',
  fields: { mss: bits(u32(0), 19, 0) },
});
