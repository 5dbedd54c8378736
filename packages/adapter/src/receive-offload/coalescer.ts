/*
 * Which frames of a pass become one: a table of flows with an open chain each. A segment joins its flow's chain, or closes
 * it and opens another one, so that nothing overtakes within a flow; a chain stands where its first segment came. The rules are
 * those of Windows' RSC for a receiver, and those of Linux' GRO where frames will be forwarded.
 *
 * @hot
 */

import * as memory from '@netcx/dma/memory';
import * as rings from '@netcx/rings';
import * as frames from '../edge/frame-descriptor.ts';
import type { FrameLayout } from '../layout/frame-layout.ts';
import * as readers from '../layout/frame-reader.ts';
import * as sums from '../layout/internet-sum.ts';
import * as coalesced from './coalesced-frame.ts';
import * as switches from './receive-offload-switches.ts';
import * as segments from './segment.ts';
import * as successors from './successor.ts';

const { i32: m } = memory;
const { Layer3Type, Layer4Type } = rings;
const { FrameDescriptor } = frames;
const { FrameReader } = readers;
const { foldSum } = sums;
const { CoalescedFrame, COALESCED_FRAME_WORDS, payloadSum } = coalesced;
const { ReceiveSwitch } = switches;
const { Segment, SegmentKind } = segments;
const { Successor, SUCCESSOR_BYTES } = successors;

/** Most frames in one pass. */
export const PASS_FRAMES = 128;
const BUCKETS = 64;
/** Most descriptors of a coalesced frame. */
const MOST_PARTS = 64;
/** What an IP header can say. */
const MOST_BYTES = 65_535;
/** The tag, and what of it counts, in a descriptor's word. */
const TAG_BITS = 0xffff_0030 | 0;
/** Flags of a record of segments that are chained without being looked at: behind another one, and alike. */
const ALIKE_BEHIND = 1 | (1 << 6);
/** Record 0 is none. */
const TABLE_WORDS = (PASS_FRAMES + 1) * COALESCED_FRAME_WORDS;
/** Bytes of host memory that a coalescer works in. */
export const COALESCER_BYTES = (TABLE_WORDS + BUCKETS) * 4 + SUCCESSOR_BYTES;

/** What coalescing came to, as `OID_TCP_RSC_STATISTICS` counts it. */
export interface CoalescingCounters {
  /** Segments that became part of a larger frame. */
  segments: number;
  /** Bytes of payload in them. */
  bytes: number;
  /** Larger frames. */
  events: number;
  /** Times that a chain ended because of what came next, and not because it was full or the poll was over. */
  aborts: number;
}

/** Chains the frames of one pass after the other. */
export class Coalescer {
  readonly counters: CoalescingCounters = { segments: 0, bytes: 0, events: 0, aborts: 0 };
  readonly #segment = new Segment();
  readonly #successor: InstanceType<typeof Successor>;
  /** Stands at the first segment of a chain. */
  readonly #head = new FrameReader();
  readonly #table: number;
  readonly #buckets: number;
  readonly #base: number;
  readonly #mask: number;
  readonly #mostParts: number;
  /** The chain that was opened or joined last; 0 = none. */
  #last = 0;
  #open = false;

  /**
   * @param scratch - host offset of `COALESCER_BYTES` bytes, a multiple of 8
   * @param base - word index of element 0 of the ring that holds the frames' descriptors
   * @param mask - elements of that ring less 1
   */
  constructor(scratch: number, base: number, mask: number) {
    this.#table = scratch >>> 2;
    this.#buckets = (scratch >>> 2) + TABLE_WORDS;
    this.#successor = new Successor(scratch + (TABLE_WORDS + BUCKETS) * 4);
    this.#base = base;
    this.#mask = mask;
    this.#mostParts = Math.min(MOST_PARTS, mask);
  }

  /** The `LayoutOutcome` of the segments that `extend` chained last, which is that of the one before them. */
  get likeOutcome(): number {
    return this.#successor.outcome;
  }

