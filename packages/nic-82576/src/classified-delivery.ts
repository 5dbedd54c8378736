/*
 * Writes frames to host memory that are looked at first. Usual ones go along a straight line (flow-line.ts); of others a few
 * dozen are classified, then runs of frames for the same queue are written, one run after the other, so that frames stay in
 * order and the first one that has to wait stops all behind it (the packet buffer is one queue). One interrupt cause for each
 * queue stands for the whole burst.
 *
 * @hot
 */

import * as memory from '@netcx/dma/memory';
import * as wire from '@netcx/hardware/wire';
import type { Arrivals } from './arrivals.ts';
import type { Classifier } from './classifier.ts';
import type { EngineParts } from './engine.ts';
import * as flowing from './flow-line.ts';
import * as founds from './found-frame.ts';
import * as writers from './frame-writer.ts';
import * as tallies from './frame-tally.ts';
import * as registers from './registers/index.ts';
import type { RxRing } from './rx-ring.ts';
import * as verdicts from './verdict.ts';

const { i32: m } = memory;
const { i32: w, copyToHost, Frame, FRAME_HEADER_BYTES } = wire;
const { FlowLine } = flowing;
const { FOUND_FRAMES, FOUND_WORDS, FoundFrame } = founds;
const { DROPPED, WAITS } = writers;
const { countFrames, countGroup } = tallies;
const { countOther, SOUND, UNWANTED } = verdicts;
const { REGISTERS, RX_STATUS, RxReadDescriptor, RxWriteBack, VLAN_TAG_BYTES } = registers;
const { RQDPC } = REGISTERS;

const DONE = RX_STATUS.DD | RX_STATUS.EOP;

/** Delivers frames to the queues that they are classified for. */
export class ClassifiedDelivery {
  readonly #parts: EngineParts;
  readonly #queues: readonly RxRing[];
  readonly #classifier: Classifier;
  readonly #writer: InstanceType<typeof writers.FrameWriter>;
  readonly #arrivals: Arrivals;
  readonly #line: InstanceType<typeof FlowLine>;
  /** Whether check sequences are left out. */
  #stripFcs = false;
  /** Queues that were written to, and whose free descriptors fell low: bit q stands for queue q. */
  #written = 0;
  #low = 0;

  /**
   * @param parts - what the engine works with
   * @param queues - all receive queues
   * @param classifier - looks at the frames
   * @param writer - writes those that are not simple
   * @param arrivals - looks at a burst before a frame is classified
   */
  constructor(
    parts: EngineParts,
    queues: readonly RxRing[],
    classifier: Classifier,
    writer: InstanceType<typeof writers.FrameWriter>,
    arrivals: Arrivals,
  ) {
    this.#parts = parts;
    this.#queues = queues;
    this.#classifier = classifier;
    this.#writer = writer;
    this.#arrivals = arrivals;
    this.#line = new FlowLine(parts, queues, classifier);
  }

  /**
   * Registers were written.
   *
   * @param stripFcs - whether check sequences are left out
   */
  refresh(stripFcs: boolean): void {
    this.#stripFcs = stripFcs;
    this.#line.refresh(stripFcs);
  }

  /**
   * @param offset - byte offset of the first frame in device memory
   * @param frames - how many
   * @returns how many frames were dealt with, dropped ones included; the next one has to wait for a descriptor
   */
  deliver(offset: number, frames: number): number {
    const line = this.#line;
    let at = offset;
    let dealt = 0;
    this.#written = this.#low = 0;
    const straight = line.setOut();
    let most = straight ? 1 : FOUND_FRAMES;
    while (dealt < frames) {
      if (straight) {
        const done = line.deliver(at, frames - dealt);
        this.#settle();
        at = line.at;
        dealt += done;
        if (dealt === frames) break;
        // What stopped it may be one odd frame, or the first of many.
        most = done > 0 ? 1 : Math.min(2 * most, FOUND_FRAMES);
      }
      this.#arrivals.look(at, frames - dealt);
      const batch = Math.min(frames - dealt, most);
      at = this.#classifier.classify(at, batch);
      const done = this.#deliverBatch(batch);
      dealt += done;
      if (done < batch) break;
    }
    this.#tell();
    return dealt;
  }

