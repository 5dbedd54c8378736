/*
 * The transmit side: fetches descriptors and data by DMA, puts frames on the link, writes descriptors back. It works a
 * burst at a time: a doorbell sets an alarm, the alarm handles up to a burst of frames of each queue, and one interrupt
 * cause stands for all of them. Follows nic-82576 reference §3.
 *
 * @hot
 */

import type { Alarm } from '@netcx/clock';
import * as memory from '@netcx/dma/memory';
import * as wire from '@netcx/hardware/wire';
import * as checksums from './checksum.ts';
import * as rings from './descriptor-ring.ts';
import type { EngineParts, QueueBank } from './engine.ts';
import * as registers from './registers/index.ts';
import * as tallies from './frame-tally.ts';

const { i32: m, u64: m64 } = memory;
const { i32: w, u64: w64, u8: w8, allocateWire, copyFromHost, Frame, FRAME_HEADER_BYTES, freeWire } = wire;
const { DescriptorRing } = rings;
const { insertChecksums } = checksums;
const { clearTally, countTransmitted, tally } = tallies;
const {
  DESCRIPTOR_BYTES,
  FCS_BYTES,
  MAXIMUM_FRAME,
  REGISTERS,
  TX_COMMAND,
  TX_CONTEXTS,
  TX_L4_TYPE,
  TX_STATUS,
  TxContext,
  TxData,
  TxWriteBack,
} = registers;
const { TCTL, TDBAH, TDBAL, TDH, TDLEN, TDT, TDWBAH, TDWBAL, TXDCTL } = REGISTERS;

/** Frames of one queue that are handled before others get their turn. */
const BURST = 64;
/** Longest frame that leaves, without frame check sequence. */
const LONGEST_FRAME = MAXIMUM_FRAME - FCS_BYTES;
/** Bytes of device memory that it takes. */
const LONGEST = (FRAME_HEADER_BYTES + LONGEST_FRAME + 7) & ~7;
/** Shortest frame that leaves, without frame check sequence, when TCTL.PSP pads. */
const SHORTEST = 60;

/** Words of a context descriptor. */
const CONTEXT_WORDS = DESCRIPTOR_BYTES / 4;

/** Instead of a frame's length: a master abort, or what is not modelled. Nothing is sent then. */
const UNREACHABLE = -1;
const UNMODELLED = -2;

const EOP = TX_COMMAND.EOP | 0;
const RS = TX_COMMAND.RS | 0;
const DEXT = TX_COMMAND.DEXT | 0;
const IS_DATA = TX_COMMAND.DTYP_DATA ^ TX_COMMAND.DTYP_CONTEXT;
const OFFLOADS = TX_STATUS.IXSM | TX_STATUS.TXSM;
/** A descriptor that is a whole frame and asks for nothing special: these bits of `command`, and no others of the mask. */
const PLAIN_MASK = TX_COMMAND.TSE | TX_COMMAND.VLE | DEXT | EOP | IS_DATA | 0;
const PLAIN = DEXT | EOP | (TX_COMMAND.DTYP_DATA & IS_DATA) | 0;

/** One transmit queue. */
class TxRing extends DescriptorRing {
  /** Word index in device memory of the context descriptors, by slot, as they were in the ring. */
  readonly contexts: number;
  /** Where the head is written back to; -1 = descriptors are written back instead. */
  writeBackLow = 0;
  writeBackHigh = 0;
  headWriteBack = false;
  /** Whether it stands in the engine's list of queues to look at. */
  listed = false;

  /**
   * @param contexts - word index of room for its contexts in device memory
   */
  constructor(contexts: number) {
    super();
    this.contexts = contexts;
  }

  override reset(): void {
    super.reset();
    w.fill(0, this.contexts, this.contexts + TX_CONTEXTS * CONTEXT_WORDS);
    this.writeBackLow = 0;
    this.writeBackHigh = 0;
    this.headWriteBack = false;
  }
}

