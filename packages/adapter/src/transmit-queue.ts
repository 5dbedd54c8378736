/*
 * One transmit queue: its rings, the driver's callbacks and the translator, polled together. A poll places what the
 * protocol submitted, lets the driver post and drain, and completes what came back, in this order (reference
 * netadaptercx §5.7).
 */

import { OWNER_TRANSMIT, registerHolder } from '@netcx/buffers';
import {
  Checksum,
  Gso,
  Ieee8021q,
  LogicalAddress,
  VirtualAddress,
  type BoundExtension,
  type Extension,
  type ExtensionFields,
} from '@netcx/extensions';
import type { Ring, RingCollection } from '@netcx/rings';
import type { ProtocolPlace } from './edge/protocol.ts';
import { TransmitEdge } from './edge/transmit-edge.ts';
import { PollPriority, type ExecutionContext } from './execution-context.ts';
import { Notification, type NotificationCounters, type NotificationMode } from './execution/notification.ts';
import { joinContext, type PhasedClient } from './execution/queue-phases.ts';
import type { PacketQueueCallbacks, TxQueue } from './packet-queue.ts';
import type { QueueBlock } from './queue-block.ts';
import type { TransmitQueueOptions } from './queue-options.ts';
import type { QueueWatch } from './statistics/queue-watch.ts';
import { TransmitTally } from './statistics/transmit-tally.ts';
import type { RedirectTarget } from './redirect/redirection.ts';
import { offerInlet, type TransmitInlet } from './redirect/transmit-inlet.ts';
import { takeEach } from './rundown.ts';
import { TxTranslator } from './tx-translator.ts';
import { violation } from './verifier/violation.ts';

/** A transmit queue with its driver's side. */
export class TransmitQueue implements TxQueue, PhasedClient, TransmitInlet {
  // What each poll asks stands first, on few lines of the cache.
  /**
   * Places and completes frames.
   *
   * @internal
   */
  readonly translator: TxTranslator;
  /** Completes packets, and counts by whom they were for. */
  readonly tally: TransmitTally;
  /** What the protocol sends through. */
  readonly edge: TransmitEdge;
  readonly #packets: Ring;
  readonly #sending: Ring;
  #callbacks: PacketQueueCallbacks | undefined;
  readonly #above: ProtocolPlace;
  readonly #completed: (() => void) | undefined;
  readonly #watch: QueueWatch | undefined;
  /** Most frames that a poll takes from the protocol, and most packets that it completes. */
  #mostSent = 0;
  #mostCompleted = 0;
  /** Who waits for room, to be woken once. */
  #waiters: (() => void)[] | undefined;
  /** Nothing more is taken from the protocol. */
  #closing = false;
  /** The driver knows. */
  #cancelled = false;
  #context: ExecutionContext;
  readonly id: number = 0;
  readonly rings: RingCollection;
  /** @internal */
  readonly redirectTarget: RedirectTarget | undefined;
  readonly redirectDomain: number = 0;
  /**
   * Its memory.
   *
   * @internal
   */
  readonly block: QueueBlock;
  readonly #name: string;
  readonly #mode: NotificationMode;
  readonly #demux8021p: number | undefined;
  /** The gate in front of the context; `undefined` where the context has its own, and before start and after stop. */
  #notification: Notification | undefined;
  #shared = false;
  #leaveContext: (() => void) | undefined;
  #forgetHolder: (() => void) | undefined;

