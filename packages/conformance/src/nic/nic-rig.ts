/*
 * The rig that a NIC is put into for one case: a bridge that plays the host, a watch on everything that the NIC does on
 * the bus, an IOMMU that maps what a case says and nothing else, and a partner at the far end of the cable.
 */

import { HostBridge, sizeBars, type AttachedSlot, type BarInfo, type PciFunction } from '@netcx/bus';
import { Random } from '@netcx/clock';
import { DmaEnabler, hostPages, Iommu, type LogicalAddress } from '@netcx/dma';
import type { ConformanceContext } from '../conformance-case.ts';
import { Peer } from '../peer.ts';
import type { VirtualTime } from '../virtual-time.ts';
import type { NicUnderTest } from './nic-under-test.ts';
import { WatchedEndpoint } from './upstream-watch.ts';

/** A register in a memory BAR. */
export interface Place {
  readonly bar: number;
  readonly offset: number;
}

/** Bytes of a BAR that are read one by one, at most: the rest of a large one is memory, not registers. */
const READ_BYTES = 256 * 1024;

/** A NIC in a slot. */
export class NicRig {
  /** Seed and effort. */
  readonly context: ConformanceContext;
  /** What the case chooses at random. */
  readonly random: Random;
  readonly clock: VirtualTime;
  readonly nic: NicUnderTest;
  /** What the NIC does on the bus. */
  readonly watch: WatchedEndpoint;
  /** Where it is plugged in. */
  readonly slot: AttachedSlot;
  /** What it may reach. */
  readonly iommu: Iommu = new Iommu();
  /** The far end of the cable. */
  readonly peer: Peer;
  readonly #enabler: DmaEnabler;
  readonly #taken: number[] = [];

  /**
   * @param nic - built and not plugged in
   * @param context - seed and effort
   */
  constructor(nic: NicUnderTest, context: ConformanceContext) {
    this.nic = nic;
    this.context = context;
    this.random = new Random(context.seed, 'NIC case');
    this.clock = nic.clock;
    this.watch = new WatchedEndpoint(nic.endpoint);
    this.slot = new HostBridge(nic.clock).attach(this.watch, { name: 'the NIC under test', dma: this.iommu });
    this.#enabler = new DmaEnabler(this.iommu, { addressWidth: 64, version: 3, owner: 'conformance' });
    this.peer = new Peer(nic.peer, () => undefined);
  }

  /** The function, as its host sees it. */
  get fn(): PciFunction {
    return this.slot.function;
  }

  /** The memory BARs. */
  get memoryBars(): readonly BarInfo[] {
    return sizeBars(this.fn).filter(({ kind }) => kind !== 'io');
  }

  /** @returns every register in the memory BARs, in order */
  places(): readonly Place[] {
    return this.memoryBars.flatMap(({ index: bar, size }) =>
      Array.from({ length: Math.min(size, READ_BYTES) / 4 }, (_, word) => ({ bar, offset: word * 4 })),
    );
  }

  /**
   * @param bytes - how many
   * @returns where the NIC finds as many zeroed bytes, which it may read and write until the case is over
   */
  map(bytes: number): LogicalAddress {
    const offset = hostPages.allocate(bytes, { owner: 'conformance: memory for the NIC' });
    this.#taken.push(offset);
    return this.#enabler.map(offset, bytes, 'both');
  }

  /** Takes the machine apart, whatever became of the case. */
  async dispose(): Promise<void> {
    await this.nic.dispose?.();
    for (const offset of this.#taken) hostPages.free(offset);
  }
}
