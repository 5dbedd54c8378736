/*
 * One queue's counters in a plain object, by the names of NETADAPTER_QUEUE_PC (reference netadaptercx §5.9): all of them are
 * read off what is counted anyway, so they cost nothing until somebody asks.
 */

import type { ExecutionContext, ExitCounters } from '../execution-context.ts';
import type { NotificationCounters } from '../execution/notification.ts';
import type { ReceiveQueue } from '../receive-queue.ts';
import type { TransmitQueue } from '../transmit-queue.ts';
import type { ContextTimesSummary } from './context-times.ts';
import type { Traffic } from './traffic.ts';

/** Counters of one queue since it was created. */
export interface QueueStatistics {
  readonly direction: 'transmit' | 'receive';
  /** Number of the queue in its direction. */
  readonly id: number;
  /** Packets that were handed to the driver, or went by it because they were given up. */
  readonly numberOfPackets: number;
  /** Rounds of polling of the context that it is polled in. */
  readonly iterationCount: number;
  /** Packets that the driver has now. */
  readonly queueDepth: number;
  /** Descriptors between framework and protocol: waiting to be placed, or shown and not completed. */
  readonly pending: number;
  /** Packets that the driver gave back, and the framework has dealt with. */
  readonly packetsCompleted: number;
  /** What was sent or shown, by whom it was for. */
  readonly traffic: Traffic;
  /** What the device notified, and what was not listened to; `undefined` once the queue has stopped. */
  readonly notifications: NotificationCounters | undefined;
}

/** Counters of one execution context since it was made. */
export interface ContextStatistics {
  readonly name: string;
  /** Rounds of polling. */
  readonly polls: number;
  /** Times that it was woken, or went on by itself. */
  readonly wakeUps: number;
  /** Why it stopped polling for now, and how often. */
  readonly exits: ExitCounters;
  /** How long rounds and callbacks took; `undefined` unless the adapter keeps histograms. */
  readonly times: ContextTimesSummary | undefined;
}

const sumOf = (counts: Readonly<Record<string, number>>): number =>
  Object.values(counts).reduce((total, count) => total + count, 0);

/**
 * @param queue - a transmit queue
 * @returns its counters now
 */
export function transmitQueueStatistics(queue: TransmitQueue): QueueStatistics {
  const { packets } = queue.rings;
  const { counters } = queue.translator;
  const completed = counters.packets + sumOf(counters.refusedFor);
  return {
    direction: 'transmit',
    id: queue.id,
    numberOfPackets: completed + packets.driverCount + packets.reapCount,
    iterationCount: queue.context.polls,
    queueDepth: packets.driverCount,
    pending: queue.edge.ring.postCount,
    packetsCompleted: completed,
    traffic: queue.tally.traffic.counts(),
    notifications: queue.notifications === undefined ? undefined : { ...queue.notifications },
  };
}

/**
 * @param queue - a receive queue
 * @returns its counters now
 */
export function receiveQueueStatistics(queue: ReceiveQueue): QueueStatistics {
  const { packets } = queue.rings;
  const { counters } = queue.translator;
  const completed = counters.packets + counters.ignored + counters.invalid + counters.unclaimed;
  return {
    direction: 'receive',
    id: queue.id,
    numberOfPackets: completed + packets.driverCount + packets.reapCount,
    iterationCount: queue.context.polls,
    queueDepth: packets.driverCount,
    pending: queue.edge.ring.driverCount,
    packetsCompleted: completed,
    traffic: queue.traffic.counts(),
    notifications: queue.notifications === undefined ? undefined : { ...queue.notifications },
  };
}

/**
 * @param context - an execution context
 * @returns its counters now
 */
export const contextStatistics = (context: ExecutionContext): ContextStatistics => ({
  name: context.name,
  polls: context.polls,
  wakeUps: context.wakeUps,
  exits: { ...context.exits },
  times: context.times?.summary(),
});
