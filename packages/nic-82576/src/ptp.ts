/*
 * Which received frames of the Precision Time Protocol the chip stamps (TSYNCRXCTL.TYPE, as Linux's driver uses it): event
 * messages in Ethernet frames of their own type, or in UDP to port 319 over IPv4 or IPv6. One VLAN tag may stand before.
 */

import { u8 as bytes } from '@netcx/hardware/wire';
import { word16 } from './internet-sum.ts';
import { RX_STAMP_TYPE, VLAN_TAG_BYTES } from './registers/index.ts';

const ETHERTYPE_IPV4 = 0x0800;
const ETHERTYPE_IPV6 = 0x86dd;
const ETHERTYPE_VLAN = 0x8100;
const ETHERTYPE_PTP = 0x88f7;
const PROTOCOL_UDP = 17;
const EVENT_PORT = 319;
const TYPE_OFFSET = 12;
const IPV6_HEADER_BYTES = 40;
const UDP_HEADER_BYTES = 8;
/** Bytes of the header of version 2; that of version 1 is longer. */
const PTP_HEADER_BYTES = 34;
/** Where version 1 says which message it is. */
const CONTROL_OFFSET = 32;
/** Message types below this are events. */
const FIRST_GENERAL = 4;

/**
 * @param data - byte offset of a frame in device memory
 * @param length - its bytes
 * @param type - RX_STAMP_TYPE
 * @param control - the control field of version 1 that is wanted
 * @param message - the message type of version 2 that is wanted
 * @returns whether it is to be stamped
 */
export function ptpMatches(data: number, length: number, type: number, control: number, message: number): boolean {
  if (type === RX_STAMP_TYPE.ALL) return true;
  const end = data + length;
  const typeAt = data + TYPE_OFFSET + (word16(data + TYPE_OFFSET) === ETHERTYPE_VLAN ? VLAN_TAG_BYTES : 0);
  const overUdp = word16(typeAt) !== ETHERTYPE_PTP;
  const at = overUdp ? udpPayload(typeAt, end) : typeAt + 2;
  if (at < 0 || at + PTP_HEADER_BYTES > end) return false;
  const version = bytes[at + 1]! & 15;
  if (version === 1) return overUdp && type === RX_STAMP_TYPE.L4_V1 && bytes[at + CONTROL_OFFSET] === control;
  if (version !== 2) return false;
  const kind = bytes[at]! & 15;
  if (type === RX_STAMP_TYPE.EVENT_V2) return kind < FIRST_GENERAL;
  const carried = type === RX_STAMP_TYPE.L2_L4_V2 || (type === RX_STAMP_TYPE.L2_V2 && !overUdp);
  return carried && kind === (message & 15);
}

/** Where the payload of a datagram to the event port starts; -1 when the frame is none, or a fragment. */
function udpPayload(typeAt: number, end: number): number {
  const network = typeAt + 2;
  let transport = -1;
  if (word16(typeAt) === ETHERTYPE_IPV4) {
    const fragment = (word16(network + 6) & 0x3fff) !== 0;
    if (!fragment && bytes[network + 9] === PROTOCOL_UDP) transport = network + (bytes[network]! & 15) * 4;
  } else if (word16(typeAt) === ETHERTYPE_IPV6 && bytes[network + 6] === PROTOCOL_UDP) {
    transport = network + IPV6_HEADER_BYTES;
  }
  if (transport < 0 || transport + UDP_HEADER_BYTES > end || word16(transport + 2) !== EVENT_PORT) return -1;
  return transport + UDP_HEADER_BYTES;
}
