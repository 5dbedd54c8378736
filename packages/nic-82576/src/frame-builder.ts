/*
 * Makes frames of descriptors that are not simply one plain buffer in plain sight: contexts, several buffers, legacy
 * descriptors, checksums, tags, segmentation, time stamps. One call makes at most one frame, so that the engine counts and
 * sends them all alike; a packet that leaves in segments takes a call for each. Follows nic-82576 reference §3.
 *
 * @hot
 */

import * as memory from '@netcx/dma/memory';
import * as wire from '@netcx/hardware/wire';
import * as checksums from './checksum.ts';
import * as crcs from './crc.ts';
import type { EngineParts } from './engine.ts';
import * as registers from './registers/index.ts';
import * as segmenting from './segmentation.ts';
import type { TxRing } from './tx-ring.ts';
import * as tags from './vlan-tag.ts';

const { i32: m } = memory;
const { i32: w, u8: w8, copyWithinWire, Frame, FRAME_BAD_FCS, FRAME_HEADER_BYTES } = wire;
const { insertChecksums, insertLegacyChecksum } = checksums;
const { crc32 } = crcs;
const { completeSegment, headerBytes } = segmenting;
const { insertTag } = tags;
const {
  DESCRIPTOR_BYTES,
  FCS_BYTES,
  MAXIMUM_FRAME,
  REGISTERS,
  TX_COMMAND,
  TX_CONTEXTS,
  TX_DESCRIPTOR_TYPE_MASK,
  TX_STATUS,
  TxContext,
  TxData,
  TxLegacy,
  TxWriteBack,
  VLAN_TAG_BYTES,
} = registers;
const { CTRL, CTRL_EXT, HTDPMC, ICR, VET } = REGISTERS;

/** Longest frame that leaves, without frame check sequence. */
const LONGEST = MAXIMUM_FRAME - FCS_BYTES;
/** The same, for others. */
export const LONGEST_FRAME = LONGEST;

/** Instead of an index: the rest of the frame is not posted yet. */
const UNFINISHED = -1;

const EOP = TX_COMMAND.EOP | 0;
const RS = TX_COMMAND.RS | 0;
const DEXT = TX_COMMAND.DEXT | 0;
const OFFLOADS = TX_STATUS.IXSM | TX_STATUS.TXSM;
/** Commands that have the chip change the frame: its check sequence is then the chip's too, whatever IFCS says. */
const CHANGES = TX_COMMAND.VLE | TX_COMMAND.TSE | 0;
const CONTEXT_WORDS = DESCRIPTOR_BYTES / 4;

/** Makes the frames of all transmit queues. */
export class FrameBuilder {
  /** Bytes of device memory that the last call filled, header and padding included; 0 when it made no frame. */
  written = 0;
  /** The frame's bytes. */
  bytes = 0;
  /** Whether a descriptor that is done asked for a report: 1 or 0. */
  reported = 0;
  /** Frames given up because they ask for what is not modelled: IPsec, or a kind of descriptor that this chip lacks. */
  unsupported = 0;
  /** Frames given up because descriptors and context contradict each other. */
  contradictory = 0;
  readonly #parts: EngineParts;

  /**
   * @param parts - what the engine works with
   */
  constructor(parts: EngineParts) {
    this.#parts = parts;
  }

  /**
   * Handles a context descriptor, or the descriptors of one frame, or one segment of a packet.
   *
   * @param queue - whose
   * @param ring - word index of its descriptor 0, for this burst
   * @param head - index of the first descriptor
   * @param at - byte offset in device memory of room for the longest frame
   * @param shortest - bytes to which frames are padded; 1 for none
   * @returns the head behind what is done; the same head when the packet has more segments; -1 when the frame's last
   * descriptor is not posted yet
   */
  next(queue: TxRing, ring: number, head: number, at: number, shortest: number): number {
    this.written = 0;
    this.reported = 0;
    if (queue.segmentation.active) return this.#segment(queue, ring, at, shortest);
    const first = ring + (head << 2);
    const command = TxData.command.get(m, first) | 0;
    if (isContext(command)) {
      const slot = TxContext.idx.get(m, first) % TX_CONTEXTS;
      for (let word = 0; word < CONTEXT_WORDS; word++)
        w[queue.contexts + slot * CONTEXT_WORDS + word] = m[first + word]!;
      const end = head + 1 === queue.count ? 0 : head + 1;
      this.#report(queue, ring, head, end);
      return end;
    }
    const end = this.#endOfFrame(queue, ring, head);
    if (end < 0) return UNFINISHED;
    const advanced = (command & DEXT) !== 0;
    if (
      advanced &&
      ((command & TX_DESCRIPTOR_TYPE_MASK) !== TX_COMMAND.DTYP_DATA || TxData.ipsec.get(m, first) === 1)
    ) {
      this.unsupported++;
    } else if (advanced && (command & TX_COMMAND.TSE) !== 0) {
      if (this.#begin(queue, ring, head, end)) return this.#segment(queue, ring, at, shortest);
    } else {
      this.#single(queue, ring, head, end, at, shortest);
    }
    this.#report(queue, ring, head, end);
    return end;
  }

  /**
   * The index behind the descriptor with EOP; -1 when it is not posted yet. A context in the middle of a frame ends it
   * too: there is no frame then.
   */
  #endOfFrame(queue: TxRing, ring: number, head: number): number {
    const { count, tail } = queue;
    let index = head;
    while (index !== tail) {
      const command = TxData.command.get(m, ring + (index << 2)) | 0;
      if (isContext(command)) return index;
      index = index + 1 === count ? 0 : index + 1;
      if ((command & EOP) !== 0) return index;
    }
    return UNFINISHED;
  }

