/*
 * Looks at frames before they are written: may they pass, which queue are they for, and what will their descriptors say
 * (nic-82576 reference §4, §5). It only looks: a frame that has to wait is classified again when its turn comes, and
 * nothing is counted here.
 *
 * @hot
 */

import type { RegisterFile } from '@netcx/hardware';
import * as wire from '@netcx/hardware/wire';
import type { Filter } from './filter.ts';
import * as flows from './flow-row.ts';
import * as founds from './found-frame.ts';
import * as headersOfFrames from './headers.ts';
import * as sums from './internet-sum.ts';
import * as registers from './registers/index.ts';
import * as rsses from './rss.ts';
import * as checksums from './rx-checksum.ts';
import * as verdicts from './verdict.ts';

const { i32: w, allocateWire, Frame, FRAME_HEADER_BYTES, freeWire } = wire;
const { FLOW_KINDS, FlowKind, FlowRow } = flows;
const { FOUND_FRAMES, FOUND_WORDS, FoundFrame } = founds;
const { Headers } = headersOfFrames;
const { Rss } = rsses;
const { internetSum, word16 } = sums;
const { checkReceived, IP_CHECKED, L4_CHECKED } = checksums;
const { REGISTERS, RX_PACKET_TYPE, RX_STATUS, VLAN_TAG_BYTES } = registers;
const { errorsOf, FRAME_STAMPED, judge, UNWANTED } = verdicts;
const { ETQF, PSRTYPE, RCTL, RXCSUM, VET } = REGISTERS;

const { IPV4, IPV6, TCP, UDP } = RX_PACKET_TYPE;
const RECORD_BYTES = 4 * FOUND_FRAMES * FOUND_WORDS;
const NO_FILTER = -1;
const WHOLE = RX_STATUS.DD | RX_STATUS.EOP;
/** Ether types of the packets that a straight line may know. */
const KNOWN_TYPES: readonly number[] = [0x0800, 0x86dd];

/** Classifies frames, a few dozen at a time. */
export class Classifier {
  /** Word index of the records in device memory. */
  readonly records = allocateWire(RECORD_BYTES) >>> 2;
  /** Whether frames need to be looked at; without it they all go to queue 0, and their descriptors say nothing of them. */
  needed = false;
  readonly #registers: RegisterFile;
  readonly #filter: Filter;
  readonly #headers = new Headers();
  readonly #rss: InstanceType<typeof Rss>;
  #storeBad = false;
  /** The RX_STATUS bits of checksums that the driver asks for. */
  #checks = 0;
  #checksSctp = false;
  #showsHash = false;
  #splits = 0;
  #etherTypes = false;

  /**
   * @param file - the MAC's registers
   * @param filter - says which frames may pass
   */
  constructor(file: RegisterFile, filter: Filter) {
    this.#registers = file;
    this.#filter = filter;
    this.#rss = new Rss(file);
  }

  /** The registers have been reset. */
  reset(): void {
    this.#rss.reset();
    this.rebuild();
  }

  /** Reads the registers anew: they were written. */
  rebuild(): void {
    const file = this.#registers;
    const wanted = file.get(RXCSUM);
    this.#storeBad = RCTL.SBP.get(file.get(RCTL)) === 1;
    this.#checks =
      (RXCSUM.IPOFL.get(wanted) === 1 ? IP_CHECKED : 0) | (RXCSUM.TUOFL.get(wanted) === 1 ? L4_CHECKED : 0);
    this.#checksSctp = RXCSUM.CRCOFL.get(wanted) === 1;
    this.#showsHash = RXCSUM.PCSD.get(wanted) === 1;
    this.#splits = file.get(PSRTYPE);
    this.#etherTypes = false;
    for (let index = 0; index < ETQF.count; index++) {
      if (ETQF.FILTER_ENABLE.get(file.get(ETQF, index)) === 1) this.#etherTypes = true;
    }
    this.#rss.rebuild();
    const { strips, filters } = this.#filter.vlan;
    this.needed = this.#checks !== 0 || this.#checksSctp || this.#etherTypes || strips || filters || this.#rss.enabled;
  }

