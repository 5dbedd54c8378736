/*
 * What the driver counts besides the adapter's own statistics, summed over its queues.
 */

import type { RxQueueCounters } from './rx-queue.ts';
import type { TxQueueCounters } from './tx-surroundings.ts';

/** What the driver's queues count, summed, and what befell the device. */
export interface DriverCounters {
  readonly transmit: TxQueueCounters;
  readonly receive: RxQueueCounters;
  /** Times that the chip was reset under the running adapter. */
  readonly resets: number;
  /** Interrupts that did not come, and were found out. */
  readonly lostInterrupts: number;
}

interface Counting<T> {
  readonly counters: T;
}

/**
 * @param transmit - the transmit queues
 * @param receive - the receive queues
 * @returns their counters, summed
 */
export function sumCounters(
  transmit: readonly Counting<TxQueueCounters>[],
  receive: readonly Counting<RxQueueCounters>[],
): Pick<DriverCounters, 'transmit' | 'receive'> {
  const tx = (name: keyof TxQueueCounters): number =>
    transmit.reduce((total, { counters }) => total + counters[name], 0);
  const rx = (name: keyof RxQueueCounters): number =>
    receive.reduce((total, { counters }) => total + counters[name], 0);
  return {
    transmit: {
      invalidHeads: tx('invalidHeads'),
      contexts: tx('contexts'),
      segmented: tx('segmented'),
      unsent: tx('unsent'),
    },
    receive: { errors: rx('errors'), invalidLengths: rx('invalidLengths') },
  };
}