  /** The sum of the buffers' lengths; -1 when a context stands where the frame's end should. */
  #lengthOf(queue: TxRing, ring: number, head: number, end: number): number {
    const { count } = queue;
    let length = 0;
    let last = head;
    for (let index = head; index !== end; index = index + 1 === count ? 0 : index + 1) {
      length += TxData.dtalen.get(m, ring + (index << 2));
      last = index;
    }
    return TxData.eop.get(m, ring + (last << 2)) === 1 ? length : -1;
  }

  /**
   * @param queue - one that is segmenting a packet
   * @param ring - word index of its descriptor 0, for this burst
   * @returns whether a tag goes into each segment
   */
  tags(queue: TxRing, ring: number): boolean {
    return this.#tagged(TxData.command.get(m, ring + (queue.segmentation.head << 2)) | 0);
  }

  /** A frame that leaves as one. */
  #single(queue: TxRing, ring: number, head: number, end: number, at: number, shortest: number): void {
    const { dma } = this.#parts;
    const first = ring + (head << 2);
    const last = ring + ((end === 0 ? queue.count : end) - 1) * CONTEXT_WORDS;
    const advanced = TxData.dext.get(m, first) === 1;
    // A legacy frame's commands stand in its last descriptor, an advanced one's in its first.
    const command = TxData.command.get(m, advanced ? first : last) | 0;
    const wanted = advanced ? TxData.status.get(m, first) & OFFLOADS : 0;
    const summed = !advanced && TxLegacy.ic.get(m, last) === 1;
    const context = queue.contexts + (TxData.idx.get(m, first) % TX_CONTEXTS) * CONTEXT_WORDS;
    const tagged = this.#tagged(command);
    const ownFcs = (command & (TX_COMMAND.IFCS | CHANGES)) === 0 && wanted === 0 && !summed;
    const data = at + FRAME_HEADER_BYTES + (tagged ? VLAN_TAG_BYTES : 0);
    let length = this.#lengthOf(queue, ring, head, end);
    if (length < 0) {
      this.#contradict();
      return;
    }
    if (length > LONGEST - (tagged ? VLAN_TAG_BYTES : 0) + (ownFcs ? FCS_BYTES : 0)) {
      this.#parts.registers.add(HTDPMC, 1);
      return;
    }
    const { cursor } = queue.segmentation;
    cursor.begin(head, end);
    if (!cursor.read(dma, ring, queue.count, length, data)) return; // a master abort, counted by the port
    if (ownFcs) length -= FCS_BYTES;
    if (length <= 0) return; // nothing at all is no frame
    const status = ownFcs && !endsWithFcs(data, length) ? FRAME_BAD_FCS : 0;
    if (wanted !== 0) insertChecksums(data, length, wanted, context);
    if (summed) insertLegacyChecksum(data, length, TxLegacy.css.get(m, first), TxLegacy.cso.get(m, first));
    if (tagged)
      length = this.#tag(data, length, advanced ? TxContext.vlanTag.get(w, context) : TxLegacy.vlanTag.get(m, last));
    if (advanced && (command & TX_COMMAND.MAC_TIMESTAMP) !== 0) this.#parts.timestamps.sent();
    this.#complete(at, length, ownFcs ? 1 : shortest, status);
  }

  /** Takes up a packet that is to leave in segments; false when that cannot be: there is nothing to send then. */
  #begin(queue: TxRing, ring: number, head: number, end: number): boolean {
    const { segmentation: run } = queue;
    const first = ring + (head << 2);
    const context = this.#contextOf(queue, first);
    const header = headerBytes(context);
    const payload = TxData.paylen.get(m, first);
    const size = TxContext.mss.get(w, context);
    const tag = this.#tagged(TxData.command.get(m, first) | 0) ? VLAN_TAG_BYTES : 0;
    const longest = header + Math.min(size, payload) + tag;
    if (header < 0 || this.#lengthOf(queue, ring, head, end) !== header + payload || longest > LONGEST) {
      this.#contradict();
      return false;
    }
    run.cursor.begin(head, end);
    if (!run.cursor.read(this.#parts.dma, ring, queue.count, header, queue.header)) return false;
    run.active = true;
    run.head = head;
    run.end = end;
    run.header = header;
    run.payload = payload;
    run.sent = 0;
    run.size = size;
    run.segments = 0;
    return true;
  }

  /** Makes the next segment of a packet, and ends the packet with its last one. */
  #segment(queue: TxRing, ring: number, at: number, shortest: number): number {
    const { segmentation: run } = queue;
    const { dma, statistics, timestamps } = this.#parts;
    const first = ring + (run.head << 2);
    const command = TxData.command.get(m, first) | 0;
    const context = this.#contextOf(queue, first);
    const tagged = this.#tagged(command);
    const data = at + FRAME_HEADER_BYTES + (tagged ? VLAN_TAG_BYTES : 0);
    const part = Math.min(run.size, run.payload - run.sent);
    const reached = run.cursor.read(dma, ring, queue.count, part, data + run.header);
    if (reached) {
      copyWithinWire(data, queue.header, run.header);
      const length = run.header + part;
      completeSegment(data, length, context, TxData.status.get(m, first), run);
      if (run.segments === 0 && (command & TX_COMMAND.MAC_TIMESTAMP) !== 0) timestamps.sent();
      const total = tagged ? this.#tag(data, length, TxContext.vlanTag.get(w, context)) : length;
      this.#complete(at, total, shortest, 0);
      run.sent += part;
      run.segments++;
      if (run.sent < run.payload) return run.head;
      statistics.TSCTC += 1;
    }
    // Done, or a master abort in the middle: what has left has left, the rest never will.
    run.active = false;
    this.#report(queue, ring, run.head, run.end);
    return run.end;
  }

  /** Pads a frame and fills in what stands in front of it. */
  #complete(at: number, length: number, shortest: number, status: number): void {
    const padded = Math.max(length, shortest);
    if (padded > length) w8.fill(0, at + FRAME_HEADER_BYTES + length, at + FRAME_HEADER_BYTES + padded);
    Frame.length.set(w, at >> 2, padded);
    Frame.status.set(w, at >> 2, status);
    this.bytes = padded;
    this.written = FRAME_HEADER_BYTES + ((padded + 7) & ~7);
  }

  #contextOf(queue: TxRing, first: number): number {
    return queue.contexts + (TxData.idx.get(m, first) % TX_CONTEXTS) * CONTEXT_WORDS;
  }

  /** Whether a frame gets a tag: its descriptor asks, and the MAC is told to handle tags. */
  #tagged(command: number): boolean {
    return (command & TX_COMMAND.VLE) !== 0 && CTRL.VME.get(this.#parts.registers.get(CTRL)) === 1;
  }

  #tag(data: number, length: number, tag: number): number {
    const { registers: file } = this.#parts;
    const types = file.get(VET);
    const doubled = CTRL_EXT.EXTENDED_VLAN.get(file.get(CTRL_EXT)) === 1;
    return insertTag(data, length, VET.VET.get(types), tag, doubled ? VET.VET_EXT.get(types) : -1);
  }

  /** Descriptors that make no sense together: silicon's DMA falls out of step, and says so. */
  #contradict(): void {
    this.contradictory++;
    this.#parts.interrupts.otherCause(ICR.DOUTSYNC.mask);
  }

  /** Writes back the descriptors of a frame that ask for it. */
  #report(queue: TxRing, ring: number, head: number, end: number): void {
    for (let index = head; index !== end; index = index + 1 === queue.count ? 0 : index + 1) {
      const d = ring + (index << 2);
      if ((TxData.command.get(m, d) & RS) === 0) continue;
      if (!queue.quiet) TxWriteBack.dd.set(m, d, 1);
      this.reported = 1;
    }
  }
}

const isContext = (command: number): boolean =>
  (command & (DEXT | TX_DESCRIPTOR_TYPE_MASK)) === (DEXT | TX_COMMAND.DTYP_CONTEXT);

/** Whether the driver's own frame check sequence behind a frame is right. */
function endsWithFcs(data: number, length: number): boolean {
  const fcs = crc32(data, length);
  for (let byte = 0; byte < FCS_BYTES; byte++) {
    if (w8[data + length + byte] !== ((fcs >>> (8 * byte)) & 255)) return false;
  }
  return true;
}
