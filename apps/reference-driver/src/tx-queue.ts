/*
 * One transmit queue. `advance` is two verbs: post writes descriptors for what the framework handed over and rings the
 * doorbell once; drain gives back what the chip is done with, as far as the head that it writes into memory says. The
 * chip's word is checked before it is believed. Follows nic-82576 reference §3 and §8.
 *
 * @hot
 */

import type { PacketQueueCallbacks, TxQueue } from '@netcx/adapter';
import type { RegisterPort } from '@netcx/bus';
import type { CommonBuffer } from '@netcx/dma';
import * as dma from '@netcx/dma';
import * as memory from '@netcx/dma/memory';
import * as extensions from '@netcx/extensions';
import * as nic from '@netcx/nic-82576/registers';
import * as rings from '@netcx/rings';
import type { Ring } from '@netcx/rings';
import type { Device } from './device.ts';
import type { WatchedQueue } from './hang-watch.ts';
import * as packets from './tx-packet.ts';
import type { PacketWriter as Writer } from './tx-packet.ts';
import type { TxQueueCounters, TxSurroundings } from './tx-surroundings.ts';

const { i32: m, u64: m64 } = memory;
const { highWord, lowWord } = dma;
const { Checksum, Gso, HardwareTimestamp, Ieee8021q, LogicalAddress } = extensions;
const { Fragment, Packet } = rings;
const { PacketWriter } = packets;
const { DESCRIPTOR_BYTES, REGISTERS, RING_DESCRIPTORS, TX_COMMAND, TxData } = nic;
const { STATUS, TDBAH, TDBAL, TDH, TDLEN, TDT, TDWBAH, TDWBAL, TXDCTL } = REGISTERS;

/** Every data descriptor: advanced, with a frame check sequence from the chip. */
const DATA = TX_COMMAND.DTYP_DATA | TX_COMMAND.DEXT | TX_COMMAND.IFCS | 0;
/** The last one of a frame: the chip reports when it is done. */
const LAST = DATA | TX_COMMAND.EOP | TX_COMMAND.RS | 0;
const DESCRIPTOR_WORDS = DESCRIPTOR_BYTES / 4;
const PAYLEN = TxData.paylen.location.low;
/** Bytes that the chip's written-back head takes, on a line of its own. */
const HEAD_BYTES = 64;
/** Nanoseconds that a stopping queue waits for the chip: longer than a full ring takes, shorter than the framework waits. */
const SEND_LIMIT = 500e6;

/** The driver's side of one transmit queue. */
export class TransmitQueue implements PacketQueueCallbacks, WatchedQueue {
  // What each burst asks stands first, on few lines of the cache.
  readonly #packets: Ring;
  readonly #fragments: Ring;
  /** The tail register. */
  readonly #doorbell: RegisterPort;
  readonly #writer: Writer;
  readonly #count: number = 0;
  readonly #ring: number = 0;
  readonly #headWord: number = 0;
  /** For each packet element, the descriptor behind its last one; written while a packet in flight is irregular. */
  readonly #ends: number = 0;
  /** One past the last descriptor written. */
  #tail = 0;
  /** First descriptor that is not drained. */
  #drained = 0;
  /** Packets in flight that took more or fewer than one descriptor, or have more or fewer than one fragment. */
  #irregular = 0;
  readonly #logical: number = 0;
  readonly #checksum: number = 0;
  readonly #gso: number = 0;
  readonly #tag: number = 0;
  readonly #stamp: number = 0;
  #cancelled = false;
  /** The chip is being reset: nothing is posted or drained. */
  #halted = false;
  /** The chip was reset: what it had been given shall go back. */
  #interrupted = false;
  /** Whether the framework asked for a notification and has had none: each time it asks is good for one. */
  #listening = false;
  /** Its number. */
  readonly id: number = 0;
  readonly #device: Device;
  readonly #arm: (enabled: boolean) => void;
  /** Has the framework look at the queue, if it has gone to sleep over it. */
  readonly wake: () => void;
  readonly #sleeping: () => void;
  /** Descriptors, then the written-back head, then one word for each packet. */
  readonly #block: CommonBuffer;
  /** The queue is over. A reset may come before there is another one. */
  #stopped = false;
  #invalidHeads = 0;
  #unsent = 0;
  /** When a queue that stops waits no longer. */
  #patience = 0;

