/*
 * The transmit side: fetches descriptors and data by DMA, puts frames on the link, writes descriptors back. It works a
 * burst at a time: a doorbell sets an alarm, the alarm handles up to a burst of frames of each queue, and one interrupt
 * cause stands for all of them. Follows nic-82576 reference §3.
 *
 * @hot
 */

import type { Alarm } from '@netcx/clock';
import * as wire from '@netcx/hardware/wire';
import type { EngineParts, QueueBank, QueueFaults } from './engine.ts';
import * as builders from './frame-builder.ts';
import * as tallies from './frame-tally.ts';
import * as registers from './registers/index.ts';
import * as ways from './rows.ts';
import * as segmenting from './segment-writer.ts';
import * as sending from './transmit-row.ts';
import * as rings from './tx-ring.ts';
import * as waiting from './tx-turns.ts';

const { i32: w, allocateWire, FRAME_HEADER_BYTES, freeWire } = wire;
const { FrameBuilder, LONGEST_FRAME } = builders;
const { SEGMENT_BYTES, SegmentWriter } = segmenting;
const { TX_RING_BYTES, TxRing } = rings;
const { TxTurns } = waiting;
const { countFrames, countGroup } = tallies;
const { prepareTransmitRow, TRANSMIT_ROW_BYTES, TransmitRow } = sending;
const { DESCRIPTOR_BYTES, REGISTERS, TX_COMMAND } = registers;
const { TCTL, TDBAH, TDBAL, TDH, TDLEN, TDT, TDWBAH, TDWBAL, TXDCTL } = REGISTERS;

/** Frames of one queue that are handled before others get their turn. */
const BURST = 64;
/** Frames after which a packet that has begun to leave in segments goes on in the next burst; until then it is not torn. */
const LONGEST_BURST = 2 * BURST;
/** Bytes of device memory that the longest frame takes. */
const LONGEST = (FRAME_HEADER_BYTES + LONGEST_FRAME + 7) & ~7;
/** Shortest frame that leaves, without frame check sequence, when TCTL.PSP pads. */
const SHORTEST = 60;
/** Nanoseconds after which descriptors are written back that wait for TXDCTL.WTHRESH others. */
const WRITE_BACK_DELAY = 10_000;

const RS = TX_COMMAND.RS | 0;
const DESCRIPTOR_SHIFT = Math.log2(DESCRIPTOR_BYTES) | 0;

type TxQueue = InstanceType<typeof TxRing>;

/** All transmit queues of the chip. */
export class TxEngine {
  // What each burst asks stands first, on few lines of the cache.
  readonly #dma: EngineParts['dma'];
  readonly #faults: QueueFaults;
  readonly #interrupts: EngineParts['interrupts'];
  readonly #port: EngineParts['port'];
  readonly #alarm: Alarm;
  /** Queues that may have work: a doorbell adds its queue, so that a run never looks at all of them. */
  readonly #turns = new TxTurns();
  /** The straight line, and byte offset in device memory of what it works with. */
  readonly #transmitRow = ways.rows().transmitRow;
  readonly #row = allocateWire(TRANSMIT_ROW_BYTES);
  readonly #writeHead = ways.rows().writeHead;
  // While a burst is sent: byte offset of the next frame's header in the link's memory, and the head that the queue will
  // have; what it comes to so far; whether a descriptor that is done asked for a report.
  #at = 0;
  #head = 0;
  #frames = 0;
  #reported = 0;
  /** Whether the link's partner has asked for silence. */
  paused = false;
  /** TCTL.EN, and the length that shorter frames are padded to. */
  #enabled = false;
  #shortest = 0;
  readonly #parts: EngineParts;
  readonly #queues: TxQueue[] = [];
  readonly #builder: InstanceType<typeof FrameBuilder>;
  readonly #segments: InstanceType<typeof SegmentWriter>;
  /** Goes off when descriptors have waited long enough for others to be written back with. */
  readonly #flush: Alarm;
  /** Goes off when a pause ends. */
  readonly #resume: Alarm;
  /** Device memory of the queues. */
  readonly #memory: number;
  /** Byte offset in device memory of what segments are made with. */
  readonly #segmentMemory = allocateWire(SEGMENT_BYTES);

