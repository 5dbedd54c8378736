/*
 * Where a buffer on offer begins for the driver. NetAdapterCx keeps it in a table beside the data-buffer ring (reference
 * netadaptercx §1.1, §4.4); here it lies in the ring's element, as every other address does.
 */

import { overlay, u32, u64 } from '@netcx/layout';
import { defineExtension } from '../extension.ts';

/**
 * The host offset of the buffer's first byte: `hostOffset` for loops, `address` for all 64 bits.
 *
 * @example
 * ```ts
 * const element = { level: 'buffer', coreSize: 8, coreAlignment: 8 } as const;
 * const plan = planElement({ ...element, extensions: [BufferVirtualAddress] });
 * const offset = plan.extension(BufferVirtualAddress).offset; // 8
 * BufferVirtualAddress.hostOffset.set(memory, 0, offset, 0x4000);
 * BufferVirtualAddress.address.get(memory, 0, offset); // 0x4000
 * ```
 */
export const BufferVirtualAddress = defineExtension({
  name: 'netcx_buffer_virtualaddress',
  version: 1,
  size: 8,
  alignment: 8,
  level: 'buffer',
  fields: {
    hostOffset: u32(0),
    address: overlay(u64(0)),
  },
});
