/*
 * The receive side: takes frames off the link, filters them, writes them to host memory by DMA and the descriptors after
 * them. It works a burst at a time, straight from the link's memory; frames for which the driver has posted no descriptor
 * yet wait in the packet buffer, and only what does not fit there is missed. Follows nic-82576 reference §4 and §5.
 *
 * @hot
 */

import type { Alarm } from '@netcx/clock';
import * as wire from '@netcx/hardware/wire';
import * as arriving from './arrivals.ts';
import * as deliveries from './classified-delivery.ts';
import * as classifiers from './classifier.ts';
import type { EngineParts, QueueBank, QueueFaults } from './engine.ts';
import * as flows from './flow-control.ts';
import * as tallies from './frame-tally.ts';
import * as writers from './frame-writer.ts';
import * as buffers from './packet-buffer.ts';
import * as receiving from './receive-row.ts';
import * as registers from './registers/index.ts';
import * as ways from './rows.ts';
import * as rings from './rx-ring.ts';
import * as verdicts from './verdict.ts';
import * as wakes from './wake-filter.ts';

const { i32: w, allocateWire, Frame, FRAME_HEADER_BYTES, freeWire } = wire;
const { Arrivals } = arriving;
const { ClassifiedDelivery } = deliveries;
const { Classifier } = classifiers;
const { FlowControl } = flows;
const { DROPPED, FrameWriter, WAITS } = writers;
const { LOSSLESS_BYTES, PACKET_BUFFER_BYTES, PacketBuffer } = buffers;
const { RECEIVE_ROW_BYTES, ReceiveRow, setOutRow } = receiving;
const { RxRing } = rings;
const { WakeFilter } = wakes;
const { countFrames, countGroup } = tallies;
const { countOther, judge, SOUND, UNWANTED } = verdicts;
const { DESCRIPTOR_BYTES, REGISTERS } = registers;
const { CTRL_EXT, ETQF, FCT, ICR, PSRTYPE, RCTL, RDBAH, RDBAL, RDH, RDLEN, RDT, RQDPC, RXDCTL, SRRCTL } = REGISTERS;

/** Where frames go that nothing is found out about. */
const FIRST_QUEUE = 0;
const DESCRIPTOR_SHIFT = Math.log2(DESCRIPTOR_BYTES) | 0;

type RxQueue = InstanceType<typeof RxRing>;

/** All receive queues of the chip, and its packet buffer. */
export class RxEngine {
  // What each burst asks stands first, on few lines of the cache.
  readonly #dma: EngineParts['dma'];
  readonly #faults: QueueFaults;
  readonly #filter: EngineParts['filter'];
  readonly #interrupts: EngineParts['interrupts'];
  readonly #arrivals: InstanceType<typeof Arrivals>;
  readonly #buffer = new PacketBuffer();
  /** Where frames go that nothing is found out about. */
  readonly #first: RxQueue;
  #enabled = false;
  /** Whether the function sleeps: frames can wake it, and nothing else. */
  #asleep = false;
  /** Whether frames are classified before they are written. */
  #classifies = false;
  /** Whether a burst is to be looked at before anything else. */
  #looksEarly = false;
  /** The straight line, and byte offset in device memory of what it works with. */
  readonly #receiveRow = ways.rows().receiveRow;
  readonly #row = allocateWire(RECEIVE_ROW_BYTES);
  /** What the straight line was told of: how far memory is in plain sight, and which filter; -1 when it is to be told anew. */
  #direct = -1;
  #edition = -1;
  // While a burst is delivered: byte offset of the next frame, and the head that the queue will have.
  #at = 0;
  #head = 0;
  #stripFcs = false;
  #storeBad = false;
  readonly #parts: EngineParts;
  readonly #queues: RxQueue[] = [];
  readonly #alarm: Alarm;
  readonly #flow: InstanceType<typeof FlowControl>;
  readonly #wake: InstanceType<typeof WakeFilter>;
  readonly #classifier: InstanceType<typeof Classifier>;
  readonly #writer: InstanceType<typeof FrameWriter>;
  readonly #classified: InstanceType<typeof ClassifiedDelivery>;

