/*
 * Where a fragment's buffer begins for the device: two words, as a NIC's descriptor stores them. On queues whose
 * adapter does DMA. `ms_fragment_logicaladdress`, reference netadaptercx §1.8.
 */

import { u64 } from '@netcx/layout';
import { defineExtension } from '../extension.ts';

/**
 * The logical address of the buffer's first byte; loops copy `address.low` and `address.high`.
 *
 * @example
 * ```ts
 * const element = { level: 'fragment', coreSize: 8, coreAlignment: 8 } as const;
 * const logical = planElement({ ...element, extensions: [LogicalAddress] }).extension(LogicalAddress);
 * logical.address.set(memory, 0, 0x1_0000_2000);
 * logical.address.low.get(memory, 0); // 0x2000
 * ```
 */
export const LogicalAddress = defineExtension({
  name: 'ms_fragment_logicaladdress',
  version: 1,
  size: 8,
  alignment: 8,
  level: 'fragment',
  fields: { address: u64(0) },
});
