/*
 * What an adapter's keywords leave on of its offloads: Windows' standardized ones, each of which turns off what it names for
 * hardware and software alike (reference netadaptercx §6.1). A keyword that does not stand there turns nothing off.
 */

import type { Configuration } from '../configuration/configuration.ts';
import { StandardKeywords } from '../configuration/standard-keywords.ts';
import type { OffloadSet } from './offload-set.ts';

/** Values of keywords for checksums: off, transmit, receive, both. */
const TRANSMIT = 1;
const RECEIVE = 2;
/** Values of the one for tags: off, priority, VLAN, both. */
const PRIORITY = 1;
const VLAN = 2;

type OffloadKeyword =
  | `*${'IP' | 'TCP' | 'UDP'}ChecksumOffloadIPv4`
  | `*${'TCP' | 'UDP'}ChecksumOffloadIPv6`
  | `*${'LsoV2' | 'Uso' | 'Rsc'}IPv${4 | 6}`
  | '*PriorityVLANTag';

/**
 * @param configuration - the adapter's
 * @returns what may be on
 * @throws KeywordError `KEYWORD_INVALID` for a value that the keyword cannot have
 */
export function allowedBy(configuration: Configuration): OffloadSet {
  const value = (name: OffloadKeyword): number => configuration.query(StandardKeywords[name]);
  const checksums = {
    ipv4: value('*IPChecksumOffloadIPv4'),
    tcpIPv4: value('*TCPChecksumOffloadIPv4'),
    tcpIPv6: value('*TCPChecksumOffloadIPv6'),
    udpIPv4: value('*UDPChecksumOffloadIPv4'),
    udpIPv6: value('*UDPChecksumOffloadIPv6'),
  };
  const checksumsOf = (direction: number): OffloadSet['txChecksum'] => ({
    ipv4: (checksums.ipv4 & direction) !== 0,
    tcpIPv4: (checksums.tcpIPv4 & direction) !== 0,
    tcpIPv6: (checksums.tcpIPv6 & direction) !== 0,
    udpIPv4: (checksums.udpIPv4 & direction) !== 0,
    udpIPv6: (checksums.udpIPv6 & direction) !== 0,
  });
  const tags = value('*PriorityVLANTag');
  return {
    txChecksum: checksumsOf(TRANSMIT),
    rxChecksum: checksumsOf(RECEIVE),
    gso: {
      tcpIPv4: value('*LsoV2IPv4') !== 0,
      tcpIPv6: value('*LsoV2IPv6') !== 0,
      udpIPv4: value('*UsoIPv4') !== 0,
      udpIPv6: value('*UsoIPv6') !== 0,
    },
    // Coalescing of UDP, and of segments with time stamps, has no keyword.
    rsc: {
      tcpIPv4: value('*RscIPv4') !== 0,
      tcpIPv6: value('*RscIPv6') !== 0,
      udpIPv4: true,
      udpIPv6: true,
      tcpTimestampOption: true,
    },
    ieee8021qTag: { priority: (tags & PRIORITY) !== 0, vlan: (tags & VLAN) !== 0 },
  };
}
