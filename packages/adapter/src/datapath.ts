/*
 * The queues of a started adapter with their buffers, from the driver's create callbacks to the last buffer that came back.
 * Nothing is created twice: a datapath is made at start, and gone once `close` has returned.
 */

import { BufferPool, LentBuffers, type QueueSizes, type Settlement } from '@netcx/buffers';
import { MILLISECOND, SECOND, type Clock } from '@netcx/clock';
import {
  RX_EXTENSIONS,
  TX_EXTENSIONS,
  VirtualAddress,
  type Extension,
  type ExtensionRegistry,
} from '@netcx/extensions';
import { AdapterError } from './adapter-error.ts';
import type { DmaCapabilities, ReturnRxBuffer, RxCapabilities, TxCapabilities } from './capabilities.ts';
import type { ProtocolPlace } from './edge/protocol.ts';
import { ExecutionContext } from './execution-context.ts';
import { contextConfig, type PollingOptions } from './execution/polling-options.ts';
import type { TransmitOffloads } from './offload/transmit-offloads.ts';
import type { OwnExtensions } from './own-extensions.ts';
import type { RxQueue, TxQueue } from './packet-queue.ts';
import { QueueBlock } from './queue-block.ts';
import { createQueue, type AdapterCallbacks } from './queue-creation.ts';
import type { ReceiveFilter } from './receive-filter/receive-filter.ts';
import type { ReceiveOffloads } from './receive-offload/receive-offloads.ts';
import type { ReceiveQueue } from './receive-queue.ts';
import type { ReceiveScaling } from './receive-scaling/receive-scaling.ts';
import { takeEach, undo } from './rundown.ts';
import { collectStatistics, type AdapterStatistics } from './statistics.ts';
import type { AdapterWatch } from './statistics/adapter-watch.ts';
import type { TransmitQueue } from './transmit-queue.ts';
import type { TxDemux } from './tx-demux/tx-demux.ts';
import type { AdapterVerifier } from './verifier/adapter-verifier.ts';
import { makeReceiveQueue, makeTransmitQueue } from './verifier/verified-queues.ts';

/** What a datapath is made from: an adapter's declarations, complete. */
export interface DatapathOptions {
  readonly name: string;
  readonly clock: Clock;
  readonly callbacks: AdapterCallbacks;
  readonly registry: ExtensionRegistry;
  readonly ownExtensions: OwnExtensions;
  readonly above: ProtocolPlace;
  readonly tx: TxCapabilities;
  readonly rx: RxCapabilities;
  /** Longest frame to send, with its link-layer header. */
  readonly maximumFrame: number;
  /** Sizes and counts of rings and buffers. */
  readonly settlement: Settlement;
  /** Whether use of buffers after their release is looked for. */
  readonly checkedBuffers: boolean;
  /** `always` copies every frame to send, whether the NIC reaches it or not. */
  readonly bouncePolicy: 'ifNeeded' | 'always';
  /** Longest frame to send that is copied when it would have to be mapped. */
  readonly copyBreak: number;
  /** Mappings of frames that may stay, for each transmit queue, when no frame uses them. */
  readonly idleMappings: number;
  /** What the hardware does of transmit offloads, and what software may. */
  readonly offloads: TransmitOffloads;
  /** Queues to create. */
  readonly queues: { readonly transmit: number; readonly receive: number };
  /** How queues are polled and stopped. */
  readonly polling: PollingOptions;
  /** Tells transmit queues apart, where the driver said so: then one is created at start, and the others on demand. */
  readonly txDemux: TxDemux;
  readonly receiveFilter: ReceiveFilter;
  /** What is done in software to received frames. */
  readonly receiveOffloads: ReceiveOffloads;
  readonly receiveScaling: ReceiveScaling;
  /** Measures and traces; `undefined` = nobody does. */
  readonly watch: AdapterWatch | undefined;
  /** Watches what drivers do to the queues, where it is wanted. */
  readonly verifier: AdapterVerifier | undefined;
}

/** How long a stopping adapter waits for everything to come back, unless it is told otherwise. */
const DRAIN_LIMIT = SECOND;

