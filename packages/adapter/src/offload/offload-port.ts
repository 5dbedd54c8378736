/*
 * A running adapter, as its offloads see it: whether drivers have packets, and when those that they have now are back.
 */

import { MILLISECOND, type Clock } from '@netcx/clock';
import { AdapterError } from '../adapter-error.ts';
import type { Protocol } from '../edge/protocol.ts';
import type { TransmitQueue } from '../transmit-queue.ts';
import type { OffloadPort } from './offloads.ts';

/** How long a driver may take to give back what it has. */
const LIMIT = 1000 * MILLISECOND;

/** What an adapter that runs is made of, here. */
export interface RunningAdapter {
  /** For messages. */
  readonly name: string;
  readonly clock: Clock;
  /** Its transmit queues, until it stops. */
  readonly transmitQueues: readonly TransmitQueue[];
  /** What stands above it now. */
  readonly protocol: () => Protocol | undefined;
}

/**
 * @param adapter - while it runs
 * @returns the same for its offloads
 */
export function offloadPort(adapter: RunningAdapter): OffloadPort {
  const { name, clock, transmitQueues, protocol } = adapter;
  return {
    busy: () => transmitQueues.some((queue) => queue.rings.packets.driverCount > 0),
    settle: async () => {
      const waits = transmitQueues.map((queue) => new PassingMark(queue));
      const limit = clock.now() + LIMIT;
      // A queue that stops is not in the list any more, and its memory may be gone.
      while (waits.some((wait) => transmitQueues.includes(wait.queue) && !wait.passed())) {
        if (clock.now() >= limit)
          throw new AdapterError(
            'QUEUE_NOT_DRAINED',
            `${name}: its driver has not given back in time what it had when offloads changed; frames do without them, and its driver was not told`,
          );
        await clock.delay(MILLISECOND / 10);
      }
    },
    changed: (enabled) => {
      protocol()?.offloadsChanged?.(enabled);
    },
  };
}

/** Whether the packets that a driver had at one moment are back. */
class PassingMark {
  readonly queue: TransmitQueue;
  #left: number;
  #seen: number;

  constructor(queue: TransmitQueue) {
    const { packets } = queue.rings;
    this.queue = queue;
    this.#left = packets.driverCount;
    this.#seen = packets.beginIndex;
  }

  /** To be asked again and again. When the ring goes round between two times, this is late, but never early. */
  passed(): boolean {
    const { beginIndex, driverCount, mask } = this.queue.rings.packets;
    if (driverCount === 0) this.#left = 0;
    this.#left -= (beginIndex - this.#seen) & mask;
    this.#seen = beginIndex;
    return this.#left <= 0;
  }
}
