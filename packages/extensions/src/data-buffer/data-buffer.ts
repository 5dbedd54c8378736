/*
 * Which of the system's buffers a driver has attached to a fragment. On receive queues whose buffers the system
 * allocates and the driver attaches. `ms_fragment_databuffer`, reference netadaptercx §1.8.
 */

import { u64 } from '@netcx/layout';
import { defineExtension } from '../extension.ts';

/**
 * The buffer's handle, as the data-buffer ring gave it out.
 *
 * @example
 * ```ts
 * const element = { level: 'fragment', coreSize: 8, coreAlignment: 8 } as const;
 * const attached = planElement({ ...element, extensions: [DataBuffer] }).extension(DataBuffer);
 * attached.buffer.set(memory, 0, 7);
 * attached.buffer.get(memory, 0); // 7
 * ```
 */
export const DataBuffer = defineExtension({
  name: 'ms_fragment_databuffer',
  version: 1,
  size: 8,
  alignment: 8,
  level: 'fragment',
  fields: { buffer: u64(0) },
});
