/*
 * One receive queue. `advance` is two verbs: drain takes over what the chip has written back, as packets of the framework;
 * post gives the chip the buffers that the framework attached, and moves its tail once. Descriptor n of the chip's ring
 * belongs to fragment n. What the chip wrote is checked before it is believed. Follows nic-82576 reference §4 and §8.
 *
 * @hot
 */

import type { PacketQueueCallbacks, RxQueue } from '@netcx/adapter';
import type { RegisterPort } from '@netcx/bus';
import type { CommonBuffer } from '@netcx/dma';
import * as dma from '@netcx/dma';
import * as memory from '@netcx/dma/memory';
import * as extensions from '@netcx/extensions';
import * as nic from '@netcx/nic-82576/registers';
import * as rings from '@netcx/rings';
import type { Ring } from '@netcx/rings';
import type { Device } from './device.ts';
import * as offload from './rx-checksum.ts';
import * as hashes from './rx-hash.ts';
import * as tags from './vlan.ts';
import type { HardwareClock } from './timestamp.ts';

const { i32: m, u64: m64 } = memory;
const { highWord, lowWord } = dma;
const { Checksum, HardwareTimestamp, Hash, Ieee8021q, LogicalAddress } = extensions;
const { Fragment, Layer2Type, Packet } = rings;
const { evaluationOf } = offload;
const { hashProtocolOf } = hashes;
const { writeReceivedTag } = tags;
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
const { RDBAH, RDBAL, RDH, RDLEN, RDT, RXDCTL, SRRCTL } = REGISTERS;

const ETHERNET_HEADER_BYTES = 14;
const DD = RX_STATUS.DD;
const WHOLE_FRAME = RX_STATUS.DD | RX_STATUS.EOP;
/** The frame is no good. */
const ERRORS = RX_STATUS.RXE | RX_STATUS.CE | 0;
const DESCRIPTOR_WORDS = DESCRIPTOR_BYTES / 4;
/** The same in words of 64 bits, and which of them is the header's address. */
const WIDE_WORDS = DESCRIPTOR_BYTES / 8;
const HEADER_ADDRESS = RxReadDescriptor.headerAddress.location.byteOffset / 8;
/** A tag was taken out, a stamp was taken: there is more to do. */
const SPECIAL = RX_STATUS.VP | RX_STATUS.TS;
/** Layout of every received frame: Ethernet, 14 bytes. Framework and protocol look further if they want. */
const LAYOUT_LOW = 1 | (ETHERNET_HEADER_BYTES << 16) | 0; // one fragment, layer 2 header length
const LAYOUT_HIGH = Layer2Type.Ethernet << 8;

/** What a receive queue counts besides the framework's own statistics. */
export interface RxQueueCounters {
  /** Frames with an error that the chip reported. */
  errors: number;
  /** Lengths that cannot be: of a descriptor, longer than its buffer or zero; of a frame, longer than any. */
  invalidLengths: number;
}

/** What a receive queue needs besides the chip. */
export interface RxSurroundings {
  /** Connects the queue's interrupt; returns what arms it. */
  readonly connect: (handler: () => void) => (enabled: boolean) => void;
  /** Knows when frames came, where somebody wants that. */
  readonly clock: HardwareClock | undefined;
}