  /** A pass is over: nothing joins what it brought. */
  reset(): void {
    if (!this.#open) return;
    m.fill(0, this.#buckets, this.#buckets + BUCKETS);
    this.#open = false;
    this.#successor.chain = 0;
    this.#last = 0;
  }

  /**
   * @param number - of a record in this pass, from 0 on
   * @returns its word index
   */
  record(number: number): number {
    return (this.#table + Math.imul(number + 1, COALESCED_FRAME_WORDS)) | 0;
  }

  /**
   * Notes the next frame of the pass, which goes on as it is.
   *
   * @param number - of its record
   * @param first - index of its first descriptor
   * @param parts - its descriptors
   */
  note(number: number, first: number, parts: number): void {
    const r = this.record(number);
    CoalescedFrame.first.set(m, r, first);
    CoalescedFrame.parts.set(m, r, parts);
    CoalescedFrame.next.set(m, r, 0);
    CoalescedFrame.flags.set(m, r, 0);
    CoalescedFrame.count.set(m, r, 0);
  }

  /**
   * Chains the next frames of the pass as far as they are plainly the segments behind the one that was chained last; asked
   * first, and with what the driver said of the frames.
   *
   * @param number - of the record that they will have, all of them
   * @param first - index of the first one's first descriptor
   * @param most - how many there are, one behind the other
   * @returns how many were chained; the one behind them is to be completed, and to be added
   */
  extend(number: number, first: number, most: number): number {
    const successor = this.#successor;
    const h = successor.chain | 0;
    const room = h === 0 ? 0 : this.#room(h);
    if (room <= 0) successor.chain = 0;
    const total = CoalescedFrame.total.get(m, h) | 0;
    const count = successor.recognise(this.#base, this.#mask, first, Math.min(most, room) | 0, total) | 0;
    if (count === 0) return 0;
    const r = this.record(number);
    const payload = CoalescedFrame.payload.get(m, CoalescedFrame.tail.get(m, h) | 0) | 0;
    const bytes = Math.imul(count, payload);
    CoalescedFrame.first.set(m, r, first);
    CoalescedFrame.parts.set(m, r, count);
    CoalescedFrame.next.set(m, r, 0);
    CoalescedFrame.flags.set(m, r, ALIKE_BEHIND);
    this.#chain(h, r, count, payload, CoalescedFrame.payloadAt.get(m, h) | 0, successor.payloadSum);
    CoalescedFrame.total.set(m, h, total + bytes);
    CoalescedFrame.totalParts.set(m, h, CoalescedFrame.totalParts.get(m, h) + count);
    CoalescedFrame.nextSequence.set(m, h, CoalescedFrame.nextSequence.get(m, h) + bytes);
    return count;
  }

  /** How many more segments like its last one a chain may have. */
  #room(h: number): number {
    if (CoalescedFrame.open.get(m, h) === 0) return 0;
    const payload = CoalescedFrame.payload.get(m, CoalescedFrame.tail.get(m, h) | 0) | 0;
    const headers = CoalescedFrame.payloadAt.get(m, h) - CoalescedFrame.layer3At.get(m, h);
    const bytes = (MOST_BYTES - headers - CoalescedFrame.total.get(m, h)) | 0;
    return Math.min((bytes / payload) | 0, (this.#mostParts - CoalescedFrame.totalParts.get(m, h)) | 0);
  }

  /**
   * Notes the next frame of the pass, and chains it if it goes on with another one.
   *
   * @param number - of its record
   * @param first - index of its first descriptor
   * @param layout - stands at it
   * @param enabled - `ReceiveSwitch` bits
   */
  add(number: number, first: number, layout: FrameLayout, enabled: number): void {
    const r = this.record(number);
    const segment = this.#segment;
    const d = (this.#base + ((first & this.#mask) << 3)) | 0;
    this.note(number, first, layout.reader.parts);
    segment.read(layout, d, enabled);
    if (segment.kind === SegmentKind.Other) {
      // A fragment, or an unreadable header: it may be of any flow, and nothing may overtake it.
      if (layout.layer3Type !== Layer3Type.Unspecified && layout.layer4Type !== Layer4Type.IPNotFragment) this.reset();
      return;
    }
    const bucket = (this.#buckets + (segment.flow & (BUCKETS - 1))) | 0;
    const h = this.#find(m[bucket]! | 0, layout, d);
    const joined = h !== 0 && this.#join(h, r, layout, enabled);
    if (!joined && segment.kind === SegmentKind.Candidate) this.#openChain(r, bucket, enabled);
    const chain = joined ? h : r;
    if (CoalescedFrame.open.get(m, chain) === 0 && !joined) return;
    // Two of a chain in a row: there may be more. Where flows take turns nothing is expected, which would be for nothing.
    const forwarding = (enabled & ReceiveSwitch.Forwarding) !== 0;
    if (chain === this.#last) this.#successor.expect(chain, segment, layout, d, forwarding);
    else this.#successor.chain = 0;
    this.#last = chain;
  }

  /** @returns the record of the open chain of the segment's flow, 0 = there is none; `#head` stands at its first segment */
  #find(from: number, layout: FrameLayout, d: number): number {
    const { flow, tcp, ipv4, layer3At } = this.#segment;
    const tag = FrameDescriptor.layer4AndChecksum.get(m, d) & TAG_BITS;
    for (let h = from; h !== 0; h = CoalescedFrame.bucketNext.get(m, h) | 0) {
      if (CoalescedFrame.open.get(m, h) === 0 || (CoalescedFrame.flow.get(m, h) | 0) !== flow) continue;
      if ((CoalescedFrame.tcp.get(m, h) !== 0) !== tcp || (CoalescedFrame.ipv4.get(m, h) !== 0) !== ipv4) continue;
      if ((CoalescedFrame.layer3At.get(m, h) | 0) !== layer3At) continue;
      const first = CoalescedFrame.first.get(m, h) | 0;
      const hd = (this.#base + ((first & this.#mask) << 3)) | 0;
      if ((FrameDescriptor.layer4AndChecksum.get(m, hd) & TAG_BITS) !== tag) continue;
      this.#head.open(this.#base, this.#mask, first);
      if (this.#sameFlow(layout, CoalescedFrame.layer4At.get(m, h) | 0)) return h;
    }
    return 0;
  }

  /** Link headers with their tags, addresses, and ports. */
  #sameFlow(layout: FrameLayout, headLayer4At: number): boolean {
    const { layer3At, layer4At, ipv4 } = this.#segment;
    const { reader } = layout;
    const addresses = layer3At + (ipv4 ? 12 : 8);
    return (
      this.#head.word(headLayer4At) === reader.word(layer4At) &&
      this.#equal(layout, 0, layer3At) &&
      this.#equal(layout, addresses, addresses + (ipv4 ? 8 : 32))
    );
  }

  /** Whether the bytes from `from` to `end` are those of the chain's first segment. */
  #equal(layout: FrameLayout, from: number, end: number): boolean {
    const { reader } = layout;
    let at = from | 0;
    for (; at + 4 <= end; at = (at + 4) | 0) if (this.#head.word(at) !== reader.word(at)) return false;
    for (; at < end; at = (at + 1) | 0) if (this.#head.byte(at) !== reader.byte(at)) return false;
    return true;
  }

  /**
   * Chains the segment, or closes the chain.
   *
   * @returns whether it was chained
   */
  #join(h: number, r: number, layout: FrameLayout, enabled: number): boolean {
    const segment = this.#segment;
    const joins = segment.kind === SegmentKind.Candidate && this.#follows(h, layout, enabled);
    const total = CoalescedFrame.total.get(m, h) + segment.payload;
    const parts = CoalescedFrame.totalParts.get(m, h) + layout.reader.parts;
    const full = total + segment.payloadAt - segment.layer3At > MOST_BYTES || parts > this.#mostParts;
    if (!joins || full) {
      CoalescedFrame.open.set(m, h, 0);
      if (!joins) this.counters.aborts++;
      return false;
    }
    this.#append(h, r, layout);
    CoalescedFrame.total.set(m, h, total);
    CoalescedFrame.totalParts.set(m, h, parts);
    if ((enabled & ReceiveSwitch.Forwarding) === 0 && segment.tcp) return true;
    // Segments of one size, and a shorter one to end with; what was pushed ends, too.
    if (segment.push || segment.payload < CoalescedFrame.payload.get(m, h)) CoalescedFrame.open.set(m, h, 0);
    return true;
  }

  #follows(h: number, layout: FrameLayout, enabled: number): boolean {
    const segment = this.#segment;
    const { reader } = layout;
    const at = segment.layer3At;
    const head = this.#head;
    if (segment.payloadAt !== CoalescedFrame.payloadAt.get(m, h)) return false;
    const forwarding = (enabled & ReceiveSwitch.Forwarding) !== 0;
    if (segment.ipv4) {
      const alike =
        head.byte(at + 1) === reader.byte(at + 1) && // service and congestion
        head.half(at + 6) === reader.half(at + 6) && // may not be fragmented
        head.byte(at + 8) === reader.byte(at + 8); // time to live
      if (!alike) return false;
      const expected = CoalescedFrame.identification.get(m, h) + CoalescedFrame.count.get(m, h);
      if (forwarding && segment.identification !== (expected & 0xffff)) return false;
    } else if (head.word(at) !== reader.word(at) || head.byte(at + 7) !== reader.byte(at + 7)) return false;
    if (segment.tcp) return this.#followsTcp(h, layout, forwarding);
    const unsummed = CoalescedFrame.unsummed.get(m, h) !== 0;
    return segment.unsummed === unsummed && segment.payload <= CoalescedFrame.payload.get(m, h);
  }

  #followsTcp(h: number, layout: FrameLayout, forwarding: boolean): boolean {
    const segment = this.#segment;
    const { layer4At, payloadAt, timestampAt } = segment;
    if (segment.sequence !== (CoalescedFrame.nextSequence.get(m, h) | 0)) return false;
    if (timestampAt !== CoalescedFrame.timestampAt.get(m, h)) return false;
    const optionsEnd = timestampAt === 0 ? payloadAt : timestampAt + 2;
    if (!this.#equal(layout, layer4At + 20, optionsEnd)) return false;
    if (timestampAt !== 0 && !this.#equal(layout, timestampAt + 10, payloadAt)) return false;
    // Differences of numbers that wrap around: negative = it is from before.
    const newer = (segment.timestamp - CoalescedFrame.timestamp.get(m, h)) | 0;
    const echoNewer = (segment.echo - CoalescedFrame.echo.get(m, h)) | 0;
    const advance = (segment.acknowledgement - CoalescedFrame.acknowledgement.get(m, h)) | 0;
    const sameWindow = segment.window === CoalescedFrame.window.get(m, h);
    if (forwarding) {
      const same = advance === 0 && sameWindow && (timestampAt === 0 || (newer === 0 && echoNewer === 0));
      return same && segment.payload <= CoalescedFrame.payload.get(m, h);
    }
    if (timestampAt !== 0 && (newer < 0 || echoNewer < 0)) return false;
    if (advance > 0) return CoalescedFrame.duplicates.get(m, h) === 0;
    if (advance < 0) return false;
    // The same acknowledgement without data again is a duplicate, which only others without data can stand for.
    return segment.payload > 0 || (CoalescedFrame.total.get(m, h) === 0 && sameWindow);
  }

  #append(h: number, r: number, layout: FrameLayout): void {
    const { layer4At, payloadAt, payload, tcp, ipv4, unsummed } = this.#segment;
    CoalescedFrame.behind.set(m, r, 1);
    const sum = unsummed ? 0 : payloadSum(layout.reader, layer4At, payloadAt - layer4At, payload, tcp, ipv4);
    // Behind an odd number of bytes, those of each word change places.
    const placed = (CoalescedFrame.total.get(m, h) & 1) === 0 ? sum : ((sum & 255) << 8) | (sum >>> 8);
    this.#chain(h, r, 1, payload, payloadAt, placed);
    if (tcp) this.#appendTcp(h);
  }

  /** Puts a record of some segments behind the last of a chain. */
  #chain(h: number, r: number, segments: number, payload: number, payloadAt: number, sum: number): void {
    const count = CoalescedFrame.count.get(m, h) | 0;
    CoalescedFrame.next.set(m, CoalescedFrame.tail.get(m, h) | 0, r);
    CoalescedFrame.tail.set(m, h, r);
    CoalescedFrame.payload.set(m, r, payload);
    CoalescedFrame.payloadAt.set(m, r, payloadAt);
    CoalescedFrame.count.set(m, h, count + segments);
    CoalescedFrame.payloadSum.set(m, h, foldSum(CoalescedFrame.payloadSum.get(m, h) + sum));
    this.counters.segments += count === 1 ? segments + 1 : segments;
    this.counters.bytes += Math.imul(segments, payload) + (count === 1 ? CoalescedFrame.total.get(m, h) : 0);
    if (count === 1) this.counters.events++;
  }

  #appendTcp(h: number): void {
    const segment = this.#segment;
    const same = segment.acknowledgement === (CoalescedFrame.acknowledgement.get(m, h) | 0);
    if (segment.payload === 0 && same) CoalescedFrame.duplicates.set(m, h, CoalescedFrame.duplicates.get(m, h) + 1);
    CoalescedFrame.nextSequence.set(m, h, (segment.sequence + segment.payload) | 0);
    CoalescedFrame.acknowledgement.set(m, h, segment.acknowledgement);
    CoalescedFrame.window.set(m, h, segment.window);
    CoalescedFrame.timestamp.set(m, h, segment.timestamp);
    CoalescedFrame.echo.set(m, h, segment.echo);
    if (segment.push) CoalescedFrame.push.set(m, h, 1);
  }

  #openChain(r: number, bucket: number, enabled: number): void {
    const segment = this.#segment;
    // One that would end its own chain needs none.
    if (segment.tcp && segment.push && (enabled & ReceiveSwitch.Forwarding) !== 0) return;
    CoalescedFrame.open.set(m, r, 1);
    CoalescedFrame.tcp.set(m, r, segment.tcp ? 1 : 0);
    CoalescedFrame.ipv4.set(m, r, segment.ipv4 ? 1 : 0);
    CoalescedFrame.push.set(m, r, segment.push && segment.tcp ? 1 : 0);
    CoalescedFrame.unsummed.set(m, r, segment.unsummed && !segment.tcp ? 1 : 0);
    CoalescedFrame.flow.set(m, r, segment.flow);
    CoalescedFrame.layer3At.set(m, r, segment.layer3At);
    CoalescedFrame.layer4At.set(m, r, segment.layer4At);
    CoalescedFrame.payloadAt.set(m, r, segment.payloadAt);
    CoalescedFrame.payload.set(m, r, segment.payload);
    CoalescedFrame.total.set(m, r, segment.payload);
    CoalescedFrame.totalParts.set(m, r, CoalescedFrame.parts.get(m, r));
    CoalescedFrame.count.set(m, r, 1);
    CoalescedFrame.duplicates.set(m, r, 0);
    CoalescedFrame.payloadSum.set(m, r, 0);
    CoalescedFrame.tail.set(m, r, r);
    CoalescedFrame.nextSequence.set(m, r, (segment.sequence + segment.payload) | 0);
    CoalescedFrame.acknowledgement.set(m, r, segment.acknowledgement);
    CoalescedFrame.window.set(m, r, segment.window);
    CoalescedFrame.timestampAt.set(m, r, segment.timestampAt);
    CoalescedFrame.firstTimestamp.set(m, r, segment.timestamp);
    CoalescedFrame.timestamp.set(m, r, segment.timestamp);
    CoalescedFrame.echo.set(m, r, segment.echo);
    CoalescedFrame.identification.set(m, r, segment.identification);
    CoalescedFrame.bucketNext.set(m, r, m[bucket]! | 0);
    m[bucket] = r;
    this.#open = true;
  }
}
