/*
 * What the extension for a kind of medium says of an adapter in sleep: what of the medium wakes it, and what it does for the
 * medium meanwhile (NET_ADAPTER_NDIS_PM_CAPABILITIES, reference netadaptercx §5.11). Flags that the medium does not have are
 * refused.
 */

import { violation } from '../verifier/violation.ts';

/** What of a mobile broadband network wakes an adapter. */
export const MobileBroadbandWakeUpFlags = {
  registerState: 1,
  smsReceive: 2,
  ussdReceive: 4,
  packetState: 8,
  uiccChange: 0x10,
} as const;

/** What of a wireless LAN wakes an adapter. */
export const WifiWakeUpFlags = {
  networkDiscovery: 1,
  associationLost: 2,
  groupKeyError: 4,
  fourWayHandshake: 8,
} as const;

/** What an adapter does in sleep for a wireless LAN. */
export const WifiPowerOffloadFlags = {
  rsnRekey: 0x80,
} as const;

/** The extension for a kind of medium. */
export interface MediaExtension {
  /** Its name, and that of its requestor. */
  readonly name: string;
  readonly medium: 'mobileBroadband' | 'wifi';
  /** Flags of {@link MobileBroadbandWakeUpFlags} or {@link WifiWakeUpFlags}; none when left out. */
  readonly wakeUpEvents?: number;
  /** Flags of {@link WifiPowerOffloadFlags}; none when left out, and none for mobile broadband. */
  readonly powerOffloads?: number;
}

const union = (flags: Readonly<Record<string, number>>): number =>
  Object.values(flags).reduce((all, flag) => all | flag, 0);
const KNOWN = {
  mobileBroadband: { wakeUpEvents: union(MobileBroadbandWakeUpFlags), powerOffloads: 0 },
  wifi: { wakeUpEvents: union(WifiWakeUpFlags), powerOffloads: union(WifiPowerOffloadFlags) },
} as const;

/**
 * @param extension - what an extension says
 * @throws ViolationError 0x4F `INVALID_MEDIA_SPECIFIC_WAKE_UP_FLAGS`; 0x58 `INVALID_SUPPORTED_PROTOCOL_OFFLOADS_FLAGS`
 */
export function checkMediaExtension(extension: MediaExtension): void {
  const known = KNOWN[extension.medium];
  const rules = [
    ['wakeUpEvents', 0x4f],
    ['powerOffloads', 0x58],
  ] as const;
  for (const [field, rule] of rules) {
    const found = extension[field] ?? 0;
    if ((found & ~known[field]) !== 0)
      throw violation(rule, `${extension.name}: ${field} that ${extension.medium} does not have`, {
        object: extension.name,
        field,
        expected: `0x${known[field].toString(16)}`,
        found: `0x${(found >>> 0).toString(16)}`,
      });
  }
}
