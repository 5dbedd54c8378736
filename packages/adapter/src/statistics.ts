/*
 * An adapter's counters in one plain object: what a person asks when frames are missing. Each drop has a reason of its
 * own; nothing is dropped uncounted.
 */

import type { BufferPool, PoolCensus } from '@netcx/buffers';
import type { ExecutionContext } from './execution-context.ts';
import type { RxTranslatorCounters } from './rx-translator.ts';
import type { TxTranslatorCounters } from './tx-translator-options.ts';

/** Counters of an adapter since it was started, summed over its queues. */
export interface AdapterStatistics {
  readonly transmit: {
    /** Frames that the NIC took. */
    readonly packets: number;
    /** Bytes in them. */
    readonly bytes: number;
    /** Frames that were copied into memory that the NIC reaches. */
    readonly bounced: number;
    /** Frames that had to wait for fragments or a buffer. */
    readonly retried: number;
    /** Frames given up, by reason. */
    readonly dropped: {
      readonly empty: number;
      readonly tooLong: number;
      readonly invalid: number;
      readonly stopped: number;
    };
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
  pools: readonly BufferPool[],
): AdapterStatistics {
  const tx = (name: keyof TxTranslatorCounters): number => sum(transmit, (queue) => queue.translator.counters[name]);
  const rx = (name: keyof RxTranslatorCounters): number => sum(receive, (queue) => queue.translator.counters[name]);
  const contexts = [...transmit, ...receive].map((queue) => queue.context);
  return {
    transmit: {
      packets: tx('packets'),
      bytes: tx('bytes'),
      bounced: tx('bounced'),
      retried: tx('retried'),
      dropped: { empty: tx('empty'), tooLong: tx('tooLong'), invalid: tx('invalid'), stopped: tx('stopped') },
    },
    receive: {
      packets: rx('packets'),
      bytes: rx('bytes'),
      dropped: { ignored: rx('ignored'), invalid: rx('invalid'), unclaimed: rx('unclaimed') },
    },
    polls: sum(contexts, (context) => context.polls),
    wakeUps: sum(contexts, (context) => context.wakeUps),
    buffers: Object.fromEntries(pools.map((pool) => [pool.name, pool.census()])),
  };
}
