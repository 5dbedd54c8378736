/*
 * Descriptors of packets that need more than one, or more than plain ones: several fragments or very long ones, checksums,
 * segmentation, a VLAN tag, a time stamp. Everything that the chip does to a frame stands in a context descriptor; slot 0 of
 * the queue's two is used, and rewritten only when it does not fit. Follows nic-82576 reference §3.
 */

import { i32 as m } from '@netcx/dma/memory';
import {
  Checksum,
  Gso,
  HardwareTimestamp,
  Ieee8021q,
  LogicalAddress,
  TxChecksumAction,
  TxTagging,
} from '@netcx/extensions';
import { TX_COMMAND, TX_L4_TYPE, TX_STATUS, TxContext, TxData } from '@netcx/nic-82576/registers';
import { Fragment, Layer3Type, Layer4Type, Packet, type Ring } from '@netcx/rings';
import type { HardwareClock } from './timestamp.ts';

/** Every data descriptor: advanced, with a frame check sequence from the chip. */
const DATA = TX_COMMAND.DTYP_DATA | TX_COMMAND.DEXT | TX_COMMAND.IFCS | 0;
/** The last one of a frame: the chip reports when it is done. */
const LAST = TX_COMMAND.EOP | TX_COMMAND.RS | 0;
const CONTEXT = TX_COMMAND.DTYP_CONTEXT | TX_COMMAND.DEXT;
/** Where fields begin in their words. */
const PAYLEN = TxData.paylen.location.low;
const MACLEN = TxContext.maclen.location.low;
const TAG = TxContext.vlanTag.location.low;
const IPV4 = TxContext.ipv4.location.low;
const L4T = TxContext.l4t.location.low;
const L4LEN = TxContext.l4len.location.low;
const MSS = TxContext.mss.location.low;
/** Bytes that one descriptor points to at most: half of what its length can say, as in Linux's driver. */
const LONGEST_PIECE = 0x8000;
const PRIORITY_SHIFT = 13;

/** Where a packet's or a fragment's extensions lie, in bytes; 0 = the queue does not have it. */
export interface TxExtensions {
  readonly checksum: number;
  readonly gso: number;
  readonly tag: number;
  readonly timestamp: number;
  readonly logical: number;
}

/** Writes the descriptors of one transmit queue's packets, but for the plainest. */
export class PacketWriter {
  /** Context descriptors written. */
  contexts = 0;
  /** Packets that were left to the chip to segment. */
  segmented = 0;
  /** Word index of the packet whose stamp is awaited; -1 = none. */
  stamped = -1;
  /**
   * What another packet must say of its layout and its checksums, if the chip's context shall fit it as it fitted the last
   * one that asked for nothing else; and the TX_STATUS bits that such packets take. Checksums of 0: there is none.
   */
  likeLow = 0;
  likeHigh = 0;
  likeSums = 0;
  likeStatus = 0;
  readonly #fragments: Ring;
  readonly #offsets: TxExtensions;
  readonly #clock: HardwareClock | undefined;
  /** The words of the context in the chip; a command of 0 is no context. */
  #lengths = 0;
  #command = 0;
  #layout = 0;
  /** Those of the context that the packet at hand needs. */
  #wantedLengths = 0;
  #wantedCommand = 0;
  #wantedLayout = 0;

  /**
   * @param fragments - the queue's fragment ring
   * @param offsets - of its extensions
   * @param clock - stamps frames; `undefined` when nobody wants that
   */
  constructor(fragments: Ring, offsets: TxExtensions, clock: HardwareClock | undefined) {
    this.#fragments = fragments;
    this.#offsets = offsets;
    this.#clock = offsets.timestamp === 0 ? undefined : clock;
  }

  /** The chip was reset: it has no context. */
  forget(): void {
    this.#command = this.likeSums = 0;
    this.stamped = -1;
  }

