/*
 * The queues of a started adapter with their buffers, from the driver's create callbacks to the last buffer that came back.
 * Nothing is created twice: a datapath is made at start, and gone once `close` has returned.
 */

import { BufferPool, domainNumber, type QueueSizes } from '@netcx/buffers';
import { MILLISECOND, type Clock } from '@netcx/clock';
import { RX_EXTENSIONS, TX_EXTENSIONS, type ExtensionRegistry } from '@netcx/extensions';
import { AdapterError } from './adapter-error.ts';
import type { DmaCapabilities, RxCapabilities, TxCapabilities } from './capabilities.ts';
import type { Protocol } from './edge/protocol.ts';
import { ExecutionContext } from './execution-context.ts';
import type { RxQueue, TxQueue } from './packet-queue.ts';
import { QueueBlock } from './queue-block.ts';
import { createQueue, type AdapterCallbacks } from './queue-creation.ts';
import { ReceiveQueue } from './receive-queue.ts';
import { collectStatistics, type AdapterStatistics } from './statistics.ts';
import { TransmitQueue } from './transmit-queue.ts';

/** What a datapath is made from: an adapter's declarations, complete. */
export interface DatapathOptions {
  readonly name: string;
  readonly clock: Clock;
  readonly callbacks: AdapterCallbacks;
  readonly registry: ExtensionRegistry;
  readonly protocol: () => Protocol | undefined;
  readonly tx: TxCapabilities;
  readonly rx: RxCapabilities;
  /** Longest frame to send, with its link-layer header. */
  readonly maximumFrame: number;
  /** Most fragments of one transmit packet. */
  readonly maximumFragments: number;
  readonly sizes: { readonly transmit: QueueSizes; readonly receive: QueueSizes };
  /** Queues to create. */
  readonly queues: { readonly transmit: number; readonly receive: number };
}

/** How long a stopping queue may take to give everything back. */
const DRAIN_LIMIT = 1000 * MILLISECOND;

/** An adapter's queues and pools. */
export class Datapath {
  /** The transmit queues, until `close`. */
  readonly transmitQueues: TransmitQueue[] = [];
  /** The receive queues, until `close`. */
  readonly receiveQueues: ReceiveQueue[] = [];
  readonly #options: DatapathOptions;
  readonly #pools: BufferPool[] = [];

  /**
   * @param options - what the adapter declared
   */
  constructor(options: DatapathOptions) {
    this.#options = options;
  }

  /**
   * Creates the queues and starts them, one after the other.
   *
   * @throws AdapterError `QUEUE_NOT_CREATED`, and whatever the driver's callbacks throw; what was created is undone
   */
  create(): void {
    const { queues } = this.#options;
    try {
      for (let id = 0; id < queues.transmit; id++) this.#createTransmitQueue(id);
      for (let id = 0; id < queues.receive; id++) this.#createReceiveQueue(id);
    } catch (error) {
      this.cancel(); // no queue was polled yet, so none has anything to give back
      this.close();
      throw error;
    }
  }

  /** Tells every queue that it will stop. */
  cancel(): void {
    for (const queue of [...this.transmitQueues, ...this.receiveQueues]) queue.cancel();
  }

  /**
   * Waits until every cancelled queue has given everything back.
   *
   * @throws AdapterError `QUEUE_NOT_DRAINED` when one has not within a second
   */
  async drain(): Promise<void> {
    const { clock, name } = this.#options;
    const limit = clock.now() + DRAIN_LIMIT;
    for (const queue of [...this.transmitQueues, ...this.receiveQueues]) {
      while (!queue.drained) {
        if (clock.now() >= limit) {
          const rings = [queue.rings.packets, queue.rings.fragments, queue.edge.ring];
          throw new AdapterError(
            'QUEUE_NOT_DRAINED',
            `${name}: driver and protocol have not given back everything: ${rings.map((ring) => ring.describe()).join('; ')}`,
          );
        }
        queue.context.notify();
        await clock.delay(MILLISECOND / 10);
      }
    }
  }

  /**
   * Stops the queues and closes the pools.
   *
   * @throws BufferError `STILL_HELD` for the first pool that somebody holds buffers of; it and those behind it stay, to be
   * closed by another `close`
   */
  close(): void {
    for (const queue of [...this.transmitQueues, ...this.receiveQueues]) queue.stop();
    this.transmitQueues.length = 0;
    this.receiveQueues.length = 0;
    for (const pool of [...this.#pools]) {
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
    capacity: number,
    alignment: number,
    dma: DmaCapabilities | undefined,
  ): BufferPool {
    const limit = dma?.maximumPhysicalAddress ?? 0;
    const pool = new BufferPool({
      name: `${this.#options.name} ${name}`,
      count,
      capacity,
      alignment: Math.max(64, alignment),
      ...(dma === undefined ? {} : { enabler: dma.enabler }),
      ...(limit === 0 ? {} : { maximumOffset: limit }),
    });
    this.#pools.push(pool);
    return pool;
  }

  #createTransmitQueue(id: number): void {
    const { tx, clock, callbacks, protocol, maximumFrame, maximumFragments, sizes } = this.#options;
    const name = `tx ${String(id)}`;
    const capacity = Math.max(maximumFrame, 64);
    const pool = this.#createPool(name, sizes.transmit.buffers.granted, capacity, tx.fragmentBufferAlignment, tx.dma);
    const reserve = this.#createPool(`${name} reserve`, 1, capacity, tx.fragmentBufferAlignment, tx.dma);
    const block = this.#createBlock(name, sizes.transmit, sizes.transmit.packets.granted, TX_EXTENSIONS);
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
      context: new ExecutionContext(clock),
      protocol,
    });
    this.transmitQueues.push(queue);
    const ask = callbacks.createTxQueue.bind(callbacks);
    createQueue<TxQueue>(this.#options.name, 'createTxQueue', queue, ask, queue.start.bind(queue));
  }

  #createReceiveQueue(id: number): void {
    const { rx, clock, callbacks, protocol, sizes } = this.#options;
    const name = `rx ${String(id)}`;
    const buffers = sizes.receive.buffers.granted;
    const pool = this.#createPool(name, buffers, rx.maximumFrameSize, rx.fragmentBufferAlignment, rx.dma);
    // The edge holds what the protocol has not looked at yet: as many descriptors as there are buffers.
    const block = this.#createBlock(name, sizes.receive, 2 * sizes.receive.packets.granted, RX_EXTENSIONS);
    const queue = new ReceiveQueue({ id, block, pool, context: new ExecutionContext(clock), protocol });
    this.receiveQueues.push(queue);
    const ask = callbacks.createRxQueue.bind(callbacks);
    createQueue<RxQueue>(this.#options.name, 'createRxQueue', queue, ask, queue.start.bind(queue));
  }

  #createBlock(name: string, sizes: QueueSizes, descriptors: number, proposed: typeof TX_EXTENSIONS): QueueBlock {
    return new QueueBlock({
      name: `${this.#options.name} ${name}`,
      packets: sizes.packets.granted,
      fragments: sizes.fragments.granted,
      descriptors,
      registry: this.#options.registry,
      proposed,
    });
  }
}
