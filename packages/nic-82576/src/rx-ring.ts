/*
 * One receive queue: its descriptor ring, and how SRRCTL wants frames laid out in its buffers (nic-82576 reference §2).
 * A queue whose SRRCTL names no buffer size takes that of RCTL.
 */

import { DescriptorRing } from './descriptor-ring.ts';
import { REGISTERS, RX_DESCRIPTOR_TYPE, RX_HEADER_GRANULARITY } from './registers/index.ts';

const { RCTL, SRRCTL } = REGISTERS;

/** Bytes of a receive buffer by RCTL.BSIZE. */
const LEGACY_SIZES = [2048, 1024, 512, 256] as const;
/** How many descriptors one step of SRRCTL.RDMTS stands for. */
const THRESHOLD_STEP = 16;

/** One receive queue. */
export class RxRing extends DescriptorRing {
  /** Bytes of each packet buffer. */
  bufferBytes = 2048;
  /** Bytes of each header buffer. */
  headerBytes = 0;
  /** Whether a frame without descriptor is dropped at once instead of waiting in the packet buffer. */
  dropEnabled = false;
  /** Whether descriptors have the legacy format. */
  legacy = false;
  /** Whether headers may be split off, and whether the header buffer is filled even if there is no header to split. */
  splits = false;
  splitsAlways = false;
  /** Whether descriptors are the usual ones: advanced, one buffer each. */
  usual = false;
  /** When the free descriptors fall to as many, the driver is told; 0: it is not. */
  threshold = 0;

  /** The queue is switched on: its head begins anew, unless it was on already. */
  start(): void {
    if (this.isPutOff(() => this.start())) return;
    if (!this.enabled) this.setHead(0);
    this.enabled = true;
  }

  /** The queue is switched off. */
  stop(): void {
    if (this.isPutOff(() => this.stop())) return;
    this.enabled = false;
  }

  /** The word of a descriptor that has DD when it is written back. */
  get statusWord(): 2 | 3 {
    return this.legacy ? 3 : 2;
  }

  /**
   * @param split - SRRCTL
   * @param control - RCTL
   */
  configure(split: number, control: number): void {
    const kilobytes = SRRCTL.BSIZEPACKET.get(split);
    const type = SRRCTL.DESCTYPE.get(split);
    this.bufferBytes = kilobytes > 0 ? kilobytes * 1024 : LEGACY_SIZES[RCTL.BSIZE.get(control) as 0 | 1 | 2 | 3];
    this.headerBytes = SRRCTL.BSIZEHEADER.get(split) * RX_HEADER_GRANULARITY;
    this.dropEnabled = SRRCTL.DROP_EN.get(split) === 1;
    this.legacy = type === RX_DESCRIPTOR_TYPE.LEGACY;
    this.splitsAlways = type === RX_DESCRIPTOR_TYPE.HEADER_SPLIT_ALWAYS;
    this.splits = this.splitsAlways || type === RX_DESCRIPTOR_TYPE.HEADER_SPLIT;
    this.usual = !this.legacy && !this.splits;
    this.threshold = SRRCTL.RDMTS.get(split) * THRESHOLD_STEP;
  }

  /**
   * @param head - where a burst has moved the head to
   * @returns whether the free descriptors have fallen to the threshold in between
   */
  fallsLow(head: number): boolean {
    const { threshold } = this;
    return threshold > 0 && this.ownedFrom(this.head) > threshold && this.ownedFrom(head) <= threshold;
  }
}