  /**
   * @param device - the device
   * @param queue - the framework's side
   * @param surroundings - its interrupt, and who else is interested in it
   */
  constructor(device: Device, queue: TxQueue, surroundings: TxSurroundings) {
    this.#device = device;
    this.id = queue.id;
    this.#packets = queue.rings.packets;
    this.#fragments = queue.rings.fragments;
    this.#checksum = queue.extension(Checksum).offset;
    this.#gso = queue.extension(Gso).offset;
    this.#tag = queue.extension(Ieee8021q).offset;
    this.#stamp = queue.extension(HardwareTimestamp).offset;
    this.#logical = queue.extension(LogicalAddress).offset;
    this.#doorbell = device.portOf(TDT, queue.id);
    const offsets = { checksum: this.#checksum, gso: this.#gso, tag: this.#tag, timestamp: this.#stamp };
    this.#writer = new PacketWriter(this.#fragments, { ...offsets, logical: this.#logical }, surroundings.clock);
    this.wake = () => {
      if (this.#listening !== true) return;
      this.#listening = false;
      queue.notifyMoreCompletedPacketsAvailable();
    };
    this.#arm = surroundings.connect(this.wake);
    this.#sleeping = surroundings.sleeping;
    // Each packet may need a context besides its fragments; where it needs none, the ring is as large as the framework's.
    const contexts = (this.#checksum | this.#gso | this.#tag) === 0 ? 1 : 2;
    this.#count = Math.min(RING_DESCRIPTORS, Math.max(8, this.#fragments.elements * contexts));
    const ringBytes = this.#count * DESCRIPTOR_BYTES;
    this.#block = device.enabler.allocateCommonBuffer(ringBytes + HEAD_BYTES + this.#packets.elements * 4, {
      purpose: `tx ${String(queue.id)} descriptors`,
    });
    this.#ring = this.#block.offset >>> 2;
    this.#headWord = (this.#block.offset + ringBytes) >>> 2;
    this.#ends = this.#headWord + HEAD_BYTES / 4;
  }

  start(): void {
    const { address } = this.#block;
    const head = this.#count * DESCRIPTOR_BYTES;
    const write = (register: Parameters<Device['write']>[0], value: number): void => {
      this.#device.write(register, value, this.id);
    };
    write(TXDCTL, 0);
    write(TDBAL, lowWord(address) >>> 0);
    write(TDBAH, highWord(address));
    write(TDLEN, head);
    write(TDH, 0);
    write(TDT, 0);
    // A common buffer never crosses 4 GiB: the head's high word is the ring's.
    write(TDWBAH, highWord(address));
    write(TDWBAL, ((lowWord(address) + head) | TDWBAL.HEAD_WB_EN.mask) >>> 0);
    write(TXDCTL, TXDCTL.ENABLE.mask);
  }

  advance(): void {
    if (this.#halted === true || this.#interrupted === true) {
      if (this.#interrupted || this.#cancelled) this.#giveUp();
      this.#interrupted = false;
      if (this.#halted) return;
    }
    this.#post();
    this.#drain();
    if (this.#cancelled === true) this.#giveUpIfStuck();
  }

  #post(): void {
    const before = this.#tail;
    while (this.#packets.nextIndex !== this.#packets.endIndex) {
      if (this.#postSimple() === 0 && !this.#postAny()) break;
    }
    if (this.#tail !== before) this.#doorbell.write(this.#tail); // once
  }

  /**
   * The straight line: packets of one fragment that lies at the start of its buffer, as far as no ring starts over, without a
   * wish but for checksums by the context that the chip has. Stops at the first that is anything else, or finds no room.
   *
   * @returns how many were posted
   */
  #postSimple(): number {
    if (this.#stamp !== 0) return 0; // where frames may be stamped, each needs a closer look
    const packets = this.#packets;
    const fragments = this.#fragments;
    const packetStride = packets.stride | 0;
    const fragmentStride = fragments.stride | 0;
    const checksum = this.#checksum | 0;
    const gso = this.#gso | 0;
    const tag = this.#tag | 0;
    const address = (this.#logical >> 2) | 0;
    const others = checksum | gso | tag;
    let likeLow = 0;
    let likeHigh = 0;
    let likeSums = 0;
    let likeStatus = 0;
    if (others !== 0) ({ likeLow, likeHigh, likeSums, likeStatus } = this.#writer);
    const room = Math.min(this.#free(), this.#count - this.#tail);
    const begin = (this.#ring + (this.#tail << 2)) | 0;
    const end = (begin + (Math.min(packets.postRun, fragments.postRun, room) << 2)) | 0;
    let d = begin;
    let p = packets.at(packets.nextIndex) | 0;
    let fragment = fragments.nextIndex | 0;
    let f = fragments.at(fragment) | 0;
    while (d < end) {
      const layout = Packet.countAndLayoutLow.get(m, p) | 0;
      let odd = ((layout ^ 1) & 0xffff) | (Packet.fragmentIndex.get(m, p) ^ fragment) | Fragment.offset.get(m, f);
      let status = 0;
      if (others !== 0) {
        const sums = checksum === 0 ? 0 : Checksum.whole.get(m, p, checksum) | 0;
        const segment = gso === 0 ? 0 : Gso.mss.get(m, p, gso) | 0;
        const tagging = tag === 0 ? 0 : Ieee8021q.txTagging.get(m, p, tag) | 0;
        odd |= segment | tagging;
        if (sums !== 0) {
          odd |= (sums ^ likeSums) | (layout ^ likeLow) | (Packet.layoutHigh.get(m, p) ^ likeHigh);
          status = likeStatus;
        }
      }
      if (odd !== 0) break;
      const length = Fragment.validLength.get(m, f) | 0;
      m64[d >> 1] = m64[(f + address) >> 1]!; // bufferAddress: 8-byte aligned in both
      TxData.command.set(m, d, LAST | length);
      TxData.status.set(m, d, (length << PAYLEN) | status);
      d = (d + DESCRIPTOR_WORDS) | 0;
      p = (p + packetStride) | 0;
      f = (f + fragmentStride) | 0;
      fragment = (fragment + 1) | 0;
    }
    const count = (d - begin) >> 2;
    if (count === 0) return 0;
    if (this.#irregular > 0) this.#noteEnds(packets.nextIndex, count, this.#tail);
    this.#tail = (this.#tail + count) & (this.#count - 1);
    packets.post(count);
    fragments.post(count);
    return count;
  }

  /** The next packet, whatever it is: to be ignored, of several fragments, with something for the chip to do; false without room. */
  #postAny(): boolean {
    const packets = this.#packets;
    const packet = packets.nextIndex;
    const p = packets.at(packet);
    const used = this.#writer.write(p, this.#ring, this.#tail, this.#count - 1, this.#free());
    if (used < 0) return false;
    const fragments = Packet.fragmentCount.get(m, p);
    if (fragments !== 1 || used !== 1) {
      if (this.#irregular === 0) this.#noteEnds(packets.beginIndex, packets.drainCount, this.#drained);
      this.#irregular++;
    }
    this.#tail = (this.#tail + used) & (this.#count - 1);
    m[this.#ends + packet] = this.#tail;
    packets.post(1);
    this.#fragments.post(fragments);
    return true;
  }

  /** Descriptors that may be written: one always stays free, since head == tail means none. */
  #free(): number {
    return (this.#drained - 1 - this.#tail) & (this.#count - 1);
  }

  /** Notes where packets end that take one descriptor each. As long as there are no others, nobody needs to know. */
  #noteEnds(first: number, count: number, start: number): void {
    for (let index = 0; index < count; index++) {
      m[this.#ends + ((first + index) & this.#packets.mask)] = (start + index + 1) & (this.#count - 1);
    }
  }

  #drain(): void {
    if (this.#stamp !== 0 && this.#writer.stamped >= 0) this.#takeStamp();
    const mask = (this.#count - 1) | 0;
    const ends = this.#ends | 0;
    const head = m[this.#headWord]!;
    const done = (head - this.#drained) & mask;
    const pending = this.#packets.drainCount | 0;
    // Never trust the device: a head outside what was posted is no head.
    if (head < 0 || head > mask || done > ((this.#tail - this.#drained) & mask)) {
      this.#invalidHeads++;
      return;
    }
    if (this.#irregular === 0) {
      // Each packet in flight took one descriptor and has one fragment: what the chip is done with needs no look.
      const count = Math.min(done, pending);
      if (count === 0) return;
      this.#drained = (this.#drained + count) & mask;
      this.#fragments.complete(count);
      this.#packets.complete(count);
      return;
    }
    const base = this.#packets.base | 0;
    const stride = this.#packets.stride | 0;
    const packetMask = this.#packets.mask | 0;
    const drained = this.#drained | 0;
    let packet = this.#packets.beginIndex | 0;
    let count = 0;
    let fragments = 0;
    let irregular = 0;
    let end = drained;
    while (count < pending) {
      const next = m[(ends + packet) | 0]!;
      if (((next - drained) & mask) > done) break;
      const parts = Packet.fragmentCount.get(m, (base + Math.imul(packet, stride)) | 0) | 0;
      if (parts !== 1 || ((next - end) & mask) !== 1) irregular = (irregular + 1) | 0;
      fragments = (fragments + parts) | 0;
      end = next;
      packet = (packet + 1) & packetMask;
      count = (count + 1) | 0;
    }
    this.#drained = end;
    this.#irregular -= irregular;
    this.#fragments.complete(fragments);
    this.#packets.complete(count);
  }

  setNotificationEnabled(enabled: boolean): void {
    this.#listening = enabled;
    this.#arm(enabled);
    if (enabled) this.#sleeping();
  }

  cancel(): void {
    // The chip cannot take frames back: what was posted goes out, and `advance` is called until it has.
    this.#cancelled = true;
    this.#patience = this.#device.clock.now() + SEND_LIMIT;
  }

  /** What the queue has counted. */
  get counters(): TxQueueCounters {
    const { contexts, segmented } = this.#writer;
    return { invalidHeads: this.#invalidHeads, contexts, segmented, unsent: this.#unsent };
  }

  /** Descriptors that the chip was given and that are not drained. */
  get outstanding(): number {
    return (this.#tail - this.#drained) & (this.#count - 1);
  }

  /** Index of the first descriptor that is not drained. */
  get drained(): number {
    return this.#drained;
  }

  /** The head as the chip last wrote it: anything. */
  get head(): number {
    return m[this.#headWord]!;
  }

  /** The chip will be reset: until `restart` nothing is posted or drained. */
  halt(): void {
    this.#halted = true;
  }

  /** The chip was reset: its ring begins anew, and the frames that it had come back next, counted as unsent. */
  restart(): void {
    if (this.#stopped) return; // its memory is gone: what the chip is given next comes from the queue in its place
    this.#tail = this.#drained = 0;
    m[this.#headWord] = 0;
    this.start();
    this.#halted = false;
    this.#interrupted = true;
    this.wake();
  }

  /** The stamp of a packet that was sent goes into its extension, before the packet goes back. */
  #takeStamp(): void {
    const mask = this.#count - 1;
    const packet = (this.#writer.stamped - this.#packets.base) / this.#packets.stride;
    const needed = (m[this.#ends + packet]! - this.#drained) & mask;
    const done = (this.head - this.#drained) & mask;
    if (done >= needed && done <= this.outstanding) this.#writer.takeStamp();
  }

  /** A chip without link, or without any sign of life, will not send what it has: it is disabled, and the frames go back. */
  #giveUpIfStuck(): void {
    const device = this.#device;
    if (this.#packets.driverCount === 0) return;
    const linked = STATUS.LU.get(device.read(STATUS)) === 1 && !device.gone;
    if (linked && device.clock.now() < this.#patience) return;
    device.write(TXDCTL, 0, this.id);
    this.#giveUp();
  }

  /** The chip no longer looks at the ring: everything that it was given goes back unsent; when the queue stops, all there is. */
  #giveUp(): void {
    const packets = this.#packets;
    if (this.#writer.stamped >= 0) this.#writer.takeStamp();
    this.#writer.forget();
    const first = packets.beginIndex;
    const count = this.#cancelled ? packets.driverCount : packets.drainCount;
    for (let index = 0; index < count; index++)
      if (Packet.fragmentCount.get(m, packets.at(first + index)) > 0) this.#unsent++;
    this.#fragments.complete(this.#cancelled ? this.#fragments.driverCount : this.#fragments.drainCount);
    packets.complete(count);
    // Nothing is on its way any more, and the chip, disabled, will not say otherwise.
    this.#drained = this.#tail;
    this.#irregular = 0;
    m[this.#headWord] = this.#tail;
  }

  stop(): void {
    this.#listening = false;
    this.#stopped = true;
    this.#arm(false);
    this.#device.write(TXDCTL, 0, this.id);
    this.#device.write(TDWBAL, 0, this.id);
    this.#block.free();
  }
}
