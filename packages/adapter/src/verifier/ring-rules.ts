/*
 * The rules of the rings, as NetAdapterCx's verifier numbers them: compared after each call of a driver's `advance` and
 * `cancel` with what was there before. Checked when the adapter's verifier is on.
 */

import type { RuleRow } from './codes.ts';

const ALWAYS = 'after each advance and cancel';
const RECEIVED = 'after each advance and cancel, on packets that a receive queue gave back and does not ignore';

// prettier-ignore
export const RING_RULES = [
  [0x32, 'InvalidRingImmutable', 'INVALID_RING_IMMUTABLE', 'checked', 'a part of a ring\'s header that is the framework\'s changed, or a buffer on offer did', ALWAYS],
  [0x33, 'InvalidRingImmutableFrameworkElement', 'INVALID_RING_IMMUTABLE_FRAMEWORK_ELEMENT', 'checked', 'an element that is not the driver\'s changed', `${ALWAYS}; the element before beginIndex too, which the original leaves out`],
  [0x34, 'InvalidRingImmutableDriverTxPacket', 'INVALID_RING_IMMUTABLE_DRIVER_TX_PACKET', 'checked', 'a packet to send changed; only scratch may', ALWAYS],
  [0x35, 'InvalidRingImmutableDriverTxFragment', 'INVALID_RING_IMMUTABLE_DRIVER_TX_FRAGMENT', 'checked', 'a fragment to send changed; only scratch may', ALWAYS],
  [0x36, 'InvalidRingImmutableDriverRxPacketIgnore', 'INVALID_RING_IMMUTABLE_DRIVER_RX_PACKET_IGNORE', 'checked', 'a received packet is ignored and has other fields changed', ALWAYS],
  [0x37, 'InvalidRingModifiedRxPacket', 'INVALID_RING_MODIFIED_RX_PACKET', 'checked', 'a reserved field of a received packet changed', ALWAYS],
  [0x38, 'InvalidRingModifiedRxFragment', 'INVALID_RING_MODIFIED_RX_FRAGMENT', 'checked', 'a received fragment lacks a field that the driver must write', 'after each advance and cancel, on fragments of packets that were given back'],
  [0x39, 'InvalidRingUnmodifiedRxPacket', 'INVALID_RING_UNMODIFIED_RX_PACKET', 'checked', 'a received packet lacks a field that the driver must write', RECEIVED],
  [0x3a, 'InvalidRingUnmodifiedRxFragment', 'INVALID_RING_UNMODIFIED_RX_FRAGMENT', 'checked', 'a field of a received fragment changed that is the framework\'s', ALWAYS],
  [0x3b, 'InvalidRingBeginIndex', 'INVALID_RING_BEGIN_INDEX', 'checked', 'beginIndex moved backward, or beyond endIndex', ALWAYS],
  [0x3c, 'FragmentCountZero', 'FRAGMENT_COUNT_ZERO', 'checked', 'a received packet has no fragments', RECEIVED],
  [0x3d, 'FragmentCountOutOfRange', 'FRAGMENT_COUNT_OUT_OF_RANGE', 'checked', 'a received packet has more fragments than the driver had', RECEIVED],
  [0x3e, 'FragmentIndexOutOfPreRange', 'FRAGMENT_INDEX_OUT_OF_PRE_RANGE', 'checked', 'a received packet\'s first fragment was not the driver\'s before the call', RECEIVED],
  [0x3f, 'FragmentCountOutOfPreRange', 'FRAGMENT_COUNT_OUT_OF_PRE_RANGE', 'checked', 'a received packet\'s last fragment was not the driver\'s before the call', RECEIVED],
  [0x40, 'FragmentIndexOutOfPostRange', 'FRAGMENT_INDEX_OUT_OF_POST_RANGE', 'checked', 'a received packet was given back without its first fragment', RECEIVED],
  [0x41, 'FragmentCountOutOfPostRange', 'FRAGMENT_COUNT_OUT_OF_POST_RANGE', 'checked', 'a received packet was given back without its last fragment', RECEIVED],
  [0x42, 'InvalidLayer2Type', 'INVALID_LAYER2_TYPE', 'checked', 'a layer 2 type that does not exist', RECEIVED],
  [0x43, 'InvalidLayer2NullLength', 'INVALID_LAYER2_NULL_LENGTH', 'checked', 'a layer 2 header of some length where there is none', RECEIVED],
  [0x44, 'InvalidLayer2EthernetLength', 'INVALID_LAYER2_ETHERNET_LENGTH', 'checked', 'an Ethernet header of less than 14 bytes', `${RECEIVED}; 0 = not known`],
  [0x45, 'InvalidLayer3IPv4Length', 'INVALID_LAYER3_IPV4_LENGTH', 'checked', 'an IPv4 header of less than 20 bytes', `${RECEIVED}; 0 = not known`],
  [0x46, 'InvalidLayer3IPv6Length', 'INVALID_LAYER3_IPV6_LENGTH', 'checked', 'an IPv6 header of less than 40 bytes', `${RECEIVED}; 0 = not known`],
  [0x47, 'InvalidLayer4TcpLength', 'INVALID_LAYER4_TCP_LENGTH', 'checked', 'a TCP header that is not 20 to 60 bytes in steps of 4', `${RECEIVED}; 0 = not known`],
  [0x48, 'InvalidLayer4UdpLength', 'INVALID_LAYER4_UDP_LENGTH', 'checked', 'a UDP header of less than 8 bytes', `${RECEIVED}; 0 = not known`],
  [0x49, 'InvalidLayer3Type', 'INVALID_LAYER3_TYPE', 'checked', 'a layer 3 type that does not exist', RECEIVED],
  [0x4a, 'InvalidLayer4Type', 'INVALID_LAYER4_TYPE', 'checked', 'a layer 4 type that does not exist', RECEIVED],
  [0x4b, 'FragmentIndexOverlap', 'FRAGMENT_INDEX_OVERLAP', 'checked', 'a received packet begins inside the one before it, or before that', RECEIVED],
  [0x4c, 'FragmentCountOverlap', 'FRAGMENT_COUNT_OVERLAP', 'checked', 'a received packet ends inside another one\'s fragments', RECEIVED],
  [0x4d, 'FragmentOffsetInvalid', 'FRAGMENT_OFFSET_INVALID', 'checked', 'a fragment that is not its packet\'s first has an offset', `${RECEIVED}; the original numbers it and never raises it`],
  [0x4e, 'FragmentLengthInvalid', 'FRAGMENT_LENGTH_INVALID', 'checked', 'a fragment\'s offset and length are more than its capacity', RECEIVED],
] as const satisfies readonly RuleRow[];
