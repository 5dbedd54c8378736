/*
 * The driver's options as Windows' standardized keywords, with the ranges that this chip has. What stands in the configuration
 * wins over nothing and loses to an option that the program gives. Sizes of rings need not be powers of two here: the next
 * one is taken, and the adapter's `explain()` says so.
 */

import { integerKeyword, StandardKeywords, type Configuration } from '@netcx/adapter';
import { RX_QUEUES } from '@netcx/nic-82576/registers';
import { MAXIMUM_MTU, MAXIMUM_RING, MINIMUM_MTU, MINIMUM_RING, type DriverOptions } from './settings.ts';

/** By the value of `*FlowControl`; 4 leaves it to negotiation, which decides in any case. */
const FLOW_CONTROL = ['off', 'send', 'receive', 'both', 'both'] as const;
const ETHERNET_HEADER_BYTES = 14;
const buffers = { minimum: MINIMUM_RING, maximum: MAXIMUM_RING };
/** With the ranges that this chip has. */
const JUMBO_PACKET = integerKeyword('*JumboPacket', {
  minimum: MINIMUM_MTU + ETHERNET_HEADER_BYTES,
  maximum: MAXIMUM_MTU + ETHERNET_HEADER_BYTES,
});
const RECEIVE_BUFFERS = integerKeyword('*ReceiveBuffers', buffers);
const TRANSMIT_BUFFERS = integerKeyword('*TransmitBuffers', buffers);
const NUMBER_OF_QUEUES = integerKeyword('*NumRssQueues', { minimum: 1, maximum: RX_QUEUES });

/**
 * @param configuration - the adapter's keywords
 * @returns what they say of this driver's options; what they do not say is left out
 * @throws KeywordError `KEYWORD_INVALID`, naming keyword, range and found
 */
export function optionsFrom(configuration: Configuration): DriverOptions {
  const rings = [RECEIVE_BUFFERS, TRANSMIT_BUFFERS].filter((keyword) => configuration.has(keyword));
  const largest = Math.max(0, ...rings.map((keyword) => configuration.query(keyword)));
  const scales = configuration.query(StandardKeywords['*RSS']) !== 0;
  return {
    ...(configuration.has(JUMBO_PACKET) && { mtu: configuration.query(JUMBO_PACKET) - ETHERNET_HEADER_BYTES }),
    ...(largest > 0 && { ringSize: 2 ** Math.ceil(Math.log2(largest)) }),
    ...(configuration.has(NUMBER_OF_QUEUES) && { queues: scales ? configuration.query(NUMBER_OF_QUEUES) : 1 }),
    ...(configuration.has(StandardKeywords['*InterruptModeration']) && {
      interruptInterval: configuration.query(StandardKeywords['*InterruptModeration']) === 0 ? 0 : 'adaptive',
    }),
    ...(configuration.has(StandardKeywords['*FlowControl']) && {
      flowControl: FLOW_CONTROL[configuration.query(StandardKeywords['*FlowControl']) as 0 | 1 | 2 | 3 | 4],
    }),
    ...(configuration.has(StandardKeywords.NetworkAddress) && {
      address: configuration.query(StandardKeywords.NetworkAddress),
    }),
  };
}
