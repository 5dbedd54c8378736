/*
 * What coalescing must know of one frame: whether it is a segment that may be coalesced, of which flow, and the fields of
 * its headers that decide. Layouts are not believed here: what a coalesced frame would be built from is read again.
 *
 * @hot
 */

import * as memory from '@netcx/dma/memory';
import * as extensions from '@netcx/extensions';
import * as rings from '@netcx/rings';
import * as frames from '../edge/frame-descriptor.ts';
import type { FrameLayout } from '../layout/frame-layout.ts';
import type { FrameReader } from '../layout/frame-reader.ts';
import * as switches from './receive-offload-switches.ts';

const { i32: m } = memory;
const { RxChecksumEvaluation } = extensions;
const { Layer2Type, Layer3Type, Layer4Type } = rings;
const { FrameDescriptor } = frames;
const { ReceiveSwitch } = switches;

/** What a frame is to the coalescer: nothing, a segment of a flow that must go alone, one that may be coalesced. */
export const SegmentKind = { Other: 0, Alone: 1, Candidate: 2 } as const;
const { Other, Alone, Candidate } = SegmentKind;

const BOTH_VALID = (RxChecksumEvaluation.Valid << 2) | (RxChecksumEvaluation.Valid << 4);
const LAYER4_VALID = RxChecksumEvaluation.Valid << 4;
const TCP_ACK = 16;
const TCP_PSH = 8;
/** Kinds of TCP options. */
const END_OF_OPTIONS = 0;
const NO_OPERATION = 1;
const TIMESTAMP = 8;
const TIMESTAMP_BYTES = 10;

/** The facts of the frame that `read` looked at last; offsets are places in that frame. */
export class Segment {
  /** A `SegmentKind`. */
  kind = 0;
  tcp = false;
  ipv4 = false;
  /** Mixes what tells flows apart: 32 bits. */
  flow = 0;
  layer3At = 0;
  layer4At = 0;
  payloadAt = 0;
  /** Bytes of payload, without padding behind the packet. */
  payload = 0;
  sequence = 0;
  acknowledgement = 0;
  window = 0;
  push = false;
  /** Where TCP's timestamp option lies, 0 = there is none. */
  timestampAt = 0;
  timestamp = 0;
  echo = 0;
  identification = 0;
  /** Whether it is a UDP datagram without a checksum. */
  unsummed = false;

