/*
 * The plainest driver for the plain NIC, and a machine for it. Complete, so that the driver suite is tried on something
 * that works; and on request wrong in exactly one way.
 */

import {
  dmaCapabilities,
  DISCONNECTED,
  NetAdapter,
  ReceiveScalingHashType,
  ReceiveScalingProtocolType,
  RxCapabilities,
  TxCapabilities,
} from '@netcx/adapter';
import { disableDevice, enableDevice, HostBridge, MsixTable, type PciSlot } from '@netcx/bus';
import { VirtualClock, type Clock } from '@netcx/clock';
import { DmaEnabler, IdentityMap, Iommu } from '@netcx/dma';
import { Link } from '@netcx/hardware';
import type { Register } from '@netcx/layout';
import type { DriverUnderTest, DriverWishes } from '../src/index.ts';
import { PLAIN, PlainNic, VECTOR, type NicFault, type NicWay } from './plain-nic.ts';
import { PlainRxQueue, PlainTxQueue } from './plain-queues.ts';

/** One way to be wrong. */
export type DriverFault =
  | 'calls every checksum right'
  | 'completes at once'
  | 'counts packets in 16 bits'
  | 'counts what is done'
  | 'does not look for its NIC'
  | 'does not stop at the second try'
  | 'drops high words'
  | 'drops what is no sound IPv4'
  | 'drops every 50th frame'
  | 'hangs on short frames'
  | 'keeps its memory'
  | 'keeps memory of a failed start'
  | 'leaves its NIC on'
  | 'looks at first descriptors'
  | 'loses wake-ups'
  | 'makes its buffers small'
  | 'makes hashes up'
  | 'never gives a packet up'
  | 'overlooks link changes'
  | 'posts packets to be ignored'
  | 'promises checksums'
  | 'promises segmentation'
  | 'promises tags'
  | 'sends every 50th frame twice'
  | 'sends first fragments only'
  | 'shows streams one byte short'
  | 'stamps backwards'
  | 'shows datagrams one byte short'
  | 'swaps frames'
  | 'takes tags out in silence'
  | 'turns its NIC on at start only';

const { CONTROL, STATUS } = PLAIN;
const MTU = 1500;
const RING = 64;

export class PlainDriver {
  readonly adapter: NetAdapter;
  readonly enabler: DmaEnabler;
  onTx: () => void = () => undefined;
  onRx: () => void = () => undefined;
  readonly #slot: PciSlot;
  readonly #faults: ReadonlySet<DriverFault>;
  #table: MsixTable | undefined;
  #arms = 0;
  #control = 0;
  #started = false;
  #failedToStop = false;

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

  /** Queues come and go while the driver runs: each turns its half on when it starts. */
  turnOn(half: number): void {
    if (this.has('turns its NIC on at start only') && this.#started) return;
    this.#control |= half;
    this.write(CONTROL, this.#control);
  }

  turnOff(): void {
    this.#control = 0;
    this.write(CONTROL, 0);
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

  #connect(): void {
    enableDevice(this.#slot.function);
    const table = new MsixTable(this.#slot);
    this.#table = table;
    table.connect(VECTOR.RX, () => this.onRx());
    table.connect(VECTOR.TX, () => this.onTx());
    table.connect(VECTOR.LINK, () => this.#linkChanged());
    table.enable();
  }

  async start(): Promise<void> {
    try {
      this.#connect();
    } catch (error) {
      if (!this.has('does not look for its NIC')) throw error;
    }
    const dma = dmaCapabilities(this.enabler);
    const hint = { fragmentRingNumberOfElementsHint: RING };
    this.adapter.setDatapathCapabilities(
      TxCapabilities.forDma(dma, 1, { ...hint, maximumNumberOfFragments: 8 }),
      RxCapabilities.systemManagedDma(dma, 2048, 1, hint),
    );
    this.adapter.setLinkLayerCapabilities(1e9);
    this.adapter.setLinkLayerMtuSize(MTU);
    this.adapter.setPermanentLinkLayerAddress(Uint8Array.of(2, 0, 0, 0, 0, 9));
    this.#promise();
    const scratch = this.has('keeps memory of a failed start') ? this.enabler.allocateCommonBuffer(64) : undefined;
    this.adapter.start();
    scratch?.free();
    this.#started = true;
    await Promise.resolve();
  }

  #promise(): void {
    const everything = { layer3: 15, layer4: 7 };
    if (this.has('promises checksums')) this.adapter.offloads.advertise({ txChecksum: everything });
    if (this.has('calls every checksum right')) this.adapter.offloads.advertise({ rxChecksum: everything });
    if (this.has('promises tags')) this.adapter.offloads.advertise({ ieee8021qTag: { priority: true, vlan: true } });
    if (this.has('stamps backwards')) this.adapter.offloads.advertise({ hardwareTimestamps: true });
    if (this.has('makes hashes up')) this.#promiseHashes();
    if (this.has('promises segmentation'))
      this.adapter.offloads.advertise({
        txChecksum: everything,
        gso: { ...everything, maximumOffloadSize: 65_536, minimumSegmentCount: 1 },
      });
  }

  #promiseHashes(): void {
    this.adapter.receiveScaling.setCapabilities({
      numberOfQueues: 1,
      indirectionTableSize: 128,
      hashTypes: ReceiveScalingHashType.toeplitz,
      protocolTypes: Object.values(ReceiveScalingProtocolType).reduce((all: number, one) => all | one, 0),
      enable: () => undefined,
      disable: () => undefined,
      setHashSecretKey: () => undefined,
      setIndirectionEntries: () => undefined,
    });
  }

  async stop(): Promise<void> {
    if (this.#failedToStop && this.has('does not stop at the second try')) return;
    try {
      await this.adapter.stop();
    } catch (error) {
      this.#failedToStop = true;
      throw error;
    }
    this.#started = false;
    if (!this.has('leaves its NIC on')) this.turnOff();
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
  nicFaults: readonly (NicFault | NicWay)[] = [],
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