  #deliverBatch(frames: number): number {
    let dealt = 0;
    while (dealt < frames) {
      const next = this.#deliverRun(dealt, frames);
      const waits = next < 0;
      dealt = waits ? ~next : next;
      if (waits) break;
    }
    return dealt;
  }

  /** Takes over what the straight line has written. */
  #settle(): void {
    for (let left = this.#line.open; left !== 0; left &= left - 1) {
      const index = 31 - Math.clz32(left & -left);
      const queue = this.#queues[index]!;
      const head = this.#line.close(index);
      if (head !== queue.head) this.#finish(queue, index, queue.baseLow >>> 2, head);
    }
  }

  #tell(): void {
    const { interrupts } = this.#parts;
    for (let left = this.#written | this.#low; left !== 0; left &= left - 1) {
      const index = 31 - Math.clz32(left & -left);
      if (((this.#written >>> index) & 1) !== 0) interrupts.rxCause(index);
      if (((this.#low >>> index) & 1) !== 0) interrupts.rxLow(index);
    }
  }

  /**
   * Writes the frames of one queue that follow each other, and passes over those that nobody gets.
   *
   * @returns the number of the first frame that is for another queue; its complement when that frame has to wait
   */
  #deliverRun(first: number, frames: number): number {
    const { dma, faults, statistics } = this.#parts;
    const records = this.#classifier.records | 0;
    const index = FoundFrame.queue.get(w, records + first * FOUND_WORDS) | 0;
    const queue = this.#queues[index]!;
    const hasWork = queue.hasWork && ((faults.rx.hung >>> index) & 1) === 0;
    const located = hasWork ? queue.locate(dma) : 0;
    const ring = located < 0 ? 0 : located | 0;
    const lost = located < 0; // a master abort: what comes in is lost
    const direct = dma.directLimit | 0;
    const bufferBytes = this.#stripFcs && queue.usual ? queue.bufferBytes | 0 : 0; // otherwise no frame takes the short way
    const count = queue.count | 0;
    const tail = (hasWork ? queue.tail : queue.head) | 0; // a queue that is switched off has no descriptors either
    let head = queue.head | 0;
    let number = first | 0;
    let usual = 0;
    let repeats = 0;
    let waits = false;
    for (; number < frames; number = (number + 1) | 0) {
      const record = (records + Math.imul(number, FOUND_WORDS)) | 0;
      const verdict = FoundFrame.verdict.get(w, record) | 0;
      const at = FoundFrame.at.get(w, record) | 0;
      const length = Frame.length.get(w, at >> 2) | 0;
      if (verdict >= UNWANTED) {
        countOther(statistics, verdict, length);
        continue;
      }
      if (FoundFrame.queue.get(w, record) !== index) break;
      if (lost) continue;
      if (head === tail) {
        if (!queue.dropEnabled) {
          waits = true;
          break;
        }
        this.#parts.registers.add(RQDPC, 1, index);
        continue;
      }
      const data = (at + FRAME_HEADER_BYTES) | 0;
      const d = (ring + (head << 2)) | 0;
      const address = RxReadDescriptor.packetAddress.low.get(m, d) | 0;
      const high = RxReadDescriptor.packetAddress.high.get(m, d) | 0;
      const end = (address + length) | 0;
      if (high !== 0 || address <= 0 || end > direct || end <= 0 || length > bufferBytes || verdict !== SOUND) {
        const next = this.#writer.write(queue, ring, head, record, this.#stripFcs);
        if (next === WAITS) {
          waits = true;
          break;
        }
        if (next === DROPPED) {
          this.#parts.registers.add(RQDPC, 1, index);
          continue;
        }
        head = next;
      } else {
        const stripAt = FoundFrame.stripAt.get(w, record) | 0;
        let written = length;
        if (stripAt === 0) {
          copyToHost(address, data, length);
        } else {
          const behind = (stripAt + VLAN_TAG_BYTES) | 0;
          written = (length - VLAN_TAG_BYTES) | 0;
          copyToHost(address, data, stripAt);
          copyToHost((address + stripAt) | 0, (data + behind) | 0, (length - behind) | 0);
        }
        RxWriteBack.information.set(m, d, FoundFrame.information.get(w, record));
        RxWriteBack.rssHash.set(m, d, FoundFrame.hash.get(w, record));
        RxWriteBack.lengthTag.set(m, d, FoundFrame.tag.get(w, record) | written);
        RxWriteBack.statusError.set(m, d, FoundFrame.status.get(w, record) | DONE); // DD last: the driver looks at it
        head = head + 1 === count ? 0 : (head + 1) | 0;
      }
      if (verdict === SOUND) {
        if (length !== usual) {
          if (repeats > 0) countFrames(statistics.received, usual, repeats);
          usual = length;
          repeats = 0;
        }
        repeats = (repeats + 1) | 0;
        const first = w[data >> 2]! | 0;
        if ((first & 1) !== 0) countGroup(statistics.received, first);
      } else {
        countOther(statistics, verdict, length);
      }
    }
    if (repeats > 0) countFrames(statistics.received, usual, repeats);
    if (head !== queue.head) this.#finish(queue, index, ring, head);
    return waits ? ~number : number;
  }

  /** Hands a run's descriptors over to the driver. */
  #finish(queue: RxRing, index: number, ring: number, head: number): void {
    const { dma, faults } = this.#parts;
    if (((faults.rx.corrupts >>> index) & 1) !== 0) faults.rx.corrupt(index, ring, queue.head, head, queue.count);
    if (queue.shadowed) queue.settle(dma, queue.head, head, queue.statusWord);
    this.#written |= 1 << index;
    if (queue.fallsLow(head)) this.#low |= 1 << index;
    queue.head = head;
  }

  /** Gives its memory back. */
  close(): void {
    this.#line.free();
  }
}
