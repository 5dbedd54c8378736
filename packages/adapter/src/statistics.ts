/*
 * An adapter's counters in one plain object: what a person asks when frames are missing. Each drop has a reason of its
 * own; nothing is dropped uncounted.
 */

import { censusOf, heldByRings, type BufferPool, type LentBuffers, type PoolCensus } from '@netcx/buffers';
import type { CoalescingCounters } from './receive-offload/coalescer.ts';
import type { ReceiveStageCounters } from './receive-offload/receive-stage.ts';
import type { ReceiveQueue } from './receive-queue.ts';
import type { RxTranslatorCounters } from './rx-translator-options.ts';
import {
  contextStatistics,
  receiveQueueStatistics,
  transmitQueueStatistics,
  type ContextStatistics,
  type QueueStatistics,
} from './statistics/queue-statistics.ts';
import { sumTraffic, type Traffic } from './statistics/traffic.ts';
import type { TransmitQueue } from './transmit-queue.ts';
import type { BounceReason, RefusalReason, RetryReason } from './tx-decision.ts';
import { newTxTranslatorCounters, type TxOffloadCounters, type TxTranslatorCounters } from './tx-translator-options.ts';

/** What software found out of received frames, and what it made of them. */
export interface RxOffloadCounters extends ReceiveStageCounters {
  /** Segments that were coalesced: how many, their payload, frames made of them, and frames that ended early. */
  readonly rsc: CoalescingCounters;
}

/** Counters of an adapter since it was started, summed over its queues. */
export interface AdapterStatistics {
  readonly transmit: {
    /** Frames that the NIC took. */
    readonly packets: number;
    /** Bytes in them. */
    readonly bytes: number;
    /** Frames that were copied into memory that the NIC reaches. */
    readonly bounced: number;
    /** Frames that were copied, by reason. */
    readonly bouncedFor: Readonly<Record<BounceReason, number>>;
    /** Frames that were mapped where they lay, for the time that the NIC had them. */
    readonly mapped: number;
    /** Frames that had to wait for fragments, a buffer or a mapping. */
    readonly retried: number;
    /** Frames that had to wait, by what they waited for first. */
    readonly retriedFor: Readonly<Record<RetryReason, number>>;
    /** Frames given up, by reason. */
    readonly dropped: Readonly<Record<RefusalReason, number>> & { readonly stopped: number };
    /** Frames that the NIC took, by whom they were for. */
    readonly traffic: Traffic;
    /** What software did in the hardware's place. */
    readonly offloads: TxOffloadCounters;
  };
  readonly receive: {
    /** Packets shown to the protocol. */
    readonly packets: number;
    /** Bytes in them. */
    readonly bytes: number;
    /** Packets dropped, by reason. */
    readonly dropped: { readonly ignored: number; readonly invalid: number; readonly unclaimed: number };
    /** Frames as the protocol was shown them, by whom they were for. */
    readonly traffic: Traffic;
    /** What software found out and did in the hardware's place. */
    readonly offloads: RxOffloadCounters;
  };
  /** Rounds of polling. */
  readonly polls: number;
  /** Times that a queue was woken from sleep. */
  readonly wakeUps: number;
  /** Each queue by itself: transmit queues first, in the order in which they were created. */
  readonly queues: readonly QueueStatistics[];
  /** Each execution context that polls a queue, once. */
  readonly contexts: readonly ContextStatistics[];
  /** Who holds how many buffers, pool by pool. */
  readonly buffers: Readonly<Record<string, PoolCensus>>;
}

const sum = <T>(items: readonly T[], of: (item: T) => number): number =>
  items.reduce((total, item) => total + of(item), 0);

function sumOffloads(all: readonly TxOffloadCounters[]): TxOffloadCounters {
  const of = (pick: (counters: TxOffloadCounters) => number): number => sum(all, pick);
  return {
    checksum: { required: of((one) => one.checksum.required), failure: of((one) => one.checksum.failure) },
    segment: {
      tcp: { success: of((one) => one.segment.tcp.success), failure: of((one) => one.segment.tcp.failure) },
      udp: { success: of((one) => one.segment.udp.success), failure: of((one) => one.segment.udp.failure) },
    },
    segments: of((one) => one.segments),
    tagged: of((one) => one.tagged),
  };
}

function sumStages(queues: readonly ReceiveQueue[]): RxOffloadCounters {
  const stages = queues.flatMap(({ stage }) => stage ?? []);
  const of = (name: keyof ReceiveStageCounters): number => sum(stages, (stage) => stage.counters[name]);
  const rsc = (name: keyof CoalescingCounters): number => sum(stages, (stage) => stage.coalescer.counters[name]);
  return {
    layoutsParsed: of('layoutsParsed'),
    layoutsCorrected: of('layoutsCorrected'),
    checksumsValid: of('checksumsValid'),
    checksumsInvalid: of('checksumsInvalid'),
    rsc: { segments: rsc('segments'), bytes: rsc('bytes'), events: rsc('events'), aborts: rsc('aborts') },
  };
}

/**
 * @param transmit - the transmit queues
 * @param receive - the receive queues
 * @param pools - all pools of the adapter
 * @returns their counters, summed
 */
export function collectStatistics(
  transmit: readonly TransmitQueue[],
  receive: readonly ReceiveQueue[],
  pools: readonly (BufferPool | LentBuffers)[],
): AdapterStatistics {
  const tx = (name: 'packets' | 'bytes' | 'bounced' | 'mapped' | 'retried' | 'stopped'): number =>
    sum(transmit, (queue) => queue.translator.counters[name]);
  const summed = <N extends 'bouncedFor' | 'retriedFor' | 'refusedFor'>(name: N): TxTranslatorCounters[N] => {
    const total: Record<string, number> = { ...newTxTranslatorCounters()[name] };
    for (const { translator } of transmit)
      for (const [reason, count] of Object.entries(translator.counters[name]))
        total[reason] = (total[reason] ?? 0) + count;
    return total as TxTranslatorCounters[N];
  };
  const rx = (name: keyof RxTranslatorCounters): number => sum(receive, (queue) => queue.translator.counters[name]);
  const rings = heldByRings();
  const queues = [...transmit.map(transmitQueueStatistics), ...receive.map(receiveQueueStatistics)];
  const contexts = [...new Set([...transmit, ...receive].map((queue) => queue.context))];
  const traffic = (direction: 'transmit' | 'receive'): Traffic =>
    sumTraffic(queues.filter((queue) => queue.direction === direction).map((queue) => queue.traffic));
  return {
    transmit: {
      packets: tx('packets'),
      bytes: tx('bytes'),
      bounced: tx('bounced'),
      bouncedFor: summed('bouncedFor'),
      mapped: tx('mapped'),
      retried: tx('retried'),
      retriedFor: summed('retriedFor'),
      dropped: { ...summed('refusedFor'), stopped: tx('stopped') },
      traffic: traffic('transmit'),
      offloads: sumOffloads(transmit.map(({ translator }) => translator.counters.offloads)),
    },
    receive: {
      packets: rx('packets'),
      bytes: rx('bytes'),
      dropped: { ignored: rx('ignored'), invalid: rx('invalid'), unclaimed: rx('unclaimed') },
      traffic: traffic('receive'),
      offloads: sumStages(receive),
    },
    polls: sum(contexts, (context) => context.polls),
    wakeUps: sum(contexts, (context) => context.wakeUps),
    queues,
    contexts: contexts.map(contextStatistics),
    buffers: Object.fromEntries(pools.map((pool) => [pool.name, censusOf(pool, rings)])),
  };
}
