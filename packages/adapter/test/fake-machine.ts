/*
 * An adapter on fake drivers, in virtual time and behind an IOMMU, with a protocol above it that keeps what it is shown.
 */

import { releaseBuffer, type RingSizing } from '@netcx/buffers';
import { VirtualClock } from '@netcx/clock';
import { DmaEnabler, Iommu, type DmaDomain } from '@netcx/dma';
import { i32, u8 } from '@netcx/dma/memory';
import { FrameDescriptor, type Protocol, type ReceiveEdge, type TransmitEdge } from '../src/edge/index.ts';
import {
  dmaCapabilities,
  NetAdapter,
  RxCapabilities,
  TxCapabilities,
  type AdapterCallbacks,
  type DmaCapabilities,
  type NetAdapterOptions,
  type OffloadCapabilities,
} from '../src/index.ts';
import { FakeRx, FakeTx } from './fake-driver.ts';

export interface FakeMachineOptions {
  readonly name?: string;
  readonly clock?: VirtualClock;
  /** Elements of each ring and buffers of each pool. */
  readonly packets?: number;
  readonly fragments?: number;
  readonly buffers?: number;
  readonly mtu?: number;
  readonly maximumFrameSize?: number;
  readonly tx?: Parameters<typeof TxCapabilities.forDma>[2];
  readonly rx?: Parameters<typeof RxCapabilities.systemManagedDma>[3];
  readonly dma?: Partial<DmaCapabilities>;
  /** Without DMA the fragments carry virtual addresses alone. */
  readonly withoutDma?: boolean;
  readonly offloads?: OffloadCapabilities;
  readonly queues?: NetAdapterOptions['queues'];
  /** Another driver's side of the adapter, or a part of it. */
  readonly callbacks?: Partial<AdapterCallbacks>;
  /** Chooses sizes in place of the three above. */
  readonly sizing?: RingSizing;
  /** How the NIC reaches memory; an IOMMU when left out. */
  readonly reach?: DmaDomain;
  /** Bits of an address that the NIC has; 64 when left out. */
  readonly addressWidth?: number;
  /** Other receive capabilities than those of a NIC whose buffers the system manages. */
  readonly receive?: (dma: DmaCapabilities) => RxCapabilities;
  readonly adapter?: Partial<NetAdapterOptions>;
}

/** A frame as the protocol was shown it. */
export interface Shown {
  readonly bytes: Uint8Array;
  readonly parts: number;
}

/** A protocol that keeps what it is shown, and by default completes and releases it at once. */
export class Recorder implements Protocol {
  readonly shown: Shown[] = [];
  /** Contexts of the descriptors that completed, in order. */
  readonly sentContexts: number[] = [];
  readonly links: boolean[] = [];
  /** Buffers that it has not released, while `keeps` is set. */
  readonly kept: number[] = [];
  /** Whether it keeps the buffers that it is shown. */
  keeps = false;
  /** Whether it leaves the descriptors where they are. */
  leaves = false;
  #edge: ReceiveEdge | undefined;

  receive(edge: ReceiveEdge, count: number): void {
    this.#edge = edge;
    if (!this.leaves) this.take(edge.ring.driverCount);
    else if (count > edge.ring.driverCount) throw new Error('shown less than was said');
  }

  /** Takes over the buffers of the oldest descriptors, and gives their places back. */
  take(count: number): void {
    const edge = this.#edge;
    if (edge === undefined) return;
    const most = Math.min(count, edge.ring.driverCount);
    let parts: Uint8Array[] = [];
    let whole = 0;
    for (let index = 0; index < most; index++) {
      const d = edge.ring.at(edge.ring.beginIndex + index);
      const address = FrameDescriptor.address.get(i32, d);
      parts.push(u8.slice(address, address + FrameDescriptor.length.get(i32, d)));
      if (FrameDescriptor.more.get(i32, d) === 1) continue;
      this.shown.push({ bytes: Buffer.concat(parts), parts: parts.length });
      parts = [];
      whole = index + 1;
    }
    for (let index = 0; index < whole; index++) {
      this.kept.push(FrameDescriptor.buffer.get(i32, edge.ring.at(edge.ring.beginIndex + index)));
    }
    edge.complete(whole);
    if (!this.keeps) this.release();
  }

