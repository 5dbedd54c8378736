/*
 * One receive queue: its rings, its buffers, the driver's callbacks and the translator, polled together. A poll supplies
 * buffers, lets the driver drain and post, and shows what came to the protocol, in this order (reference netadaptercx
 * §5.7).
 */

import { BufferEntry, OWNER_NIC, registerHolder, type BufferPool, type LentBuffers } from '@netcx/buffers';
import { i32 } from '@netcx/dma/memory';
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
import type { Ring, RingCollection } from '@netcx/rings';
import type { Protocol, ProtocolPlace } from './edge/protocol.ts';
import { ReceiveEdge } from './edge/receive-edge.ts';
import type { TransmitEdge } from './edge/transmit-edge.ts';
import { PollPriority, type ExecutionContext } from './execution-context.ts';
import { Notification, type NotificationCounters, type NotificationMode } from './execution/notification.ts';
import { joinContext, type PhasedClient } from './execution/queue-phases.ts';
import { LentSource } from './lent-source.ts';
import { OfferedSource } from './offered-source.ts';
import type { PacketQueueCallbacks, RxQueue } from './packet-queue.ts';
import type { QueueBlock } from './queue-block.ts';
import type { ReceiveQueueOptions } from './queue-options.ts';
import { ReceivePath } from './receive-offload/receive-path.ts';
import type { ReceiveStage } from './receive-offload/receive-stage.ts';
import { RxMetadata } from './receive-offload/rx-metadata.ts';
import { CarefulSource, type RxSource, type RxSourceQueue } from './rx-source.ts';
import { Recycler } from './redirect/recycler.ts';
import { RedirectPath } from './redirect/redirect-path.ts';
import { takeEach } from './rundown.ts';
import { RxSupply } from './rx-supply.ts';
import { RxTranslator } from './rx-translator.ts';
import type { QueueWatch } from './statistics/queue-watch.ts';
import { TrafficCounter } from './statistics/traffic.ts';
import { violation } from './verifier/violation.ts';

/** The domain of buffers that are not one pool's. */
const NO_DOMAIN = -1;

