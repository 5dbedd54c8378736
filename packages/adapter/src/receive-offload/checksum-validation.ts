/*
 * Receive checksums in software, for frames that the NIC did not look at: the header of IPv4, TCP and UDP. Nothing is said
 * of what cannot be known: fragments, packets that are longer than the frame, IPv6 packets whose final addresses are not
 * those of the header. A UDP checksum of 0 says over IPv4 that there is none (RFC 768), and is wrong over IPv6 (RFC 8200 §8.1).
 *
 * @hot
 */

import * as extensions from '@netcx/extensions';
import * as rings from '@netcx/rings';
import type { FrameLayout } from '../layout/frame-layout.ts';
import * as sums from '../layout/internet-sum.ts';

const { NotChecked, Valid, Invalid } = extensions.RxChecksumEvaluation;
const { Layer3Type, Layer4Type } = rings;
const { foldSum, frameSum } = sums;

/** Extension headers that can hold other addresses than the header's, and what makes them. */
const ROUTING = 43;
const DESTINATION_OPTIONS = 60;
const AUTHENTICATION = 51;
const FRAGMENT = 44;
const HOME_ADDRESS = 0xc9;
const UDP_CHECKSUM_AT = 6;

/**
 * @param layout - stands at a frame
 * @returns an `RxChecksumEvaluation` of the header of IPv4; `NotChecked` when that is not what it is
 */
export function evaluateLayer3(layout: FrameLayout): number {
  const { layer2Length: at, layer3Length: length, layer3Type } = layout;
  if (length === 0 || layer3Type > Layer3Type.IPv4NoOptions) return NotChecked;
  return frameSum(layout.reader, at, length) === 0xffff ? Valid : Invalid;
}

/**
 * @param layout - stands at a frame
 * @returns an `RxChecksumEvaluation` of TCP or UDP; `NotChecked` when it is neither, or cannot be told
 */
export function evaluateLayer4(layout: FrameLayout): number {
  const { reader, layer2Length, layer3Length, layer4Length, layer3Type, layer4Type } = layout;
  if (layer4Length === 0 || layer3Length === 0) return NotChecked;
  const at = layer2Length + layer3Length;
  const version = reader.byte(layer2Length) >>> 4;
  const ipv4 = layer3Type <= Layer3Type.IPv4NoOptions;
  if (version !== (ipv4 ? 4 : 6)) return NotChecked; // what the driver said is not what is there
  // Bytes of the packet from layer 4 on: what lies behind them in the frame is padding.
  let length = packetBytes(layout) - layer3Length;
  if (length < layer4Length || at + length > reader.length) return NotChecked;
  if (layer3Type === Layer3Type.IPv6WithExtensions && addressesElsewhere(layout)) return NotChecked;
  let protocol = 6;
  if (layer4Type === Layer4Type.Udp) {
    protocol = 17;
    if (reader.half(at + UDP_CHECKSUM_AT) === 0) return ipv4 ? Valid : Invalid;
    const said = reader.half(at + 4);
    if (said < 8 || said > length) return NotChecked;
    length = said;
  }
  const addresses = ipv4 ? frameSum(reader, layer2Length + 12, 8) : frameSum(reader, layer2Length + 8, 32);
  const sum = foldSum(addresses + protocol + length + frameSum(reader, at, length));
  return sum === 0xffff ? Valid : Invalid;
}

/**
 * @param layout - stands at a frame of IPv4 or IPv6
 * @returns bytes of the IP packet as its header says, 0 when it does not say it
 */
function packetBytes(layout: FrameLayout): number {
  const { reader, layer2Length: at, layer3Type } = layout;
  if (layer3Type <= Layer3Type.IPv4NoOptions) return reader.half(at + 2);
  const payload = reader.half(at + 4);
  return payload === 0 ? 0 : 40 + payload;
}

/** Whether the pseudo header's addresses are others than the header's: a source route to go, or a mobile node's home. */
function addressesElsewhere(layout: FrameLayout): boolean {
  const { reader, layer2Length } = layout;
  const end = layer2Length + layout.layer3Length;
  let next = reader.byte(layer2Length + 6);
  let at = layer2Length + 40;
  while (at < end) {
    if (end - at < 8) return true; // the driver's length is none of a chain
    if (next === ROUTING && reader.byte(at + 3) !== 0) return true;
    const said = reader.byte(at + 1);
    const length = next === FRAGMENT ? 8 : next === AUTHENTICATION ? (said + 2) << 2 : (said + 1) << 3;
    if (at + length > end) return true;
    if (next === DESTINATION_OPTIONS && holdsHomeAddress(layout, at + 2, at + length)) return true;
    next = reader.byte(at);
    at += length;
  }
  return false;
}

function holdsHomeAddress(layout: FrameLayout, from: number, end: number): boolean {
  const { reader } = layout;
  let at = from;
  while (at + 1 < end) {
    const option = reader.byte(at);
    if (option === HOME_ADDRESS) return true;
    at += option === 0 ? 1 : 2 + reader.byte(at + 1); // one byte of padding has no length
  }
  return false;
}
