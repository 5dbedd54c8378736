/*
 * What a driver that owns its receive buffers gets back when the protocol is done with one. On receive queues whose
 * buffers the driver allocates and attaches. `ms_fragment_returncontext`, reference netadaptercx §1.8.
 */

import { u64 } from '@netcx/layout';
import { defineExtension } from '../extension.ts';

/**
 * The driver's own 64 bits; nobody else reads them.
 *
 * @example
 * ```ts
 * const element = { level: 'fragment', coreSize: 8, coreAlignment: 8 } as const;
 * const context = planElement({ ...element, extensions: [ReturnContext] }).extension(ReturnContext);
 * context.context.set(memory, 0, 17);
 * context.context.get(memory, 0); // 17
 * ```
 */
export const ReturnContext = defineExtension({
  name: 'ms_fragment_returncontext',
  version: 1,
  size: 8,
  alignment: 8,
  level: 'fragment',
  fields: { context: u64(0) },
});
