/*
 * The receive side: takes frames off the link, filters them, writes them to host memory by DMA and the descriptors after
 * them. It works a burst at a time, straight from the link's memory; frames for which the driver has posted no descriptor
 * yet wait in the packet buffer, and only what does not fit there is missed. Follows nic-82576 reference §4 and §5.
 *
 * @hot
 */

import type { Alarm } from '@netcx/clock';
import * as memory from '@netcx/dma/memory';
import * as wire from '@netcx/hardware/wire';
import * as checksums from './checksum.ts';
import * as rings from './descriptor-ring.ts';
import type { EngineParts, QueueBank } from './engine.ts';
import * as tallies from './frame-tally.ts';
import * as buffers from './packet-buffer.ts';
import * as registers from './registers/index.ts';
import * as verdicts from './verdict.ts';

const { i32: m, u64: m64 } = memory;
const {
  i32: w,
  u64: w64,
  u8: w8,
  allocateWire,
  copyToHost,
  copyWithinWire,
  Frame,
  FRAME_HEADER_BYTES,
  freeWire,
} = wire;
const { checkReceived, crc32 } = checksums;
const { PacketBuffer } = buffers;
const { DescriptorRing } = rings;
const { clearTally, countReceived, tally } = tallies;
const { countOther, errorsOf, judge, SHORTEST, SOUND, UNWANTED } = verdicts;
const { FCS_BYTES, MAXIMUM_FRAME, REGISTERS, RX_STATUS, RxReadDescriptor, RxWriteBack } = registers;
const { ICR, RCTL, RDBAH, RDBAL, RDH, RDLEN, RDT, RQDPC, RXCSUM, RXDCTL, SRRCTL } = REGISTERS;

const DONE = RX_STATUS.DD | RX_STATUS.EOP;
/** What RXCSUM.IPOFL and RXCSUM.TUOFL ask for. */
const IP_CHECKED = RX_STATUS.IPCS | RX_STATUS.IPE;
const L4_CHECKED = RX_STATUS.L4CS | RX_STATUS.L4E | RX_STATUS.UDPCS | RX_STATUS.UDPV;

/** What `#deliverOther` returns instead of a head: the frame waits for descriptors, or is dropped. */
const WAITS = -1;
const DROPPED = -2;
/** Bytes of a receive buffer by RCTL.BSIZE, for a queue whose SRRCTL names no size. */
const LEGACY_SIZES = [2048, 1024, 512, 256] as const;

/** One receive queue. */
class RxRing extends DescriptorRing {
  /** Bytes of each buffer. */
  bufferBytes = 2048;
  /** Whether a frame without descriptor is dropped at once instead of waiting in the packet buffer. */
  dropEnabled = false;

  override reset(): void {
    super.reset();
    this.bufferBytes = 2048;
    this.dropEnabled = false;
  }
}

/** All receive queues of the chip, and its packet buffer. */
export class RxEngine {
  readonly #parts: EngineParts;
  readonly #queues: RxRing[] = [];
  readonly #alarm: Alarm;
  readonly #buffer = new PacketBuffer();
  /** Room for one frame with its check sequence. */
  readonly #scratch = allocateWire(MAXIMUM_FRAME);
  #enabled = false;
  #stripFcs = false;
  #storeBad = false;
  /** The RX_STATUS bits of checksums that the driver asks for. */
  #checksums = 0;

