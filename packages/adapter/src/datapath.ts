/*
 * The queues of a started adapter with their buffers, from the driver's create callbacks to the last buffer that came back.
 * Nothing is created twice: a datapath is made at start, and gone once `close` has returned.
 */

import { BufferPool, LentBuffers, type QueueSizes, type Settlement } from '@netcx/buffers';
import { MILLISECOND, type Clock } from '@netcx/clock';
import {
  RX_EXTENSIONS,
  TX_EXTENSIONS,
  VirtualAddress,
  type Extension,
  type ExtensionRegistry,
} from '@netcx/extensions';
import { AdapterError } from './adapter-error.ts';
import type { DmaCapabilities, ReturnRxBuffer, RxCapabilities, TxCapabilities } from './capabilities.ts';
import type { Protocol } from './edge/protocol.ts';
import { ExecutionContext } from './execution-context.ts';
import type { OwnExtensions } from './own-extensions.ts';
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
  readonly ownExtensions: OwnExtensions;
  readonly protocol: () => Protocol | undefined;
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
  readonly #pools: (BufferPool | LentBuffers)[] = [];

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
      checked: this.#options.checkedBuffers,
      now: () => this.#options.clock.now(),
    });
    this.#pools.push(pool);
    return pool;
  }

  #createTransmitQueue(id: number): void {
    const { tx, clock, callbacks, protocol, maximumFrame, settlement, bouncePolicy, copyBreak, idleMappings } =
      this.#options;
    const { capacity, headroom, alignment, buffers, packets } = settlement.transmit;
    const name = `tx ${String(id)}`;
    const buffer = { capacity, headroom, alignment };
    const pool = this.#createPool(name, buffers.granted, buffer, tx.dma);
    const reserve = this.#createPool(`${name} reserve`, 1, buffer, tx.dma);
    const block = this.#createBlock(name, settlement.transmit, packets.granted, this.#proposed('transmit'));
    const queue = new TransmitQueue({
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
      context: new ExecutionContext(clock),
      protocol,
    });
    this.transmitQueues.push(queue);
    const ask = callbacks.createTxQueue.bind(callbacks);
    createQueue<TxQueue>(this.#options.name, 'createTxQueue', queue, ask, queue.start.bind(queue));
  }

  #createReceiveQueue(id: number): void {
    const { rx, clock, callbacks, protocol, settlement } = this.#options;
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
    const queue = new ReceiveQueue({
      id,
      name: `${this.#options.name} ${name} ring`,
      block,
      buffers,
      context: new ExecutionContext(clock),
      protocol,
    });
    this.receiveQueues.push(queue);
    const ask = callbacks.createRxQueue.bind(callbacks);
    createQueue<RxQueue>(this.#options.name, 'createRxQueue', queue, ask, queue.start.bind(queue));
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
