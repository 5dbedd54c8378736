/*
 * One transmit queue: its rings, the driver's callbacks and the translator, polled together. A poll places what the
 * protocol submitted, lets the driver post and drain, and completes what came back, in this order (reference
 * netadaptercx §5.7).
 */

import { OWNER_TRANSMIT, registerHolder, type BufferPool } from '@netcx/buffers';
import type { DmaEnabler } from '@netcx/dma';
import {
  Checksum,
  LogicalAddress,
  VirtualAddress,
  type BoundExtension,
  type Extension,
  type ExtensionFields,
} from '@netcx/extensions';
import type { RingCollection } from '@netcx/rings';
import type { Protocol } from './edge/protocol.ts';
import { TransmitEdge } from './edge/transmit-edge.ts';
import type { ExecutionContext, PollClient } from './execution-context.ts';
import type { PacketQueueCallbacks, TxQueue } from './packet-queue.ts';
import type { QueueBlock } from './queue-block.ts';
import { TxTranslator } from './tx-translator.ts';

/** What a transmit queue is made of. */
export interface TransmitQueueOptions {
  readonly id: number;
  /** For leak reports: adapter, direction and number. */
  readonly name: string;
  readonly block: QueueBlock;
  readonly pool: BufferPool;
  readonly reserve: BufferPool;
  readonly enabler: DmaEnabler | undefined;
  readonly maximumFrame: number;
  readonly backfill: number;
  readonly maximumFragments: number;
  readonly alignment: number;
  readonly maximumAddress: number;
  readonly bouncePolicy: 'ifNeeded' | 'always';
  readonly copyBreak: number;
  readonly idleMappings: number;
  readonly context: ExecutionContext;
  readonly protocol: () => Protocol | undefined;
}

/** A transmit queue with its driver's side. */
export class TransmitQueue implements TxQueue, PollClient {
  readonly id: number;
  readonly rings: RingCollection;
  /** What the protocol sends through. */
  readonly edge: TransmitEdge;
  /** Places and completes frames. */
  readonly translator: TxTranslator;
  /** Where this queue is polled. */
  readonly context: ExecutionContext;
  /** Its memory. */
  readonly block: QueueBlock;
  readonly #protocol: () => Protocol | undefined;
  readonly #name: string;
  #forgetHolder: (() => void) | undefined;
  #callbacks: PacketQueueCallbacks | undefined;
  #cancelled = false;

  /**
   * @param options - memory, buffers, limits, context
   */
  constructor(options: TransmitQueueOptions) {
    const { id, block, pool, context } = options;
    this.id = id;
    this.#name = options.name;
    this.block = block;
    this.rings = block.rings;
    this.context = context;
    this.#protocol = options.protocol;
    this.edge = new TransmitEdge(id, block.edge, pool, () => {
      context.notify();
    });
    this.translator = new TxTranslator({
      send: block.edge,
      rings: block.rings,
      checksum: block.extension(Checksum).offset,
      virtualAddress: block.extension(VirtualAddress).offset,
      logicalAddress: block.extension(LogicalAddress).offset,
      pool,
      reserve: options.reserve,
      enabler: options.enabler,
      maximumFrame: options.maximumFrame,
      backfill: options.backfill,
      alignment: options.alignment,
      maximumAddress: options.maximumAddress,
      bouncePolicy: options.bouncePolicy,
      copyBreak: options.copyBreak,
      idleMappings: options.idleMappings,
      maximumFragments: Math.min(options.maximumFragments, block.rings.fragments.mask, 0xffff),
      shadow: block.shadow,
    });
  }

  extension<F extends ExtensionFields>(definition: Extension<F>): BoundExtension<F> {
    return this.block.extension(definition);
  }

  notifyMoreCompletedPacketsAvailable(): void {
    this.context.notify();
  }

  /**
   * The driver's side is there: the queue starts and is polled from now on.
   *
   * @param callbacks - the driver's side
   */
  start(callbacks: PacketQueueCallbacks): void {
    this.#callbacks = callbacks;
    this.rings.reset();
    callbacks.start?.();
    this.#forgetHolder = registerHolder({
      name: this.#name,
      owner: OWNER_TRANSMIT,
      handles: () => this.translator.heldBuffers(),
    });
    this.context.add(this);
  }

  poll(): number {
    const placed = this.#cancelled ? 0 : this.translator.translate();
    this.#callbacks?.advance();
    return placed + this.#complete();
  }

  #complete(): number {
    this.translator.complete();
    if (this.#cancelled) this.translator.abandon();
    const completed = this.edge.ring.reapCount;
    if (completed === 0) return 0;
    this.#protocol()?.sent?.(this.edge, completed);
    this.edge.ring.reap(completed);
    return completed;
  }

  arm(): void {
    // With nothing in flight there is nothing that could be notified.
    if (this.rings.packets.driverCount > 0) this.#callbacks?.setNotificationEnabled(true);
  }

  disarm(): void {
    this.#callbacks?.setNotificationEnabled(false);
  }

  /** Nothing more is taken from the protocol; the driver shall let go of what it has. What it was not given is given up. */
  cancel(): void {
    if (this.#cancelled) return;
    this.#cancelled = true;
    this.edge.close();
    this.#callbacks?.cancel();
    this.context.notify();
  }

  /** Whether everything was given back and completed. */
  get drained(): boolean {
    return this.edge.ring.driverCount === 0 && this.rings.packets.driverCount === 0;
  }

  /** The last word to the driver; the queue's memory goes. */
  stop(): void {
    this.context.remove(this);
    this.#callbacks?.stop?.();
    this.#callbacks = undefined;
    this.#forgetHolder?.();
    this.translator.close();
    this.block.free();
  }
}