  /**
   * @param parts - what the engine works with
   * @param bank - how many queues there are
   */
  constructor(parts: EngineParts, bank: QueueBank) {
    this.#parts = parts;
    this.#dma = parts.dma;
    this.#faults = parts.faults.tx;
    this.#interrupts = parts.interrupts;
    this.#port = parts.port;
    prepareTransmitRow(this.#row, parts.statistics.sent, LONGEST_FRAME);
    this.#builder = new FrameBuilder(parts);
    this.#segments = new SegmentWriter(this.#segmentMemory);
    this.#memory = allocateWire(bank.count * TX_RING_BYTES);
    for (let index = 0; index < bank.count; index++) {
      this.#queues.push(new TxRing(index, this.#memory + index * TX_RING_BYTES));
    }
    this.#alarm = parts.clock.alarm(() => this.run());
    this.#flush = parts.clock.alarm(() => this.#flushAll());
    this.#resume = parts.clock.alarm(() => this.pause(0));
    this.#connect();
  }

  /** Frames that were given up because their descriptors ask for what is not modelled. */
  get unsupported(): number {
    return this.#builder.unsupported;
  }

  /** Frames that were given up because descriptors and context contradict each other. */
  get contradictory(): number {
    return this.#builder.contradictory;
  }

  #connect(): void {
    const { registers: file } = this.#parts;
    const queue = (index: number): TxQueue => this.queue(index);
    file.onWrite(TDBAL, (value, index) => queue(index).setBaseLow(value | 0));
    file.onWrite(TDBAH, (value, index) => queue(index).setBaseHigh(value | 0));
    file.onWrite(TDLEN, (value, index) => queue(index).setLength(value));
    file.onWrite(TDH, (value, index) => queue(index).setHead(value & 0xffff));
    file.onRead(TDH, (index) => queue(index).head);
    file.onWrite(TDT, (value, index) => this.tailMoved(queue(index), value));
    file.onWrite(TXDCTL, (value, index, written) => this.#switch(index, value, written));
    const writeBack = (_value: number, index: number): void => {
      queue(index).setWriteBack(file.get(TDWBAL, index), file.get(TDWBAH, index) | 0);
    };
    file.onWrite(TDWBAL, writeBack);
    file.onWrite(TDWBAH, writeBack);
  }

  /**
   * @param index - a queue's number
   * @returns the queue
   */
  queue(index: number): TxQueue {
    return this.#queues[index]!;
  }

  /**
   * The driver has written a tail register.
   *
   * @param queue - whose
   * @param value - what it holds now
   */
  tailMoved(queue: TxQueue, value: number): void {
    queue.setTail(value & 0xffff);
    this.#lookAt(queue);
  }

  #switch(index: number, value: number, written: number): void {
    const queue = this.#queues[index]!;
    const threshold = TXDCTL.WTHRESH.get(value);
    const enable = TXDCTL.ENABLE.get(value) === 1;
    const flush = TXDCTL.SWFLUSH.get(written) === 1;
    if (flush || !enable || threshold !== queue.threshold) this.#flushQueue(index);
    queue.setThreshold(threshold);
    if (enable) queue.start(this.#parts.registers.get(TDT, index));
    else queue.stop();
    this.#lookAt(queue);
  }

  /** The registers have their reset values already: forget everything else. */
  reset(): void {
    this.#queues.forEach((queue, index) => {
      queue.reset();
      if (TXDCTL.ENABLE.get(this.#parts.registers.get(TXDCTL, index)) === 1) queue.start(0);
    });
    this.#alarm.cancel();
    this.#flush.cancel();
    this.#resume.cancel();
    this.paused = false;
    this.#readControl();
  }

  #readControl(): void {
    const control = this.#parts.registers.get(TCTL);
    this.#enabled = TCTL.EN.get(control) === 1;
    this.#shortest = TCTL.PSP.get(control) === 1 ? SHORTEST : 1; // nothing at all is no frame
  }

