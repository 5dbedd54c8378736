/*
 * The plainest driver for the plain NIC, and a machine for it. Complete, so that the driver suite is tried on something
 * that works; and on request wrong in exactly one way.
 */

import {
  dmaCapabilities,
  DISCONNECTED,
  NetAdapter,
  RxCapabilities,
  TxCapabilities,
  type PacketQueueCallbacks,
  type RxQueue,
  type TxQueue,
} from '@netcx/adapter';
import { disableDevice, enableDevice, HostBridge, MsixTable, type PciSlot } from '@netcx/bus';
import { VirtualClock, type Clock } from '@netcx/clock';
import { DmaEnabler, highWord, IdentityMap, Iommu, lowWord, type CommonBuffer } from '@netcx/dma';
import { i32, u8 } from '@netcx/dma/memory';
import { LogicalAddress, VirtualAddress } from '@netcx/extensions';
import { Link } from '@netcx/hardware';
import type { Register } from '@netcx/layout';
import { Fragment, Layer2Type, Packet, type Ring } from '@netcx/rings';
import type { DriverUnderTest, DriverWishes } from '../src/index.ts';
import { DESCRIPTOR_BYTES, PLAIN, PlainDescriptor, PlainNic, VECTOR, type NicFault } from './plain-nic.ts';

/** One way to be wrong. */
export type DriverFault =
  | 'counts packets in 16 bits'
  | 'drops high words'
  | 'drops what is no sound IPv4'
  | 'drops every 50th frame'
  | 'keeps its memory'
  | 'leaves its NIC on'
  | 'loses wake-ups'
  | 'never gives a packet up'
  | 'overlooks link changes'
  | 'posts packets to be ignored'
  | 'sends every 50th frame twice'
  | 'sends first fragments only'
  | 'swaps frames';

const { CONTROL, RX_COUNT, RX_HIGH, RX_LOW, RX_TAIL, STATUS, TX_COUNT, TX_HIGH, TX_LOW, TX_TAIL } = PLAIN;
const MTU = 1500;
const RING = 64;

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

