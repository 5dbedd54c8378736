/*
 * The memory descriptor list of a fragment's buffer, which NetAdapterCx lays out for drivers that do no DMA. Host memory
 * here is one block and needs no such list, so the word is whatever the framework's memory is named by.
 * `ms_fragment_mdl`, reference netadaptercx §1.8.
 */

import { u64 } from '@netcx/layout';
import { defineExtension } from '../extension.ts';

/**
 * What names the buffer's memory for its owner; a driver hands it on and does not look into it.
 *
 * @example
 * ```ts
 * const element = { level: 'fragment', coreSize: 8, coreAlignment: 8 } as const;
 * const mdl = planElement({ ...element, extensions: [Mdl] }).extension(Mdl);
 * mdl.mdl.set(memory, 0, 0x1234);
 * mdl.mdl.get(memory, 0); // 0x1234
 * ```
 */
export const Mdl = defineExtension({
  name: 'ms_fragment_mdl',
  version: 1,
  size: 8,
  alignment: 8,
  level: 'fragment',
  fields: { mdl: u64(0) },
});