  /**
   * @param layout - stands at the frame
   * @param d - word index of the frame's first descriptor
   * @param enabled - `ReceiveSwitch` bits
   */
  read(layout: FrameLayout, d: number, enabled: number): void {
    this.kind = Other;
    this.push = false;
    this.unsummed = false;
    this.timestampAt = 0;
    this.timestamp = 0;
    this.echo = 0;
    if (layout.layer4Length === 0 || layout.layer3Length === 0) return;
    const { reader, layer3Type, layer2Type } = layout;
    this.tcp = layout.layer4Type === Layer4Type.Tcp;
    this.ipv4 = layer3Type <= Layer3Type.IPv4NoOptions;
    this.layer3At = layout.layer2Length;
    this.layer4At = layout.layer2Length + layout.layer3Length;
    this.payloadAt = this.layer4At + layout.layer4Length;
    this.kind = Alone;
    this.flow = this.#mix(reader);
    if (layer3Type !== Layer3Type.IPv4NoOptions && layer3Type !== Layer3Type.IPv6NoExtensions) return;
    if (layer2Type !== Layer2Type.Ethernet && layer2Type !== Layer2Type.Null) return;
    if (!this.#wanted(enabled) || FrameDescriptor.coalesced.get(m, d) !== 0) return;
    const found = FrameDescriptor.checksum.get(m, d);
    if ((found & BOTH_VALID) !== (this.ipv4 ? BOTH_VALID : LAYER4_VALID)) return;
    if (!this.#readLayer3(reader)) return;
    if (this.tcp ? this.#readTcp(reader, enabled) : this.#readUdp(reader)) this.kind = Candidate;
  }

  #wanted(enabled: number): boolean {
    const tcpSwitch = this.ipv4 ? ReceiveSwitch.RscIPv4 : ReceiveSwitch.RscIPv6;
    const udpSwitch = this.ipv4 ? ReceiveSwitch.UroIPv4 : ReceiveSwitch.UroIPv6;
    return (enabled & (this.tcp ? tcpSwitch : udpSwitch)) !== 0;
  }

  /** The last words of both addresses and the ports: equal for one flow, mostly different for two. */
  #mix(reader: FrameReader): number {
    const source = this.layer3At + (this.ipv4 ? 12 : 20);
    const destination = this.layer3At + (this.ipv4 ? 16 : 36);
    if (destination + 4 > this.layer4At) return 0;
    const mixed = Math.imul(reader.word(source), 0x9e37_79b1) ^ reader.word(destination);
    const ports = Math.imul(mixed, 0x85eb_ca6b) ^ reader.word(this.layer4At);
    return ports ^ (ports >>> 15);
  }

  #readLayer3(reader: FrameReader): boolean {
    const at = this.layer3At;
    const protocol = this.tcp ? 6 : 17;
    let end: number;
    if (this.ipv4) {
      // No options, no fragment, no reserved bit.
      if (reader.byte(at) !== 0x45 || reader.byte(at + 9) !== protocol || (reader.half(at + 6) & 0xbfff) !== 0)
        return false;
      this.identification = reader.half(at + 4);
      end = at + reader.half(at + 2);
    } else {
      if (reader.byte(at) >>> 4 !== 6 || reader.byte(at + 6) !== protocol) return false;
      end = at + 40 + reader.half(at + 4);
    }
    this.payload = end - this.payloadAt;
    return this.payload >= 0 && end <= reader.length;
  }

  #readTcp(reader: FrameReader, enabled: number): boolean {
    const at = this.layer4At;
    // The data offset that the layout says, no reserved bit, and no flags but ACK and PSH.
    if (reader.byte(at + 12) !== (this.payloadAt - at) << 2) return false;
    const flags = reader.byte(at + 13);
    if ((flags & ~TCP_PSH) !== TCP_ACK) return false;
    this.push = (flags & TCP_PSH) !== 0;
    this.sequence = reader.word(at + 4);
    this.acknowledgement = reader.word(at + 8);
    this.window = reader.half(at + 14);
    this.timestampAt = findTimestamp(reader, at + 20, this.payloadAt);
    if (this.timestampAt < 0) return false;
    if (this.timestampAt !== 0) {
      if ((enabled & ReceiveSwitch.RscTimestamps) === 0) return false;
      this.timestamp = reader.word(this.timestampAt + 2);
      this.echo = reader.word(this.timestampAt + 6);
    }
    // A bare acknowledgement has nothing that segmentation could give back.
    return this.payload > 0 || (enabled & ReceiveSwitch.Forwarding) === 0;
  }

  #readUdp(reader: FrameReader): boolean {
    const at = this.layer4At;
    this.unsummed = reader.half(at + 6) === 0;
    return this.payload > 0 && reader.half(at + 4) === 8 + this.payload;
  }
}

/** @returns where the timestamp option lies, 0 when there is none, -1 when options are not what they should be */
function findTimestamp(reader: FrameReader, from: number, end: number): number {
  let at = from;
  let found = 0;
  while (at < end) {
    const kind = reader.byte(at);
    if (kind === END_OF_OPTIONS) break;
    if (kind === NO_OPERATION) at += 1;
    else {
      const length = at + 1 < end ? reader.byte(at + 1) : 0;
      if (length < 2 || at + length > end) return -1;
      if (kind === TIMESTAMP) {
        if (length !== TIMESTAMP_BYTES || found !== 0) return -1;
        found = at;
      }
      at += length;
    }
  }
  return found;
}
