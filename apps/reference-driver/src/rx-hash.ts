/*
 * The receive hash's type, from the chip's word for it (nic-82576 reference §4) to the hash extension's flags. What the chip
 * does not say it hashed is no hash.
 */

import { HashProtocol } from '@netcx/extensions';
import { RX_RSS_TYPE } from '@netcx/nic-82576/registers';

const { IPv4, IPv6, IPv6Extensions, Tcp, Udp } = HashProtocol;
/** By RX_RSS_TYPE, which has four bits. */
const PROTOCOLS = new Array<number>(16).fill(HashProtocol.None);
PROTOCOLS[RX_RSS_TYPE.IPV4] = IPv4;
PROTOCOLS[RX_RSS_TYPE.TCP_IPV4] = IPv4 | Tcp;
PROTOCOLS[RX_RSS_TYPE.UDP_IPV4] = IPv4 | Udp;
PROTOCOLS[RX_RSS_TYPE.IPV6] = IPv6;
PROTOCOLS[RX_RSS_TYPE.TCP_IPV6] = IPv6 | Tcp;
PROTOCOLS[RX_RSS_TYPE.UDP_IPV6] = IPv6 | Udp;
PROTOCOLS[RX_RSS_TYPE.IPV6_EX] = IPv6 | IPv6Extensions;
PROTOCOLS[RX_RSS_TYPE.TCP_IPV6_EX] = IPv6 | IPv6Extensions | Tcp;
PROTOCOLS[RX_RSS_TYPE.UDP_IPV6_EX] = IPv6 | IPv6Extensions | Udp;

/**
 * @param type - the descriptor's RSS type, 0 to 15
 * @returns `HashProtocol` flags; 0 when there is no hash
 */
export function hashProtocolOf(type: number): number {
  return PROTOCOLS[type]!;
}