  /**
   * @param parts - what the engine works with
   * @param bank - how many queues there are
   */
  constructor(parts: EngineParts, bank: QueueBank) {
    this.#parts = parts;
    for (let index = 0; index < bank.count; index++) this.#queues.push(new RxRing());
    this.#alarm = parts.clock.alarm(() => {
      this.#drainBuffer();
    });
    this.#connect();
  }

  #connect(): void {
    const { registers: file } = this.#parts;
    const queue = (index: number): RxRing => this.#queues[index]!;
    file.onWrite(RDBAL, (value, index) => {
      queue(index).baseLow = value | 0;
    });
    file.onWrite(RDBAH, (value, index) => {
      queue(index).baseHigh = value | 0;
    });
    file.onWrite(RDLEN, (value, index) => {
      queue(index).setLength(value);
    });
    file.onRead(RDH, (index) => queue(index).head);
    file.onWrite(RDT, (value, index) => {
      queue(index).setTail(value & 0xffff);
      if (this.#buffer.frames > 0) this.#alarm.soon();
    });
    file.onWrite(SRRCTL, (value, index) => {
      this.#setBufferSize(queue(index), value);
      queue(index).dropEnabled = SRRCTL.DROP_EN.get(value) === 1;
    });
    file.onWrite(RXDCTL, (value, index) => {
      const enable = RXDCTL.ENABLE.get(value) === 1;
      if (enable && !queue(index).enabled) queue(index).head = 0;
      queue(index).enabled = enable;
      if (this.#buffer.frames > 0) this.#alarm.soon();
    });
  }

  #setBufferSize(queue: RxRing, srrctl: number): void {
    const kilobytes = SRRCTL.BSIZEPACKET.get(srrctl);
    const { registers: file } = this.#parts;
    queue.bufferBytes =
      kilobytes > 0 ? kilobytes * 1024 : LEGACY_SIZES[RCTL.BSIZE.get(file.get(RCTL)) as 0 | 1 | 2 | 3];
  }

  /** The registers have their reset values already: forget everything else. */
  reset(): void {
    this.#queues.forEach((queue, index) => {
      queue.reset();
      queue.enabled = RXDCTL.ENABLE.get(this.#parts.registers.get(RXDCTL, index)) === 1;
    });
    this.#buffer.clear();
    this.#alarm.cancel();
    this.refresh();
  }

  /** Something outside the queues' registers changed: take it over. */
  refresh(): void {
    const { registers: file } = this.#parts;
    const control = file.get(RCTL);
    this.#enabled = RCTL.EN.get(control) === 1;
    this.#stripFcs = RCTL.SECRC.get(control) === 1;
    this.#storeBad = RCTL.SBP.get(control) === 1;
    const wanted = file.get(RXCSUM);
    this.#checksums =
      (RXCSUM.IPOFL.get(wanted) === 1 ? IP_CHECKED : 0) | (RXCSUM.TUOFL.get(wanted) === 1 ? L4_CHECKED : 0);
    this.#queues.forEach((queue, index) => {
      this.#setBufferSize(queue, file.get(SRRCTL, index));
    });
    if (!this.#enabled) this.#buffer.clear();
  }

  /**
   * Frames have come by the link.
   *
   * @param offset - byte offset of the first in device memory
   * @param frames - how many
   */
  receive(offset: number, frames: number): void {
    if (!this.#enabled) return;
    if (this.#buffer.frames > 0) this.#drainBuffer();
    // What waits goes first: a burst behind it must wait as well.
    const taken = this.#buffer.frames > 0 ? 0 : this.#deliver(offset, frames);
    if (taken < frames) this.#keep(offset, taken, frames);
  }

  /** Puts the frames of a burst from number `first` on into the packet buffer: those that the driver wants. */
  #keep(offset: number, first: number, frames: number): void {
    const { filter, interrupts, statistics } = this.#parts;
    let at = offset;
    let missed = 0;
    for (let frame = 0; frame < frames; frame++) {
      const length = Frame.length.get(w, at >> 2);
      const verdict = frame < first ? UNWANTED : judge(filter, this.#storeBad, at, length);
      if (verdict < UNWANTED) {
        statistics.RNBC += 1;
        if (!this.#buffer.store(at)) missed++;
      } else if (frame >= first) {
        countOther(statistics, verdict, length);
      }
      at += FRAME_HEADER_BYTES + ((length + 7) & ~7);
    }
    if (missed === 0) return;
    statistics.MPC += missed;
    interrupts.otherCause(ICR.RXO.mask);
  }

  /** The chip goes away: its memory is free. */
  close(): void {
    this.#alarm.cancel();
    this.#buffer.free();
    freeWire(this.#scratch, MAXIMUM_FRAME);
  }

  #drainBuffer(): void {
    const buffer = this.#buffer;
    while (buffer.frames > 0) {
      const run = buffer.run();
      const taken = this.#deliver(buffer.offset, run);
      buffer.remove(taken);
      if (taken < run) return;
    }
  }

  /** The queue that a frame belongs to. Receive-side scaling is not modelled yet: the first. */
  #steer(): number {
    return 0;
  }

  /**
   * Writes a burst to host memory.
   *
   * @returns how many frames were dealt with, dropped ones included; the next one has to wait for a descriptor
   */
  #deliver(offset: number, frames: number): number {
    const { dma, filter, interrupts, statistics } = this.#parts;
    const index = this.#steer();
    const queue = this.#queues[index]!;
    const hasWork = queue.hasWork;
    if (!hasWork && !queue.dropEnabled) return 0;
    const ring = hasWork ? queue.locate(dma) : 0;
    if (ring < 0) return frames; // a master abort: what comes in is lost
    const direct = dma.directLimit | 0;
    const bufferBytes = this.#stripFcs ? queue.bufferBytes | 0 : 0; // with its check sequence no frame takes the short way
    const count = queue.count | 0;
    const tail = (hasWork ? queue.tail : queue.head) | 0; // a queue that is switched off has no descriptors either
    const everything = filter.everything;
    const ownLow = filter.ownLow | 0;
    const ownHigh = filter.ownHigh | 0;
    const longest = filter.longest | 0;
    const check = this.#checksums | 0;
    let head = queue.head | 0;
    let at = offset | 0;
    let dealt = 0;
    let received = 0;
    let bytes = 0;
    clearTally();
    const total = frames | 0;
    while (dealt < total) {
      const data = (at + FRAME_HEADER_BYTES) | 0;
      const length = Frame.length.get(w, at >> 2) | 0;
      const first = w[data >> 2]! | 0;
      const second = w[(data >> 2) + 1]! & 0xffff;
      const own = first === ownLow && second === ownHigh;
      let verdict = SOUND;
      if (
        length < SHORTEST ||
        length > longest ||
        Frame.status.get(w, at >> 2) !== 0 ||
        !(own || everything || filter.accepts(first, second))
      ) {
        verdict = judge(filter, this.#storeBad, at, length);
        if (verdict >= UNWANTED) {
          countOther(statistics, verdict, length);
          at = (data + ((length + 7) & ~7)) | 0;
          dealt = (dealt + 1) | 0;
          continue;
        }
      }
      if (head === tail) {
        if (!queue.dropEnabled) break;
        this.#parts.registers.add(RQDPC, 1, index);
        at = (data + ((length + 7) & ~7)) | 0;
        dealt = (dealt + 1) | 0;
        continue;
      }
      const d = (ring + (head << 2)) | 0;
      const address = RxReadDescriptor.packetAddress.low.get(m, d) | 0;
      const high = RxReadDescriptor.packetAddress.high.get(m, d) | 0;
      const end = (address + length) | 0;
      if (high !== 0 || address <= 0 || end > direct || end <= 0 || length > bufferBytes || verdict !== SOUND) {
        // Not in plain sight, longer than a buffer, or damaged: over several descriptors, or through an IOMMU.
        const next = this.#deliverOther(index, ring, head, data, length, verdict);
        if (next === WAITS) break;
        if (next === DROPPED) {
          at = (data + ((length + 7) & ~7)) | 0;
          dealt = (dealt + 1) | 0;
          continue;
        }
        head = next;
      } else {
        if (length === 64 && (address & 7) === 0) {
          const to = address >> 3;
          const from = data >> 3;
          m64[to] = w64[from]!;
          m64[to + 1] = w64[from + 1]!;
          m64[to + 2] = w64[from + 2]!;
          m64[to + 3] = w64[from + 3]!;
          m64[to + 4] = w64[from + 4]!;
          m64[to + 5] = w64[from + 5]!;
          m64[to + 6] = w64[from + 6]!;
          m64[to + 7] = w64[from + 7]!;
        } else {
          copyToHost(address, data, length);
        }
        const found = check !== 0 ? checkReceived(data, length) & check : 0;
        RxWriteBack.information.set(m, d, 0);
        RxWriteBack.rssHash.set(m, d, 0);
        RxWriteBack.lengthTag.set(m, d, length);
        RxWriteBack.statusError.set(m, d, DONE | found); // DD last: the driver looks at it
        head = head + 1 === count ? 0 : (head + 1) | 0;
      }
      if (verdict === SOUND) {
        tally(first, length);
        bytes = (bytes + length) | 0;
        received = (received + 1) | 0;
      } else {
        countOther(statistics, verdict, length);
      }
      at = (data + ((length + 7) & ~7)) | 0;
      dealt = (dealt + 1) | 0;
    }
    if (received > 0) countReceived(statistics, received, bytes);
    if (head !== queue.head) interrupts.rxCause(index);
    queue.head = head;
    return dealt;
  }

  /**
   * Writes a frame the slow and general way: over as many descriptors as it needs.
   *
   * @returns the head behind them; WAITS or DROPPED when there are too few descriptors, and nothing is written
   */
  #deliverOther(index: number, ring: number, head: number, data: number, length: number, verdict: number): number {
    const { dma, registers: file } = this.#parts;
    const queue = this.#queues[index]!;
    const total = length + (this.#stripFcs ? 0 : FCS_BYTES);
    const needed = Math.ceil(total / queue.bufferBytes);
    if (queue.ownedFrom(head) < needed) {
      // What the whole ring cannot hold would wait for ever, and everything behind it.
      if (!queue.dropEnabled && needed < queue.count) return WAITS;
      file.add(RQDPC, 1, index);
      return DROPPED;
    }
    const checks = this.#checksums;
    const found = (checks === 0 ? 0 : checkReceived(data, length) & checks) | errorsOf(verdict);
    const from = this.#stripFcs ? data : this.#withFcs(data, length);
    let at = head;
    for (let done = 0; done < total; done += queue.bufferBytes) {
      const d = ring + (at << 2);
      const part = Math.min(queue.bufferBytes, total - done);
      const { low, high } = RxReadDescriptor.packetAddress;
      // A failed write is a master abort: the descriptor is written back all the same, as the chip does.
      dma.writeFromWire(from + done, part, low.get(m, d), high.get(m, d));
      const last = done + part === total;
      RxWriteBack.information.set(m, d, 0);
      RxWriteBack.rssHash.set(m, d, 0);
      RxWriteBack.lengthTag.set(m, d, part);
      RxWriteBack.statusError.set(m, d, last ? DONE | found : RX_STATUS.DD);
      at = at + 1 === queue.count ? 0 : at + 1;
    }
    return at;
  }

  /** Frames travel without their check sequence: for a driver that asks for it (no RCTL.SECRC) it is computed here. */
  #withFcs(data: number, length: number): number {
    const copy = this.#scratch;
    copyWithinWire(copy, data, length);
    const fcs = crc32(data, length);
    for (let byte = 0; byte < FCS_BYTES; byte++) w8[copy + length + byte] = fcs >>> (8 * byte);
    return copy;
  }
}
