/*
 * Whether a frame is exempt from encryption, on transmit queues of wireless adapters. The reference gives the byte and not
 * its values, so the driver and the protocol above it agree on them. `ms_packet_wifiexemptionaction`, reference
 * netadaptercx §1.8.
 */

import { u8 } from '@netcx/layout';
import { defineExtension } from '../extension.ts';

/**
 * The exemption action of a packet: one byte.
 *
 * @example
 * ```ts
 * const element = { level: 'packet', coreSize: 12, coreAlignment: 4 } as const;
 * const wifi = planElement({ ...element, extensions: [WifiExemptionAction] }).extension(WifiExemptionAction);
 * wifi.action.set(memory, 0, 1);
 * wifi.action.get(memory, 0); // 1
 * ```
 */
export const WifiExemptionAction = defineExtension({
  name: 'ms_packet_wifiexemptionaction',
  version: 1,
  size: 1,
  alignment: 1,
  level: 'packet',
  fields: { action: u8(0) },
});