/**
 * What a frame that software makes may be longer than one that a protocol hands over whole: two tags, LLC with SNAP, and the tag
 * that is inserted.
 */
const LONGER_LINK_LAYER = 20;

/** An adapter's queues and pools. */
export class Datapath {
  /** The transmit queues, until `close`. */
  readonly transmitQueues: TransmitQueue[] = [];
  /** The receive queues, until `close`. */
  readonly receiveQueues: ReceiveQueue[] = [];
  readonly #options: DatapathOptions;
  readonly #pools: (BufferPool | LentBuffers)[] = [];
  /** Where receive queues are polled, and transmit queues with them where that is wanted. */
  readonly #receiveContexts: ExecutionContext[] = [];

  /**
   * @param options - what the adapter declared
   */
  constructor(options: DatapathOptions) {
    this.#options = options;
    options.verifier?.watch([options.tx.dma?.enabler.domain, options.rx.dma?.enabler.domain]);
  }

  /**
   * Creates the queues and starts them, one after the other.
   *
   * @throws AdapterError `QUEUE_NOT_CREATED`, and whatever the driver's callbacks throw; what was created is undone
   */
  create(): void {
    const { queues, txDemux, receiveScaling, receiveFilter, rx, clock, above } = this.#options;
    const transmit = txDemux.range === undefined ? queues.transmit : Math.min(1, queues.transmit);
    try {
      for (let id = 0; id < transmit; id++) this.#createTransmitQueue(id);
      for (let id = 0; id < queues.receive; id++) this.#createReceiveQueue(id);
      const [first] = this.transmitQueues;
      if (txDemux.range !== undefined && first !== undefined)
        txDemux.open({
          clock,
          first,
          protocol: () => above.protocol,
          create: (value) => this.#createOnDemand(value),
        });
      receiveScaling.open(this.receiveQueues, rx.maximumNumberOfQueues);
      receiveFilter.open();
    } catch (error) {
      // No queue was polled yet, so none has anything to give back.
      undo([() => this.cancel(), () => this.close()]);
      throw error;
    }
  }

  /**
   * Tells every queue that it will stop. To be repeated when it fails: a driver that threw is told again.
   *
   * @throws what the drivers' callbacks throw, once every queue was told
   */
  cancel(): void {
    const { txDemux, receiveFilter, receiveScaling } = this.#options;
    receiveFilter.close();
    receiveScaling.close();
    txDemux.close();
    takeEach([...this.transmitQueues, ...this.receiveQueues].map((queue) => () => queue.cancel()));
  }

  /**
   * Waits until every cancelled queue has given everything back.
   *
   * @throws AdapterError `QUEUE_NOT_DRAINED` when one has not in time, with who holds what
   */
  async drain(): Promise<void> {
    const { clock, polling, txDemux } = this.#options;
    const limit = clock.now() + (polling.drainLimit ?? DRAIN_LIMIT);
    txDemux.giveUp();
    for (const queue of [...this.transmitQueues, ...this.receiveQueues]) {
      while (!queue.drained) {
        if (clock.now() >= limit) throw this.#notDrained(queue);
        queue.context.wake();
        await clock.delay(MILLISECOND / 10);
      }
    }
  }

