/*
 * The headers of one frame: where IP and TCP, UDP or SCTP lie, and what kind of packet it is, as far as the chip's parser
 * goes (RFC 791, RFC 8200, RFC 6275 §6.3 and §6.4). Nothing is read behind the end of the frame, and a header that
 * contradicts itself or does not fit is not there. One object serves all frames, one after the other.
 *
 * @hot
 */

import * as wire from '@netcx/hardware/wire';
import * as sums from './internet-sum.ts';
import * as registers from './registers/index.ts';

const { u8: bytes } = wire;
const { word16 } = sums;
const { RX_PACKET_TYPE } = registers;

const ETHERTYPE_IPV4 = 0x0800;
const ETHERTYPE_IPV6 = 0x86dd;
/** Below this an Ether type is a length, and a header of IEEE 802.2 follows. */
const FIRST_ETHERTYPE = 0x0600;
/** Bytes of an 802.2 header with SNAP up to the Ether type at its end. */
const SNAP_BYTES = 8;

const IPV4_BYTES = 20;
const IPV6_BYTES = 40;
/** Bits of an IPv4 header that say "fragment": more fragments, and the offset. */
const FRAGMENT_BITS = 0x3fff;

const HOP_BY_HOP = 0;
const ROUTING = 43;
const FRAGMENT = 44;
const DESTINATION = 60;
const TCP = 6;
const UDP = 17;
const SCTP = 132;
const HOME_ADDRESS_OPTION = 0xc9;
const HOME_ADDRESS_BYTES = 16;
const HOME_ROUTING_TYPE = 2;

/** What the parser found. Positions are byte offsets in device memory, 0 for what is not there. */
export class Headers {
  /** The Ether type behind all tags. */
  etherType = 0;
  /** RX_PACKET_TYPE bits. */
  types = 0;
  /** The IP header. */
  network = 0;
  /** What follows the IP header and its extensions, or the fragment's data. */
  transport = 0;
  /** What follows the TCP or UDP header; 0 when neither was found. */
  payload = 0;
  /** Where the IP packet ends: what is behind it pads the frame. */
  end = 0;
  /** Whether it is a fragment: no L4 header is looked for then. */
  fragment = false;
  /** Address of a Home Address option, which stands for the source. */
  homeAddress = 0;
  /** Address in a routing header of type 2, which stands for the destination. */
  homeDestination = 0;
  /** Whether a routing header is not used up, so that the destination in the IP header is not the last one. */
  routed = false;

  /**
   * @param data - byte offset of the frame's first byte in device memory
   * @param length - its bytes
   * @param type - how far into the frame the Ether type behind all tags stands
   */
  parse(data: number, length: number, type: number): void {
    this.types = this.network = this.transport = this.payload = this.end = 0;
    this.homeAddress = this.homeDestination = 0;
    this.fragment = this.routed = false;
    const limit = data + length;
    let at = data + type;
    this.etherType = at + 2 <= limit ? word16(at) : 0;
    at += 2;
    if (this.etherType < FIRST_ETHERTYPE && at + SNAP_BYTES <= limit && isSnap(at)) {
      this.etherType = word16(at + SNAP_BYTES - 2);
      at += SNAP_BYTES;
    }
    if (this.etherType === ETHERTYPE_IPV4) this.#parseIpv4(at, limit);
    else if (this.etherType === ETHERTYPE_IPV6) this.#parseIpv6(at, limit);
  }

  #parseIpv4(at: number, limit: number): void {
    if (at + IPV4_BYTES > limit || bytes[at]! >>> 4 !== 4) return;
    const header = (bytes[at]! & 15) * 4;
    const total = word16(at + 2);
    if (header < IPV4_BYTES || total < header || at + total > limit) return;
    this.network = at;
    this.transport = at + header;
    this.end = at + total;
    this.types = header === IPV4_BYTES ? RX_PACKET_TYPE.IPV4 : RX_PACKET_TYPE.IPV4 | RX_PACKET_TYPE.IPV4_OPTIONS;
    this.fragment = (word16(at + 6) & FRAGMENT_BITS) !== 0;
    if (!this.fragment) this.#parseTransport(bytes[at + 9]!);
  }

  #parseIpv6(at: number, limit: number): void {
    if (at + IPV6_BYTES > limit || bytes[at]! >>> 4 !== 6) return;
    const end = at + IPV6_BYTES + word16(at + 4);
    if (end > limit) return;
    this.network = at;
    this.end = end;
    this.types = RX_PACKET_TYPE.IPV6;
    let next = bytes[at + 6]!;
    let header = at + IPV6_BYTES;
    while (next === HOP_BY_HOP || next === ROUTING || next === FRAGMENT || next === DESTINATION) {
      this.types |= RX_PACKET_TYPE.IPV6_EXTENSIONS;
      const bytesOfHeader = next === FRAGMENT ? 8 : header + 8 <= end ? 8 + 8 * bytes[header + 1]! : 8;
      const behind = header + bytesOfHeader;
      if (behind > end) {
        this.transport = header;
        return; // cut short: nothing of it counts
      }
      if (next === FRAGMENT) this.fragment = true;
      else if (next === ROUTING) this.#readRouting(header, bytesOfHeader);
      else if (next === DESTINATION) this.#readOptions(header + 2, behind);
      next = bytes[header]!;
      header = behind;
      if (this.fragment) break;
    }
    this.transport = header;
    if (!this.fragment) this.#parseTransport(next);
  }

  #readRouting(at: number, length: number): void {
    const left = bytes[at + 3]!;
    if (left === 0) return;
    this.routed = true;
    if (bytes[at + 2] === HOME_ROUTING_TYPE && left === 1 && length === 24) this.homeDestination = at + 8;
  }

  /** Looks for a Home Address among the options of a destination options header. */
  #readOptions(from: number, end: number): void {
    let at = from;
    while (at < end) {
      if (bytes[at] === 0) {
        at += 1; // one byte of padding
        continue;
      }
      if (at + 2 > end) return;
      const length = bytes[at + 1]!;
      if (at + 2 + length > end) return;
      if (bytes[at] === HOME_ADDRESS_OPTION && length === HOME_ADDRESS_BYTES) this.homeAddress = at + 2;
      at += 2 + length;
    }
  }

  #parseTransport(protocol: number): void {
    const at = this.transport;
    const room = this.end - at;
    if (protocol === TCP && room >= 20) {
      this.types |= RX_PACKET_TYPE.TCP;
      const header = (bytes[at + 12]! >>> 4) * 4;
      this.payload = header >= 20 && header <= room ? at + header : at;
    } else if (protocol === UDP && room >= 8) {
      this.types |= RX_PACKET_TYPE.UDP;
      this.payload = at + 8;
    } else if (protocol === SCTP && room >= 12) {
      this.types |= RX_PACKET_TYPE.SCTP;
    }
  }
}

/** Whether an 802.2 header with SNAP and the organization code of Ethernet starts here. */
function isSnap(at: number): boolean {
  return word16(at) === 0xaaaa && word16(at + 2) === 0x0300 && word16(at + 4) === 0;
}
