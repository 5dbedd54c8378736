/*
 * What the framework makes queues of. Whatever costs a queue something is `undefined` where nobody asked for it.
 */

import type { BufferPool, LentBuffers } from '@netcx/buffers';
import type { DmaEnabler } from '@netcx/dma';
import type { ProtocolPlace } from './edge/protocol.ts';
import type { ExecutionContext } from './execution-context.ts';
import type { NotificationMode } from './execution/notification.ts';
import type { TransmitOffloads } from './offload/transmit-offloads.ts';
import type { QueueBlock } from './queue-block.ts';
import type { ReceiveOffloads } from './receive-offload/receive-offloads.ts';
import type { QueueWatch } from './statistics/queue-watch.ts';

/** What every queue is made of. */
interface QueueOptions {
  readonly id: number;
  /** For leak reports: adapter, direction and number. */
  readonly name: string;
  readonly block: QueueBlock;
  /** Where it is polled, unless the driver brings a context. */
  readonly context: ExecutionContext;
  /** What the driver hears of notifications. */
  readonly notification: NotificationMode;
  readonly above: ProtocolPlace;
  /** Measures and traces; `undefined` = nobody does. */
  readonly watch: QueueWatch | undefined;
}

/** What a transmit queue is made of. */
export interface TransmitQueueOptions extends QueueOptions {
  readonly pool: BufferPool;
  readonly reserve: BufferPool;
  readonly enabler: DmaEnabler | undefined;
  readonly maximumFrame: number;
  readonly backfill: number;
  readonly maximumFragments: number;
  readonly alignment: number;
  readonly maximumAddress: number;
  readonly bouncePolicy: 'ifNeeded' | 'always';
  readonly copyBreak: number;
  readonly idleMappings: number;
  /** What the hardware does of offloads, and what software may. */
  readonly offloads: TransmitOffloads;
  /** The IEEE 802.1p value that it is for, where queues are told apart so. */
  readonly demux8021p: number | undefined;
  /** Told when there is room for more frames; `undefined` = nobody. */
  readonly completed: (() => void) | undefined;
}

/** What a receive queue is made of. */
export interface ReceiveQueueOptions extends QueueOptions {
  /** The system's buffers, or places for the driver's. */
  readonly buffers: BufferPool | LentBuffers;
  /** What is done in software to received frames. */
  readonly offloads: ReceiveOffloads;
}
