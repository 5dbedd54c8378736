/*
 * What the next segment of a chain will look like: like the one before it, but for numbers that go on and for checksums. A
 * segment that does is known by comparing a few words, and its headers are not read again.
 * Invariant: it recognises only what the long way would chain to the same chain, with the same sums.
 *
 * @hot
 */

import * as memory from '@netcx/dma/memory';
import * as frames from '../edge/frame-descriptor.ts';
import type { FrameLayout } from '../layout/frame-layout.ts';
import * as sums from '../layout/internet-sum.ts';
import * as coalesced from './coalesced-frame.ts';
import type { Segment } from './segment.ts';

const { i32: m, u8 } = memory;
const { FrameDescriptor } = frames;
const { foldSum } = sums;
const { headerSum } = coalesced;

/** Longest headers that are compared, with up to three bytes of a word in front of them. */
const MASK_WORDS = 32;
const LONGEST_HEADERS = 4 * MASK_WORDS - 3;
/** Bytes of host memory that it works in. */
export const SUCCESSOR_BYTES = 4 * MASK_WORDS;
/** More than any sequence number: there is none to look at. */
const NO_FIELD = -1;

/** Expects one segment at a time. */
export class Successor {
  /** Record of the chain that it goes on with; 0 = nothing is expected. */
  chain = 0;
  /** The sum of the last segment's payload, of those that were recognised. */
  payloadSum = 0;
  /** What was done about the layout of the one that was chained the long way, a `LayoutOutcome`. */
  outcome = 0;
  /** What the one that was looked at last said of itself, before anybody completed that. */
  #seenLayout = 0;
  #seenWord = 0;
  // The same of the one before the one that is expected, and where its first byte lies.
  #layout = 0;
  #word = 0;
  #lengthAndFlags = 0;
  #address = 0;
  /** What is expected: sequence number, identification; where they stand in the frame, and the checksum. */
  #sequence = 0;
  #sequenceAt = NO_FIELD;
  #identification = 0;
  #identificationAt = NO_FIELD;
  #checksumAt = 0;
  #payload = 0;
  /** The sum of pseudo-header and transport header without sequence number and checksum. */
  #sum = 0;
  /** Word index of the bits that must be alike, for each word of the headers; what they were made for. */
  readonly #masks: number;
  #words = 0;
  #shape = -1;

  /**
   * @param scratch - host offset of `SUCCESSOR_BYTES` bytes, a multiple of 4
   */
  constructor(scratch: number) {
    this.#masks = scratch >>> 2;
  }

