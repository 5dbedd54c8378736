/*
 * One transmit queue: its ring, its contexts, the packet that it is segmenting, and what it has done but not yet written
 * back. With a write-back threshold (TXDCTL.WTHRESH) descriptors wait until so many are done, or until they are flushed.
 *
 * @hot
 */

import * as memory from '@netcx/dma/memory';
import * as wire from '@netcx/hardware/wire';
import * as rings from './descriptor-ring.ts';
import * as registers from './registers/index.ts';
import * as segmentation from './segmentation.ts';

const { i32: m } = memory;
const { i32: w } = wire;
const { DescriptorRing } = rings;
const { Segmentation, LONGEST_HEADER } = segmentation;
const { DESCRIPTOR_BYTES, TX_COMMAND, TX_CONTEXTS, TX_STATUS, TxData } = registers;

const CONTEXT_BYTES = TX_CONTEXTS * DESCRIPTOR_BYTES;
/** Bytes of device memory that a queue takes: its contexts, and room for the headers of a packet. */
export const TX_RING_BYTES = (CONTEXT_BYTES + LONGEST_HEADER + 63) & ~63;

/** One transmit queue. */
export class TxRing extends DescriptorRing {
  /** Its number. */
  readonly index: number = 0;
  /** Whether it waits for its turn in the engine. */
  listed = false;
  /** The queue whose turn comes behind its own; see TxTurns. */
  behind: TxRing | undefined = undefined;
  /** The packet that is being segmented. */
  readonly segmentation = new Segmentation();
  /** Word index in device memory of the context descriptors, by slot, as they were in the ring. */
  readonly contexts: number = 0;
  /** How many descriptors are written back together; 0 and 1: each as soon as it is done. */
  threshold = 0;
  /** Whether descriptors are not written back one by one. */
  quiet = false;
  /** Where the head is written back to, instead of descriptors. */
  headWriteBack = false;
  writeBackLow = 0;
  writeBackHigh = 0;
  /** Byte offset in device memory of the headers of the packet that is being segmented. */
  readonly header: number = 0;
  /** With a threshold: the first descriptor that is not written back, and whether one from there on asked for a report. */
  unreported = 0;
  due = false;

  /**
   * @param index - its number
   * @param offset - byte offset of `TX_RING_BYTES` in device memory
   */
  constructor(index: number, offset: number) {
    super();
    this.index = index;
    this.contexts = offset >>> 2;
    this.header = offset + CONTEXT_BYTES;
  }

  /** How many descriptors are done and not written back. */
  get waiting(): number {
    const distance = this.head - this.unreported;
    return distance < 0 ? distance + this.count : distance;
  }

  /**
   * @param low - TDWBAL
   * @param high - TDWBAH
   */
  setWriteBack(low: number, high: number): void {
    if (this.isPutOff(() => this.setWriteBack(low, high))) return;
    this.headWriteBack = (low & 1) === 1;
    this.writeBackLow = low & ~3;
    this.writeBackHigh = high;
    this.quiet = this.headWriteBack || this.threshold > 1;
  }

  /**
   * @param descriptors - TXDCTL.WTHRESH; what waits is flushed before another one
   */
  setThreshold(descriptors: number): void {
    if (this.isPutOff(() => this.setThreshold(descriptors)) || descriptors === this.threshold) return;
    this.threshold = descriptors;
    this.quiet = this.headWriteBack || descriptors > 1;
    this.unreported = this.head;
    this.due = false;
  }

  /**
   * The queue is switched on, or is on and told so again.
   *
   * @param tail - the tail register
   */
  start(tail: number): void {
    if (this.isPutOff(() => this.start(tail))) return;
    this.pinned = false;
    this.enabled = true;
    this.setTail(tail);
  }

  /** Takes no more descriptors; what it is segmenting leaves. */
  stop(): void {
    if (this.isPutOff(() => this.stop())) return;
    if (!this.segmentation.active) {
      this.enabled = false;
      return;
    }
    this.setTail(this.segmentation.end);
    this.pinned = true;
  }

  /**
   * Marks the descriptors that wait as done, those that asked for it.
   *
   * @param ring - word index of descriptor 0, for this burst
   */
  markDone(ring: number): void {
    const head = this.head | 0;
    const count = this.count | 0;
    let index = this.unreported | 0;
    while (index !== head && !this.headWriteBack) {
      const d = (ring + (index << 2)) | 0;
      if ((TxData.command.get(m, d) & TX_COMMAND.RS) !== 0) {
        TxData.status.set(m, d, TxData.status.get(m, d) | TX_STATUS.DD);
      }
      index = index + 1 === count ? 0 : (index + 1) | 0;
    }
    this.unreported = head;
    this.due = false;
  }

  override reset(): void {
    if (this.isPutOff(() => this.reset())) return;
    super.reset();
    w.fill(0, this.contexts, this.contexts + CONTEXT_BYTES / 4);
    this.setWriteBack(0, 0);
    this.setThreshold(0);
  }

  /** What was begun is forgotten. */
  protected override moved(): void {
    this.segmentation.active = false;
    this.unreported = this.head;
    this.due = false;
    if (!this.pinned) return;
    this.pinned = false;
    this.enabled = false;
  }
}
