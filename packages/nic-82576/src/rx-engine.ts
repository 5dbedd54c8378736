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

const { i32: m, u64: m64 } = memory;
const {
  i32: w,
  u64: w64,
  u8: w8,
  allocateWire,
  copyToHost,
  copyWithinWire,
  Frame,
  FRAME_BAD_FCS,
  FRAME_HEADER_BYTES,
  freeWire,
} = wire;
const { checkReceived, crc32 } = checksums;
const { PacketBuffer } = buffers;
const { DescriptorRing } = rings;
const { clearTally, countReceived, tally } = tallies;
const { FCS_BYTES, MAXIMUM_FRAME, REGISTERS, RX_STATUS, RxReadDescriptor, RxWriteBack } = registers;
const { ICR, RCTL, RDBAH, RDBAL, RDH, RDLEN, RDT, RQDPC, RXCSUM, RXDCTL, SRRCTL } = REGISTERS;

/** Shortest frame that is none: what is shorter on the wire than 64 bytes is an undersized frame. */
const SHORTEST = 60;
const DONE = RX_STATUS.DD | RX_STATUS.EOP;
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
  readonly #scratch = allocateWire(MAXIMUM_FRAME + FCS_BYTES);
  #enabled = false;
  #stripFcs = false;
  #checksums = false;

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
    const wanted = file.get(RXCSUM);
    this.#checksums = RXCSUM.IPOFL.get(wanted) === 1 || RXCSUM.TUOFL.get(wanted) === 1;
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
    if (taken === frames) return;
    const missed = this.#buffer.store(this.#stoppedAt(offset, taken), frames - taken);
    const { statistics, interrupts } = this.#parts;
    statistics.RNBC += frames - taken;
    if (missed === 0) return;
    statistics.MPC += missed;
    interrupts.otherCause(ICR.RXO.mask);
  }

  /** Where frame number `index` of a burst starts. */
  #stoppedAt(offset: number, index: number): number {
    let at = offset;
    for (let frame = 0; frame < index; frame++) at += FRAME_HEADER_BYTES + ((Frame.length.get(w, at >> 2) + 7) & ~7);
    return at;
  }

  /** The chip goes away: its memory is free. */
  close(): void {
    this.#alarm.cancel();
    this.#buffer.free();
    freeWire(this.#scratch, MAXIMUM_FRAME + FCS_BYTES);
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
    if (!queue.hasWork && !queue.dropEnabled) return 0;
    const ring = queue.locate(dma);
    if (ring < 0) return frames; // a master abort: what comes in is lost
    const direct = dma.directLimit | 0;
    const bufferBytes = this.#stripFcs ? queue.bufferBytes | 0 : 0; // with its check sequence no frame takes the short way
    const count = queue.count | 0;
    const tail = queue.tail | 0;
    const everything = filter.everything;
    const ownLow = filter.ownLow | 0;
    const ownHigh = filter.ownHigh | 0;
    const longest = filter.longest | 0;
    const check = this.#checksums;
    let head = queue.head | 0;
    let at = offset | 0;
    let dealt = 0;
    let received = 0;
    let bytes = 0;
    clearTally();
    while (dealt < frames) {
      const data = (at + FRAME_HEADER_BYTES) | 0;
      const length = Frame.length.get(w, at >> 2) | 0;
      const first = w[data >> 2]! | 0;
      const second = w[(data >> 2) + 1]! & 0xffff;
      const own = first === ownLow && second === ownHigh;
      if (
        length < SHORTEST ||
        length > longest ||
        Frame.status.get(w, at >> 2) !== 0 ||
        !(own || everything || filter.accepts(first, second))
      ) {
        if (!this.#acceptsOther(at, data, length, first, second)) {
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
      if (high !== 0 || address <= 0 || end > direct || end <= 0 || length > bufferBytes) {
        // Not in plain sight, or longer than a buffer: over several descriptors, or through an IOMMU.
        const next = this.#deliverOther(queue, ring, head, data, length);
        if (next < 0) break;
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
        const found = check ? checkReceived(data, length) : 0;
        RxWriteBack.information.set(m, d, 0);
        RxWriteBack.rssHash.set(m, d, 0);
        RxWriteBack.lengthTag.set(m, d, length);
        RxWriteBack.statusError.set(m, d, DONE | found); // DD last: the driver looks at it
        head = head + 1 === count ? 0 : (head + 1) | 0;
      }
      tally(first, length);
      bytes = (bytes + length) | 0;
      received = (received + 1) | 0;
      at = (data + ((length + 7) & ~7)) | 0;
      dealt = (dealt + 1) | 0;
    }
    queue.head = head;
    if (received > 0) {
      countReceived(statistics, received, bytes);
      interrupts.rxCause(index);
    }
    return dealt;
  }

  /** Decides on a frame that is short, long, damaged, or not for the first of our addresses; a dropped one is counted. */
  #acceptsOther(at: number, data: number, length: number, low: number, high: number): boolean {
    const { filter, statistics } = this.#parts;
    if (this.#isSound(at, data, length) && filter.accepts(low, high)) return true;
    statistics.TPR += 1;
    statistics.TOR += length + FCS_BYTES;
    return false;
  }

  /** Whether the frame has a length and a check sequence that the driver wants; what is wrong is counted either way. */
  #isSound(at: number, data: number, length: number): boolean {
    const { filter, registers: file, statistics } = this.#parts;
    const storeBad = RCTL.SBP.get(file.get(RCTL)) === 1;
    if ((Frame.status.get(w, at >> 2) & FRAME_BAD_FCS) !== 0) {
      statistics.CRCERRS += 1;
      return storeBad;
    }
    if (length < SHORTEST) {
      statistics.RUC += 1;
      return storeBad;
    }
    if (length > filter.longest && !filter.acceptsLong(data, length)) {
      statistics.ROC += 1;
      return storeBad;
    }
    return true;
  }

  /**
   * Writes a frame the slow and general way: over as many descriptors as it needs.
   *
   * @returns the head behind them; -1 when there are too few descriptors, and nothing is written
   */
  #deliverOther(queue: RxRing, ring: number, head: number, data: number, length: number): number {
    const { dma } = this.#parts;
    const total = length + (this.#stripFcs ? 0 : FCS_BYTES);
    const needed = Math.ceil(total / queue.bufferBytes);
    const available = queue.tail - head;
    if ((available < 0 ? available + queue.count : available) < needed) return -1;
    const found = this.#checksums ? checkReceived(data, length) : 0;
    const from = this.#stripFcs ? data : this.#withFcs(data, length);
    let index = head;
    for (let done = 0; done < total; done += queue.bufferBytes) {
      const d = ring + (index << 2);
      const part = Math.min(queue.bufferBytes, total - done);
      const { low, high } = RxReadDescriptor.packetAddress;
      // A failed write is a master abort: the descriptor is written back all the same, as the chip does.
      dma.writeFromWire(from + done, part, low.get(m, d), high.get(m, d));
      const last = done + part === total;
      RxWriteBack.information.set(m, d, 0);
      RxWriteBack.rssHash.set(m, d, 0);
      RxWriteBack.lengthTag.set(m, d, part);
      RxWriteBack.statusError.set(m, d, last ? DONE | found : RX_STATUS.DD);
      index = index + 1 === queue.count ? 0 : index + 1;
    }
    return index;
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
