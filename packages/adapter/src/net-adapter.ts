/*
 * The adapter: what a driver creates for its NIC, tells what the NIC can do, and starts; what a protocol attaches to. Its
 * queues exist from start to stop. Follows NetAdapterCx's contract (reference netadaptercx §5.2): capabilities first, and
 * a start that finds one missing says which.
 */

import { BufferPool, defaultSizing, domainNumber, type QueueSizes, type RingSizing } from '@netcx/buffers';
import { MILLISECOND, type Clock } from '@netcx/clock';
import {
  Checksum,
  ExtensionRegistry,
  LogicalAddress,
  RX_EXTENSIONS,
  TX_EXTENSIONS,
  VirtualAddress,
} from '@netcx/extensions';
import { FRAGMENT_MAXIMUM_LENGTH } from '@netcx/rings';
import { AdapterError } from './adapter-error.ts';
import { checkDatapathCapabilities, type DmaCapabilities, type RxCapabilities, type TxCapabilities } from './capabilities.ts';
import type { Protocol } from './edge/protocol.ts';
import { ExecutionContext } from './execution-context.ts';
import { checkLinkState, DISCONNECTED, type LinkState } from './link-state.ts';
import type { OffloadCapabilities } from './offload-capabilities.ts';
import { QueueBlock } from './queue-block.ts';
import type { QueueInit, RxQueue, TxQueue } from './packet-queue.ts';
import { createQueue } from './queue-creation.ts';
import { ReceiveQueue } from './receive-queue.ts';
import type { AdapterStatistics } from './statistics.ts';
import { collectStatistics } from './statistics.ts';
import { TransmitQueue } from './transmit-queue.ts';

/** What a driver brings for its adapter. */
export interface AdapterCallbacks {
  /**
   * Called at start, once for each transmit queue; must call `init.create` before it returns.
   *
   * @param init - makes the queue
   */
  createTxQueue(init: QueueInit<TxQueue>): void;
  /**
   * Called at start, once for each receive queue; must call `init.create` before it returns.
   *
   * @param init - makes the queue
   */
  createRxQueue(init: QueueInit<RxQueue>): void;
}

/** How an adapter is made. */
export interface NetAdapterOptions {
  /** For messages. */
  readonly name: string;
  /** Time, for the queues' execution contexts. */
  readonly clock: Clock;
  /** The driver's side. */
  readonly callbacks: AdapterCallbacks;
  /** Queues to create; 1 each when left out, never more than the NIC has. */
  readonly queues?: { readonly transmit: number; readonly receive: number };
  /** Chooses ring and pool sizes; `defaultSizing` when left out. */
  readonly sizing?: RingSizing;
}

/** Bytes of an Ethernet header: what a frame is longer than its MTU. */
const ETHERNET_HEADER_BYTES = 14;
/** The longest frame that a fragment can say, without its header. */
const MAXIMUM_MTU = FRAGMENT_MAXIMUM_LENGTH - ETHERNET_HEADER_BYTES;
/** How long a stopping queue may take to give everything back. */
const DRAIN_LIMIT = 1000 * MILLISECOND;

/** A network adapter. */
export class NetAdapter {
  /** For messages. */
  readonly name: string;
  /** What the adapter registered for its queues. */
  readonly extensions = new ExtensionRegistry();
  readonly #clock: Clock;
  readonly #callbacks: AdapterCallbacks;
  readonly #wanted: { readonly transmit: number; readonly receive: number };
  readonly #sizing: RingSizing;
  #tx: TxCapabilities | undefined;
  #rx: RxCapabilities | undefined;
  #linkSpeed: number | undefined;
  #mtu: number | undefined;
  #address: Uint8Array | undefined;
  #offloads: OffloadCapabilities = {};
  #linkState: LinkState = DISCONNECTED;
  #protocol: Protocol | undefined;
  #started = false;
  #stopping: Promise<void> | undefined;
  #transmitQueues: TransmitQueue[] = [];
  #receiveQueues: ReceiveQueue[] = [];
  #pools: BufferPool[] = [];
  #sizes: { readonly transmit: QueueSizes; readonly receive: QueueSizes } | undefined;

