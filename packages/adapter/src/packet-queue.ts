/*
 * What a driver brings for each packet queue, and what it is handed for it. The five callbacks never run at the same
 * time as each other, and none runs before `start` has returned or after `stop` was called. Follows reference
 * netadaptercx §5.5 with the names of NET_PACKET_QUEUE_CONFIG.
 */

import type { BoundExtension, Extension, ExtensionFields } from '@netcx/extensions';
import type { RingCollection } from '@netcx/rings';

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
  /** The queue has stopped: everything was given back, nothing is called any more. */
  stop?(): void;
}

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
  /** The device has finished some packets. Callable from an interrupt handler. */
  notifyMoreCompletedPacketsAvailable(): void;
}

/** A receive queue, as its driver sees it. */
export interface RxQueue extends PacketQueue {
  /** Bytes that the NIC may write to each buffer of the system's: what its registers are told; 0 where the driver allocates. */
  readonly bufferCapacity: number;
  /** The device has received some packets. Callable from an interrupt handler. */
  notifyMoreReceivedPacketsAvailable(): void;
}

/** Handed to a driver that shall create a queue; good for one `create`, within that call. */
export interface QueueInit<Q extends PacketQueue> {
  /** Number of the queue to create. */
  readonly id: number;
  /**
   * @param factory - makes the driver's side of the queue
   * @returns the queue
   * @throws AdapterError `QUEUE_CREATED_TWICE` or `QUEUE_INIT_EXPIRED`
   */
  create(factory: (queue: Q) => PacketQueueCallbacks): Q;
}
