/*
 * Where a buffer on offer begins for the device, on queues whose adapter does DMA. NetAdapterCx keeps it in a table beside
 * the data-buffer ring (reference netadaptercx §1.1, §4.4); here it lies in the ring's element.
 */

import { u64 } from '@netcx/layout';
import { defineExtension } from '../extension.ts';

/**
 * The logical address of the buffer's first byte; loops copy `address.low` and `address.high`.
 *
 * @example
 * ```ts
 * const element = { level: 'buffer', coreSize: 8, coreAlignment: 8 } as const;
 * const logical = planElement({ ...element, extensions: [BufferLogicalAddress] }).extension(BufferLogicalAddress);
 * logical.address.set(memory, 0, 0x1_0000_2000);
 * logical.address.high.get(memory, 0); // 1
 * ```
 */
export const BufferLogicalAddress = defineExtension({
  name: 'netcx_buffer_logicaladdress',
  version: 1,
  size: 8,
  alignment: 8,
  level: 'buffer',
  fields: { address: u64(0) },
});
