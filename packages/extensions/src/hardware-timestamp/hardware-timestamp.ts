/*
 * When a packet passed the wire, by the NIC's own clock. NetAdapterCx has no such extension; XDP's, on the frame and on
 * its completion, has the same eight bytes. Two words at alignment 4, so that it leaves no hole in a packet element.
 */

import { u64 } from '@netcx/layout';
import { defineExtension } from '../extension.ts';

/**
 * Nanoseconds of the NIC's clock; 0 when the NIC took no timestamp. Loops write `time.low` and `time.high`.
 *
 * @example
 * ```ts
 * const element = { level: 'packet', coreSize: 12, coreAlignment: 4 } as const;
 * const stamp = planElement({ ...element, extensions: [HardwareTimestamp] }).extension(HardwareTimestamp);
 * stamp.time.set(memory, 0, 1_700_000_000_123_456);
 * stamp.time.get(memory, 0); // 1_700_000_000_123_456
 * ```
 */
export const HardwareTimestamp = defineExtension({
  name: 'netcx_packet_hardware_timestamp',
  version: 1,
  size: 8,
  alignment: 4,
  level: 'packet',
  fields: { time: u64(0) },
});
