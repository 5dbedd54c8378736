/*
 * Where a fragment's buffer begins for the driver. The original holds a pointer; here it is the offset in host memory,
 * which fits the low word (host memory ends below 2^31), so the high word is 0. `ms_fragment_virtualaddress`,
 * reference netadaptercx §1.8.
 */

import { overlay, u32, u64 } from '@netcx/layout';
import { defineExtension } from '../extension.ts';

/**
 * The host offset of the buffer's first byte: `hostOffset` for loops, `address` for all 64 bits.
 *
 * @example
 * ```ts
 * const element = { level: 'fragment', coreSize: 8, coreAlignment: 8 } as const;
 * const offset = planElement({ ...element, extensions: [VirtualAddress] }).offsetOf(VirtualAddress); // 8
 * VirtualAddress.hostOffset.set(memory, 0, offset, 0x4000);
 * VirtualAddress.address.get(memory, 0, offset); // 0x4000
 * ```
 */
export const VirtualAddress = defineExtension({
  name: 'ms_fragment_virtualaddress',
  version: 1,
  size: 8,
  alignment: 8,
  level: 'fragment',
  fields: {
    hostOffset: u32(0),
    address: overlay(u64(0)),
  },
});
