/*
 * Which of the memory that a driver has registered beforehand a fragment's buffer lies in. NetAdapterCx 2.6. The reference
 * gives neither size nor alignment; eight bytes aligned to eight, as every other fragment extension.
 * `ms_fragment_netmemory`, reference netadaptercx §1.8.
 */

import { u64 } from '@netcx/layout';
import { defineExtension } from '../extension.ts';

/**
 * The identifier that the driver got when it registered the memory.
 *
 * @example
 * ```ts
 * const element = { level: 'fragment', coreSize: 8, coreAlignment: 8 } as const;
 * const memoryId = planElement({ ...element, extensions: [NetMemory] }).extension(NetMemory);
 * memoryId.identifier.set(memory, 0, 3);
 * memoryId.identifier.get(memory, 0); // 3
 * ```
 */
export const NetMemory = defineExtension({
  name: 'ms_fragment_netmemory',
  version: 1,
  size: 8,
  alignment: 8,
  level: 'fragment',
  fields: { identifier: u64(0) },
});