  /** Gives back the oldest buffers that it keeps. */
  release(count = Infinity): void {
    for (const buffer of this.kept.splice(0, count)) {
      if (this.#edge === undefined) releaseBuffer(buffer);
      else this.#edge.release(buffer);
    }
  }

  sent(edge: TransmitEdge, count: number): void {
    for (let index = 0; index < count; index++) {
      this.sentContexts.push(FrameDescriptor.context.get(i32, edge.ring.at(edge.ring.processedIndex + index)));
    }
  }

  linkChanged(up: boolean): void {
    this.links.push(up);
  }
}

export interface FakeMachine {
  readonly clock: VirtualClock;
  readonly adapter: NetAdapter;
  readonly domain: Iommu;
  readonly enabler: DmaEnabler;
  readonly recorder: Recorder;
  /** The drivers' sides, by queue, from start on. */
  readonly tx: FakeTx[];
  readonly rx: FakeRx[];
  /** Stops the adapter, and runs the clock until it has. */
  readonly stop: () => Promise<void>;
}

/** An adapter with every capability set, and a recorder above it; not started. */
export function buildFakeMachine(options: FakeMachineOptions = {}): FakeMachine {
  const { clock = new VirtualClock(), name = 'fake', packets = 16, fragments = 16, buffers = 32, mtu = 1500 } = options;
  const domain = new Iommu();
  const { addressWidth = 64 } = options;
  const enabler = new DmaEnabler(options.reach ?? domain, { addressWidth, version: 3, owner: name });
  const reach = options.withoutDma === true ? undefined : enabler.domain;
  const tx: FakeTx[] = [];
  const rx: FakeRx[] = [];
  const size = (granted: number) => ({ asked: 0, granted, reason: 'the test says so' });
  const sizes = { packets: size(packets), fragments: size(fragments), buffers: size(buffers) };
  const { sizing = () => ({ transmit: sizes, receive: sizes }) } = options;
  const adapter = new NetAdapter({
    name,
    clock,
    sizing,
    ...options.adapter,
    ...(options.queues === undefined ? {} : { queues: options.queues }),
    callbacks: {
      createTxQueue: (init) => {
        init.create((queue) => (tx[queue.id] = new FakeTx(queue, reach)));
      },
      createRxQueue: (init) => {
        init.create((queue) => (rx[queue.id] = new FakeRx(queue, reach)));
      },
      ...options.callbacks,
    },
  });
  const dma = dmaCapabilities(enabler, options.dma);
  const without = { mappingRequirement: 'none', dma: undefined } as const;
  const { maximumFrameSize = 2048 } = options;
  adapter.setDatapathCapabilities(
    { ...TxCapabilities.forDma(dma, 4, options.tx), ...(reach === undefined ? without : {}) },
    options.receive?.(dma) ?? {
      ...RxCapabilities.systemManagedDma(dma, maximumFrameSize, 4, options.rx),
      ...(reach === undefined ? without : {}),
    },
  );
  adapter.setLinkLayerCapabilities(1e9);
  adapter.setLinkLayerMtuSize(mtu);
  adapter.setPermanentLinkLayerAddress(Uint8Array.of(2, 0, 0, 0, 0, 1));
  if (options.offloads !== undefined) adapter.setOffloadCapabilities(options.offloads);
  const recorder = new Recorder();
  adapter.attachProtocol(recorder);
  const stop = (): Promise<void> => clock.drive(adapter.stop());
  return { clock, adapter, domain, enabler, recorder, tx, rx, stop };
}
