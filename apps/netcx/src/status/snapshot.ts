/*
 * Owns: what a running netcx tells of itself: a picture of its adapters at one moment, as plain data.
 * Invariant: whoever asks, however often, changes nothing.
 */
import type { NetAdapter } from '@netcx/adapter';

/** One ring. */
export interface RingSnapshot {
  readonly name: string;
  readonly elements: number;
  readonly begin: number;
  readonly next: number;
  readonly end: number;
}

/** One queue. */
export interface QueueSnapshot {
  readonly direction: 'transmit' | 'receive';
  readonly id: number;
  readonly packets: number;
  readonly bytes: number;
  readonly rings: readonly RingSnapshot[];
}

/** One adapter. */
export interface AdapterSnapshot {
  readonly name: string;
  readonly linkUp: boolean;
  readonly linkSpeed: number;
  readonly mtu: number;
  readonly queues: readonly QueueSnapshot[];
  /** Buffers of each pool: all, and those that are free. */
  readonly pools: Readonly<Record<string, { readonly count: number; readonly free: number }>>;
  readonly polls: number;
  readonly wakeUps: number;
  /** Interrupts that the chip has raised. */
  readonly interrupts: number;
  /** Frames lost on either way, for whatever reason. */
  readonly dropped: number;
}

/** A process. */
export interface Snapshot {
  readonly pid: number;
  /** What it does. */
  readonly command: string;
  /** Milliseconds since it began. */
  readonly time: number;
  /** Bytes of its heap in use. */
  readonly heap: number;
  /** Seconds of processor time so far. */
  readonly processor: number;
  readonly adapters: readonly AdapterSnapshot[];
}

const sum = (counts: object): number =>
  Object.values(counts).reduce((total: number, count) => total + (typeof count === 'number' ? count : 0), 0);

/**
 * @param adapter - any
 * @param interrupts - that its NIC has raised so far
 * @returns what there is to see of it now
 */
export function snapshotOf(adapter: NetAdapter, interrupts: number): AdapterSnapshot {
  const { name, linkState, mtu, queues, statistics } = adapter.inspect(0);
  const { transmit, receive, polls, wakeUps, buffers } = statistics;
  return {
    name,
    linkUp: linkState.connected,
    linkSpeed: linkState.txLinkSpeed,
    mtu,
    queues: queues.map(({ direction, id, rings }) => {
      const counted = statistics.queues.find((one) => one.direction === direction && one.id === id);
      const traffic = Object.values(counted?.traffic ?? {}) as { packets: number; bytes: number }[];
      return {
        direction,
        id,
        packets: traffic.reduce((total, { packets }) => total + packets, 0),
        bytes: traffic.reduce((total, { bytes }) => total + bytes, 0),
        rings: rings.map((ring) => ({
          name: ring.name,
          elements: ring.elements,
          begin: ring.beginIndex,
          next: ring.nextIndex,
          end: ring.endIndex,
        })),
      };
    }),
    pools: Object.fromEntries(Object.entries(buffers).map(([pool, { count, free }]) => [pool, { count, free }])),
    polls,
    wakeUps,
    interrupts,
    dropped: sum(transmit.dropped) + sum(receive.dropped),
  };
}