/** The driver's side of one receive queue. */
export class ReceiveQueue implements PacketQueueCallbacks {
  // What each burst asks stands first, on few lines of the cache.
  readonly #packets: Ring;
  readonly #fragments: Ring;
  /** The tail register. */
  readonly #doorbell: RegisterPort;
  readonly #ring: number = 0;
  readonly #bufferBytes: number = 0;
  readonly #logical: number = 0;
  readonly #checksum: number = 0;
  readonly #hash: number = 0;
  /** The chip is being reset: nothing is drained or posted. */
  #halted = false;
  /** The chip's ring began anew: the fragments shall, too. */
  #realigning = false;
  readonly #tag: number = 0;
  readonly #stamp: number = 0;
  /** Descriptors of the longest frame. */
  readonly #mostParts: number = 0;
  /** Its number. */
  readonly id: number = 0;
  readonly counters: RxQueueCounters = { errors: 0, invalidLengths: 0 };
  readonly #device: Device;
  readonly #arm: (enabled: boolean) => void;
  /** Has the framework look at the queue, if it has gone to sleep over it. */
  readonly wake: () => void;
  /** Whether the framework asked for a notification and has had none: each time it asks is good for one. */
  #listening = false;
  readonly #clock: HardwareClock | undefined;
  readonly #block: CommonBuffer;
  /** The queue is over. A reset may come before there is another one. */
  #stopped = false;
  /** What the chip received before is still to be taken over. */
  #leftover = false;

