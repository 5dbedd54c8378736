/*
 * One receive queue. `advance` is two verbs: drain takes over what the chip has written back, as packets of the framework;
 * post gives the chip the buffers that the framework attached, and moves its tail once. Descriptor n of the chip's ring
 * belongs to fragment n. What the chip wrote is checked before it is believed. Follows nic-82576 reference §4 and §8.
 *
 * @hot
 */

import type { PacketQueueCallbacks, RxQueue } from '@netcx/adapter';
import type { CommonBuffer } from '@netcx/dma';
import * as dma from '@netcx/dma';
import * as memory from '@netcx/dma/memory';
import * as extensions from '@netcx/extensions';
import * as nic from '@netcx/nic-82576/registers';
import * as rings from '@netcx/rings';
import type { Ring } from '@netcx/rings';
import type { Device } from './device.ts';
import * as offload from './rx-checksum.ts';

const { i32: m, u64: m64 } = memory;
const { highWord, lowWord } = dma;
const { Checksum, LogicalAddress } = extensions;
const { Fragment, Layer2Type, Packet } = rings;
const { evaluationOf } = offload;
const {
  DESCRIPTOR_BYTES,
  MAXIMUM_FRAME,
  REGISTERS,
  RX_BUFFER_GRANULARITY,
  RX_DESCRIPTOR_TYPE,
  RX_STATUS,
  RxReadDescriptor,
  RxWriteBack,
} = nic;
const { RDBAH, RDBAL, RDLEN, RDT, RXDCTL, SRRCTL } = REGISTERS;

const ETHERNET_HEADER_BYTES = 14;
const DD = RX_STATUS.DD;
const WHOLE_FRAME = RX_STATUS.DD | RX_STATUS.EOP;
const RXE = RX_STATUS.RXE | 0;
const CE = RX_STATUS.CE | 0;
/** Layout of every received frame: Ethernet, 14 bytes. Framework and protocol look further if they want. */
const LAYOUT_LOW = 1 | (ETHERNET_HEADER_BYTES << 16) | 0; // one fragment, layer 2 header length
const LAYOUT_HIGH = Layer2Type.Ethernet << 8;
const IGNORE = 1 << 24;

/** What a receive queue counts besides the framework's own statistics. */
export interface RxQueueCounters {
  /** Frames with an error that the chip reported. */
  errors: number;
  /** Lengths that cannot be: of a descriptor, longer than its buffer or zero; of a frame, longer than any. */
  invalidLengths: number;
}

/** The driver's side of one receive queue. */
export class ReceiveQueue implements PacketQueueCallbacks {
  readonly counters: RxQueueCounters = { errors: 0, invalidLengths: 0 };
  readonly #device: Device;
  readonly #id: number;
  readonly #packets: Ring;
  readonly #fragments: Ring;
  readonly #checksum: number;
  readonly #logical: number;
  readonly #bufferBytes: number;
  /** Descriptors of the longest frame. */
  readonly #mostParts: number;
  readonly #arm: (enabled: boolean) => void;
  readonly #block: CommonBuffer;
  readonly #ring: number;