/** All transmit queues of the chip. */
export class TxEngine {
  readonly #parts: EngineParts;
  readonly #queues: TxRing[] = [];
  readonly #alarm: Alarm;
  /** Device memory for all queues' contexts. */
  readonly #contexts: number;
  /** Queues that may have work, by number: a doorbell lists its queue, so that a run never looks at all of them. */
  readonly #list: number[] = [];
  #unsupported = 0;

  /**
   * @param parts - what the engine works with
   * @param bank - how many queues there are
   */
  constructor(parts: EngineParts, bank: QueueBank) {
    this.#parts = parts;
    const bytes = TX_CONTEXTS * DESCRIPTOR_BYTES;
    this.#contexts = allocateWire(bank.count * bytes);
    for (let index = 0; index < bank.count; index++)
      this.#queues.push(new TxRing((this.#contexts + index * bytes) >>> 2));
    this.#alarm = parts.clock.alarm(() => {
      this.#run();
    });
    this.#connect();
  }

  /** Frames that were given up because their descriptors ask for what is not modelled, or for too long a frame. */
  get unsupported(): number {
    return this.#unsupported;
  }

  #connect(): void {
    const { registers: file } = this.#parts;
    const queue = (index: number): TxRing => this.#queues[index]!;
    file.onWrite(TDBAL, (value, index) => {
      queue(index).baseLow = value | 0;
    });
    file.onWrite(TDBAH, (value, index) => {
      queue(index).baseHigh = value | 0;
    });
    file.onWrite(TDLEN, (value, index) => {
      queue(index).setLength(value);
    });
    file.onWrite(TDH, (value, index) => {
      queue(index).setHead(value & 0xffff);
    });
    file.onRead(TDH, (index) => queue(index).head);
    file.onWrite(TDT, (value, index) => {
      queue(index).setTail(value & 0xffff);
      this.#lookAt(index);
    });
    file.onWrite(TXDCTL, (value, index) => {
      queue(index).enabled = TXDCTL.ENABLE.get(value) === 1;
      this.#lookAt(index);
    });
    file.onWrite(TDWBAL, (value, index) => {
      queue(index).headWriteBack = (value & 1) === 1;
      queue(index).writeBackLow = value & ~3;
    });
    file.onWrite(TDWBAH, (value, index) => {
      queue(index).writeBackHigh = value | 0;
    });
  }

  /** The registers have their reset values already: forget everything else. */
  reset(): void {
    this.#queues.forEach((queue, index) => {
      queue.reset();
      queue.enabled = TXDCTL.ENABLE.get(this.#parts.registers.get(TXDCTL, index)) === 1;
    });
    this.#alarm.cancel();
  }

  /** Something outside the queues' registers changed: go on if that is possible now. */
  refresh(): void {
    for (let index = 0; index < this.#queues.length; index++) if (this.#queues[index]!.hasWork) this.#lookAt(index);
  }

  /** The link has room again. */
  room(): void {
    this.refresh();
  }

  /** The chip goes away: its memory is free. */
  close(): void {
    this.#alarm.cancel();
    freeWire(this.#contexts, this.#queues.length * TX_CONTEXTS * DESCRIPTOR_BYTES);
  }

  #lookAt(index: number): void {
    const queue = this.#queues[index]!;
    if (!queue.listed) {
      queue.listed = true;
      this.#list.push(index);
    }
    this.#alarm.soon();
  }

  #run(): void {
    const { registers: file, port } = this.#parts;
    if (!port.up || TCTL.EN.get(file.get(TCTL)) === 0) return; // refresh() comes when that changes
    const pad = TCTL.PSP.get(file.get(TCTL)) === 1;
    // Each listed queue has its turn once; one that has more to do goes to the end of the list, behind the others.
    for (let turns = this.#list.length; turns > 0; turns--) {
      const index = this.#list.shift();
      if (index === undefined) return;
      const queue = this.#queues[index]!;
      queue.listed = false;
      if (queue.hasWork && this.#transmit(queue, index, pad)) this.#lookAt(index);
    }
  }

  /**
   * Sends a burst of one queue.
   *
   * @returns whether there is more to do at once
   */
  #transmit(queue: TxRing, index: number, pad: boolean): boolean {
    const { dma, port, interrupts, statistics } = this.#parts;
    const start = port.end.reserve(LONGEST);
    if (start < 0) return false; // room() comes when there is some
    const ring = queue.locate(dma);
    if (ring < 0) return false; // a master abort, counted by the port
    const direct = dma.directLimit | 0;
    const limit = (start + port.end.available - LONGEST) | 0;
    const shortest = pad ? SHORTEST : 1; // nothing at all is no frame
    const count = queue.count | 0;
    const tail = queue.tail | 0;
    const headWriteBack = queue.headWriteBack;
    let head = queue.head | 0;
    let at = start | 0;
    let frames = 0;
    let bytes = 0;
    let reported = 0;
    clearTally();
    while (head !== tail && frames < BURST && at <= limit) {
      const d = (ring + (head << 2)) | 0;
      const command = TxData.command.get(m, d) | 0;
      const status = TxData.status.get(m, d) | 0;
      const address = TxData.bufferAddress.low.get(m, d) | 0;
      const high = TxData.bufferAddress.high.get(m, d) | 0;
      const length = command & 0xffff;
      const plain =
        (command & PLAIN_MASK) === PLAIN && (status & OFFLOADS) === 0 && length >= shortest && length <= LONGEST_FRAME;
      const reachable = high === 0 && address > 0 && ((address + length) | 0) <= direct && ((address + length) | 0) > 0;
      if (!plain || !reachable) {
        // Anything but a whole plain frame in plain sight: several buffers, offloads, contexts, an IOMMU in the way.
        const next = this.#transmitOther(queue, ring, head, at, shortest);
        if (next < 0) break; // the rest of the frame is not posted yet
        reported |= this.#reported;
        head = next;
        if (this.#written === 0) continue;
        tally(w[(at + FRAME_HEADER_BYTES) >> 2]!, this.#frameBytes);
        bytes = (bytes + this.#frameBytes) | 0;
        at = (at + this.#written) | 0;
        frames = (frames + 1) | 0;
        continue;
      }
      const data = (at + FRAME_HEADER_BYTES) | 0;
      if (length === 64 && (address & 7) === 0) {
        const to = data >> 3;
        const from = address >> 3;
        w64[to] = m64[from]!;
        w64[to + 1] = m64[from + 1]!;
        w64[to + 2] = m64[from + 2]!;
        w64[to + 3] = m64[from + 3]!;
        w64[to + 4] = m64[from + 4]!;
        w64[to + 5] = m64[from + 5]!;
        w64[to + 6] = m64[from + 6]!;
        w64[to + 7] = m64[from + 7]!;
      } else {
        copyFromHost(data, address, length);
      }
      Frame.length.set(w, at >> 2, length);
      Frame.status.set(w, at >> 2, 0);
      tally(w[data >> 2]!, length);
      if ((command & RS) !== 0) {
        if (!headWriteBack) TxWriteBack.status.set(m, d, status | TX_STATUS.DD);
        reported = 1;
      }
      bytes = (bytes + length) | 0;
      at = (data + ((length + 7) & ~7)) | 0;
      frames = (frames + 1) | 0;
      head = head + 1 === count ? 0 : (head + 1) | 0;
    }
    queue.head = head;
    if (frames > 0) {
      port.end.commit(frames, at - start);
      countTransmitted(statistics, frames, bytes);
    }
    if (reported !== 0) {
      if (queue.headWriteBack) dma.writeWord32(queue.writeBackLow, queue.writeBackHigh, head);
      interrupts.txCause(index);
    }
    return queue.hasWork && (frames === BURST || at > limit);
  }

  // What `#transmitOther` found, besides the next head: kept in fields, since a burst allocates nothing.
  #written = 0;
  #frameBytes = 0;
  #reported = 0;

  /**
   * Handles the descriptors of one frame, or one context descriptor, the slow and general way.
   *
   * @returns the head behind them; -1 when the frame's last descriptor is not posted yet
   */
  #transmitOther(queue: TxRing, ring: number, head: number, at: number, shortest: number): number {
    this.#written = 0;
    this.#reported = 0;
    const first = ring + (head << 2);
    const firstCommand = TxData.command.get(m, first) | 0;
    if ((firstCommand & DEXT) !== 0 && (firstCommand & IS_DATA) === 0) {
      const slot = TxContext.idx.get(m, first) % TX_CONTEXTS;
      for (let word = 0; word < CONTEXT_WORDS; word++)
        w[queue.contexts + slot * CONTEXT_WORDS + word] = m[first + word]!;
      this.#report(queue, first, firstCommand);
      return this.#after(queue, head);
    }
    const end = this.#endOfFrame(queue, ring, head);
    if (end < 0) return -1;
    const wanted = TxData.status.get(m, first) & OFFLOADS;
    const context = queue.contexts + (TxData.idx.get(m, first) % TX_CONTEXTS) * CONTEXT_WORDS;
    let length = UNMODELLED;
    if (this.#isModelled(firstCommand, wanted, context)) {
      length = this.#gather(queue, ring, head, end, at + FRAME_HEADER_BYTES);
    }
    if (length === UNMODELLED) this.#unsupported++;
    for (let index = head; index !== end; index = this.#after(queue, index)) {
      const d = ring + (index << 2);
      this.#report(queue, d, TxData.command.get(m, d) | 0);
    }
    if (length <= 0) return end;
    const padded = Math.max(length, shortest);
    w8.fill(0, at + FRAME_HEADER_BYTES + length, at + FRAME_HEADER_BYTES + padded);
    if (wanted !== 0) insertChecksums(at + FRAME_HEADER_BYTES, length, wanted, context);
    Frame.length.set(w, at >> 2, padded);
    Frame.status.set(w, at >> 2, 0);
    this.#frameBytes = padded;
    this.#written = FRAME_HEADER_BYTES + ((padded + 7) & ~7);
    return end;
  }

  /** Whether what the first descriptor of a frame asks for is modelled. */
  #isModelled(command: number, wanted: number, context: number): boolean {
    if ((command & DEXT) === 0 || (command & (TX_COMMAND.TSE | TX_COMMAND.VLE)) !== 0) return false;
    return (wanted & TX_STATUS.TXSM) === 0 || TxContext.l4t.get(w, context) <= TX_L4_TYPE.TCP;
  }

  #after(queue: TxRing, index: number): number {
    return index + 1 === queue.count ? 0 : index + 1;
  }

  /** The index behind the descriptor with EOP; -1 when it is not posted yet. */
  #endOfFrame(queue: TxRing, ring: number, head: number): number {
    let index = head;
    while (index !== queue.tail) {
      const command = TxData.command.get(m, ring + (index << 2)) | 0;
      index = this.#after(queue, index);
      if ((command & EOP) !== 0) return index;
    }
    return -1;
  }

  /**
   * Reads the buffers of a frame one behind the other into device memory.
   *
   * @returns the frame's length; UNREACHABLE when it lies where the device cannot read, UNMODELLED when it is longer than
   * any frame: then nothing is sent
   */
  #gather(queue: TxRing, ring: number, head: number, end: number, data: number): number {
    const { dma } = this.#parts;
    let length = 0;
    for (let index = head; index !== end; index = this.#after(queue, index)) {
      const d = ring + (index << 2);
      const part = TxData.dtalen.get(m, d);
      if (length + part > LONGEST_FRAME) return UNMODELLED;
      const { low, high } = TxData.bufferAddress;
      if (part > 0 && !dma.readToWire(low.get(m, d), high.get(m, d), part, data + length)) return UNREACHABLE;
      length += part;
    }
    return length;
  }

  /** Writes a descriptor back if it asks for it. */
  #report(queue: TxRing, d: number, command: number): void {
    if ((command & RS) === 0) return;
    if (!queue.headWriteBack) TxWriteBack.dd.set(m, d, 1);
    this.#reported = 1;
  }
}
