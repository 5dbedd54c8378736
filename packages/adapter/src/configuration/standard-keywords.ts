/*
 * The keywords that Windows standardizes for network adapters, with the values and the defaults of its documentation
 * ("Standardized INF Keywords for Network Devices"). Where that leaves the range to the vendor, it is as wide as can be: a
 * driver declares its own by `integerKeyword` with the same name.
 */

import { integerKeyword, linkLayerAddressKeyword, type Keyword } from './keyword.ts';

const choice = (name: string, values: readonly number[], standard: number): Keyword<number> =>
  integerKeyword(name, { values, default: standard });
const number = (name: string, minimum: number, maximum: number, standard?: number): Keyword<number> =>
  integerKeyword(name, { minimum, maximum, ...(standard === undefined ? {} : { default: standard }) });
const offOn = [0, 1];
/** Off, transmit, receive, both. */
const offTxRxBoth = [0, 1, 2, 3];

/**
 * The standardized keywords, by name.
 *
 * @example
 * ```ts
 * const jumbo = adapter.configuration.query(StandardKeywords['*JumboPacket']);
 * adapter.setLinkLayerMtuSize(jumbo - 14);
 * ```
 */
// prettier-ignore
export const StandardKeywords = {
  // General
  '*SpeedDuplex':             number('*SpeedDuplex', 0, 0xffff_ffff, 0),
  '*FlowControl':             choice('*FlowControl', [0, 1, 2, 3, 4], 3),
  '*PriorityVLANTag':         choice('*PriorityVLANTag', offTxRxBoth, 3),
  '*InterruptModeration':     choice('*InterruptModeration', offOn, 1),
  '*JumboPacket':             number('*JumboPacket', 590, 65_535, 1514),
  '*ReceiveBuffers':          number('*ReceiveBuffers', 1, 65_536),
  '*TransmitBuffers':         number('*TransmitBuffers', 1, 65_536),
  NetworkAddress:             linkLayerAddressKeyword('NetworkAddress'),
  VlanID:                     number('VlanID', 0, 4094, 0),
  // Offloads
  '*IPChecksumOffloadIPv4':   choice('*IPChecksumOffloadIPv4', offTxRxBoth, 3),
  '*TCPChecksumOffloadIPv4':  choice('*TCPChecksumOffloadIPv4', offTxRxBoth, 3),
  '*TCPChecksumOffloadIPv6':  choice('*TCPChecksumOffloadIPv6', offTxRxBoth, 3),
  '*UDPChecksumOffloadIPv4':  choice('*UDPChecksumOffloadIPv4', offTxRxBoth, 3),
  '*UDPChecksumOffloadIPv6':  choice('*UDPChecksumOffloadIPv6', offTxRxBoth, 3),
  '*LsoV1IPv4':               choice('*LsoV1IPv4', offOn, 1),
  '*LsoV2IPv4':               choice('*LsoV2IPv4', offOn, 1),
  '*LsoV2IPv6':               choice('*LsoV2IPv6', offOn, 1),
  '*UsoIPv4':                 choice('*UsoIPv4', offOn, 1),
  '*UsoIPv6':                 choice('*UsoIPv6', offOn, 1),
  '*RscIPv4':                 choice('*RscIPv4', offOn, 1),
  '*RscIPv6':                 choice('*RscIPv6', offOn, 1),
  // Receive-side scaling
  '*RSS':                     choice('*RSS', offOn, 1),
  '*RSSProfile':              choice('*RSSProfile', [1, 2, 3, 4, 5, 6], 4),
  '*NumRssQueues':            number('*NumRssQueues', 1, 128),
  '*MaxRssProcessors':        number('*MaxRssProcessors', 1, 1024),
  '*RssBaseProcNumber':       number('*RssBaseProcNumber', 0, 1023, 0),
  '*RssMaxProcNumber':        number('*RssMaxProcNumber', 0, 1023),
  '*RssBaseProcGroup':        number('*RssBaseProcGroup', 0, 65_535, 0),
  '*NumaNodeId':              number('*NumaNodeId', 0, 65_535, 65_535),
  // Power
  '*WakeOnPattern':           choice('*WakeOnPattern', offOn, 1),
  '*WakeOnMagicPacket':       choice('*WakeOnMagicPacket', offOn, 1),
  '*PMARPOffload':            choice('*PMARPOffload', offOn, 1),
  '*PMNSOffload':             choice('*PMNSOffload', offOn, 1),
  '*IdleRestriction':         choice('*IdleRestriction', [0, 1, 2], 0),
  '*EEE':                     choice('*EEE', offOn, 1),
} as const;
