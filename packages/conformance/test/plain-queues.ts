/*
 * The plain driver's queues: what posts and drains, and on request does so wrong in exactly one way.
 */

import type { PacketQueueCallbacks, RxQueue, TxQueue } from '@netcx/adapter';
import { highWord, lowWord, type CommonBuffer, type DmaEnabler } from '@netcx/dma';
import { i32, u8 } from '@netcx/dma/memory';
import {
  Checksum,
  HardwareTimestamp,
  Hash,
  HashProtocol,
  LogicalAddress,
  RxChecksumEvaluation,
  VirtualAddress,
} from '@netcx/extensions';
import { Fragment, Layer2Type, Packet, type Ring } from '@netcx/rings';
import type { PlainDriver } from './plain-driver.ts';
import { DESCRIPTOR_BYTES, PLAIN, PlainDescriptor, VECTOR } from './plain-nic.ts';

const { CONTROL, RX_COUNT, RX_HIGH, RX_LOW, RX_TAIL, TX_COUNT, TX_HIGH, TX_LOW, TX_TAIL } = PLAIN;
const HEADER_BYTES = 14;

/** What both queues share: descriptors in memory that the NIC reaches. */
class DescriptorRing {
  readonly count: number;
  readonly #block: CommonBuffer;
  readonly #word: number;

  constructor(enabler: DmaEnabler, count: number) {
    this.count = count;
    this.#block = enabler.allocateCommonBuffer(count * DESCRIPTOR_BYTES);
    this.#word = this.#block.offset >>> 2;
  }

  get address(): CommonBuffer['address'] {
    return this.#block.address;
  }

  at(index: number): number {
    return this.#word + (index % this.count) * (DESCRIPTOR_BYTES / 4);
  }

  free(): void {
    this.#block.free();
  }
}

export class PlainTxQueue implements PacketQueueCallbacks {
  readonly #driver: PlainDriver;
  readonly #packets: Ring;
  readonly #fragments: Ring;
  readonly #logical: number;
  readonly #ring: DescriptorRing;
  /** For each packet, the descriptor behind its last one; the one before it when it has none. */
  readonly #ends: number[] = [];
  readonly #hasDescriptors: boolean[] = [];
  /** For each packet, its first descriptor. */
  readonly #starts: number[] = [];
  #hangs = false;
  #tail = 0;
  #posted = 0;
  #short = 0;
  #gaveUp = false;

  constructor(driver: PlainDriver, queue: TxQueue) {
    this.#driver = driver;
    this.#packets = queue.rings.packets;
    this.#fragments = queue.rings.fragments;
    this.#logical = queue.extension(LogicalAddress).offset;
    // Twice as many as fragments, for the driver that sends some frames twice.
    this.#ring = new DescriptorRing(driver.enabler, 2 * this.#fragments.elements);
    driver.onTx = () => queue.notifyMoreCompletedPacketsAvailable();
  }

  start(): void {
    this.#driver.write(TX_LOW, lowWord(this.#ring.address));
    this.#driver.write(TX_HIGH, highWord(this.#ring.address));
    this.#driver.write(TX_COUNT, this.#ring.count);
    this.#driver.write(TX_TAIL, 0);
    this.#driver.turnOn(CONTROL.TX_ON.mask);
  }

