/*
 * The call in which a driver creates a queue: an init that is good for one `create`, during one callback. Follows
 * EVT_NET_ADAPTER_CREATE_TXQUEUE and its receive twin (reference netadaptercx §5.2).
 */

import { AdapterError } from './adapter-error.ts';
import type { PacketQueue, PacketQueueCallbacks, QueueInit, RxQueue, TxQueue } from './packet-queue.ts';

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

/**
 * @param adapter - the adapter's name, for messages
 * @param callback - the driver's callback, for messages
 * @param queue - the queue, ready but for its driver's side
 * @param ask - calls the driver
 * @param start - starts the queue with the driver's side
 * @throws AdapterError `QUEUE_NOT_CREATED` when the driver returns without `create`; `QUEUE_CREATED_TWICE` and
 * `QUEUE_INIT_EXPIRED` are thrown to the driver
 */
export function createQueue<Q extends PacketQueue>(
  adapter: string,
  callback: string,
  queue: Q,
  ask: (init: QueueInit<Q>) => void,
  start: (callbacks: PacketQueueCallbacks) => void,
): void {
  const name = `${adapter}: ${callback} for queue ${String(queue.id)}`;
  let created: PacketQueueCallbacks | undefined;
  let open = true;
  const init: QueueInit<Q> = {
    id: queue.id,
    create(factory) {
      if (!open) throw new AdapterError('QUEUE_INIT_EXPIRED', `${name}: the init is good during the callback only`);
      if (created !== undefined) throw new AdapterError('QUEUE_CREATED_TWICE', `${name}: one init makes one queue`);
      created = factory(queue);
      return queue;
    },
  };
  try {
    ask(init);
  } finally {
    open = false;
  }
  if (created === undefined)
    throw new AdapterError('QUEUE_NOT_CREATED', `${name}: the driver returned without init.create`);
  start(created);
}
