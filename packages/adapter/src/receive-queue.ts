/*
 * One receive queue: its rings, its buffers, the driver's callbacks and the translator, polled together. A poll supplies
 * buffers, lets the driver drain and post, and shows what came to the protocol, in this order (reference netadaptercx
 * §5.7).
 */

import { OWNER_NIC, registerHolder, type BufferPool, type LentBuffers } from '@netcx/buffers';
import {
  Checksum,
  DataBuffer,
  LogicalAddress,
  ReturnContext,
  VirtualAddress,
  type BoundExtension,
  type Extension,
  type ExtensionFields,
} from '@netcx/extensions';
import type { RingCollection } from '@netcx/rings';
import type { Protocol } from './edge/protocol.ts';
import { ReceiveEdge } from './edge/receive-edge.ts';
import type { ExecutionContext, PollClient } from './execution-context.ts';
import { LentSource } from './lent-source.ts';
import { OfferedSource } from './offered-source.ts';
import type { PacketQueueCallbacks, RxQueue } from './packet-queue.ts';
import type { QueueBlock } from './queue-block.ts';
import { CarefulSource, type RxSource } from './rx-source.ts';
import { RxTranslator } from './rx-translator.ts';

/** What a receive queue is made of. */
export interface ReceiveQueueOptions {
  readonly id: number;
  /** For leak reports: adapter, direction and number. */
  readonly name: string;
  readonly block: QueueBlock;
  /** The system's buffers, or places for the driver's. */
  readonly buffers: BufferPool | LentBuffers;
  readonly context: ExecutionContext;
  readonly protocol: () => Protocol | undefined;
}

/** A receive queue with its driver's side. */
export class ReceiveQueue implements RxQueue, PollClient {
  readonly id: number;
  readonly rings: RingCollection;
  /** What the protocol receives through. */
  readonly edge: ReceiveEdge;
  /** Supplies buffers and shows frames. */
  readonly translator: RxTranslator;
  /** The system's buffers; `undefined` where the driver brings its own. */
  readonly pool: BufferPool | undefined;
  readonly bufferCapacity: number;
  /** Where this queue is polled. */
  readonly context: ExecutionContext;
  /** Its memory. */
  readonly block: QueueBlock;
  readonly #protocol: () => Protocol | undefined;
  readonly #wake: () => void;
  readonly #name: string;
  readonly #source: RxSource | undefined;
  #forgetHolder: (() => void) | undefined;
  #callbacks: PacketQueueCallbacks | undefined;
  #cancelled = false;

  /**
   * @param options - memory, buffers, context
   */
  constructor(options: ReceiveQueueOptions) {
    const { id, block, buffers, context } = options;
    const pool = 'headroom' in buffers ? buffers : undefined;
    this.id = id;
    this.#name = options.name;
    this.block = block;
    this.rings = block.rings;
    this.pool = pool;
    this.bufferCapacity = pool === undefined ? 0 : pool.capacity - pool.headroom;
    this.context = context;
    this.#protocol = options.protocol;
    this.#wake = () => {
      context.notify();
    };
    this.edge = new ReceiveEdge(id, block.edge, this.#wake);
    this.#source = this.#sourceOf(buffers);
    this.translator = new RxTranslator({
      receive: block.edge,
      rings: block.rings,
      checksum: block.extension(Checksum).offset,
      virtualAddress: block.extension(VirtualAddress).offset,
      logicalAddress: block.extension(LogicalAddress).offset,
      pool,
      source: this.#source,
      shadow: block.shadow,
    });
  }

  /** How this queue's fragments come to their buffers; `undefined` for the straight line. */
  #sourceOf(buffers: BufferPool | LentBuffers): RxSource | undefined {
    const { fragments, dataBuffers } = this.rings;
    const queue = {
      fragments,
      virtualAddress: this.extension(VirtualAddress).offset,
      logicalAddress: this.extension(LogicalAddress).offset,
      shadow: this.block.shadow,
    };
    if (!('headroom' in buffers)) return new LentSource(buffers, queue, this.extension(ReturnContext).offset);
    if (dataBuffers !== undefined)
      return new OfferedSource(buffers, queue, dataBuffers, this.extension(DataBuffer).offset);
    return buffers.checked || buffers.headroom > 0 ? new CarefulSource(buffers, queue) : undefined;
  }

  extension<F extends ExtensionFields>(definition: Extension<F>): BoundExtension<F> {
    return this.block.extension(definition);
  }

  notifyMoreReceivedPacketsAvailable(): void {
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
      owner: OWNER_NIC,
      handles: () => this.translator.heldBuffers(),
    });
    this.context.add(this);
    this.context.notify();
  }

  poll(): number {
    const { packets, fragments } = this.rings;
    const packet = packets.processedIndex;
    const fragment = fragments.processedIndex;
    const supplied = this.#cancelled ? 0 : this.translator.prepare();
    this.#callbacks?.advance();
    const shown = this.translator.indicate();
    // What was dropped counts too: its buffers go back to the device, which may have no other.
    const moved =
      ((packets.processedIndex - packet) & packets.mask) + ((fragments.processedIndex - fragment) & fragments.mask);
    if (shown > 0) this.#show(shown);
    // What the poll could not do for want of a buffer or of room, it does when somebody gives some back.
    if (this.#source !== undefined) this.#source.awaitBuffers(this.#wake);
    else if (!this.#cancelled && this.translator.starved) this.pool?.awaitBuffer(this.#wake);
    if (packets.reapCount > 0) this.edge.starve();
    return supplied + moved;
  }

  #show(count: number): void {
    const protocol = this.#protocol();
    if (protocol === undefined) this.translator.discard();
    else protocol.receive(this.edge, count);
  }

  /** Another protocol will receive: what the one before it has not completed is discarded. */
  discard(): void {
    this.translator.discard();
  }

  arm(): void {
    this.#callbacks?.setNotificationEnabled(true);
  }

  disarm(): void {
    this.#callbacks?.setNotificationEnabled(false);
  }

  /** No more buffers are supplied; the driver gives everything back. */
  cancel(): void {
    if (this.#cancelled) return;
    this.#cancelled = true;
    this.#callbacks?.cancel();
    this.context.notify();
  }

  /** Whether everything was given back and shown, and the protocol has completed it. */
  get drained(): boolean {
    const { packets, fragments } = this.rings;
    return (
      packets.driverCount === 0 &&
      packets.reapCount === 0 &&
      fragments.driverCount === 0 &&
      (this.rings.dataBuffers?.driverCount ?? 0) === 0 &&
      this.edge.ring.driverCount === 0
    );
  }

  /** The last word to the driver; fragments that no packet took go back to the pool, and the queue's memory goes. */
  stop(): void {
    this.context.remove(this);
    this.edge.close();
    this.#callbacks?.stop?.();
    this.#callbacks = undefined;
    this.translator.reclaimAll();
    this.#forgetHolder?.();
    this.block.free();
  }
}
