/*
 * The call in which a driver creates a queue: an init that is good for one `create`, during one callback, and what is wrong
 * with a driver's side of a queue. Follows EVT_NET_ADAPTER_CREATE_TXQUEUE and its receive twin (reference netadaptercx §5.2,
 * §5.11).
 */

import { AdapterError } from './adapter-error.ts';
import { ExecutionContext } from './execution-context.ts';
import type {
  PacketQueue,
  PacketQueueCallbacks,
  QueueInit,
  QueueSide,
  RxQueue,
  SharedQueueCallbacks,
  TxQueue,
} from './packet-queue.ts';
import { violation } from './verifier/violation.ts';

/** What a driver brings for its adapter. */
export interface AdapterCallbacks {
  /**
   * Called at start, once for each transmit queue; must call `init.create` before it returns. Where transmit queues are told
   * apart by priority, called later too: when the first frame of a new value comes.
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

/** How a queue is asked for. */
export interface QueueRequest<Q extends PacketQueue> {
  /** The adapter's name, for messages. */
  readonly adapter: string;
  /** The driver's callback. */
  readonly callback: 'createTxQueue' | 'createRxQueue';
  /** The queue, ready but for its driver's side. */
  readonly queue: Q;
  /** Calls the driver. */
  readonly ask: (init: QueueInit<Q>) => void;
  /** Starts the queue with the driver's side, in the context that the driver brought, if it brought one. */
  readonly start: (callbacks: PacketQueueCallbacks, context: ExecutionContext | undefined) => void;
}

/**
 * Asks the driver for its side of a queue, and starts the queue.
 *
 * @param request - the queue, and whom to ask
 * @throws AdapterError `QUEUE_NOT_CREATED` when the driver returns without `create`. To the driver `create` throws
 * ViolationError `QUEUE_CREATED_TWICE`, `QUEUE_INIT_EXPIRED`, `BAD_QUEUE_INIT_CONTEXT`, `INVALID_QUEUE_CONFIGURATION` or
 * `NET_QUEUE_INVALID_CONFIGURATION`
 */
export function createQueue<Q extends PacketQueue>(request: QueueRequest<Q>): void {
  const { adapter, callback, queue, ask, start } = request;
  const name = `${adapter}: ${callback} for queue ${String(queue.id)}`;
  const init = new Creation(name, callback === 'createRxQueue', queue);
  try {
    ask(init);
  } finally {
    init.expire();
  }
  const side = init.side;
  if (side === undefined)
    throw new AdapterError('QUEUE_NOT_CREATED', `${name}: the driver returned without init.create`);
  if (isShared(side)) start(ofShared(side), side.executionContext);
  else start(side, undefined);
}

const isShared = (side: QueueSide): side is SharedQueueCallbacks =>
  (side as Partial<SharedQueueCallbacks>).executionContext !== undefined;

/** The init of one queue. */
class Creation<Q extends PacketQueue> implements QueueInit<Q> {
  readonly id: number;
  /** What the driver brought, once it has. */
  side: QueueSide | undefined;
  readonly #name: string;
  readonly #receives: boolean;
  readonly #queue: Q;
  #open = true;

  constructor(name: string, receives: boolean, queue: Q) {
    this.id = queue.id;
    this.#name = name;
    this.#receives = receives;
    this.#queue = queue;
  }

  create(factory: (queue: Q) => QueueSide): Q {
    if (!(#open in this))
      throw violation(0x14, 'create belongs to the init that the callback was handed', {
        expected: 'a QueueInit',
        found: this,
      });
    const object = this.#name;
    const queue = this.id;
    if (!this.#open) throw violation(0x15, 'the init is good during the callback only', { object, queue });
    if (this.side !== undefined) throw violation(0x18, 'one init makes one queue', { object, queue });
    const side: unknown = typeof factory === 'function' ? factory(this.#queue) : factory;
    this.side = checkedSide(object, this.#receives, queue, side);
    return this.#queue;
  }

  expire(): void {
    this.#open = false;
  }
}

const CALLBACKS = ['start', 'advance', 'setNotificationEnabled', 'cancel', 'stop', 'destroy'] as const;

/** NetQueueInvalidConfiguration has four ways to be wrong; InvalidQueueConfiguration is everything that is no callback. */
function checkedSide(object: string, receives: boolean, queue: number, side: unknown): QueueSide {
  if (typeof side !== 'object' || side === null)
    throw violation(0x09, 'the factory returned no callbacks', {
      object,
      queue,
      expected: 'an object with callbacks',
      found: side,
    });
  const given = side as Record<(typeof CALLBACKS)[number] | 'executionContext', unknown>;
  for (const field of CALLBACKS) {
    if (given[field] === undefined || typeof given[field] === 'function') continue;
    throw violation(0x09, `${field} is no function`, {
      object,
      queue,
      field,
      expected: 'a function',
      found: given[field],
    });
  }
  const { executionContext } = given;
  if (executionContext === undefined) {
    for (const field of ['advance', 'setNotificationEnabled', 'cancel'] as const)
      if (given[field] === undefined)
        throw violation(0x16, `a queue of its own needs ${field}`, {
          subcode: 0,
          object,
          queue,
          field,
          expected: 'a function',
          found: undefined,
        });
    return side as QueueSide;
  }
  if (!(executionContext instanceof ExecutionContext) || executionContext.notifications === undefined)
    throw violation(0x09, 'the execution context was not made by createExecutionContext', {
      object,
      queue,
      field: 'executionContext',
    });
  const wrong = (subcode: number, field: (typeof CALLBACKS)[number], message: string) =>
    violation(0x16, message, { subcode, object, queue, field });
  if (given.setNotificationEnabled !== undefined)
    throw wrong(1, 'setNotificationEnabled', 'the execution context has this callback, so the queue must not');
  if (given.advance === undefined)
    throw wrong(2, 'advance', 'a queue in a shared execution context needs advance, too');
  if (receives && given.cancel === undefined) throw wrong(3, 'cancel', 'a receive queue must be able to cancel');
  return side as QueueSide;
}

/** A shared side in the form of one of its own: whoever calls it need not know. */
function ofShared(side: SharedQueueCallbacks): PacketQueueCallbacks {
  return {
    start: () => side.start?.(),
    advance: () => {
      side.advance();
    },
    setNotificationEnabled: () => undefined, // the context's own
    cancel: () => side.cancel?.(),
    stop: () => side.stop?.(),
    destroy: () => side.destroy?.(),
  };
}