  /**
   * @param options - name, clock, the driver's side, and how many queues
   * @throws AdapterError `QUEUE_CONFIGURATION` for a number of queues that cannot be
   */
  constructor(options: NetAdapterOptions) {
    this.name = options.name;
    for (const [direction, count] of Object.entries(options.queues ?? {})) {
      if (!Number.isInteger(count) || count < 0) throw new AdapterError('QUEUE_CONFIGURATION', `${this.name}: queues.${direction} is ${String(count)}; expected 0 or more`);
    }
    this.#clock = options.clock;
    this.#callbacks = options.callbacks;
    this.#wanted = options.queues ?? { transmit: 1, receive: 1 };
    this.#sizing = options.sizing ?? defaultSizing;
  }

  /**
   * @param tx - how the NIC sends
   * @param rx - how it receives
   * @throws AdapterError `CAPABILITIES_INVALID`, naming every field that cannot be, or `ADAPTER_STARTED`
   */
  setDatapathCapabilities(tx: TxCapabilities, rx: RxCapabilities): void {
    this.#refuseWhenStarted('setDatapathCapabilities');
    checkDatapathCapabilities(this.name, tx, rx);
    this.#tx = tx;
    this.#rx = rx;
  }

  /**
   * @param linkSpeed - the fastest that the link can be, in bits per second
   * @throws AdapterError `CAPABILITIES_INVALID` or `ADAPTER_STARTED`
   */
  setLinkLayerCapabilities(linkSpeed: number): void {
    this.#refuseWhenStarted('setLinkLayerCapabilities');
    if (!Number.isFinite(linkSpeed) || linkSpeed <= 0) throw new AdapterError('CAPABILITIES_INVALID', `${this.name}: linkSpeed is ${String(linkSpeed)} bit/s; expected more than 0`);
    this.#linkSpeed = linkSpeed;
  }

  /**
   * @param mtu - longest payload of a frame, in bytes, without the link layer's header
   * @throws AdapterError `CAPABILITIES_INVALID` or `ADAPTER_STARTED`
   */
  setLinkLayerMtuSize(mtu: number): void {
    this.#refuseWhenStarted('setLinkLayerMtuSize');
    if (!Number.isInteger(mtu) || mtu <= 0 || mtu > MAXIMUM_MTU) throw new AdapterError('CAPABILITIES_INVALID', `${this.name}: an MTU of ${String(mtu)}; expected 1 to ${String(MAXIMUM_MTU)}`);
    this.#mtu = mtu;
  }

  /**
   * @param address - the NIC's permanent address, 6 bytes for Ethernet
   * @throws AdapterError `ADDRESS_INVALID` or `ADAPTER_STARTED`
   */
  setPermanentLinkLayerAddress(address: Uint8Array): void {
    this.#refuseWhenStarted('setPermanentLinkLayerAddress');
    if (address.length === 0 || address.length > 32) throw new AdapterError('ADDRESS_INVALID', `${this.name}: an address of ${String(address.length)} bytes; expected 1 to 32`);
    this.#address = address.slice();
  }

  /**
   * Advertises offloads; the extensions that they need are registered on the driver's behalf.
   *
   * @param offloads - what the NIC can do
   * @throws AdapterError `ADAPTER_STARTED`
   */
  setOffloadCapabilities(offloads: OffloadCapabilities): void {
    this.#refuseWhenStarted('setOffloadCapabilities');
    this.#offloads = offloads;
  }