  /**
   * @param p - word index of the packet
   * @param ring - word index of descriptor 0
   * @param tail - where the first descriptor goes
   * @param mask - of the descriptors' indices
   * @param free - descriptors that may be written
   * @returns how many descriptors the packet took, 0 for one that is to be ignored; -1 when there is no room for all of
   * them, and none is in the ring then
   */
  write(p: number, ring: number, tail: number, mask: number, free: number): number {
    const count = Packet.fragmentCount.get(m, p);
    if (count === 0 || Packet.ignore.get(m, p) === 1) return 0;
    const first = Packet.fragmentIndex.get(m, p);
    let total = 0;
    let pieces = 0;
    for (let part = 0; part < count; part++) {
      const length = Fragment.validLength.get(m, this.#fragments.at(first + part));
      total += length;
      pieces += Math.max(1, Math.ceil(length / LONGEST_PIECE));
    }
    const segment = this.#offsets.gso === 0 ? 0 : Gso.mss.get(m, p, this.#offsets.gso);
    const tagging = this.#offsets.tag === 0 ? 0 : Ieee8021q.txTagging.get(m, p, this.#offsets.tag);
    const sums = this.#sums(p, segment);
    const fits = sums + segment + tagging === 0 || this.#fits(p, segment, tagging);
    if (pieces + (fits ? 0 : 1) > free) return -1;
    let index = tail;
    if (!fits) {
      this.#writeContext(ring + (index << 2));
      index = (index + 1) & mask;
    }
    let command = DATA | (segment === 0 ? 0 : TX_COMMAND.TSE) | (tagging === 0 ? 0 : TX_COMMAND.VLE) | 0;
    if (segment > 0) {
      this.segmented++;
      total -= headerLength(p);
    }
    if (this.#offsets.timestamp !== 0) {
      HardwareTimestamp.time.set(m, p, this.#offsets.timestamp, 0);
      if (this.#clock?.claimTransmit() === true) {
        this.stamped = p;
        command |= TX_COMMAND.MAC_TIMESTAMP;
      }
    }
    const status = (total << PAYLEN) | sums;
    for (let part = 0; part < count; part++)
      index = this.#writeFragment(
        this.#fragments.at(first + part),
        ring,
        index,
        mask,
        part === count - 1 ? command | LAST : command,
        status,
      );
    if ((segment | tagging) === 0 && this.#offsets.checksum !== 0) this.#liken(p, sums);
    return (index - tail) & mask;
  }

  /** Others like this packet need no closer look, as long as the context stays. */
  #liken(p: number, sums: number): void {
    this.likeLow = Packet.countAndLayoutLow.get(m, p) | 0;
    this.likeHigh = Packet.layoutHigh.get(m, p) | 0;
    this.likeSums = Checksum.whole.get(m, p, this.#offsets.checksum);
    this.likeStatus = sums;
  }

  /** The descriptors of one fragment; only the last of them may end the frame. */
  #writeFragment(f: number, ring: number, from: number, mask: number, command: number, status: number): number {
    const { logical } = this.#offsets;
    const length = Fragment.validLength.get(m, f);
    const low = LogicalAddress.address.low.get(m, f, logical) + Fragment.offset.get(m, f);
    const high = LogicalAddress.address.high.get(m, f, logical);
    let index = from;
    let done = 0;
    do {
      const d = ring + (index << 2);
      const piece = Math.min(length - done, LONGEST_PIECE);
      // Memory that is mapped or handed out as one never crosses 4 GiB: the high word is the same throughout.
      TxData.bufferAddress.low.set(m, d, low + done);
      TxData.bufferAddress.high.set(m, d, high);
      TxData.command.set(m, d, (done + piece === length ? command : command & ~LAST) | piece);
      TxData.status.set(m, d, status);
      index = (index + 1) & mask;
      done += piece;
    } while (done < length);
    return index;
  }

  /** The TX_STATUS bits that ask the chip for what the packet requires. */
  #sums(p: number, segment: number): number {
    // Whatever else a packet asks for, its segments' checksums are the chip's.
    if (segment > 0) return TX_STATUS.TXSM | (isIpv4(p) ? TX_STATUS.IXSM : 0);
    const { checksum } = this.#offsets;
    if (checksum === 0) return 0;
    // Over IPv6 there is none to insert: the chip would write into an address.
    const wanted = Checksum.layer3.get(m, p, checksum) === TxChecksumAction.Required;
    const layer3 = wanted && isIpv4(p) ? TX_STATUS.IXSM : 0;
    return layer3 | (Checksum.layer4.get(m, p, checksum) === TxChecksumAction.Required ? TX_STATUS.TXSM : 0);
  }

  /** Whether the chip's context fits the packet; the one that would is noted. */
  #fits(p: number, segment: number, tagging: number): boolean {
    const headers = (Packet.layer2HeaderLength.get(m, p) << MACLEN) | Packet.layer3HeaderLength.get(m, p);
    const type = Packet.layer4Type.get(m, p) === Layer4Type.Tcp ? TX_L4_TYPE.TCP : TX_L4_TYPE.UDP;
    this.#wantedLengths = headers | (this.#tagOf(p, tagging) << TAG);
    this.#wantedCommand = CONTEXT | (isIpv4(p) ? 1 << IPV4 : 0) | (type << L4T);
    this.#wantedLayout = segment === 0 ? 0 : (Packet.layer4HeaderLength.get(m, p) << L4LEN) | (segment << MSS);
    return (
      this.#wantedLengths === this.#lengths &&
      this.#wantedCommand === this.#command &&
      this.#wantedLayout === this.#layout
    );
  }

  /** The tag that the chip shall insert: priority and VLAN as they stand on the wire. */
  #tagOf(p: number, tagging: number): number {
    const { tag } = this.#offsets;
    const priority = (tagging & TxTagging.PriorityRequired) === 0 ? 0 : Ieee8021q.priorityCodePoint.get(m, p, tag);
    const vlan = (tagging & TxTagging.VlanRequired) === 0 ? 0 : Ieee8021q.vlanIdentifier.get(m, p, tag);
    return (priority << PRIORITY_SHIFT) | vlan;
  }

  #writeContext(d: number): void {
    this.contexts++;
    this.likeSums = 0;
    this.#lengths = this.#wantedLengths;
    this.#command = this.#wantedCommand;
    this.#layout = this.#wantedLayout;
    TxContext.lengths.set(m, d, this.#lengths);
    TxContext.launchTime.set(m, d, 0);
    TxContext.command.set(m, d, this.#command);
    TxContext.layout.set(m, d, this.#layout);
  }

  /** The packet whose stamp was awaited has been sent: its extension says when. */
  takeStamp(): void {
    const time = this.#clock?.takeTransmit() ?? 0;
    HardwareTimestamp.time.set(m, this.stamped, this.#offsets.timestamp, time);
    this.stamped = -1;
  }
}

function isIpv4(p: number): boolean {
  const type = Packet.layer3Type.get(m, p);
  return type >= Layer3Type.IPv4UnspecifiedOptions && type <= Layer3Type.IPv4NoOptions;
}

/** Bytes in front of the payload that is cut into segments. */
const headerLength = (p: number): number =>
  Packet.layer2HeaderLength.get(m, p) + Packet.layer3HeaderLength.get(m, p) + Packet.layer4HeaderLength.get(m, p);
