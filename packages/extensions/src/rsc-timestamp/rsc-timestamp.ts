/*
 * What coalescing would lose of TCP's timestamp option: the distance between the first and the last one in the packet.
 * `ms_packet_rsc_timestamp`, reference netadaptercx §1.8.
 */

import { u32 } from '@netcx/layout';
import { defineExtension } from '../extension.ts';

/**
 * Last timestamp value minus first, in the sender's ticks, of the segments that became this packet.
 *
 * @example
 * ```ts
 * const element = { level: 'packet', coreSize: 12, coreAlignment: 4 } as const;
 * const delta = planElement({ ...element, extensions: [RscTimestamp] }).extension(RscTimestamp);
 * delta.tcpTimestampDelta.set(memory, 0, 10);
 * delta.tcpTimestampDelta.get(memory, 0); // 10
 * ```
 */
export const RscTimestamp = defineExtension({
  name: 'ms_packet_rsc_timestamp',
  version: 1,
  size: 4,
  alignment: 4,
  level: 'packet',
  fields: { tcpTimestampDelta: u32(0) },
});