  /**
   * @param d - word index of the descriptor of a frame's first part
   * @returns whether the frame is the segment that was expected: then the one behind it is expected now
   */
  recognises(d: number): boolean {
    const address = FrameDescriptor.address.get(m, d) | 0;
    const layout = FrameDescriptor.layout.get(m, d) | 0;
    const word = FrameDescriptor.layer4AndChecksum.get(m, d) | 0;
    this.#seenLayout = layout;
    this.#seenWord = word;
    if (this.chain === 0) return false;
    const before = this.#address | 0;
    const said = (layout ^ this.#layout) | (word ^ this.#word) | FrameDescriptor.segmentation.get(m, d);
    const lies = (FrameDescriptor.lengthAndFlags.get(m, d) ^ this.#lengthAndFlags) | ((address ^ before) & 3);
    if ((said | lies) !== 0) return false;
    let sum = this.#sum | 0;
    const sequenceAt = this.#sequenceAt | 0;
    if (sequenceAt >= 0) {
      const at = (address + sequenceAt) | 0;
      const high = (u8[at]! << 8) | u8[at + 1]!;
      const low = (u8[at + 2]! << 8) | u8[at + 3]!;
      if (((high << 16) | low) !== this.#sequence) return false;
      sum = (sum + high + low) | 0;
    }
    const identificationAt = this.#identificationAt | 0;
    if (identificationAt >= 0) {
      const at = (address + identificationAt) | 0;
      if (((u8[at]! << 8) | u8[at + 1]!) !== this.#identification) return false;
    }
    const own = address >> 2;
    const other = before >> 2;
    const masks = this.#masks | 0;
    for (let word = (this.#words - 1) | 0; word >= 0; word = (word - 1) | 0)
      if (((m[own + word]! ^ m[other + word]!) & m[masks + word]!) !== 0) return false;
    const at = (address + this.#checksumAt) | 0;
    const checksum = (u8[at]! << 8) | u8[at + 1]!;
    if (checksum === 0 && sequenceAt < 0) return false; // UDP that has none
    this.payloadSum = 0xffff - foldSum(sum + checksum);
    this.#address = address;
    this.#sequence = (this.#sequence + this.#payload) | 0;
    this.#identification = (this.#identification + 1) & 0xffff;
    return true;
  }

  /**
   * Expects the segment behind one that was chained the long way, if it is of a kind that can be expected.
   *
   * @param chain - record of its chain
   * @param segment - it
   * @param layout - stands at it
   * @param d - word index of its descriptor, which `recognises` has seen before anybody completed it
   * @param forwarding - whether identifications must go on one by one
   */
  expect(chain: number, segment: Segment, layout: FrameLayout, d: number, forwarding: boolean): void {
    const { reader } = layout;
    const { tcp, ipv4, layer3At, layer4At, payloadAt, payload } = segment;
    this.chain = 0;
    // What was found out about its checksums here must be found out about each one.
    const unseen = (this.#seenWord ^ FrameDescriptor.layer4AndChecksum.get(m, d)) & (0xff << 8);
    if (reader.parts !== 1 || payload === 0 || segment.unsummed || unseen !== 0 || payloadAt > LONGEST_HEADERS) return;
    this.chain = chain;
    this.outcome = layout.outcome;
    this.#layout = this.#seenLayout;
    this.#word = this.#seenWord;
    this.#lengthAndFlags = FrameDescriptor.lengthAndFlags.get(m, d) | 0;
    this.#address = FrameDescriptor.address.get(m, d) | 0;
    this.#payload = payload;
    this.#checksumAt = layer4At + (tcp ? 16 : 6);
    this.#sequenceAt = tcp ? layer4At + 4 : NO_FIELD;
    this.#sequence = (segment.sequence + payload) | 0;
    this.#identificationAt = ipv4 && forwarding ? layer3At + 4 : NO_FIELD;
    this.#identification = (segment.identification + 1) & 0xffff;
    let variable = reader.half(this.#checksumAt);
    if (tcp) variable += (segment.sequence >>> 16) + (segment.sequence & 0xffff);
    const headers = headerSum(reader, layer4At, payloadAt - layer4At, payload, tcp, ipv4);
    this.#sum = foldSum(headers + 0xffff - foldSum(variable));
    this.#makeMasks(layer3At, layer4At, payloadAt, tcp, ipv4);
  }

  /** Everything must be alike but identification, IPv4's checksum, sequence number and layer 4's checksum. */
  #makeMasks(layer3At: number, layer4At: number, payloadAt: number, tcp: boolean, ipv4: boolean): void {
    const phase = this.#address & 3;
    const shape =
      (payloadAt << 24) | (layer4At << 16) | (layer3At << 8) | (phase << 2) | (tcp ? 2 : 0) | (ipv4 ? 1 : 0);
    if (shape === this.#shape) return;
    this.#shape = shape;
    this.#words = (phase + payloadAt + 3) >> 2;
    const first = this.#masks << 2;
    u8.fill(0, first, first + SUCCESSOR_BYTES);
    const start = first + phase;
    u8.fill(0xff, start, start + payloadAt);
    if (ipv4) {
      u8.fill(0, start + layer3At + 4, start + layer3At + 6);
      u8.fill(0, start + layer3At + 10, start + layer3At + 12);
    }
    if (tcp) u8.fill(0, start + layer4At + 4, start + layer4At + 8);
    const checksum = start + this.#checksumAt;
    u8.fill(0, checksum, checksum + 2);
  }
}