/** A receive queue with its driver's side. */
export class ReceiveQueue implements RxQueue, PhasedClient {
  // What each poll asks stands first, on few lines of the cache.
  /**
   * Shows frames.
   *
   * @internal
   */
  readonly translator: RxTranslator;
  /** What the protocol receives through. */
  readonly edge: ReceiveEdge;
  readonly #supply: RxSupply;
  readonly #packets: Ring;
  readonly #fragments: Ring;
  #callbacks: PacketQueueCallbacks | undefined;
  readonly #above: ProtocolPlace;
  readonly #source: RxSource | undefined;
  readonly #path: ReceivePath;
  readonly #redirect: RedirectPath;
  /** Most packets that a poll shows. */
  #mostShown = 0;
  /** Packets and fragments that the last round moved. */
  #moved = 0;
  /** No more buffers are supplied. */
  #closing = false;
  /** The driver knows. */
  #cancelled = false;
  readonly #wake: () => void;
  readonly id: number = 0;
  readonly rings: RingCollection;
  /** The system's buffers; `undefined` where the driver brings its own. */
  readonly pool: BufferPool | undefined;
  readonly bufferCapacity: number = 0;
  /** What was shown to protocols, by whom it was for. */
  readonly traffic: TrafficCounter;
  /**
   * Its memory.
   *
   * @internal
   */
  readonly block: QueueBlock;
  readonly #name: string;
  readonly #mode: NotificationMode;
  readonly #watch: QueueWatch | undefined;
  #context: ExecutionContext;
  /** The gate in front of the context; `undefined` where the context has its own, and before start and after stop. */
  #notification: Notification | undefined;
  #shared = false;
  #leaveContext: (() => void) | undefined;
  #forgetHolder: (() => void) | undefined;

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
    this.#packets = block.rings.packets;
    this.#fragments = block.rings.fragments;
    this.pool = pool;
    this.bufferCapacity = pool === undefined ? 0 : pool.capacity - pool.headroom;
    this.#context = context;
    this.#mode = options.notification;
    this.#above = options.above;
    this.#watch = options.watch;
    this.#wake = () => {
      this.#context.wake();
    };
    this.edge = new ReceiveEdge(id, block.edge, this.#wake);
    const { shadow } = block;
    const virtualAddress = block.extension(VirtualAddress).offset;
    const logicalAddress = block.extension(LogicalAddress).offset;
    const place = { fragments: block.rings.fragments, shadow, virtualAddress, logicalAddress };
    this.#source = this.#sourceOf(buffers, place);
    const metadata = RxMetadata.of(options.name, block.rings.packets, block.edge.elements, (definition) =>
      block.extension(definition),
    );
    const straight = pool !== undefined && this.#source === undefined;
    const recycler = straight ? new Recycler(pool, place) : undefined;
    const queue = { rings: block.rings, pool, source: this.#source, shadow, recycler };
    this.translator = new RxTranslator({
      ...queue,
      receive: block.edge,
      checksum: block.extension(Checksum).offset,
      metadata,
    });
    this.#supply = new RxSupply({ ...queue, virtualAddress, logicalAddress });
    const { translator, edge } = this;
    this.#path = new ReceivePath({ name: options.name, translator, edge, metadata, offloads: options.offloads });
    this.#redirect = new RedirectPath({
      edge,
      source: options.watch === undefined ? translator.outlet : undefined,
      domain: pool === undefined ? NO_DOMAIN : BufferEntry.domain.get(i32, pool.firstHandle),
      show: (limit) => this.#publish(limit, true),
      path: this.#path,
      packets: block.rings.packets,
      wake: this.#wake,
    });
    this.traffic = new TrafficCounter(this.#redirect);
  }

  /** How this queue's fragments come to their buffers; `undefined` for the straight line. */
  #sourceOf(buffers: BufferPool | LentBuffers, queue: RxSourceQueue): RxSource | undefined {
    const { dataBuffers } = this.rings;
    if (!('headroom' in buffers)) return new LentSource(buffers, queue, this.extension(ReturnContext).offset);
    if (dataBuffers !== undefined)
      return new OfferedSource(buffers, queue, dataBuffers, this.extension(DataBuffer).offset);
    return buffers.checked || buffers.headroom > 0 ? new CarefulSource(buffers, queue) : undefined;
  }

  extension<F extends ExtensionFields>(definition: Extension<F>): BoundExtension<F> {
    return this.block.extension(definition);
  }

  /** Where this queue is polled. */
  get context(): ExecutionContext {
    return this.#context;
  }

  /** What was notified and what was not listened to; of the whole context where several queues share it. */
  get notifications(): Readonly<NotificationCounters> | undefined {
    return this.#shared ? this.#context.notifications : this.#notification?.counters;
  }

  /** What was done in software to received frames, with its counters; `undefined` as long as nothing was. */
  get stage(): ReceiveStage | undefined {
    return this.#path.stage;
  }

  notifyMoreReceivedPacketsAvailable(): void {
    this.#watch?.interrupt();
    if (this.#shared === true) this.#context.notify();
    else this.#notification?.notify();
  }

  /**
   * What a transmit queue has in its place: a handle of the wrong kind, from a driver without types.
   *
   * @throws ViolationError `INVALID_QUEUE_HANDLE`, always
   */
  notifyMoreCompletedPacketsAvailable(): never {
    throw violation(0x2c, 'a receive queue sends nothing', { object: this.#name, queue: this.id });
  }

  /**
   * The driver's side is there: the queue starts and is polled from now on.
   *
   * @param callbacks - the driver's side
   * @param context - where the driver wants it polled; in a context of its own when left out
   */
  start(callbacks: PacketQueueCallbacks, context?: ExecutionContext): void {
    const side = this.#watch?.inFrontOf(callbacks, (context ?? this.#context).times) ?? callbacks;
    this.#callbacks = side;
    this.#shared = context !== undefined;
    if (context !== undefined) this.#context = context;
    this.#mostShown = this.#context.budget.receive;
    this.rings.reset();
    side.start?.();
    if (!this.#shared) this.#notification = new Notification(side, this.#mode, this.#context);
    this.#forgetHolder = registerHolder({
      name: this.#name,
      owner: OWNER_NIC,
      handles: () => this.translator.heldBuffers(),
    });
    this.#leaveContext = joinContext(this.#context, this, this.#shared, PollPriority.Advance);
    this.#context.wake();
  }

  poll(): number {
    const supplied = this.prepare();
    this.#callbacks?.advance();
    return supplied + this.finish();
  }

  prepare(): number {
    return this.#closing === true ? 0 : this.#supply.prepare(this.#moved);
  }

  advance(): void {
    this.#callbacks?.advance();
  }

  finish(): number {
    const packets = this.#packets;
    const fragments = this.#fragments;
    const packet = packets.processedIndex;
    const fragment = fragments.processedIndex;
    const protocol = this.#above.protocol;
    const target = protocol?.redirect?.(this.edge);
    const shown = target === undefined ? this.#show(protocol) : this.#sendOn(target);
    // What was dropped counts too: its buffers go back to the device, which may have no other.
    const moved =
      ((packets.processedIndex - packet) & packets.mask) + ((fragments.processedIndex - fragment) & fragments.mask);
    // Frames that waited behind the translator count when they are shown: there may be more of them.
    this.#moved = this.#path.diverted === true || target !== undefined ? moved + shown : moved;
    if (this.#moved === 0) this.#waitForOthers(); // else there is another round
    return this.#moved;
  }

  /** What the poll could not do for want of a buffer or of room, it does when somebody gives some back. */
  #waitForOthers(): void {
    const packets = this.#packets;
    if (this.#source !== undefined) this.#source.awaitBuffers(this.#wake);
    else if (this.#closing !== true && this.#supply.starved === true) this.pool?.awaitBuffer(this.#wake);
    if (packets.beginIndex !== packets.processedIndex || this.#path.waiting === true) this.edge.starve();
  }

  /** Shows frames to the protocol, and counts descriptors; what was to be sent on and has not been is among them. */
  #show(protocol: Protocol | undefined): number {
    const shown = this.#publish(this.#mostShown, protocol !== undefined) + this.#redirect.owed;
    if (protocol === undefined) {
      if (this.edge.ring.driverCount > 0) this.discard(); // what the one before has not completed, too
    } else if (shown > 0) {
      this.#redirect.owed = 0;
      protocol.receive(this.edge, shown);
    }
    return shown;
  }

  /** Sends frames on, unseen. Once this queue stops, or the other one has, nothing may wait, and they are dropped. */
  #sendOn(target: TransmitEdge): number {
    const path = this.#redirect;
    if (target.open === true && this.#closing !== true) {
      const left = path.run(target, this.#mostShown);
      this.translator.reclaimUnused(); // nobody looked: a device that was reset gives fragments back without packets
      return left;
    }
    path.owed += this.#publish(this.#mostShown, true);
    const { owed } = path;
    if (this.edge.ring.driverCount > owed) return 0; // what the protocol has not completed goes first
    path.owed = 0;
    if (owed > 0) this.discard();
    return owed;
  }

  /** Puts frames into the edge's ring; returns descriptors. */
  #publish(limit: number, listened: boolean): number {
    const { counters } = this.translator;
    const { packets, bytes } = counters;
    const { ring } = this.edge;
    const shown = this.#path.indicate(limit, listened);
    if (shown === 0) return 0;
    const first = (ring.endIndex - shown) & ring.mask;
    if (this.translator.plain === true && this.#path.diverted !== true)
      this.traffic.addUnicast(counters.packets - packets, counters.bytes - bytes);
    else this.traffic.count(ring, first, shown);
    this.#watch?.shown(first, shown);
    return shown;
  }

  /** Another protocol will receive: what the one before it has not completed is discarded. */
  discard(): void {
    const { ring } = this.edge;
    this.traffic.count(ring, ring.beginIndex, ring.driverCount, -1);
    this.#redirect.owed = 0;
    this.#path.discard();
  }

  arm(): void {
    this.#notification?.enable();
  }

  disarm(): void {
    this.#notification?.disable();
  }

  /**
   * No more buffers are supplied; the driver gives everything back. It hears of it at once, or when the poll that is going on
   * is over.
   */
  cancel(): void {
    if (this.#cancelled) return;
    this.#closing = true;
    this.#context.exclusively(() => {
      this.#tellDriver();
    });
    this.#context.wake();
  }

  #tellDriver(): void {
    if (this.#cancelled) return;
    this.#callbacks?.cancel();
    this.#cancelled = true; // a driver that threw is asked again: it has given nothing back
  }

  /** Whether everything was given back and shown, and the protocol has completed it. */
  get drained(): boolean {
    const { packets, fragments } = this.rings;
    return (
      this.#cancelled &&
      packets.driverCount === 0 &&
      packets.reapCount === 0 &&
      fragments.driverCount === 0 &&
      (this.rings.dataBuffers?.driverCount ?? 0) === 0 &&
      this.edge.ring.driverCount === 0 &&
      !this.#path.waiting
    );
  }

  /** @returns who has what of it, for a report; empty when it is drained */
  holdings(): string[] {
    const { packets, fragments, dataBuffers } = this.rings;
    const held = [];
    if (packets.driverCount + fragments.driverCount > 0)
      held.push(`the driver has ${String(packets.driverCount)} packets and ${String(fragments.driverCount)} fragments`);
    if ((dataBuffers?.driverCount ?? 0) > 0)
      held.push(`the driver has ${String(dataBuffers?.driverCount)} buffers on offer`);
    if (this.#path.waiting) held.push('frames wait for room at the edge');
    if (packets.reapCount > 0) held.push(`${String(packets.reapCount)} packets wait to be shown`);
    if (this.edge.ring.driverCount > 0)
      held.push(`the protocol has not completed ${String(this.edge.ring.driverCount)} descriptors`);
    return held;
  }

  /**
   * The last words to the driver; fragments that no packet took go back to the pool, and the queue's memory goes.
   *
   * @throws what the driver's callbacks throw, once it is gone
   */
  stop(): void {
    const callbacks = this.#callbacks;
    this.#leaveContext?.();
    takeEach([
      () => {
        this.#tellDriver();
      },
      () => {
        this.edge.close();
        this.#notification = undefined;
      },
      () => callbacks?.stop?.(),
      () => {
        this.#callbacks = undefined;
        this.translator.reclaimAll();
        this.#path.free();
        this.#forgetHolder?.();
        this.#watch?.close();
        this.block.free();
      },
      () => callbacks?.destroy?.(),
    ]);
  }
}
