/*
 * What a driver brings for each packet queue, and what it is handed for it. The callbacks never run at the same time as
 * each other, and none but `destroy` runs before `start` has returned or after `stop` was called. Follows reference
 * netadaptercx §5.5 with the names of NET_PACKET_QUEUE_CONFIG.
 */

import type { BoundExtension, Extension, ExtensionFields } from '@netcx/extensions';
import type { RingCollection } from '@netcx/rings';
import type { ExecutionContext } from './execution-context.ts';

/** A driver's side of a packet queue. */
export interface PacketQueueCallbacks {
  /** The queue starts: all indices are 0. Quick, and cannot fail. */
  start?(): void;
  /** Posts what the framework handed over (next to end) and drains what the device has finished (begin to next). */
  advance(): void;
  /**
   * @param enabled - true: the device shall cause a notification when there is more to drain. False: the framework polls
   * by itself and wants none until it asks again
   */
  setNotificationEnabled(enabled: boolean): void;
  /**
   * The queue will stop. A receive queue gives everything back, now or in later calls of `advance`; a transmit queue may
   * give up what its device has not sent.
   */
  cancel(): void;
  /** The queue has stopped: everything was given back, nothing but `destroy` is called any more. */
  stop?(): void;
  /** The queue is gone, and so is the memory of its rings: the very last call. */
  destroy?(): void;
}

/** A driver's side of a packet queue that is polled in an execution context which the driver made. */
export interface SharedQueueCallbacks extends Partial<
  Omit<PacketQueueCallbacks, 'advance' | 'setNotificationEnabled'>
> {
  /** What `adapter.createExecutionContext` returned; its configuration has the callback that enables notifications. */
  readonly executionContext: ExecutionContext;
  /** Posts and drains; see {@link PacketQueueCallbacks}. */
  advance(): void;
  /** A receive queue must have it: it gives everything back, now or in later calls of `advance`. */
  cancel?(): void;
  /** The context's is called in its place. */
  setNotificationEnabled?: never;
}

/** What a driver's factory may make: the side of a queue of its own, or of one in a shared execution context. */
export type QueueSide = PacketQueueCallbacks | SharedQueueCallbacks;

/** A packet queue, as its driver sees it. */
export interface PacketQueue {
  /** Number of the queue: 0 for the first of its direction. */
  readonly id: number;
  /** The packet ring, the fragment ring, and the data-buffer ring where the driver attaches the system's buffers. */
  readonly rings: RingCollection;
  /**
   * @param definition - an extension
   * @returns where it lies in this queue's elements; not enabled when this queue does not have it
   */
  extension<F extends ExtensionFields>(definition: Extension<F>): BoundExtension<F>;
}

/** A transmit queue, as its driver sees it. */
export interface TxQueue extends PacketQueue {
  /**
   * The IEEE 802.1p value that this queue was made for; see `adapter.txDemux`.
   *
   * @throws ViolationError `DEMUX_NOT_PRESENT` when the adapter's transmit queues are not told apart so
   */
  readonly demux8021p: number;
  /**
   * The device has finished some packets. Callable from an interrupt handler; good once for each time that the notification
   * was enabled, and otherwise a call that is counted and does nothing.
   */
  notifyMoreCompletedPacketsAvailable(): void;
}

/** A receive queue, as its driver sees it. */
export interface RxQueue extends PacketQueue {
  /** Bytes that the NIC may write to each buffer of the system's: what its registers are told; 0 where the driver allocates. */
  readonly bufferCapacity: number;
  /**
   * The device has received some packets. Callable from an interrupt handler; good once for each time that the notification
   * was enabled, and otherwise a call that is counted and does nothing.
   */
  notifyMoreReceivedPacketsAvailable(): void;
}

/** Handed to a driver that shall create a queue; good for one `create`, within that call. */
export interface QueueInit<Q extends PacketQueue> {
  /** Number of the queue to create. */
  readonly id: number;
  /**
   * @param factory - makes the driver's side of the queue
   * @returns the queue
   * @throws ViolationError `QUEUE_CREATED_TWICE`, `QUEUE_INIT_EXPIRED`, `INVALID_QUEUE_CONFIGURATION` or
   * `NET_QUEUE_INVALID_CONFIGURATION`
   */
  create(factory: (queue: Q) => QueueSide): Q;
}
