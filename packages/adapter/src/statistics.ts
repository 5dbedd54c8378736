/*
 * An adapter's counters in one plain object: what a person asks when frames are missing. Each drop has a reason of its
 * own; nothing is dropped uncounted.
 */

import { censusOf, heldByRings, type BufferPool, type LentBuffers, type PoolCensus } from '@netcx/buffers';
import type { ExecutionContext } from './execution-context.ts';
import type { RxTranslatorCounters } from './rx-translator.ts';
import type { BounceReason, RefusalReason, RetryReason } from './tx-decision.ts';
import { newTxTranslatorCounters, type TxTranslatorCounters } from './tx-translator-options.ts';

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
  };
  readonly receive: {
    /** Packets shown to the protocol. */
    readonly packets: number;
    /** Bytes in them. */
    readonly bytes: number;
    /** Packets dropped, by reason. */
    readonly dropped: { readonly ignored: number; readonly invalid: number; readonly unclaimed: number };
  };
  /** Rounds of polling. */
  readonly polls: number;
  /** Times that a queue was woken from sleep. */
  readonly wakeUps: number;
  /** Who holds how many buffers, pool by pool. */
  readonly buffers: Readonly<Record<string, PoolCensus>>;
}

interface TransmitSource {
  readonly translator: { readonly counters: TxTranslatorCounters };
  readonly context: ExecutionContext;
}

interface ReceiveSource {
  readonly translator: { readonly counters: RxTranslatorCounters };
  readonly context: ExecutionContext;
}

const sum = <T>(items: readonly T[], of: (item: T) => number): number =>
  items.reduce((total, item) => total + of(item), 0);

/**
 * @param transmit - the transmit queues
 * @param receive - the receive queues
 * @param pools - all pools of the adapter
 * @returns their counters, summed
 */
export function collectStatistics(
  transmit: readonly TransmitSource[],
  receive: readonly ReceiveSource[],
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
  const contexts = [...transmit, ...receive].map((queue) => queue.context);
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
    },
    receive: {
      packets: rx('packets'),
      bytes: rx('bytes'),
      dropped: { ignored: rx('ignored'), invalid: rx('invalid'), unclaimed: rx('unclaimed') },
    },
    polls: sum(contexts, (context) => context.polls),
    wakeUps: sum(contexts, (context) => context.wakeUps),
    buffers: Object.fromEntries(pools.map((pool) => [pool.name, censusOf(pool, rings)])),
  };
}
