/*
 * Stands between the framework and a driver's side of a queue, and notes whatever the framework calls out of order: the order
 * is create, start, then advance and setNotificationEnabled, cancel once, advance until everything is back, stop, destroy;
 * never two at once on one queue, nor on two queues of one execution context. Wraps any driver's side.
 */

import type { NotificationMode, PacketQueue, QueueSide, SharedQueueCallbacks } from '../src/index.ts';

/** Which callback runs now, for all queues that must not run at once. */
export class Turn {
  running = '';
}

/** How a recorder is made. */
export interface CallRecorderOptions {
  readonly name: string;
  readonly queue: PacketQueue;
  /** The driver's side. */
  readonly side: QueueSide;
  /** Shared by queues of one execution context; the queue's own when left out. */
  readonly turn?: Turn;
  readonly mode?: NotificationMode;
  /** Whether an empty queue may be armed: a transmit queue's may not. */
  readonly armedWhenEmpty?: boolean;
}

type Callback = 'start' | 'advance' | 'setNotificationEnabled' | 'cancel' | 'stop' | 'destroy';
type State = 'created' | 'started' | 'cancelled' | 'stopped' | 'destroyed';

/** In which states a callback may be called, and which state it leaves. */
const CONTRACT: Readonly<Record<Callback, { readonly in: readonly State[]; readonly to?: State }>> = {
  start: { in: ['created'], to: 'started' },
  advance: { in: ['started', 'cancelled'] },
  setNotificationEnabled: { in: ['started', 'cancelled'] },
  cancel: { in: ['started'], to: 'cancelled' },
  stop: { in: ['cancelled'], to: 'stopped' },
  destroy: { in: ['stopped'], to: 'destroyed' },
};

/** Records a queue's callbacks and checks their order. */
export class CallRecorder {
  /** Every call but `advance` and `setNotificationEnabled`, in order. */
  readonly calls: Callback[] = [];
  /** What was called out of order. */
  readonly faults: string[] = [];
  state: State = 'created';
  /** Whether the driver was told to notify last. */
  armed = false;
  readonly #options: CallRecorderOptions;
  readonly #turn: Turn;

  constructor(options: CallRecorderOptions) {
    this.#options = options;
    this.#turn = options.turn ?? new Turn();
  }

  /** The driver's side as the framework sees it. */
  get side(): QueueSide {
    const { side, queue } = this.#options;
    const { executionContext } = side as Partial<SharedQueueCallbacks>;
    const common = {
      start: () => {
        const { packets, fragments } = queue.rings;
        const moved = [packets, fragments].some((ring) => ring.beginIndex + ring.nextIndex + ring.endIndex !== 0);
        if (moved) this.#fault('start with indices that are not 0');
        this.#call('start', () => side.start?.());
      },
      advance: () => {
        this.#call('advance', () => {
          side.advance();
        });
      },
      cancel: () => {
        this.#call('cancel', () => side.cancel?.());
      },
      stop: () => {
        const { packets, fragments } = queue.rings;
        if (packets.driverCount + fragments.driverCount > 0) this.#fault('stop before everything was given back');
        this.#call('stop', () => side.stop?.());
      },
      destroy: () => {
        this.#call('destroy', () => side.destroy?.());
      },
    };
    if (executionContext !== undefined) return { ...common, executionContext };
    return {
      ...common,
      setNotificationEnabled: (enabled: boolean) => {
        this.#notification(enabled);
        this.#call('setNotificationEnabled', () => side.setNotificationEnabled?.(enabled));
      },
    };
  }

  #notification(enabled: boolean): void {
    const { mode = 'documented', armedWhenEmpty = true, queue } = this.#options;
    if (enabled && !armedWhenEmpty && queue.rings.packets.driverCount + queue.rings.fragments.driverCount === 0)
      this.#fault('armed with nothing in flight');
    if (!enabled && mode === 'asShipped') this.#fault('disarmed, as never shipped');
    if (!enabled && !this.armed) this.#fault('disarmed though it was not armed');
    this.armed = enabled;
  }

  #call(callback: Callback, action: () => void): void {
    const { in: states, to } = CONTRACT[callback];
    if (!states.includes(this.state)) this.#fault(`${callback} while ${this.state}`);
    if (this.#turn.running !== '') this.#fault(`${callback} inside ${this.#turn.running}`);
    if (callback !== 'advance' && callback !== 'setNotificationEnabled') this.calls.push(callback);
    this.#turn.running = `${callback} of ${this.#options.name}`;
    try {
      action();
    } finally {
      this.#turn.running = '';
      if (to !== undefined) this.state = to; // not before it has returned
    }
  }

  #fault(what: string): void {
    this.faults.push(`${this.#options.name}: ${what}`);
  }
}
