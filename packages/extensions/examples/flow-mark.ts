/*
 * An extension from outside, as a package of its own would hold it: everything here comes from the public entry points.
 * `own-extension.ts` beside it uses it as an adapter would.
 */

import { defineExtension } from '@netcx/extensions';
import { bits, u32 } from '@netcx/layout';

/** A flow's number, and how urgent its packets are: 0 to 7. */
export const FlowMark = defineExtension({
  name: 'example_packet_flowmark',
  version: 1,
  size: 4,
  alignment: 4,
  level: 'packet',
  fields: {
    urgency: bits(u32(0), 2, 0),
    flow: bits(u32(0), 31, 3),
  },
});