  /**
   * @param protocol - what stands above; called from the next burst on
   * @throws AdapterError `PROTOCOL_ATTACHED` when there is one
   */
  attachProtocol(protocol: Protocol): void {
    if (this.#protocol !== undefined) throw new AdapterError('PROTOCOL_ATTACHED', `${this.name} has a protocol above it already; detach it first`);
    for (const queue of this.#receiveQueues) queue.discard();
    this.#protocol = protocol;
    if (this.#linkState.connected) protocol.linkChanged?.(true);
  }

  /**
   * Takes the protocol away: what is received from now on is discarded, and so is what it was shown and has not completed.
   */
  detachProtocol(): void {
    this.#protocol = undefined;
  }

  /** The link, as the driver last reported it. */
  get linkState(): LinkState {
    return this.#linkState;
  }

  /**
   * @param state - the link now; told to the protocol if it changed
   * @throws AdapterError `LINK_STATE_INVALID` for speeds that no such link has; nothing changes
   */
  setLinkState(state: LinkState): void {
    checkLinkState(this.name, state);
    const changed = state.connected !== this.#linkState.connected;
    this.#linkState = state;
    if (changed) this.#protocol?.linkChanged?.(state.connected);
  }

  /** Payload bytes of the longest frame; 0 before it was set. */
  get mtu(): number {
    return this.#mtu ?? 0;
  }

  /** The NIC's address; empty before it was set. */
  get linkLayerAddress(): Uint8Array {
    return this.#address?.slice() ?? new Uint8Array(0);
  }

  /** Sizes of rings and pools: what was asked, what was granted, and why; `undefined` before the first start. */
  get sizes(): { readonly transmit: QueueSizes; readonly receive: QueueSizes } | undefined {
    return this.#sizes;
  }

  /** The transmit queues, from start to stop. */
  get transmitQueues(): readonly TransmitQueue[] {
    return this.#transmitQueues;
  }

  /** The receive queues, from start to stop. */
  get receiveQueues(): readonly ReceiveQueue[] {
    return this.#receiveQueues;
  }

  /**
   * Creates the queues and starts them.
   *
   * @throws AdapterError `CAPABILITIES_MISSING`, naming each; `QUEUE_NOT_CREATED` when the driver's callback made none.
   * Whatever was created is undone
   */
  start(): void {
    this.#refuseWhenStarted('start');
    const { tx, rx, linkSpeed, mtu } = this.#requireCapabilities();
    this.#registerExtensions(tx, rx);
    const maximumFragments = Math.min(tx.maximumNumberOfFragments, 64);
    // A receive buffer holds the longest frame, so one fragment is all that a received packet needs.
    const sizes = {
      transmit: this.#sizing({ fragmentRingHint: tx.fragmentRingNumberOfElementsHint, linkSpeed, maximumFragments }).transmit,
      receive: this.#sizing({ fragmentRingHint: rx.fragmentRingNumberOfElementsHint, linkSpeed, maximumFragments: 1 }).receive,
    };
    this.#sizes = sizes;
    this.#started = true;
    try {
      const transmit = Math.min(this.#wanted.transmit, tx.maximumNumberOfQueues);
      const receive = Math.min(this.#wanted.receive, rx.maximumNumberOfQueues);
      for (let id = 0; id < transmit; id++) this.#createTransmitQueue(id, tx, mtu, sizes.transmit, maximumFragments);
      for (let id = 0; id < receive; id++) this.#createReceiveQueue(id, rx, sizes.receive);
    } catch (error) {
      // No queue was polled yet, so none has anything to give back.
      for (const queue of [...this.#transmitQueues, ...this.#receiveQueues]) queue.cancel();
      this.#teardown();
      throw error;
    }
  }

  /**
   * Cancels and drains every queue, stops it and gives its memory back. Received buffers that the protocol still holds
   * must be released first. After an error the adapter is not stopped yet: once the reason is gone, stop it again.
   *
   * @returns a promise that resolves when everything was given back; the same one while it is still going on
   * @throws AdapterError `QUEUE_NOT_DRAINED` when driver and protocol do not give everything back within a second;
   * BufferError `STILL_HELD` when somebody holds buffers
   */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop().finally(() => {
      this.#stopping = undefined;
    });
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    await Promise.resolve(); // a protocol may call this from inside a poll: queues go when the poll is over
    const queues = [...this.#transmitQueues, ...this.#receiveQueues];
    for (const queue of queues) queue.cancel();
    const limit = this.#clock.now() + DRAIN_LIMIT;
    for (const queue of queues) {
      while (!queue.drained) {
        if (this.#clock.now() >= limit) {
          const { packets, fragments } = queue.rings;
          throw new AdapterError('QUEUE_NOT_DRAINED', `${this.name}: driver and protocol have not given back everything: ${[packets, fragments, queue.edge.ring].map((ring) => ring.describe()).join('; ')}`);
        }
        queue.context.notify();
        await this.#clock.delay(MILLISECOND / 10);
      }
    }
    this.#teardown();
  }

  /** @returns the adapter's counters now */
  statistics(): AdapterStatistics {
    return collectStatistics(this.#transmitQueues, this.#receiveQueues, this.#pools);
  }

  #requireCapabilities() {
    const { name } = this;
    const tx = this.#tx;
    const rx = this.#rx;
    const linkSpeed = this.#linkSpeed;
    const mtu = this.#mtu;
    if (tx !== undefined && rx !== undefined && linkSpeed !== undefined && mtu !== undefined && this.#address !== undefined) {
      return { tx, rx, linkSpeed, mtu };
    }
    const missing: string[] = [];
    if (tx === undefined || rx === undefined) missing.push('setDatapathCapabilities');
    if (linkSpeed === undefined) missing.push('setLinkLayerCapabilities');
    if (mtu === undefined) missing.push('setLinkLayerMtuSize');
    if (this.#address === undefined) missing.push('setPermanentLinkLayerAddress');
    throw new AdapterError('CAPABILITIES_MISSING', `${name} cannot start: call ${missing.join(', ')} first`);
  }

  /** Reference netadaptercx §3.1: the virtual address always, the logical address with DMA, the rest as advertised. */
  #registerExtensions(tx: TxCapabilities, rx: RxCapabilities): void {
    this.extensions.clear();
    this.extensions.register(VirtualAddress);
    if (tx.dma !== undefined || rx.dma !== undefined) this.extensions.register(LogicalAddress);
    if (this.#offloads.txChecksum !== undefined || this.#offloads.rxChecksum !== undefined) this.extensions.register(Checksum);
  }

  #createPool(name: string, count: number, capacity: number, alignment: number, dma: DmaCapabilities | undefined): BufferPool {
    const limit = dma?.maximumPhysicalAddress ?? 0;
    const pool = new BufferPool({
      name: `${this.name} ${name}`,
      count,
      capacity,
      alignment: Math.max(64, alignment),
      ...(dma === undefined ? {} : { enabler: dma.enabler }),
      ...(limit === 0 ? {} : { maximumOffset: limit }),
    });
    this.#pools.push(pool);
    return pool;
  }

  #createTransmitQueue(id: number, tx: TxCapabilities, mtu: number, sizes: QueueSizes, maximumFragments: number): void {
    const name = `tx ${String(id)}`;
    const maximumFrame = mtu + ETHERNET_HEADER_BYTES;
    const capacity = Math.max(maximumFrame, 64);
    const pool = this.#createPool(name, sizes.buffers.granted, capacity, tx.fragmentBufferAlignment, tx.dma);
    const reserve = this.#createPool(`${name} reserve`, 1, capacity, tx.fragmentBufferAlignment, tx.dma);
    const block = this.#createBlock(name, sizes, sizes.packets.granted, TX_EXTENSIONS);
    const queue = new TransmitQueue({
      id,
      block,
      pool,
      reserve,
      domain: tx.dma === undefined ? 0 : domainNumber(tx.dma.enabler.domain),
      maximumFrame,
      maximumFragments,
      alignment: tx.fragmentBufferAlignment,
      maximumOffset: tx.dma?.maximumPhysicalAddress ?? 0,
      context: new ExecutionContext(this.#clock),
      protocol: () => this.#protocol,
    });
    this.#transmitQueues.push(queue);
    createQueue<TxQueue>(this.name, 'createTxQueue', queue, (init) => { this.#callbacks.createTxQueue(init); }, (callbacks) => { queue.start(callbacks); });
  }

  #createReceiveQueue(id: number, rx: RxCapabilities, sizes: QueueSizes): void {
    const name = `rx ${String(id)}`;
    const pool = this.#createPool(name, sizes.buffers.granted, rx.maximumFrameSize, rx.fragmentBufferAlignment, rx.dma);
    // The edge holds what the protocol has not looked at yet: as many descriptors as there are buffers.
    const block = this.#createBlock(name, sizes, 2 * sizes.packets.granted, RX_EXTENSIONS);
    const queue = new ReceiveQueue({ id, block, pool, context: new ExecutionContext(this.#clock), protocol: () => this.#protocol });
    this.#receiveQueues.push(queue);
    createQueue<RxQueue>(this.name, 'createRxQueue', queue, (init) => { this.#callbacks.createRxQueue(init); }, (callbacks) => { queue.start(callbacks); });
  }

  #createBlock(name: string, sizes: QueueSizes, descriptors: number, proposed: typeof TX_EXTENSIONS): QueueBlock {
    return new QueueBlock({
      name: `${this.name} ${name}`,
      packets: sizes.packets.granted,
      fragments: sizes.fragments.granted,
      descriptors,
      registry: this.extensions,
      proposed,
    });
  }

  #teardown(): void {
    for (const queue of [...this.#transmitQueues, ...this.#receiveQueues]) queue.stop();
    this.#transmitQueues = [];
    this.#receiveQueues = [];
    // A pool that somebody still holds buffers of throws; it and those behind it stay, to be closed when stopped again.
    for (const pool of [...this.#pools]) {
      pool.close();
      this.#pools.shift();
    }
    this.#started = false;
  }

  #refuseWhenStarted(what: string): void {
    if (this.#started) throw new AdapterError('ADAPTER_STARTED', `${this.name}: ${what} comes before start; stop the adapter first`);
  }
}