  /** Something outside the queues' registers changed: go on if that is possible now. */
  refresh(): void {
    this.#readControl();
    for (let index = 0; index < this.#queues.length; index++) {
      const queue = this.#queues[index]!;
      if (queue.hasWork) this.#lookAt(queue);
      if (queue.due && !this.#flush.pending) this.#flush.after(WRITE_BACK_DELAY);
    }
  }

  /**
   * The link's partner asks for silence: nothing more leaves than what is on the link already.
   *
   * @param until - when frames may leave again, in nanoseconds of the clock; a time that has passed ends the silence
   */
  pause(until: number): void {
    this.paused = until > this.#parts.clock.now();
    this.#resume.cancel();
    if (this.paused) this.#resume.at(until);
    else this.refresh();
  }

  /** The link has room again. */
  room(): void {
    this.refresh();
  }

  /** The chip goes away: its memory is free. */
  close(): void {
    this.#alarm.cancel();
    this.#flush.cancel();
    this.#resume.cancel();
    for (const queue of this.#queues) queue.release();
    freeWire(this.#row, TRANSMIT_ROW_BYTES);
    freeWire(this.#segmentMemory, SEGMENT_BYTES);
    freeWire(this.#memory, this.#queues.length * TX_RING_BYTES);
  }

  #lookAt(queue: TxQueue): void {
    this.#turns.add(queue);
    this.#alarm.soon();
  }

  /** A doorbell's alarm has gone off. No private name: what a closure calls by one is looked up in the module's scope. */
  private run(): void {
    if (this.#port.up !== true || this.paused === true || this.#enabled !== true) return; // refresh() comes when that changes
    // Each queue that waits has its turn once; one that has more to do waits again, behind the others.
    const { last } = this.#turns;
    for (let queue = this.#turns.take(); queue !== undefined; queue = this.#turns.take()) {
      if (queue.hasWork === true) this.#transmit(queue);
      if (queue === last) return;
    }
  }

  /** Sends a burst of one queue, which has its turn again if there is more to do at once. */
  #transmit(queue: TxQueue): void {
    const { index } = queue;
    if (((this.#faults.hung >>> index) & 1) !== 0) return; // refresh() comes when it goes on
    const { end } = this.#port;
    const start = end.reserve(LONGEST);
    if (start < 0) return; // room() comes when there is some
    const direct = this.#dma.directLimit;
    const ring = queue.locate(this.#dma, direct);
    if (ring < 0) return; // a master abort, counted by the port
    TransmitRow.near.set(w, this.#row >> 2, Math.max(0, direct - LONGEST_FRAME));
    TransmitRow.marks.set(w, this.#row >> 2, queue.quiet === true ? 0 : RS);
    TransmitRow.contexts.set(w, this.#row >> 2, queue.contexts << 2);
    const limit = start + end.available - LONGEST;
    const from = queue.head;
    this.#at = start;
    this.#head = from;
    this.#frames = this.#reported = 0;
    while (this.#head !== queue.tail && this.#at <= limit) {
      if (this.#frames >= (queue.segmentation.active === true ? LONGEST_BURST : BURST)) break;
      const room = 1 + (((limit - this.#at) / LONGEST) | 0); // frames, however long they are
      if (this.#sendSimple(queue, ring, room) > 0) continue;
      if (!this.#sendOther(queue, ring)) break; // the rest of the frame is not posted yet
      if (queue.segmentation.active) this.#sendSegments(queue, ring, limit, direct);
    }
    const frames = this.#frames;
    if (frames > 0) end.commit(frames, this.#at - start);
    queue.head = this.#head;
    if (queue.threshold > 1) this.#defer(queue, index, ring, this.#reported);
    else if (this.#reported !== 0) this.#tell(queue, index, ring, from, direct);
    const full = frames >= BURST || this.#at > limit;
    // A shadowed queue is asked in any case: that takes over what was written to its registers meanwhile.
    const more = (full || queue.shadowed === true) && queue.hasWork === true;
    if (full && more) this.#lookAt(queue);
  }

  /**
   * The straight line, as far as descriptors lie in a row.
   *
   * @returns how many frames it made
   */
  #sendSimple(queue: TxQueue, ring: number, room: number): number {
    if (queue.segmentation.active === true) return 0; // the packet at the head has begun to leave
    const { tail } = queue;
    const head = this.#head;
    const run = Math.min((tail < head ? queue.count : tail) - head, BURST - this.#frames, room);
    const first = (ring * 4 + head * DESCRIPTOR_BYTES) | 0;
    TransmitRow.at.set(w, this.#row >> 2, this.#at);
    const count = (this.#transmitRow(this.#row, first, first + run * DESCRIPTOR_BYTES) - first) >> DESCRIPTOR_SHIFT;
    if ((TransmitRow.commands.get(w, this.#row >> 2) & RS) !== 0) this.#reported = 1;
    this.#at = TransmitRow.at.get(w, this.#row >> 2);
    this.#head = head + count === queue.count ? 0 : head + count;
    this.#frames += count;
    return count;
  }

  /**
   * Anything but a whole plain frame in plain sight: several buffers, offloads, contexts, an IOMMU in the way; or one more
   * segment of the packet at the head.
   *
   * @returns false when the rest of the frame is not posted yet
   */
  #sendOther(queue: TxQueue, ring: number): boolean {
    const builder = this.#builder;
    const at = this.#at;
    const next = builder.next(queue, ring, this.#head, at, this.#shortest);
    if (next < 0) return false;
    this.#reported |= builder.reported;
    this.#head = next;
    if (builder.written === 0) return true;
    const word = w[(at + FRAME_HEADER_BYTES) >> 2]!;
    countFrames(this.#parts.statistics.sent, builder.bytes, 1);
    if ((word & 1) !== 0) countGroup(this.#parts.statistics.sent, word);
    this.#at = at + builder.written;
    this.#frames++;
    return true;
  }

  /** The packet at the head has begun to leave in segments: goes on with those that are all alike. */
  #sendSegments(queue: TxQueue, ring: number, limit: number, direct: number): void {
    const segments = this.#segments;
    const at = this.#at;
    if (at > limit || this.#builder.tags(queue, ring)) return;
    const room = LONGEST_BURST - this.#frames;
    const count = segments.write(queue, ring, at, limit, room, this.#shortest, direct);
    if (count === 0) return;
    const { statistics } = this.#parts;
    const word = w[(at + FRAME_HEADER_BYTES) >> 2]!;
    countFrames(statistics.sent, segments.bytes, count);
    for (let left = (word & 1) === 0 ? 0 : count; left > 0; left--) countGroup(statistics.sent, word);
    this.#at = at + segments.written;
    this.#frames += count;
  }

  /** Lets what a burst has done wait for more, until it is as much as the queue's threshold. */
  #defer(queue: TxQueue, index: number, ring: number, reported: number): void {
    if (reported !== 0) queue.due = true;
    if (!queue.due) queue.unreported = queue.head;
    else if (queue.waiting >= queue.threshold) this.#writeBack(queue, index, ring);
    else if (!this.#flush.pending) this.#flush.after(WRITE_BACK_DELAY);
  }

  /** Writes back everything that waits. */
  #writeBack(queue: TxQueue, index: number, ring: number): void {
    const from = queue.unreported;
    queue.markDone(ring);
    this.#tell(queue, index, ring, from);
  }

  #flushQueue(index: number): void {
    const queue = this.#queues[index]!;
    if (!queue.due || ((this.#faults.hung >>> index) & 1) !== 0) return; // refresh() comes when it goes on
    const ring = queue.locate(this.#dma);
    if (ring >= 0) this.#writeBack(queue, index, ring);
    else queue.due = false;
  }

  #flushAll(): void {
    for (let index = 0; index < this.#queues.length; index++) this.#flushQueue(index);
  }

  /** Descriptors from `from` up to the head are written back: makes them visible, then says so. */
  #tell(queue: TxQueue, index: number, ring: number, from: number, direct = this.#dma.directLimit): void {
    const { head } = queue;
    const faults = this.#faults;
    if (((faults.corrupts >>> index) & 1) !== 0) faults.corrupt(index, ring, from, head, queue.count);
    if (queue.shadowed === true) queue.settle(this.#dma, from, head, 3);
    if (queue.headWriteBack === true) {
      const at = queue.writeBackLow >>> 0;
      if (queue.writeBackHigh === 0 && at < direct - 3) this.#writeHead(at, head);
      else this.#dma.writeWord32(queue.writeBackLow, queue.writeBackHigh, head, direct);
    }
    this.#interrupts.txCause(index);
  }
}
