/*
 * What is done in software to received frames, as one word of bits that loops test: which checksums are validated, which
 * segments are coalesced, and by whose rules.
 */

import type { OffloadSet } from '../offload/offload-set.ts';

/** Bits of a switch word. */
// prettier-ignore
export const ReceiveSwitch = {
  Layout:           1 << 0,  // headers are found even if nothing else is on
  ChecksumIPv4:     1 << 1,
  ChecksumTcpIPv4:  1 << 2,
  ChecksumTcpIPv6:  1 << 3,
  ChecksumUdpIPv4:  1 << 4,
  ChecksumUdpIPv6:  1 << 5,
  RscIPv4:          1 << 6,
  RscIPv6:          1 << 7,
  UroIPv4:          1 << 8,
  UroIPv6:          1 << 9,
  RscTimestamps:    1 << 10, // segments with the TCP timestamp option, too
  Forwarding:       1 << 11, // coalesce only what segmentation gives back as it was
} as const;

/** Every bit that coalesces. */
export const ANY_COALESCING =
  ReceiveSwitch.RscIPv4 | ReceiveSwitch.RscIPv6 | ReceiveSwitch.UroIPv4 | ReceiveSwitch.UroIPv6;

/**
 * @param tcp - TCP, else UDP
 * @param ipv4 - IPv4, else IPv6
 * @returns the bits of everything that wants the checksum of such a segment
 */
export function layer4Switches(tcp: boolean, ipv4: boolean): number {
  if (tcp)
    return ipv4
      ? ReceiveSwitch.ChecksumTcpIPv4 | ReceiveSwitch.RscIPv4
      : ReceiveSwitch.ChecksumTcpIPv6 | ReceiveSwitch.RscIPv6;
  return ipv4
    ? ReceiveSwitch.ChecksumUdpIPv4 | ReceiveSwitch.UroIPv4
    : ReceiveSwitch.ChecksumUdpIPv6 | ReceiveSwitch.UroIPv6;
}

/** What a receive queue does in software. Everything is off that is left out. */
export interface ReceiveWork {
  /** Checksums that are validated where the NIC has not. */
  readonly rxChecksum?: Partial<OffloadSet['rxChecksum']>;
  /** Segments that are coalesced. */
  readonly rsc?: Partial<OffloadSet['rsc']>;
  /**
   * Whose rules of coalescing: a receiver's, which keeps the last acknowledgement, window and timestamp; or a forwarder's,
   * which coalesces only what segmentation turns into the same segments again. A receiver's when left out.
   */
  readonly coalescingFor?: 'receiving' | 'forwarding';
  /** Whether headers are found that the driver has not; always, when something above is on. */
  readonly layout?: boolean;
}

/**
 * @param work - what is done in software
 * @returns the word of `ReceiveSwitch` bits; 0 = nothing is, and frames take the straight line
 */
export function switchWord(work: ReceiveWork): number {
  const { rxChecksum = {}, rsc = {}, coalescingFor = 'receiving', layout = false } = work;
  // prettier-ignore
  const bits =
    on(rxChecksum.ipv4, ReceiveSwitch.ChecksumIPv4) |
    on(rxChecksum.tcpIPv4, ReceiveSwitch.ChecksumTcpIPv4) | on(rxChecksum.tcpIPv6, ReceiveSwitch.ChecksumTcpIPv6) |
    on(rxChecksum.udpIPv4, ReceiveSwitch.ChecksumUdpIPv4) | on(rxChecksum.udpIPv6, ReceiveSwitch.ChecksumUdpIPv6) |
    on(rsc.tcpIPv4, ReceiveSwitch.RscIPv4) | on(rsc.tcpIPv6, ReceiveSwitch.RscIPv6) |
    on(rsc.udpIPv4, ReceiveSwitch.UroIPv4) | on(rsc.udpIPv6, ReceiveSwitch.UroIPv6) |
    on(layout, ReceiveSwitch.Layout);
  if (bits === 0) return 0;
  return (
    bits |
    on(rsc.tcpTimestampOption, ReceiveSwitch.RscTimestamps) |
    on(coalescingFor === 'forwarding', ReceiveSwitch.Forwarding)
  );
}

const on = (condition: boolean | undefined, bit: number): number => (condition === true ? bit : 0);
