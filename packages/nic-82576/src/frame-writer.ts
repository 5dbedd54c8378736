/*
 * Writes one received frame to host memory the general way: over as many descriptors as it needs, in every format that
 * SRRCTL knows, with its header split off, its tag taken out, its check sequence behind it (nic-82576 reference §4). Either
 * the whole frame is written or nothing of it. What the reference leaves open of header split follows QEMU's igb.
 */

import { i32 as m } from '@netcx/dma/memory';
import type { DmaPort } from '@netcx/hardware';
import {
  allocateWire,
  copyWithinWire,
  Frame,
  FRAME_HEADER_BYTES,
  freeWire,
  i32 as w,
  u8 as w8,
} from '@netcx/hardware/wire';
import { crc32 } from './crc.ts';
import { FoundFrame } from './found-frame.ts';
import {
  FCS_BYTES,
  MAXIMUM_FRAME,
  RX_STATUS,
  RxLegacyWriteBack,
  RxReadDescriptor,
  RxWriteBack,
  VLAN_TAG_BYTES,
} from './registers/index.ts';
import type { RxRing } from './rx-ring.ts';

/** What `write` returns instead of a head: the frame waits for descriptors, or is dropped. */
export const WAITS = -1;
export const DROPPED = -2;

/** How a frame lies in the two buffers of its first descriptor. */
interface Split {
  /** Bytes in the header buffer. */
  bytes: number;
  /** What the descriptor says: header length and SPH. */
  information: number;
  /** HBO, or nothing. */
  status: number;
}

/** Writes frames. */
export class FrameWriter {
  readonly #dma: DmaPort;
  /** Room for one frame with its check sequence. */
  readonly #scratch = allocateWire(MAXIMUM_FRAME);
  /** The split of the frame that is being written; one object, since a burst allocates nothing. */
  readonly #split: Split = { bytes: 0, information: 0, status: 0 };

  /**
   * @param dma - the way to host memory
   */
  constructor(dma: DmaPort) {
    this.#dma = dma;
  }

  /**
   * @param queue - the queue it goes to
   * @param ring - word index of the queue's descriptor 0
   * @param head - the descriptor to begin with
   * @param record - word index of what was found out about it, a `FoundFrame`
   * @param stripFcs - whether its check sequence is left out
   * @returns the head behind it; WAITS or DROPPED when there are too few descriptors, and nothing is written
   */
  write(queue: RxRing, ring: number, head: number, record: number, stripFcs: boolean): number {
    const at = FoundFrame.at.get(w, record);
    const length = Frame.length.get(w, at >> 2);
    const stripAt = FoundFrame.stripAt.get(w, record);
    const total = length - (stripAt === 0 ? 0 : VLAN_TAG_BYTES) + (stripFcs ? 0 : FCS_BYTES);
    const split = this.#chooseSplit(queue, FoundFrame.header.get(w, record), total);
    const needed = Math.max(1, Math.ceil((total - split.bytes) / queue.bufferBytes));
    if (queue.ownedFrom(head) < needed) {
      // What the whole ring cannot hold would wait for ever, and everything behind it.
      return !queue.dropEnabled && needed < queue.count ? WAITS : DROPPED;
    }
    const from = this.#arrange(at + FRAME_HEADER_BYTES, length, stripAt, stripFcs);
    let index = head;
    let done = 0;
    for (let number = 1; number <= needed; number++) {
      const d = ring + (index << 2);
      const { low, high } = RxReadDescriptor.packetAddress;
      const header = number === 1 ? split.bytes : 0;
      const part = Math.min(queue.bufferBytes, total - done - header);
      // A failed write is a master abort: the descriptor is written back all the same, as the chip does.
      if (header > 0) {
        const headerAddress = RxReadDescriptor.headerAddress;
        this.#dma.writeFromWire(from, header, headerAddress.low.get(m, d), headerAddress.high.get(m, d));
      }
      if (part > 0) this.#dma.writeFromWire(from + done + header, part, low.get(m, d), high.get(m, d));
      done += header + part;
      if (queue.legacy) writeLegacy(d, part, record, done === total);
      else this.#writeAdvanced(d, part, record, done === total);
      index = index + 1 === queue.count ? 0 : index + 1;
    }
    return index;
  }

  #chooseSplit(queue: RxRing, header: number, total: number): Split {
    const split = this.#split;
    split.bytes = split.information = split.status = 0;
    if (!queue.splits) return split;
    if (header > 0) {
      split.information = describeSplit(header, 1);
      if (header <= queue.headerBytes) {
        split.bytes = header;
        return split;
      }
      split.status = RX_STATUS.HBO;
      if (queue.splitsAlways) split.bytes = queue.headerBytes;
      return split;
    }
    if (!queue.splitsAlways) return split;
    split.bytes = Math.min(total, queue.headerBytes);
    split.information = describeSplit(split.bytes, 0);
    return split;
  }

  /** The frame's bytes as they go to memory, in one piece: where they are, or copied without the tag, with what follows. */
  #arrange(data: number, length: number, stripAt: number, stripFcs: boolean): number {
    if (stripAt === 0 && stripFcs) return data;
    const copy = this.#scratch;
    const cut = stripAt === 0 ? 0 : VLAN_TAG_BYTES;
    copyWithinWire(copy, data, stripAt);
    copyWithinWire(copy + stripAt, data + stripAt + cut, length - stripAt - cut);
    // Frames travel without their check sequence: for a driver that asks for it (no RCTL.SECRC) it is computed here.
    if (!stripFcs) {
      const fcs = crc32(data, length);
      for (let byte = 0; byte < FCS_BYTES; byte++) w8[copy + length - cut + byte] = fcs >>> (8 * byte);
    }
    return copy;
  }

  #writeAdvanced(d: number, part: number, record: number, last: boolean): void {
    const { information, status } = this.#split;
    RxWriteBack.information.set(m, d, information | (last ? FoundFrame.information.get(w, record) : 0));
    RxWriteBack.rssHash.set(m, d, last ? FoundFrame.hash.get(w, record) : 0);
    RxWriteBack.lengthTag.set(m, d, part | (last ? FoundFrame.tag.get(w, record) : 0));
    const found = last ? FoundFrame.status.get(w, record) | RX_STATUS.EOP : 0;
    RxWriteBack.statusError.set(m, d, found | status | RX_STATUS.DD); // DD last: the driver looks at it
  }

  /** Gives the memory back. */
  close(): void {
    freeWire(this.#scratch, MAXIMUM_FRAME);
  }
}

/** The first word of a descriptor: bytes of header, and whether they were split off. */
const describeSplit = (bytes: number, split: 0 | 1): number => ((bytes & 0x3ff) << 21) | (split << 31);

/** A legacy descriptor keeps its address, and has room for a byte each of status and errors. */
function writeLegacy(d: number, part: number, record: number, last: boolean): void {
  const found = last ? FoundFrame.status.get(w, record) | RX_STATUS.EOP | RX_STATUS.DD : RX_STATUS.DD;
  RxLegacyWriteBack.length.set(m, d, part);
  RxLegacyWriteBack.checksum.set(m, d, 0);
  const errors = found >>> 24;
  const tag = last ? FoundFrame.tag.get(w, record) : 0;
  m[d + 3] = tag | (errors << 8) | (found & 0xff);
}