  /**
   * Tells the straight line what becomes of usual packets, by the registers as they are.
   *
   * @param row - byte offset of a `FlowRow` in device memory
   * @returns whether they are all alike for the chip: whether the line may be gone at all
   */
  describe(row: number): boolean {
    const file = this.#registers;
    const special = [VET.VET.get(file.get(VET)), VET.VET_EXT.get(file.get(VET))];
    for (let index = 0; index < ETQF.count; index++) {
      const entry = file.get(ETQF, index);
      if (ETQF.FILTER_ENABLE.get(entry) === 1) special.push(ETQF.ETYPE.get(entry));
    }
    FlowRow.queues.set(w, row >> 2, this.#rss.queues);
    this.#describeKind((row >> 2) + FLOW_KINDS.tcpIpv4, IPV4 | TCP);
    this.#describeKind((row >> 2) + FLOW_KINDS.udpIpv4, IPV4 | UDP);
    this.#describeKind((row >> 2) + FLOW_KINDS.tcpIpv6, IPV6 | TCP);
    this.#describeKind((row >> 2) + FLOW_KINDS.udpIpv6, IPV6 | UDP);
    return this.#showsHash && !special.some((type) => KNOWN_TYPES.includes(type));
  }

  #describeKind(kind: number, types: number): void {
    const rss = this.#rss;
    const type = rss.plainTypeOf(types);
    const layer3 = (types & IPV4) === 0 ? 0 : RX_STATUS.IPCS;
    const layer4 = RX_STATUS.L4CS | ((types & UDP) === 0 ? 0 : RX_STATUS.UDPCS | RX_STATUS.UDPV);
    FlowKind.status.set(w, kind, WHOLE | ((layer3 | layer4) & this.#checks));
    FlowKind.information.set(w, kind, (types << 4) | type);
    FlowKind.hashed.set(w, kind, rss.hashedBytes(type));
  }

  /** Byte offset in device memory of the tables of the hash, as they are now. */
  get hashes(): number {
    return this.#rss.enabled ? this.#rss.tables : 0;
  }

  /**
   * Fills the records.
   *
   * @param offset - byte offset of the first frame in device memory
   * @param frames - how many, up to FOUND_FRAMES
   * @returns byte offset behind the last
   */
  classify(offset: number, frames: number): number {
    const filter = this.#filter;
    const storeBad = this.#storeBad;
    let at = offset | 0;
    let record = this.records | 0;
    for (let left = frames | 0; left > 0; left--) {
      const length = Frame.length.get(w, at >> 2) | 0;
      const verdict = judge(filter, storeBad, at, length) | 0;
      FoundFrame.place.set(w, record, verdict << 8);
      FoundFrame.at.set(w, record, at);
      if (verdict < UNWANTED) this.#look(record, (at + FRAME_HEADER_BYTES) | 0, length, verdict);
      at = (at + FRAME_HEADER_BYTES + ((length + 7) & ~7)) | 0;
      record = (record + FOUND_WORDS) | 0;
    }
    return at;
  }

  /**
   * Fills the first record for a frame that nothing is to be found out about.
   *
   * @param at - byte offset of the frame's header in device memory
   * @param verdict - what `judge` said
   * @returns word index of the record
   */
  skip(at: number, verdict: number): number {
    const record = this.records;
    FoundFrame.information.set(w, record, 0);
    FoundFrame.hash.set(w, record, 0);
    FoundFrame.status.set(w, record, errorsOf(verdict));
    FoundFrame.tag.set(w, record, 0);
    FoundFrame.layout.set(w, record, 0);
    FoundFrame.at.set(w, record, at);
    return record;
  }

  /** Fills one record, except what says where the frame is. */
  #look(record: number, data: number, length: number, verdict: number): void {
    const headers = this.#headers;
    const { vlan } = this.#filter;
    const tag = vlan.tagOf(data, length);
    headers.parse(data, length, vlan.typeOf(data, length, tag));
    const strip = vlan.strips ? tag : 0;
    const stamped = Frame.status.get(w, (data - FRAME_HEADER_BYTES) >> 2) & FRAME_STAMPED;
    let status = errorsOf(verdict) | checkReceived(headers, this.#checks, this.#checksSctp);
    if (strip !== 0) status |= RX_STATUS.VP;
    if (stamped !== 0) status |= RX_STATUS.TS;
    let queue = 0;
    let rssType = 0;
    let hash = 0;
    if (this.#rss.enabled) {
      queue = this.#rss.choose(headers);
      rssType = this.#showsHash ? this.#rss.type : 0;
      hash = this.#rss.hash;
    }
    if (!this.#showsHash) {
      const ipv4 = (headers.types & IPV4) !== 0;
      hash = ipv4 ? word16(headers.network + 4) : 0;
      if (ipv4) status |= RX_STATUS.IPIDV;
      if (headers.fragment) hash |= internetSum(headers.transport, headers.end - headers.transport) << 16;
    }
    let type = headers.types;
    const filter = this.#etherTypes ? this.#etherTypeFilter(headers.etherType) : NO_FILTER;
    if (filter !== NO_FILTER) {
      type = RX_PACKET_TYPE.ETQF | filter;
      const entry = this.#registers.get(ETQF, filter);
      if (ETQF.QUEUE_ENABLE.get(entry) === 1) queue = ETQF.QUEUE.get(entry);
    }
    const header = this.#splits === 0 ? 0 : this.#headerEnd(data) - (strip === 0 ? 0 : VLAN_TAG_BYTES);
    FoundFrame.information.set(w, record, (type << 4) | rssType);
    FoundFrame.hash.set(w, record, hash);
    FoundFrame.status.set(w, record, status);
    FoundFrame.tag.set(w, record, strip === 0 ? 0 : word16(data + strip + 2) << 16);
    FoundFrame.place.set(w, record, (verdict << 8) | queue);
    FoundFrame.layout.set(w, record, (strip << 16) | (header < 0 ? 0 : header));
  }

  /** The filter for an Ether type; NO_FILTER when there is none. */
  #etherTypeFilter(etherType: number): number {
    for (let index = 0; index < ETQF.count; index++) {
      const entry = this.#registers.get(ETQF, index);
      if (ETQF.FILTER_ENABLE.get(entry) === 1 && ETQF.ETYPE.get(entry) === etherType) return index;
    }
    return NO_FILTER;
  }

  /** How far into the frame the headers reach, if PSRTYPE has headers of that kind split off; 0 otherwise. */
  #headerEnd(data: number): number {
    const { types, payload, transport } = this.#headers;
    const splits = this.#splits;
    if ((types & (IPV4 | IPV6)) === 0) return 0;
    const ipv4 = (types & IPV4) !== 0;
    if ((types & TCP) !== 0) {
      return (splits & (ipv4 ? PSRTYPE.IPV4_TCP : PSRTYPE.IPV6_TCP).mask) !== 0 ? payload - data : 0;
    }
    if ((types & UDP) !== 0) {
      return (splits & (ipv4 ? PSRTYPE.IPV4_UDP : PSRTYPE.IPV6_UDP).mask) !== 0 ? payload - data : 0;
    }
    return (splits & (ipv4 ? PSRTYPE.IPV4 : PSRTYPE.IPV6).mask) !== 0 ? transport - data : 0;
  }

  /** Gives the records' memory back. */
  close(): void {
    this.#rss.close();
    freeWire(this.records << 2, RECORD_BYTES);
  }
}
