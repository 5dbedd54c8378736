/*
 * Owns: the headers of frames that tests make and look at: Ethernet, IPv4 or IPv6 without options, TCP or UDP, and their
 * checksums as the RFCs say (RFC 1071, 768, 9293, 8200), bytewise and slow.
 * Invariant: nothing here is the product's; what it finds wrong, somebody else made.
 */

/** What carries a frame's payload. */
export interface Headers {
  readonly ipv6: boolean;
  readonly tcp: boolean;
  /** Whose frame: the station with this number sends it to the other one. */
  readonly from: 0 | 1;
  readonly sourcePort: number;
  readonly destinationPort: number;
  /** TCP's sequence number. */
  readonly sequence: number;
}

/** Who completes a frame's checksums: the sender, or the NIC; of a packet that is to be cut, the NIC for each segment. */
export type Sums = 'complete' | 'left' | 'left for each segment';

export const ETHERNET_BYTES = 14;
export const TCP_BYTES = 20;
export const UDP_BYTES = 8;
const [TCP, UDP] = [6, 17];
const [TCP_CHECKSUM, UDP_CHECKSUM] = [16, 6];

/** @returns bytes of the network layer's header */
export const layer3Bytes = (ipv6: boolean): number => (ipv6 ? 40 : 20);

/** @returns bytes of all headers */
export const headerBytes = ({ ipv6, tcp }: Pick<Headers, 'ipv6' | 'tcp'>): number =>
  ETHERNET_BYTES + layer3Bytes(ipv6) + (tcp ? TCP_BYTES : UDP_BYTES);

/** The one's complement sum, folded (RFC 1071). */
function onesSum(bytes: Uint8Array, start = 0): number {
  let sum = start;
  for (let at = 0; at < bytes.length; at += 2) sum += (bytes[at]! << 8) | (bytes[at + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return sum;
}

function pseudoSum(frame: Uint8Array, ipv6: boolean, protocol: number, length: number): number {
  return onesSum(ipv6 ? frame.subarray(22, 54) : frame.subarray(26, 34), protocol + length);
}

/**
 * @param frame - payload is there already, behind room for the headers
 * @param headers - what they say
 * @param sums - who completes the checksums
 */
export function writeHeaders(frame: Uint8Array, headers: Headers, sums: Sums): void {
  const { ipv6, tcp, from } = headers;
  const view = new DataView(frame.buffer, frame.byteOffset, frame.length);
  const at = ETHERNET_BYTES + layer3Bytes(ipv6);
  const carried = frame.length - at;
  const protocol = tcp ? TCP : UDP;
  frame.set([2, 0, 0, 0, 0, 2 - from, 2, 0, 0, 0, 0, 1 + from, ...(ipv6 ? [0x86, 0xdd] : [8, 0])]);
  if (ipv6) {
    frame.set([0x60, 0, 0, 0, carried >>> 8, carried & 255, protocol, 64], ETHERNET_BYTES);
    for (let word = 0; word < 8; word++) view.setUint32(22 + 4 * word, 0x2001_0db8 + word);
  } else {
    const length = carried + 20;
    frame.set([0x45, 0, length >>> 8, length & 255, 0, 0, 0x40, 0, 64, protocol, 0, 0], ETHERNET_BYTES);
    frame.set([10, 0, 0, 1 + from, 10, 0, 0, 2 - from], 26);
  }
  view.setUint16(at, headers.sourcePort);
  view.setUint16(at + 2, headers.destinationPort);
  if (tcp) {
    view.setUint32(at + 4, headers.sequence);
    view.setUint16(at + 12, ((TCP_BYTES / 4) << 12) | 0x10);
  } else view.setUint16(at + 4, carried);
  const checksum = at + (tcp ? TCP_CHECKSUM : UDP_CHECKSUM);
  if (sums === 'complete') {
    if (!ipv6) view.setUint16(24, onesSum(frame.subarray(ETHERNET_BYTES, 34)) ^ 0xffff);
    const sum = onesSum(frame.subarray(at), pseudoSum(frame, ipv6, protocol, carried)) ^ 0xffff;
    view.setUint16(checksum, sum === 0 && !tcp ? 0xffff : sum); // 0 would mean that there is none (RFC 768)
    return;
  }
  // What a protocol leaves in the checksum's place: the pseudo-header's sum, without the length of what is to be cut.
  view.setUint16(checksum, pseudoSum(frame, ipv6, protocol, sums === 'left' ? carried : 0));
}

/** A frame that was taken apart. */
export interface Parsed extends Headers {
  readonly payload: Uint8Array;
}

/**
 * @param frame - a frame as it arrived
 * @param checked - whether its checksums must be right: what software joined of several has none
 * @returns what it says, or what is wrong with it
 */
export function parseFrame(frame: Uint8Array, checked: boolean): Parsed | string {
  if (frame.length < ETHERNET_BYTES + 20 + UDP_BYTES) return `a frame of ${frame.length} bytes`;
  const view = new DataView(frame.buffer, frame.byteOffset, frame.length);
  const etherType = view.getUint16(12);
  const ipv6 = etherType === 0x86dd;
  if (!ipv6 && etherType !== 0x0800) return `EtherType ${etherType.toString(16)}`;
  const at = ETHERNET_BYTES + layer3Bytes(ipv6);
  const protocol = frame[ipv6 ? 20 : 23]!;
  const tcp = protocol === TCP;
  if (!tcp && protocol !== UDP) return `protocol ${protocol}`;
  const end = ETHERNET_BYTES + (ipv6 ? 40 + view.getUint16(18) : view.getUint16(16));
  const start = at + (tcp ? TCP_BYTES : UDP_BYTES);
  if (end > frame.length || start > end) return `headers that say ${end} bytes in a frame of ${frame.length}`;
  if (checked) {
    if (!ipv6 && onesSum(frame.subarray(ETHERNET_BYTES, 34)) !== 0xffff) return 'a wrong IPv4 checksum';
    const segment = frame.subarray(at, end);
    if (onesSum(segment, pseudoSum(frame, ipv6, protocol, segment.length)) !== 0xffff)
      return `a wrong ${tcp ? 'TCP' : 'UDP'} checksum`;
  }
  return {
    ...{ ipv6, tcp, from: frame[5] === 1 ? 1 : 0, sequence: tcp ? view.getUint32(at + 4) : 0 },
    ...{ sourcePort: view.getUint16(at), destinationPort: view.getUint16(at + 2) },
    payload: frame.subarray(start, end),
  };
}
