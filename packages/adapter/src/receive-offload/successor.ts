/*
 * What the next segments of a chain will look like: like the one before them, but for numbers that go on and for checksums.
 * Those that do are known by comparing a few words, as many as there are in a row, and their headers are not read again.
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

const { i32: m, u8, u64: m64 } = memory;
const { FrameDescriptor } = frames;
const { foldSum } = sums;
const { headerSum } = coalesced;

/** Longest headers that are compared, with up to seven bytes of a word in front of them. */
const MASK_WORDS = 16;
const LONGEST_HEADERS = 8 * MASK_WORDS - 7;
/** Bytes of host memory that it works in: as many words of bits, and one of differences. */
export const SUCCESSOR_BYTES = 8 * (MASK_WORDS + 1);
/** More than any sequence number: there is none to look at. */
const NO_FIELD = -1;

/** Expects the segments behind one. */
export class Successor {
  /** Record of the chain that it goes on with; 0 = nothing is expected. */
  chain = 0;
  /** The sum of the payloads that were recognised last, where they stand in their chain. */
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
  // While frames are looked at: bytes of payload in front of the next one, sums of those that are even and odd.
  #total = 0;
  #even = 0;
  #odd = 0;
  /** The sum of pseudo-header and transport header without sequence number and checksum. */
  #sum = 0;
  /** Index of the bits that must be alike, for each word of 64 bits of the headers; what they were made for. */
  readonly #masks: number;
  #words = 0;
  #shape = -1;

  /**
   * @param scratch - host offset of `SUCCESSOR_BYTES` bytes, a multiple of 8
   */
  constructor(scratch: number) {
    this.#masks = scratch >>> 3;
  }

  /**
   * Looks at frames as far as they are the segments that are expected; the one behind those is expected next.
   *
   * @param base - word index of element 0 of the ring that holds the frames' descriptors
   * @param mask - elements of that ring less 1
   * @param first - index of the first frame's first descriptor
   * @param most - most frames
   * @param before - bytes of payload that the chain has
   * @returns how many are
   */
  recognise(base: number, mask: number, first: number, most: number, before: number): number {
    const limit = this.chain === 0 ? 0 : most | 0;
    this.#total = before;
    this.#even = this.#odd = 0;
    let count = 0;
    let d = (base + ((first & mask) << 3)) | 0;
    while (count < limit && this.#isNext(d) === true) {
      count = (count + 1) | 0;
      d = (base + (((first + count) & mask) << 3)) | 0;
    }
    this.#seenLayout = FrameDescriptor.layout.get(m, d) | 0;
    this.#seenWord = FrameDescriptor.layer4AndChecksum.get(m, d) | 0;
    const swapped = foldSum(this.#odd);
    this.payloadSum = 0xffff - foldSum(foldSum(this.#even) + (((swapped & 255) << 8) | (swapped >>> 8)));
    return count;
  }

  /** Whether a frame is the one expected; then the one behind it is. A function of its own, for V8 folds no constants into a loop. */
  #isNext(d: number): boolean {
    const address = FrameDescriptor.address.get(m, d) | 0;
    const like = this.#address | 0;
    const layout = FrameDescriptor.layout.get(m, d) ^ this.#layout;
    const said = layout | (FrameDescriptor.layer4AndChecksum.get(m, d) ^ this.#word);
    const lies = (FrameDescriptor.lengthAndFlags.get(m, d) ^ this.#lengthAndFlags) | ((address ^ like) & 7);
    if ((said | lies | FrameDescriptor.segmentation.get(m, d)) !== 0) return false;
    let sum = this.#sum | 0;
    const sequenceAt = this.#sequenceAt | 0;
    if (sequenceAt >= 0) {
      const at = (address + sequenceAt) | 0;
      const high = (u8[at]! << 8) | u8[(at + 1) | 0]!;
      const low = (u8[(at + 2) | 0]! << 8) | u8[(at + 3) | 0]!;
      if (((high << 16) | low) !== this.#sequence) return false;
      sum = (sum + high + low) | 0;
    }
    const identificationAt = this.#identificationAt | 0;
    if (identificationAt >= 0) {
      const at = (address + identificationAt) | 0;
      if (((u8[at]! << 8) | u8[(at + 1) | 0]!) !== this.#identification) return false;
    }
    let own = address >> 3;
    let other = like >> 3;
    let bits = this.#masks | 0;
    const found = (bits + MASK_WORDS) | 0;
    const end = (bits + this.#words) | 0;
    // Two words at once. What is stored needs no object, and is compared by halves: V8 has no way around one for `!== 0n`.
    while (bits < end) {
      m64[found] =
        ((m64[own]! ^ m64[other]!) & m64[bits]!) |
        ((m64[(own + 1) | 0]! ^ m64[(other + 1) | 0]!) & m64[(bits + 1) | 0]!);
      if ((m[found << 1]! | m[((found << 1) + 1) | 0]!) !== 0) return false;
      own = (own + 2) | 0;
      other = (other + 2) | 0;
      bits = (bits + 2) | 0;
    }
    const at = (address + this.#checksumAt) | 0;
    const checksum = (u8[at]! << 8) | u8[(at + 1) | 0]!;
    if (checksum === 0 && sequenceAt < 0) return false; // UDP that has none
    // Behind an odd number of bytes, those of each word change places.
    if ((this.#total & 1) === 0) this.#even = (this.#even + sum + checksum) | 0;
    else this.#odd = (this.#odd + sum + checksum) | 0;
    this.#total = (this.#total + this.#payload) | 0;
    this.#sequence = (this.#sequence + this.#payload) | 0;
    this.#identification = (this.#identification + 1) & 0xffff;
    return true;
  }

  /**
   * Expects the segments behind one that was chained the long way, if it is of a kind that can be expected.
   *
   * @param chain - record of its chain
   * @param segment - it
   * @param layout - stands at it
   * @param d - word index of its descriptor, which `recognise` has seen before anybody completed it
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
    const phase = this.#address & 7;
    const shape =
      (payloadAt << 24) | (layer4At << 16) | (layer3At << 8) | (phase << 2) | (tcp ? 2 : 0) | (ipv4 ? 1 : 0);
    if (shape === this.#shape) return;
    this.#shape = shape;
    this.#words = ((phase + payloadAt + 15) >> 4) * 2;
    const first = this.#masks << 3;
    u8.fill(0, first, first + 8 * MASK_WORDS);
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