  /**
   * @param options - memory, buffers, limits, context
   */
  constructor(options: TransmitQueueOptions) {
    const { id, block, pool, context } = options;
    this.id = id;
    this.#name = options.name;
    this.block = block;
    this.rings = block.rings;
    this.#packets = block.rings.packets;
    this.#sending = block.edge;
    this.#context = context;
    this.#mode = options.notification;
    this.#demux8021p = options.demux8021p;
    this.#completed = options.completed;
    this.#above = options.above;
    this.#watch = options.watch;
    this.edge = new TransmitEdge(id, block.edge, pool, () => {
      this.#context.wake();
    });
    this.translator = new TxTranslator({
      send: block.edge,
      rings: block.rings,
      checksum: block.extension(Checksum).offset,
      gso: block.extension(Gso).offset,
      ieee8021q: block.extension(Ieee8021q).offset,
      offloads: options.offloads,
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
    this.tally = new TransmitTally(this.translator, block.rings.packets, block.edge);
    const looksClosely = pool.checked || options.watch !== undefined;
    this.redirectTarget = looksClosely ? undefined : this.translator.inlet;
    this.redirectDomain = this.translator.domain;
    offerInlet(this.edge, this);
  }

  extension<F extends ExtensionFields>(definition: Extension<F>): BoundExtension<F> {
    return this.block.extension(definition);
  }

  get demux8021p(): number {
    if (this.#demux8021p === undefined)
      throw violation(0x57, 'the transmit queues of this adapter are not told apart by priority', {
        object: this.#name,
        queue: this.id,
        expected: "txDemux.add({ kind: '8021p', range })",
        found: 'none',
      });
    return this.#demux8021p;
  }

  /** Where this queue is polled. */
  get context(): ExecutionContext {
    return this.#context;
  }

  /** What was notified and what was not listened to; of the whole context where several queues share it. */
  get notifications(): Readonly<NotificationCounters> | undefined {
    return this.#shared ? this.#context.notifications : this.#notification?.counters;
  }

  notifyMoreCompletedPacketsAvailable(): void {
    this.#watch?.interrupt();
    if (this.#shared === true) this.#context.notify();
    else this.#notification?.notify();
  }

  /**
   * What a receive queue has in its place: a handle of the wrong kind, from a driver without types.
   *
   * @throws ViolationError `INVALID_QUEUE_HANDLE`, always
   */
  notifyMoreReceivedPacketsAvailable(): never {
    throw violation(0x2c, 'a transmit queue receives nothing', { object: this.#name, queue: this.id });
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
    const { send, sendComplete } = this.#context.budget;
    this.#mostSent = send;
    this.#mostCompleted = sendComplete;
    this.rings.reset();
    side.start?.();
    if (!this.#shared) this.#notification = new Notification(side, this.#mode, this.#context);
    this.#forgetHolder = registerHolder({
      name: this.#name,
      owner: OWNER_TRANSMIT,
      handles: () => this.translator.heldBuffers(),
    });
    // Behind the receive queue that may be polled there as well: what that one forwards leaves in the same round.
    this.#leaveContext = joinContext(this.#context, this, this.#shared, PollPriority.PostAdvance);
  }

  poll(): number {
    const placed = this.prepare();
    this.#callbacks?.advance();
    return placed + this.finish();
  }

  prepare(): number {
    const sending = this.#sending;
    const waits = sending.nextIndex !== sending.endIndex && this.#closing !== true;
    const placed = waits ? this.translator.translate(this.#mostSent) : 0;
    this.#watch?.placed();
    return placed;
  }

  advance(): void {
    this.#callbacks?.advance();
  }

  finish(): number {
    const packets = this.#packets;
    const first = packets.processedIndex;
    if (packets.beginIndex === first && this.#cancelled !== true) return 0;
    this.tally.complete(this.#mostCompleted);
    if (this.#cancelled === true) this.edge.pause(this.translator.abandon());
    const completed = this.#sending.reapCount;
    if (completed === 0) return (packets.processedIndex - first) & packets.mask; // segments of a frame that goes on
    try {
      this.#above.protocol?.sent?.(this.edge, completed);
    } finally {
      this.#sending.reap(completed); // a protocol that throws was told, and without its places it could send no more
    }
    if (this.#waiters !== undefined) this.#wakeWaiters();
    this.#completed?.();
    return completed;
  }

  wake(): void {
    this.#context.wake();
  }

  awaitRoom(notify: () => void): void {
    this.#waiters ??= [];
    if (!this.#waiters.includes(notify)) this.#waiters.push(notify);
  }

  #wakeWaiters(): void {
    const waiters = this.#waiters ?? [];
    this.#waiters = undefined;
    for (const wake of waiters) wake();
  }

  arm(): void {
    // With nothing in flight there is nothing that could be notified; fragments may come back after their packet.
    const { packets, fragments } = this.rings;
    if (packets.driverCount > 0 || fragments.driverCount > 0) this.#notification?.enable();
  }

  disarm(): void {
    this.#notification?.disable();
  }

  /**
   * Nothing more is taken from the protocol; the driver shall let go of what it has, at once or when the poll that is going
   * on is over. What it was not given is given up.
   */
  cancel(): void {
    if (this.#cancelled) return;
    this.#closing = true;
    this.edge.close();
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

  /** Whether everything was given back and completed. */
  get drained(): boolean {
    return this.#cancelled && this.edge.ring.driverCount === 0 && this.rings.packets.driverCount === 0;
  }

  /** @returns who has what of it, for a report; empty when it is drained */
  holdings(): string[] {
    const { packets, fragments } = this.rings;
    const held = [];
    if (packets.driverCount > 0)
      held.push(`the driver has ${String(packets.driverCount)} packets and ${String(fragments.driverCount)} fragments`);
    if (this.edge.ring.postCount > 0) held.push(`${String(this.edge.ring.postCount)} descriptors wait to be placed`);
    return held;
  }

  /**
   * The last words to the driver; the queue's memory goes.
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
        this.#wakeWaiters();
        this.#notification = undefined;
      },
      () => callbacks?.stop?.(),
      () => {
        this.#callbacks = undefined;
        this.#forgetHolder?.();
        this.translator.close();
        this.#watch?.close();
        this.block.free();
      },
      () => callbacks?.destroy?.(),
    ]);
  }
}
