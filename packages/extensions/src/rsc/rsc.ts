/*
 * Receive segment coalescing: how many segments the NIC made one packet of. Version 2 adds UDP, whose segment size takes
 * the place of TCP's count of duplicate acknowledgements, in the same four bytes: a reader of version 1 is served by
 * version 2. `ms_packet_rsc`, reference netadaptercx §1.8.
 */

import { overlay, u16 } from '@netcx/layout';
import { defineExtension } from '../extension.ts';

/**
 * Version 1, TCP alone: segments in the packet, and duplicate acknowledgements among them.
 *
 * @example
 * ```ts
 * const element = { level: 'packet', coreSize: 12, coreAlignment: 4 } as const;
 * const rsc = planElement({ ...element, extensions: [Rsc] }).extension(RscV1);
 * rsc.version; // 2
 * rsc.duplicateAckCount.set(memory, 0, 3);
 * rsc.duplicateAckCount.get(memory, 0); // 3
 * ```
 */
export const RscV1 = defineExtension({
  name: 'ms_packet_rsc',
  version: 1,
  size: 4,
  alignment: 2,
  level: 'packet',
  fields: {
    coalescedSegmentCount: u16(0),
    duplicateAckCount: u16(2),
  },
});

/**
 * Version 2, TCP as in version 1, and UDP: segments in the packet, and the payload bytes of each but the last.
 *
 * @example
 * ```ts
 * const element = { level: 'packet', coreSize: 12, coreAlignment: 4 } as const;
 * const rsc = planElement({ ...element, extensions: [Rsc] }).extension(Rsc);
 * rsc.coalescedSegmentCount.set(memory, 0, 45);
 * rsc.coalescedSegmentSize.set(memory, 0, 1200);
 * memory[3]; // 0x04b0_002d
 * ```
 */
export const Rsc = defineExtension({
  name: 'ms_packet_rsc',
  version: 2,
  size: 4,
  alignment: 2,
  level: 'packet',
  fields: {
    coalescedSegmentCount: u16(0),
    duplicateAckCount: u16(2),
    coalescedSegmentSize: overlay(u16(2)),
  },
});