class PlainTxQueue implements PacketQueueCallbacks {
  readonly #driver: PlainDriver;
  readonly #packets: Ring;
  readonly #fragments: Ring;
  readonly #logical: number;
  readonly #ring: DescriptorRing;
  /** For each packet, the descriptor behind its last one; the one before it when it has none. */
  readonly #ends: number[] = [];
  readonly #hasDescriptors: boolean[] = [];
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
    while (packets < limit) {
      const index = (begin + packets) & this.#packets.mask;
      const last = this.#ring.at((this.#ends[index] ?? 0) + this.#ring.count - 1);
      const done = this.#hasDescriptors[index] !== true || PlainDescriptor.done.get(i32, last) === 1;
      if (!done && !this.#gaveUp) break;
      if (this.#driver.has('counts packets in 16 bits') && this.#short < 0) break;
      fragments += Packet.fragmentCount.get(i32, this.#packets.at(index));
      packets++;
    }
    this.#fragments.complete(fragments);
    this.#packets.complete(packets);
  }

  setNotificationEnabled(enabled: boolean): void {
    this.#driver.arm(VECTOR.TX, enabled);
  }

  cancel(): void {
    if (this.#driver.has('never gives a packet up')) return;
    if (!this.#driver.has('leaves its NIC on')) this.#driver.write(CONTROL, 0);
    this.#gaveUp = true;
  }

  stop(): void {
    if (!this.#driver.has('keeps its memory')) this.#ring.free();
  }
}

class PlainRxQueue implements PacketQueueCallbacks {
  readonly #driver: PlainDriver;
  readonly #packets: Ring;
  readonly #fragments: Ring;
  readonly #logical: number;
  readonly #virtual: number;
  readonly #ring: DescriptorRing;

  constructor(driver: PlainDriver, queue: RxQueue) {
    this.#driver = driver;
    this.#packets = queue.rings.packets;
    this.#fragments = queue.rings.fragments;
    this.#logical = queue.extension(LogicalAddress).offset;
    this.#virtual = queue.extension(VirtualAddress).offset;
    this.#ring = new DescriptorRing(driver.enabler, this.#fragments.elements);
    driver.onRx = () => queue.notifyMoreReceivedPacketsAvailable();
  }

  start(): void {
    this.#driver.write(RX_LOW, lowWord(this.#ring.address));
    this.#driver.write(RX_HIGH, highWord(this.#ring.address));
    this.#driver.write(RX_COUNT, this.#ring.count);
    this.#driver.write(RX_TAIL, 0);
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
      PlainDescriptor.length.set(i32, d, Fragment.capacity.get(i32, f));
      PlainDescriptor.done.set(i32, d, 0);
      this.#fragments.post(1);
    }
    this.#driver.write(RX_TAIL, this.#fragments.nextIndex);
  }

  setNotificationEnabled(enabled: boolean): void {
    this.#driver.arm(VECTOR.RX, enabled);
  }

  cancel(): void {
    if (!this.#driver.has('leaves its NIC on')) this.#driver.write(CONTROL, 0);
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

class PlainDriver {
  readonly adapter: NetAdapter;
  readonly enabler: DmaEnabler;
  onTx: () => void = () => undefined;
  onRx: () => void = () => undefined;
  readonly #slot: PciSlot;
  readonly #faults: ReadonlySet<DriverFault>;
  #table: MsixTable | undefined;
  #arms = 0;

  constructor(slot: PciSlot, clock: Clock, faults: readonly DriverFault[]) {
    this.#slot = slot;
    this.#faults = new Set(faults);
    this.enabler = new DmaEnabler(slot.dma, { addressWidth: 64, version: 3, owner: 'plain' });
    this.adapter = new NetAdapter({
      name: 'plain',
      clock,
      callbacks: {
        createTxQueue: (init) => void init.create((queue) => new PlainTxQueue(this, queue)),
        createRxQueue: (init) => void init.create((queue) => new PlainRxQueue(this, queue)),
      },
    });
    slot.onRemoval(() => this.#linkChanged());
  }

  has(fault: DriverFault): boolean {
    return this.#faults.has(fault);
  }

  write(register: Register, value: number): void {
    this.#slot.function.write32(0, register.offset, value >>> 0);
  }

  arm(vector: number, enabled: boolean): void {
    if (enabled && this.has('loses wake-ups') && ++this.#arms % 20 === 0) return;
    if (enabled) this.#table?.unmask(vector);
    else this.#table?.mask(vector);
  }

  #linkChanged(): void {
    const status = this.#slot.function.read32(0, STATUS.offset);
    const connected = status !== 0xffff_ffff && STATUS.LINK.get(status) === 1;
    if (this.has('overlooks link changes') && this.adapter.linkState.connected) return;
    const speed = { txLinkSpeed: 1e9, rxLinkSpeed: 1e9 };
    this.adapter.setLinkState(connected ? { connected, ...speed, duplex: 'full' } : DISCONNECTED);
  }

  async start(): Promise<void> {
    enableDevice(this.#slot.function);
    const table = new MsixTable(this.#slot);
    this.#table = table;
    table.connect(VECTOR.RX, () => this.onRx());
    table.connect(VECTOR.TX, () => this.onTx());
    table.connect(VECTOR.LINK, () => this.#linkChanged());
    table.enable();
    const dma = dmaCapabilities(this.enabler);
    const hint = { fragmentRingNumberOfElementsHint: RING };
    this.adapter.setDatapathCapabilities(
      TxCapabilities.forDma(dma, 1, { ...hint, maximumNumberOfFragments: 8 }),
      RxCapabilities.systemManagedDma(dma, 2048, 1, hint),
    );
    this.adapter.setLinkLayerCapabilities(1e9);
    this.adapter.setLinkLayerMtuSize(MTU);
    this.adapter.setPermanentLinkLayerAddress(Uint8Array.of(2, 0, 0, 0, 0, 9));
    this.adapter.start();
    this.write(CONTROL, CONTROL.TX_ON.mask | CONTROL.RX_ON.mask);
    await Promise.resolve();
  }

  async stop(): Promise<void> {
    await this.adapter.stop();
    if (!this.has('leaves its NIC on')) this.write(CONTROL, 0);
    this.#table?.release();
    this.#table = undefined;
    if (!this.has('leaves its NIC on')) disableDevice(this.#slot.function);
    this.#linkChanged();
  }
}

/** A plain driver in a machine of its own. */
export function plainMachine(
  { iommu, seed }: DriverWishes,
  driverFaults: readonly DriverFault[] = [],
  nicFaults: readonly NicFault[] = [],
): DriverUnderTest {
  const clock = new VirtualClock({ seed });
  const link = new Link(clock);
  const nic = new PlainNic(clock, link.a, nicFaults);
  const domain = iommu ? new Iommu() : new IdentityMap();
  const slot = new HostBridge(clock).attach(nic, { name: 'plain', dma: domain });
  const driver = new PlainDriver(slot, clock, driverFaults);
  return {
    clock,
    adapter: driver.adapter,
    peer: link.b,
    domain,
    start: () => driver.start(),
    stop: () => driver.stop(),
    remove: () => slot.remove(),
    dispose: () => {
      nic.close();
      link.close();
    },
  };
}