  /**
   * @param device - the device
   * @param queue - the framework's side
   * @param surroundings - its interrupt, and who else is interested in it
   */
  constructor(device: Device, queue: RxQueue, surroundings: RxSurroundings) {
    this.#device = device;
    this.id = queue.id;
    this.#packets = queue.rings.packets;
    this.#fragments = queue.rings.fragments;
    this.#checksum = queue.extension(Checksum).offset;
    this.#hash = queue.extension(Hash).offset;
    this.#tag = queue.extension(Ieee8021q).offset;
    this.#stamp = queue.extension(HardwareTimestamp).offset;
    this.#logical = queue.extension(LogicalAddress).offset;
    this.#bufferBytes = queue.bufferCapacity; // a multiple of the chip's steps, as was declared
    this.#mostParts = Math.min(Math.ceil(MAXIMUM_FRAME / this.#bufferBytes), this.#fragments.elements - 1);
    this.wake = () => {
      if (this.#listening !== true) return;
      this.#listening = false;
      queue.notifyMoreReceivedPacketsAvailable();
    };
    this.#arm = surroundings.connect(this.wake);
    this.#clock = surroundings.clock;
    this.#block = device.enabler.allocateCommonBuffer(this.#fragments.elements * DESCRIPTOR_BYTES, {
      purpose: `rx ${String(queue.id)} descriptors`,
    });
    this.#ring = this.#block.offset >>> 2;
    this.#doorbell = device.portOf(RDT, queue.id);
  }

  start(): void {
    const { address } = this.#block;
    const write = (register: Parameters<Device['write']>[0], value: number): void => {
      this.#device.write(register, value, this.id);
    };
    write(RXDCTL, 0);
    write(RDBAL, lowWord(address) >>> 0);
    write(RDBAH, highWord(address));
    write(RDLEN, this.#fragments.elements * DESCRIPTOR_BYTES);
    write(RDH, 0); // silicon does it by itself; QEMU has this one be written, and so does Linux
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
    if (this.#halted === true) return;
    if (this.#realigning === true && !this.#realign()) return;
    this.#drain();
    const fragments = this.#fragments;
    if (fragments.nextIndex !== fragments.endIndex) this.#post();
  }

  #drain(): void {
    // A row that ends with its ring goes on at the ring's start.
    while (this.#drainSimple() > 0 && (this.#fragments.beginIndex === 0 || this.#packets.beginIndex === 0));
    // What stopped it may be a frame of several descriptors, or one that is no good; the next round goes on behind it.
    const first = this.#ring + (this.#fragments.beginIndex << 2);
    if ((RxWriteBack.statusError.get(m, first) & DD) === 0) return;
    if (this.#fragments.drainCount > 0 && this.#packets.driverCount > 0) this.#drainOther();
  }

  /**
   * The straight line: good frames in one buffer each, as far as no ring starts over. Stops at the first that is anything
   * else, or that the chip still has.
   *
   * @returns how many were taken over
   */
  #drainSimple(): number {
    const packets = this.#packets;
    const fragments = this.#fragments;
    const packetStride = packets.stride | 0;
    const fragmentStride = fragments.stride | 0;
    const checksum = this.#checksum | 0;
    const hash = this.#hash | 0;
    const others = checksum | hash;
    const bufferBytes = this.#bufferBytes | 0; // every fragment of this queue has as many
    const wholeLow = bufferBytes << 26;
    const wholeHigh = bufferBytes >>> 6;
    const driverRun = (packets.elements - packets.beginIndex) | 0;
    const run = Math.min(fragments.drainRun | 0, packets.driverCount | 0, driverRun);
    let fragment = fragments.beginIndex | 0;
    const begin = (this.#ring + (fragment << 2)) | 0;
    const end = (begin + (run << 2)) | 0;
    let d = begin;
    let f = fragments.at(fragment) | 0;
    let p = packets.at(packets.beginIndex) | 0;
    while (d < end) {
      const status = RxWriteBack.statusError.get(m, d) | 0;
      if ((status & (WHOLE_FRAME | ERRORS | SPECIAL)) !== WHOLE_FRAME) break;
      const length = RxWriteBack.length.get(m, d) | 0;
      if (length === 0 || length > bufferBytes) break;
      Fragment.whole.low.set(m, f, length | wholeLow); // offset 0, scratch 0
      Fragment.whole.high.set(m, f, wholeHigh);
      Packet.fragmentIndex.set(m, p, fragment);
      Packet.countAndLayoutLow.set(m, p, LAYOUT_LOW);
      Packet.layoutHigh.set(m, p, LAYOUT_HIGH);
      if (others !== 0) {
        if (checksum !== 0) Checksum.whole.set(m, p, checksum, evaluationOf(status));
        if (hash !== 0) {
          Hash.value.set(m, p, hash, RxWriteBack.rssHash.get(m, d));
          Hash.protocolType.set(m, p, hash, hashProtocolOf(RxWriteBack.rssType.get(m, d)));
        }
      }
      d = (d + DESCRIPTOR_WORDS) | 0;
      p = (p + packetStride) | 0;
      f = (f + fragmentStride) | 0;
      fragment = (fragment + 1) | 0;
    }
    const count = (d - begin) >> 2;
    if (count === 0) return 0;
    fragments.complete(count);
    packets.complete(count);
    return count;
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
    const error = (status & ERRORS) !== 0;
    if (error) this.counters.errors++;
    this.counters.invalidLengths += invalid;
    const p = this.#packets.at(this.#packets.beginIndex);
    if (!error && invalid === 0) {
      Packet.fragmentIndex.set(m, p, first);
      Packet.countAndLayoutLow.set(m, p, (LAYOUT_LOW & ~0xffff) | parts);
      Packet.layoutHigh.set(m, p, LAYOUT_HIGH);
      this.#describe(p, this.#ring + (((first + parts - 1) & this.#fragments.mask) << 2), status);
    } else {
      Packet.ignore.set(m, p, 1); // and nothing else: the framework takes the fragments back
    }
    this.#fragments.complete(parts);
    this.#packets.complete(1);
  }

  /**
   * What the chip says of a frame in its last descriptor, as extensions.
   *
   * @param p - word index of the packet
   * @param d - word index of the descriptor
   * @param status - as it was read there
   */
  #describe(p: number, d: number, status: number): void {
    if (this.#checksum !== 0) Checksum.whole.set(m, p, this.#checksum, evaluationOf(status));
    if (this.#hash !== 0) {
      Hash.value.set(m, p, this.#hash, RxWriteBack.rssHash.get(m, d));
      Hash.protocolType.set(m, p, this.#hash, hashProtocolOf(RxWriteBack.rssType.get(m, d)));
    }
    if (this.#tag !== 0) writeReceivedTag(p, this.#tag, (status & RX_STATUS.VP) !== 0, RxWriteBack.vlanTag.get(m, d));
    if (this.#stamp !== 0) {
      const stamped = (status & RX_STATUS.TS) !== 0 && this.#clock !== undefined;
      HardwareTimestamp.time.set(m, p, this.#stamp, stamped ? this.#clock.takeReceive() : 0);
    }
  }

  /** Gives the chip what the framework attached: at least one buffer. */
  #post(): void {
    const fragments = this.#fragments;
    this.#postRun(fragments.postRun);
    if (fragments.nextIndex !== fragments.endIndex) this.#postRun(fragments.postRun); // behind the ring's end
    this.#doorbell.write(fragments.nextIndex);
  }

  /** The straight line: buffers for descriptors that lie in a row. */
  #postRun(run: number): void {
    const fragments = this.#fragments;
    // In words of 64 bits: descriptors, and the elements of a ring with logical addresses, lie on 8 bytes.
    const stride = fragments.stride >> 1;
    const begin = (this.#ring + (fragments.nextIndex << 2)) >> 1;
    const end = (begin + (run << 1)) | 0;
    let address = (fragments.at(fragments.nextIndex) + (this.#logical >> 2)) >> 1;
    for (let d = begin; d < end; d = (d + WIDE_WORDS) | 0) {
      m64[d] = m64[address]!;
      m64[(d + HEADER_ADDRESS) | 0] = 0n; // where the status will appear: DD is clear from here on
      address = (address + stride) | 0;
    }
    fragments.post(run);
  }

  setNotificationEnabled(enabled: boolean): void {
    this.#listening = enabled;
    this.#arm(enabled);
  }

  cancel(): void {
    // The chip lets go of its descriptors; what it had received is taken over first.
    this.#device.write(RXDCTL, 0, this.id);
    this.#drainAll();
    const { fragments, packets } = { fragments: this.#fragments, packets: this.#packets };
    const first = packets.beginIndex;
    const count = packets.driverCount;
    for (let index = 0; index < count; index++) Packet.ignore.set(m, packets.at(first + index), 1);
    fragments.complete(fragments.driverCount);
    packets.complete(count);
  }

  #drainAll(): void {
    for (let before = -1; before !== this.#packets.driverCount;) {
      before = this.#packets.driverCount;
      this.#drain();
    }
  }

  /** The chip will be reset: until `restart` nothing is drained or posted. */
  halt(): void {
    this.#halted = true;
  }

  /** The chip was reset, and its ring begins anew. What it had received before is taken over next. */
  restart(): void {
    if (this.#stopped) return; // its memory is gone: what the chip is given next comes from the queue in its place
    this.start();
    this.#halted = false;
    this.#leftover = this.#realigning = true;
    this.wake();
  }

  /**
   * Descriptor n belongs to fragment n, and the chip begins at descriptor 0: fragments in front of the first are given back
   * empty, as often as it takes, and what is left of those that the chip had is posted anew.
   *
   * @returns whether the first fragment is the driver's next
   */
  #realign(): boolean {
    const fragments = this.#fragments;
    if (this.#leftover) this.#drainAll();
    this.#leftover = false;
    const first = fragments.beginIndex;
    if (first !== 0) {
      fragments.complete(Math.min(fragments.driverCount, fragments.elements - first));
      if (fragments.beginIndex !== 0) return false; // once the framework has brought more
    }
    this.#realigning = false;
    const count = fragments.drainCount;
    for (let index = 0; index < count; index++) {
      const f = fragments.at(index);
      const d = this.#ring + (index << 2);
      RxReadDescriptor.packetAddress.low.set(m, d, LogicalAddress.address.low.get(m, f, this.#logical));
      RxReadDescriptor.packetAddress.high.set(m, d, LogicalAddress.address.high.get(m, f, this.#logical));
      RxReadDescriptor.headerAddress.set(m, d, 0);
    }
    this.#device.write(RDT, count, this.id);
    return true;
  }

  stop(): void {
    this.#listening = false;
    this.#stopped = true;
    this.#arm(false);
    this.#block.free();
  }
}