  /**
   * @param device - the device
   * @param queue - the framework's side
   * @param connect - connects the queue's interrupt; returns what arms it
   */
  constructor(device: Device, queue: RxQueue, connect: (handler: () => void) => (enabled: boolean) => void) {
    this.#device = device;
    this.#id = queue.id;
    this.#packets = queue.rings.packets;
    this.#fragments = queue.rings.fragments;
    this.#checksum = queue.extension(Checksum).offset;
    this.#logical = queue.extension(LogicalAddress).offset;
    this.#bufferBytes = queue.bufferCapacity; // a multiple of the chip's steps, as was declared
    this.#mostParts = Math.min(Math.ceil(MAXIMUM_FRAME / this.#bufferBytes), this.#fragments.elements - 1);
    this.#arm = connect(() => {
      queue.notifyMoreReceivedPacketsAvailable();
    });
    this.#block = device.enabler.allocateCommonBuffer(this.#fragments.elements * DESCRIPTOR_BYTES, {
      purpose: `rx ${String(queue.id)} descriptors`,
    });
    this.#ring = this.#block.offset >>> 2;
  }

  start(): void {
    const { address } = this.#block;
    const write = (register: Parameters<Device['write']>[0], value: number): void => {
      this.#device.write(register, value, this.#id);
    };
    write(RXDCTL, 0);
    write(RDBAL, lowWord(address) >>> 0);
    write(RDBAH, highWord(address));
    write(RDLEN, this.#fragments.elements * DESCRIPTOR_BYTES);
    write(
      SRRCTL,
      SRRCTL.DESCTYPE.set(
        SRRCTL.BSIZEPACKET.set(0, this.#bufferBytes / RX_BUFFER_GRANULARITY),
        RX_DESCRIPTOR_TYPE.ADVANCED,
      ),
    );
    write(RXDCTL, RXDCTL.ENABLE.mask);
    write(RDT, 0);
  }

  advance(): void {
    this.#drain();
    this.#post();
  }

  #drain(): void {
    const packetBase = this.#packets.base | 0;
    const packetStride = this.#packets.stride | 0;
    const packetMask = this.#packets.mask | 0;
    const fragmentBase = this.#fragments.base | 0;
    const fragmentStride = this.#fragments.stride | 0;
    const fragmentMask = this.#fragments.mask | 0;
    const checksum = this.#checksum | 0;
    const bufferBytes = this.#bufferBytes | 0; // no fragment of this queue has less
    const ring = this.#ring | 0;
    const posted = this.#fragments.drainCount | 0;
    const places = this.#packets.driverCount | 0;
    const most = Math.min(posted, places) | 0;
    let fragment = this.#fragments.beginIndex | 0;
    let packet = this.#packets.beginIndex | 0;
    let count = 0;
    while (count < most) {
      const d = (ring + (fragment << 2)) | 0;
      const status = RxWriteBack.statusError.get(m, d) | 0;
      if ((status & DD) === 0) break;
      const f = (fragmentBase + Math.imul(fragment, fragmentStride)) | 0;
      const length = RxWriteBack.length.get(m, d) | 0;
      if ((status & WHOLE_FRAME) !== WHOLE_FRAME || (status & (RXE | CE)) !== 0 || length === 0 || length > bufferBytes)
        break;
      const p = (packetBase + Math.imul(packet, packetStride)) | 0;
      Fragment.validLength.set(m, f, length);
      Fragment.offset.set(m, f, 0);
      Packet.fragmentIndex.set(m, p, fragment);
      Packet.countAndLayoutLow.set(m, p, LAYOUT_LOW);
      Packet.layoutHigh.set(m, p, LAYOUT_HIGH);
      if (checksum !== 0) Checksum.whole.set(m, p, checksum, evaluationOf(status));
      fragment = (fragment + 1) & fragmentMask;
      packet = (packet + 1) & packetMask;
      count = (count + 1) | 0;
    }
    if (count > 0) {
      this.#fragments.complete(count);
      this.#packets.complete(count);
    }
    // What stopped the loop may be a frame of several descriptors, or one that is no good; the next round goes on behind it.
    if (count < most) this.#drainOther();
  }

  /** The frame at `begin`, if its descriptors are written back up to the last: over several buffers, or with an error. */
  #drainOther(): void {
    const posted = this.#fragments.drainCount;
    const first = this.#fragments.beginIndex;
    let parts = 0;
    let status: number = DD;
    let invalid = 0;
    while ((status & RX_STATUS.EOP) === 0) {
      if (parts === posted) return; // the rest is still to come
      const d = this.#ring + (((first + parts) & this.#fragments.mask) << 2);
      status = RxWriteBack.statusError.get(m, d) | 0;
      if ((status & DD) === 0) return;
      const f = this.#fragments.at(first + parts);
      const length = RxWriteBack.length.get(m, d);
      if (length === 0 || length > Fragment.capacity.get(m, f)) invalid++;
      Fragment.validLength.set(m, f, length);
      Fragment.offset.set(m, f, 0);
      parts++;
      if (parts === this.#mostParts && (status & RX_STATUS.EOP) === 0) {
        invalid++;
        break; // no end will come
      }
    }
    const error = (status & (RXE | CE)) !== 0;
    if (error) this.counters.errors++;
    this.counters.invalidLengths += invalid;
    const p = this.#packets.at(this.#packets.beginIndex);
    if (!error && invalid === 0) {
      Packet.fragmentIndex.set(m, p, first);
      Packet.countAndLayoutLow.set(m, p, (LAYOUT_LOW & ~0xffff) | parts);
      Packet.layoutHigh.set(m, p, LAYOUT_HIGH);
      if (this.#checksum !== 0) Checksum.whole.set(m, p, this.#checksum, evaluationOf(status));
    } else {
      Packet.layoutHigh.set(m, p, IGNORE); // and nothing else: the framework takes the fragments back
    }
    this.#fragments.complete(parts);
    this.#packets.complete(1);
  }

  #post(): void {
    const base = this.#fragments.base | 0;
    const stride = this.#fragments.stride | 0;
    const mask = this.#fragments.mask | 0;
    const logical = this.#logical | 0;
    const ring = this.#ring | 0;
    const count = this.#fragments.postCount | 0;
    if (count === 0) return;
    let fragment = this.#fragments.nextIndex | 0;
    for (let index = 0; index < count; index++) {
      const f = (base + Math.imul(fragment, stride)) | 0;
      const d = (ring + (fragment << 2)) | 0;
      m64[d >> 1] = m64[(f + (logical >> 2)) >> 1]!; // packetAddress: 8-byte aligned in both
      RxReadDescriptor.headerAddress.low.set(m, d, 0); // where the status will appear: DD is clear from here on
      RxReadDescriptor.headerAddress.high.set(m, d, 0);
      fragment = (fragment + 1) & mask;
    }
    this.#fragments.post(count);
    this.#device.write(RDT, fragment, this.#id);
  }

  setNotificationEnabled(enabled: boolean): void {
    this.#arm(enabled);
  }

  cancel(): void {
    // The chip lets go of its descriptors; what it had received is taken over first.
    this.#device.write(RXDCTL, 0, this.#id);
    for (let before = -1; before !== this.#packets.driverCount;) {
      before = this.#packets.driverCount;
      this.#drain();
    }
    const { fragments, packets } = { fragments: this.#fragments, packets: this.#packets };
    const first = packets.beginIndex;
    const count = packets.driverCount;
    for (let index = 0; index < count; index++) Packet.ignore.set(m, packets.at(first + index), 1);
    fragments.complete(fragments.driverCount);
    packets.complete(count);
  }

  stop(): void {
    this.#arm(false);
    this.#block.free();
  }
}