  #notDrained(queue: TransmitQueue | ReceiveQueue): AdapterError {
    const rings = [queue.rings.packets, queue.rings.fragments, queue.edge.ring].map((ring) => ring.describe());
    const holdings = [
      ...this.transmitQueues.map((one) => [`tx ${String(one.id)}`, one.holdings()] as const),
      ...this.receiveQueues.map((one) => [`rx ${String(one.id)}`, one.holdings()] as const),
    ];
    const who = holdings.filter(([, held]) => held.length > 0).map(([name, held]) => `${name}: ${held.join(', ')}`);
    return new AdapterError(
      'QUEUE_NOT_DRAINED',
      `${this.#options.name}: driver and protocol have not given back everything: ${[...rings, ...who].join('; ')}`,
    );
  }

  /**
   * Stops the queues and closes the pools.
   *
   * @throws what the drivers' callbacks throw, once everything is closed; BufferError `STILL_HELD` for the first pool that
   * somebody holds buffers of: it and those behind it stay, to be closed by another `close`
   */
  close(): void {
    const { txDemux, verifier } = this.#options;
    takeEach([
      () => txDemux.giveUp(),
      ...[...this.transmitQueues, ...this.receiveQueues].map((queue) => () => queue.stop()),
      () => {
        this.transmitQueues.length = 0;
        this.receiveQueues.length = 0;
        this.#closePools();
      },
      () => verifier?.flush(), // the clock may never run again
    ]);
  }

  #closePools(): void {
    for (const pool of [...this.#pools]) {
      this.#options.verifier?.inspect(pool);
      pool.close();
      this.#pools.shift();
    }
  }

  /** @returns the counters of all queues and pools now */
  statistics(): AdapterStatistics {
    return collectStatistics(this.transmitQueues, this.receiveQueues, this.#pools);
  }

  #createPool(
    name: string,
    count: number,
    buffer: { readonly capacity: number; readonly headroom: number; readonly alignment: number },
    dma: DmaCapabilities | undefined,
  ): BufferPool {
    const { maximumOffset } = this.#options.settlement;
    const limit = dma?.maximumPhysicalAddress ?? 0;
    const pool = new BufferPool({
      name: `${this.#options.name} ${name}`,
      count,
      ...buffer,
      ...(dma === undefined ? {} : { enabler: dma.enabler }),
      ...(limit === 0 ? {} : { maximumAddress: limit }),
      ...(maximumOffset === undefined ? {} : { maximumOffset }),
      checked: this.#options.checkedBuffers || this.#options.verifier !== undefined,
      now: () => this.#options.clock.now(),
    });
    this.#pools.push(pool);
    return pool;
  }

  #createContext(name: string): ExecutionContext {
    const { clock, polling } = this.#options;
    const context = new ExecutionContext(clock, contextConfig(`${this.#options.name} ${name}`, polling));
    context.times = this.#options.watch?.context(context.name);
    return context;
  }

  /** The context of a receive queue, which others may be polled in as well. */
  #receiveContext(id: number): ExecutionContext {
    const { receiveContexts, pairs } = this.#options.polling;
    const index = receiveContexts === undefined ? id : id % receiveContexts;
    const own = pairs === true ? 'queue pair' : 'rx';
    const name = `${receiveContexts === undefined ? own : 'receive context'} ${String(index)}`;
    return (this.#receiveContexts[index] ??= this.#createContext(name));
  }

  #createTransmitQueue(id: number): TransmitQueue {
    const { tx, callbacks, above, maximumFrame, settlement, bouncePolicy, copyBreak, idleMappings } = this.#options;
    const { polling, queues, txDemux } = this.#options;
    const { capacity, headroom, alignment, buffers, packets } = settlement.transmit;
    const name = `tx ${String(id)}`;
    const buffer = { capacity: capacity + LONGER_LINK_LAYER, headroom, alignment };
    const pool = this.#createPool(name, buffers.granted, buffer, tx.dma);
    const reserve = this.#createPool(`${name} reserve`, 1, buffer, tx.dma);
    const block = this.#createBlock(name, settlement.transmit, packets.granted, this.#proposed('transmit'));
    const queueOptions = {
      id,
      name: `${this.#options.name} ${name} ring`,
      block,
      pool,
      reserve,
      enabler: tx.dma?.enabler,
      maximumFrame,
      backfill: tx.payloadBackfill,
      maximumFragments: tx.maximumNumberOfFragments,
      alignment: tx.fragmentBufferAlignment,
      maximumAddress: tx.dma?.maximumPhysicalAddress ?? 0,
      bouncePolicy,
      copyBreak,
      idleMappings,
      offloads: this.#options.offloads,
      context: polling.pairs === true && id < queues.receive ? this.#receiveContext(id) : this.#createContext(name),
      notification: polling.notification ?? 'documented',
      demux8021p: txDemux.range === undefined ? undefined : id,
      completed: txDemux.range === undefined ? undefined : txDemux.distribute,
      above,
      watch: this.#options.watch?.queue({ direction: 'transmit', id, block }),
    };
    const queue = orFree(block, () =>
      makeTransmitQueue(this.#options.verifier, polling.drainLimit ?? DRAIN_LIMIT, queueOptions),
    );
    this.transmitQueues.push(queue);
    createQueue<TxQueue>({
      adapter: this.#options.name,
      callback: 'createTxQueue',
      queue,
      ask: callbacks.createTxQueue.bind(callbacks),
      start: queue.start.bind(queue),
    });
    return queue;
  }

  /** A queue that the adapter can do without: one that cannot be created leaves the others as they are. */
  #createOnDemand(id: number): TransmitQueue {
    const queues = this.transmitQueues.length;
    const pools = this.#pools.length;
    try {
      return this.#createTransmitQueue(id);
    } catch (error) {
      undo(this.transmitQueues.splice(queues).map((queue) => () => queue.stop()));
      undo(this.#pools.splice(pools).map((pool) => () => pool.close()));
      throw error;
    }
  }

  #createReceiveQueue(id: number): void {
    const { rx, callbacks, above, settlement, polling } = this.#options;
    const { capacity, headroom, alignment, packets, buffers: wanted } = settlement.receive;
    const name = `rx ${String(id)}`;
    const buffers =
      rx.returnRxBuffer === undefined
        ? this.#createPool(name, wanted.granted, { capacity: capacity + headroom, headroom, alignment }, rx.dma)
        : this.#createPlaces(name, wanted.granted, rx.returnRxBuffer);
    // The edge holds what the protocol has not looked at yet: as many descriptors as there are buffers.
    const block = this.#createBlock(
      name,
      settlement.receive,
      2 * packets.granted,
      this.#proposed('receive'),
      rx.allocationMode === 'system' && rx.attachmentMode === 'driver' ? settlement.receive.fragments.granted : 0,
    );
    const queueOptions = {
      id,
      name: `${this.#options.name} ${name} ring`,
      block,
      buffers,
      context: this.#receiveContext(id),
      notification: polling.notification ?? 'documented',
      offloads: this.#options.receiveOffloads,
      above,
      watch: this.#options.watch?.queue({ direction: 'receive', id, block }),
    };
    const queue = orFree(block, () =>
      makeReceiveQueue(this.#options.verifier, polling.drainLimit ?? DRAIN_LIMIT, queueOptions),
    );
    this.receiveQueues.push(queue);
    createQueue<RxQueue>({
      adapter: this.#options.name,
      callback: 'createRxQueue',
      queue,
      ask: callbacks.createRxQueue.bind(callbacks),
      start: queue.start.bind(queue),
    });
  }

  #createPlaces(name: string, count: number, returned: ReturnRxBuffer): LentBuffers {
    const lent = new LentBuffers({ name: `${this.#options.name} ${name}`, count, returned });
    this.#pools.push(lent);
    return lent;
  }

  #createBlock(
    name: string,
    sizes: QueueSizes,
    descriptors: number,
    proposed: readonly Extension[],
    dataBuffers = 0,
  ): QueueBlock {
    return new QueueBlock({
      name: `${this.#options.name} ${name}`,
      packets: sizes.packets.granted,
      fragments: sizes.fragments.granted,
      dataBuffers,
      descriptors,
      registry: this.#options.registry,
      proposed,
      plan: this.#options.verifier === undefined ? 'packed' : 'scattered',
    });
  }

  /** What one direction's queues use of the extensions: no virtual address where the driver never looks there. */
  #proposed(direction: 'transmit' | 'receive'): readonly Extension[] {
    const { ownExtensions, rx, tx } = this.#options;
    const [known, { virtualAddress }] =
      direction === 'transmit' ? ([TX_EXTENSIONS, tx] as const) : ([RX_EXTENSIONS, rx] as const);
    const used = virtualAddress ? known : known.filter((one) => one !== (VirtualAddress as Extension));
    return [...used, ...ownExtensions.usedBy(direction)];
  }
}

/** Makes a queue out of its memory, which goes back when there is none left for what else the queue needs. */
function orFree<T>(block: QueueBlock, make: () => T): T {
  try {
    return make();
  } catch (error) {
    block.free();
    throw error;
  }
}