  advance(): void {
    if (!this.#gaveUp) this.#post();
    this.#drain();
  }

  #post(): void {
    const waiting = this.#packets.postCount;
    for (let done = 0; done < waiting; done++) {
      const index = this.#packets.nextIndex;
      const second = (index + 1) & this.#packets.mask;
      this.#posted++;
      this.#short = (this.#posted << 16) >> 16;
      if (this.#driver.has('swaps frames') && this.#posted % 50 === 0 && done + 1 < waiting) {
        this.#write(second);
        this.#write(index);
        this.#ends[second] = this.#ends[index] ?? 0;
        this.#packets.post(2);
        done++;
        continue;
      }
      this.#write(index);
      if (this.#driver.has('sends every 50th frame twice') && this.#posted % 50 === 0) this.#write(index);
      this.#packets.post(1);
    }
    this.#fragments.post(this.#fragments.postCount);
    this.#driver.write(TX_TAIL, this.#tail);
  }

  #write(index: number): void {
    const p = this.#packets.at(index);
    let count = Packet.fragmentCount.get(i32, p);
    const first = Packet.fragmentIndex.get(i32, p);
    if (this.#driver.has('drops every 50th frame') && this.#posted % 50 === 0) count = 0;
    if (this.#driver.has('sends first fragments only')) count = Math.min(count, 1);
    const empty = count === 0 && this.#driver.has('posts packets to be ignored');
    const length = count === 0 ? 0 : Fragment.validLength.get(i32, this.#fragments.at(first));
    if (count === 1 && length < HEADER_BYTES && this.#driver.has('hangs on short frames')) this.#hangs = true;
    this.#starts[index] = this.#tail;
    for (let part = 0; part < (empty ? 1 : count); part++) {
      const f = this.#fragments.at(first + part);
      const d = this.#ring.at(this.#tail);
      const address = LogicalAddress.address.get(i32, f, this.#logical) + Fragment.offset.get(i32, f);
      PlainDescriptor.address.set(i32, d, this.#driver.has('drops high words') ? address >>> 0 : address);
      PlainDescriptor.length.set(i32, d, empty ? 0 : Fragment.validLength.get(i32, f));
      PlainDescriptor.last.set(i32, d, part + 1 >= count ? 1 : 0);
      PlainDescriptor.done.set(i32, d, 0);
      this.#tail = (this.#tail + 1) % this.#ring.count;
    }
    this.#hasDescriptors[index] = count > 0 || empty;
    this.#ends[index] = this.#tail;
  }

  #drain(): void {
    const begin = this.#packets.beginIndex;
    const limit = this.#gaveUp ? this.#packets.driverCount : this.#packets.drainCount;
    let packets = 0;
    let fragments = 0;
    const counted = this.#driver.has('counts what is done') ? this.#countDone() : undefined;
    while (packets < limit) {
      const index = (begin + packets) & this.#packets.mask;
      if (!(counted === undefined ? this.#isDone(index) : packets < counted) && !this.#gaveUp) break;
      if (this.#hangs) break;
      if (this.#driver.has('counts packets in 16 bits') && this.#short < 0) break;
      fragments += Packet.fragmentCount.get(i32, this.#packets.at(index));
      packets++;
    }
    this.#fragments.complete(fragments);
    this.#packets.complete(packets);
  }

  /** How many packets are done, wherever they are in the ring. */
  #countDone(): number {
    let done = 0;
    for (let packet = 0; packet < this.#packets.drainCount; packet++)
      if (this.#isDone((this.#packets.beginIndex + packet) & this.#packets.mask)) done++;
    return done;
  }

  #isDone(index: number): boolean {
    if (this.#hasDescriptors[index] !== true || this.#driver.has('completes at once')) return true;
    const last = (this.#ends[index] ?? 0) + this.#ring.count - 1;
    const looked = this.#driver.has('looks at first descriptors') ? (this.#starts[index] ?? 0) : last;
    return PlainDescriptor.done.get(i32, this.#ring.at(looked)) === 1;
  }

  setNotificationEnabled(enabled: boolean): void {
    this.#driver.arm(VECTOR.TX, enabled);
  }

  cancel(): void {
    if (this.#driver.has('never gives a packet up')) return;
    if (!this.#driver.has('leaves its NIC on')) this.#driver.turnOff();
    this.#gaveUp = true;
  }

  stop(): void {
    if (!this.#driver.has('keeps its memory')) this.#ring.free();
  }
}

export class PlainRxQueue implements PacketQueueCallbacks {
  readonly #driver: PlainDriver;
  readonly #packets: Ring;
  readonly #fragments: Ring;
  readonly #logical: number;
  readonly #virtual: number;
  readonly #checksum: number;
  readonly #hash: number;
  readonly #stamp: number;
  readonly #ring: DescriptorRing;
  #shown = 0;

  constructor(driver: PlainDriver, queue: RxQueue) {
    this.#driver = driver;
    this.#packets = queue.rings.packets;
    this.#fragments = queue.rings.fragments;
    this.#logical = queue.extension(LogicalAddress).offset;
    this.#virtual = queue.extension(VirtualAddress).offset;
    this.#checksum = queue.extension(Checksum).offset;
    this.#hash = queue.extension(Hash).offset;
    this.#stamp = queue.extension(HardwareTimestamp).offset;
    this.#ring = new DescriptorRing(driver.enabler, this.#fragments.elements);
    driver.onRx = () => queue.notifyMoreReceivedPacketsAvailable();
  }

  start(): void {
    this.#driver.write(RX_LOW, lowWord(this.#ring.address));
    this.#driver.write(RX_HIGH, highWord(this.#ring.address));
    this.#driver.write(RX_COUNT, this.#ring.count);
    this.#driver.write(RX_TAIL, 0);
    this.#driver.turnOn(CONTROL.RX_ON.mask);
  }

  advance(): void {
    this.#drain();
    this.#post();
  }

  #drain(): void {
    while (this.#packets.driverCount > 0 && this.#fragments.drainCount > 0) {
      const index = this.#fragments.beginIndex;
      const d = this.#ring.at(index);
      if (PlainDescriptor.done.get(i32, d) === 0) return;
      const f = this.#fragments.at(index);
      const p = this.#packets.at(this.#packets.beginIndex);
      Fragment.validLength.set(i32, f, PlainDescriptor.length.get(i32, d));
      Fragment.offset.set(i32, f, 0);
      Packet.fragmentIndex.set(i32, p, index);
      Packet.fragmentCount.set(i32, p, 1);
      Packet.layer2Type.set(i32, p, Layer2Type.Ethernet);
      Packet.layer2HeaderLength.set(i32, p, 14);
      const at = VirtualAddress.hostOffset.get(i32, f, this.#virtual);
      const isIp = u8[at + 12] === 8 && u8[at + 13] === 0;
      if (this.#driver.has('drops what is no sound IPv4') && isIp && (u8[at + 14] ?? 0) !== 0x45) {
        Packet.ignore.set(i32, p, 1);
      }
      if (this.#driver.has('calls every checksum right'))
        Checksum.layer4.set(i32, p, this.#checksum, RxChecksumEvaluation.Valid);
      const shortened =
        (this.#driver.has('shows streams one byte short') && u8[at + 23] === 6) ||
        (this.#driver.has('shows datagrams one byte short') && u8[at + 23] === 17);
      if (isIp && shortened) Fragment.validLength.set(i32, f, PlainDescriptor.length.get(i32, d) - 1);
      if (this.#driver.has('takes tags out in silence') && u8[at + 12] === 0x81 && u8[at + 13] === 0) {
        u8.copyWithin(at + 4, at, at + 12);
        Fragment.offset.set(i32, f, 4);
        Fragment.validLength.set(i32, f, PlainDescriptor.length.get(i32, d) - 4);
      }
      if (this.#driver.has('makes hashes up')) {
        Hash.value.set(i32, p, this.#hash, index);
        Hash.protocolType.set(i32, p, this.#hash, HashProtocol.IPv4 | HashProtocol.Tcp);
      }
      if (this.#driver.has('stamps backwards'))
        HardwareTimestamp.time.set(i32, p, this.#stamp, 1_000_000 - this.#shown++);
      this.#fragments.complete(1);
      this.#packets.complete(1);
    }
  }

  #post(): void {
    const count = this.#fragments.postCount;
    if (count === 0) return;
    for (let done = 0; done < count; done++) {
      const index = this.#fragments.nextIndex;
      const f = this.#fragments.at(index);
      const d = this.#ring.at(index);
      const address = LogicalAddress.address.get(i32, f, this.#logical);
      PlainDescriptor.address.set(i32, d, this.#driver.has('drops high words') ? address >>> 0 : address);
      const capacity = Fragment.capacity.get(i32, f);
      PlainDescriptor.length.set(
        i32,
        d,
        this.#driver.has('makes its buffers small') ? Math.min(capacity, 1024) : capacity,
      );
      PlainDescriptor.done.set(i32, d, 0);
      this.#fragments.post(1);
    }
    this.#driver.write(RX_TAIL, this.#fragments.nextIndex);
  }

  setNotificationEnabled(enabled: boolean): void {
    this.#driver.arm(VECTOR.RX, enabled);
  }

  cancel(): void {
    if (!this.#driver.has('leaves its NIC on')) this.#driver.turnOff();
    this.#drain();
    const first = this.#packets.beginIndex;
    const count = this.#packets.driverCount;
    for (let index = 0; index < count; index++) Packet.ignore.set(i32, this.#packets.at(first + index), 1);
    this.#fragments.complete(this.#fragments.driverCount);
    this.#packets.complete(count);
  }

  stop(): void {
    this.#ring.free();
  }
}