  /**
   * @param parts - what the engine works with
   * @param bank - how many queues there are
   */
  constructor(parts: EngineParts, bank: QueueBank) {
    this.#parts = parts;
    this.#dma = parts.dma;
    this.#faults = parts.faults.rx;
    this.#filter = parts.filter;
    this.#interrupts = parts.interrupts;
    ReceiveRow.tally.set(w, this.#row >> 2, parts.statistics.received);
    for (let index = 0; index < bank.count; index++) this.#queues.push(new RxRing());
    this.#first = this.queue(FIRST_QUEUE);
    this.#alarm = parts.clock.alarm(() => {
      this.#drainBuffer();
    });
    this.#flow = new FlowControl(parts);
    this.#arrivals = new Arrivals(parts, this.#flow);
    this.#wake = new WakeFilter(parts);
    this.#classifier = new Classifier(parts.registers, parts.filter);
    this.#writer = new FrameWriter(parts.dma);
    this.#classified = new ClassifiedDelivery(parts, this.#queues, this.#classifier, this.#writer, this.#arrivals);
    this.#connect();
  }

  #connect(): void {
    const { registers: file } = this.#parts;
    const queue = (index: number): RxQueue => this.queue(index);
    file.onWrite(RDBAL, (value, index) => {
      queue(index).setBaseLow(value | 0);
    });
    file.onWrite(RDBAH, (value, index) => {
      queue(index).setBaseHigh(value | 0);
    });
    file.onWrite(RDLEN, (value, index) => {
      queue(index).setLength(value);
    });
    file.onRead(RDH, (index) => queue(index).head);
    file.onWrite(RDT, (value, index) => {
      this.tailMoved(queue(index), value);
    });
    file.onWrite(RXDCTL, (value, index) => {
      if (RXDCTL.ENABLE.get(value) === 1) queue(index).start();
      else queue(index).stop();
      this.#goOn();
    });
    const changed = (): void => {
      this.refresh();
    };
    file.onWrite(SRRCTL, changed);
    file.onWrite(PSRTYPE, changed);
    file.onWrite(ETQF, changed);
    file.onWrite(CTRL_EXT, changed);
    file.onWrite(FCT, changed);
  }

  /**
   * @param index - a queue's number
   * @returns the queue
   */
  queue(index: number): RxQueue {
    return this.#queues[index]!;
  }

  /**
   * The driver has written a tail register.
   *
   * @param queue - whose
   * @param value - what it holds now
   */
  tailMoved(queue: RxQueue, value: number): void {
    queue.setTail(value & 0xffff);
    this.#goOn();
  }

  /** The registers have their reset values already: forget everything else. */
  reset(): void {
    this.#queues.forEach((queue, index) => {
      queue.reset();
      if (RXDCTL.ENABLE.get(this.#parts.registers.get(RXDCTL, index)) === 1) queue.start();
    });
    this.#buffer.clear();
    this.#alarm.cancel();
    this.#flow.reset();
    this.#classifier.reset();
    this.refresh();
  }

  /** Something outside the queues' registers changed: take it over. */
  refresh(): void {
    const { filter, power, registers: file } = this.#parts;
    const control = file.get(RCTL);
    this.#asleep = power.asleep;
    this.#enabled = RCTL.EN.get(control) === 1;
    this.#stripFcs = RCTL.SECRC.get(control) === 1;
    this.#storeBad = RCTL.SBP.get(control) === 1;
    this.#queues.forEach((queue, index) => {
      queue.configure(file.get(SRRCTL, index), control);
    });
    filter.vlan.rebuild();
    this.#flow.rebuild();
    this.#arrivals.refresh();
    this.#looksEarly = this.#arrivals.early;
    this.#classifier.rebuild();
    this.#classified.refresh(this.#stripFcs);
    this.#direct = -1;
    this.#classifies = this.#classifier.needed || this.#parts.timestamps.receiving || !this.#first.usual;
    if (!this.#enabled) {
      this.#buffer.clear();
      this.#flow.reset();
    }
    this.#buffer.resize(this.#flow.sends ? LOSSLESS_BYTES : PACKET_BUFFER_BYTES);
    this.#goOn();
  }

  /** What waits may be able to go on. */
  #goOn(): void {
    if (this.#buffer.frames > 0) this.#alarm.soon();
  }

  /**
   * Frames have come by the link.
   *
   * @param offset - byte offset of the first in device memory
   * @param frames - how many
   */
  receive(offset: number, frames: number): void {
    if (this.#enabled !== true || this.#asleep === true) {
      if (this.#asleep) this.#wake.inspect(offset, frames);
      return;
    }
    const arrivals = this.#arrivals;
    arrivals.begin();
    if (this.#looksEarly === true || this.#buffer.frames > 0) arrivals.look(offset, frames);
    if (this.#buffer.frames > 0) this.#drainBuffer();
    // What waits goes first: a burst behind it must wait as well.
    const taken = this.#buffer.frames > 0 ? 0 : this.#deliver(offset, frames);
    if (taken === frames) return;
    arrivals.look(offset, frames); // unless a part was delivered, which comes behind a look
    this.#keep(offset, taken, frames);
  }

  /** The MAC's link has come or gone. */
  linkChanged(): void {
    if (this.#asleep) this.#wake.linkChanged();
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
    this.#flow.level(this.#buffer.bytes);
    if (missed === 0) return;
    statistics.MPC += missed;
    interrupts.otherCause(ICR.RXO.mask);
  }

  /** The chip goes away: its memory is free. */
  close(): void {
    this.#alarm.cancel();
    this.#flow.reset();
    this.#buffer.free();
    for (const queue of this.#queues) queue.release();
    this.#writer.close();
    freeWire(this.#row, RECEIVE_ROW_BYTES);
    this.#classified.close();
    this.#classifier.close();
  }

  #drainBuffer(): void {
    const buffer = this.#buffer;
    while (buffer.frames > 0) {
      const run = buffer.run();
      const taken = this.#deliver(buffer.offset, run);
      buffer.remove(taken);
      if (taken < run) break;
    }
    this.#flow.level(buffer.bytes);
  }

  /**
   * Writes a burst to host memory.
   *
   * @returns how many frames were dealt with, dropped ones included; the next one has to wait for a descriptor
   */
  #deliver(offset: number, frames: number): number {
    return this.#classifies === true ? this.#classified.deliver(offset, frames) : this.#deliverPlain(offset, frames);
  }

  /** The same for frames that all go to the first queue, and whose descriptors say nothing but their length. */
  #deliverPlain(offset: number, frames: number): number {
    const dma = this.#dma;
    const faults = this.#faults;
    const interrupts = this.#interrupts;
    const index = FIRST_QUEUE;
    const queue = this.#first;
    const hasWork = queue.hasWork === true && ((faults.hung >>> index) & 1) === 0;
    if (!hasWork && queue.dropEnabled !== true) return 0;
    const direct = dma.directLimit;
    const ring = hasWork ? queue.locate(dma, direct) : 0;
    if (ring < 0) {
      this.#arrivals.look(offset, frames);
      return frames; // a master abort: what comes in is lost
    }
    const tail = hasWork ? queue.tail : queue.head; // a queue that is switched off has no descriptors either
    if (direct !== this.#direct || this.#filter.edition !== this.#edition) {
      // A frame that keeps its check sequence takes the other way.
      setOutRow(this.#row, this.#filter, direct, this.#stripFcs ? queue.bufferBytes : 0);
      ReceiveRow.macControl.set(w, this.#row >> 2, this.#flow.etherType);
      this.#direct = direct;
      this.#edition = this.#filter.edition;
    }
    this.#at = offset;
    this.#head = queue.head;
    let dealt = 0;
    while (dealt < frames) {
      const simple = this.#deliverSimple(queue, ring, tail, frames - dealt);
      dealt += simple;
      if (simple > 0) continue;
      this.#arrivals.look(this.#at, frames - dealt);
      if (!this.#deliverOther(queue, ring, tail)) break;
      dealt++;
    }
    const head = this.#head;
    if (head === queue.head) return dealt;
    if (((faults.corrupts >>> index) & 1) !== 0) faults.corrupt(index, ring, queue.head, head, queue.count);
    if (queue.shadowed === true) queue.settle(dma, queue.head, head, 2); // before anybody is told
    const low = queue.fallsLow(head);
    queue.head = head;
    interrupts.rxCause(index);
    if (low) interrupts.rxLow(index);
    return dealt;
  }

  /** The straight line, as far as descriptors lie in a row. */
  #deliverSimple(queue: RxQueue, ring: number, tail: number, frames: number): number {
    const head = this.#head;
    const run = Math.min((tail < head ? queue.count : tail) - head, frames);
    const first = (ring * 4 + head * DESCRIPTOR_BYTES) | 0;
    ReceiveRow.at.set(w, this.#row >> 2, this.#at);
    const count = (this.#receiveRow(this.#row, first, first + run * DESCRIPTOR_BYTES) - first) >> DESCRIPTOR_SHIFT;
    this.#at = ReceiveRow.at.get(w, this.#row >> 2);
    this.#head = head + count === queue.count ? 0 : head + count;
    return count;
  }

  /** Deals with one frame, whatever it is; false when it waits for descriptors. */
  #deliverOther(queue: RxQueue, ring: number, tail: number): boolean {
    const { filter, registers: file, statistics } = this.#parts;
    const at = this.#at;
    const length = Frame.length.get(w, at >> 2);
    const verdict = judge(filter, this.#storeBad, at, length);
    let dropped = false;
    if (verdict < UNWANTED) {
      const head = this.#head;
      if (head === tail && !queue.dropEnabled) return false;
      const record = this.#classifier.skip(at, verdict);
      const next = head === tail ? DROPPED : this.#writer.write(queue, ring, head, record, this.#stripFcs);
      if (next === WAITS) return false;
      dropped = next === DROPPED;
      if (dropped) file.add(RQDPC, 1, FIRST_QUEUE);
      else this.#head = next;
    }
    if (verdict === SOUND && !dropped) {
      const first = w[(at + FRAME_HEADER_BYTES) >> 2]!;
      countFrames(statistics.received, length, 1);
      if ((first & 1) !== 0) countGroup(statistics.received, first);
    } else if (!dropped) {
      countOther(statistics, verdict, length);
    }
    this.#at = at + FRAME_HEADER_BYTES + ((length + 7) & ~7);
    return true;
  }
}
