/*
 * Watches one queue: measures the driver's callbacks by standing in front of them, and tells a trace what was handed over
 * on either side of the framework. A queue has one only if it is watched.
 */

import type { Ring } from '@netcx/rings';
import type { PacketQueueCallbacks } from '../packet-queue.ts';
import type { QueueBlock } from '../queue-block.ts';
import type { ContextTimes, WatchOptions } from './context-times.ts';
import { describePacket } from './described-packet.ts';
import { TracedCallback } from './trace-sink.ts';

/** What is watched. */
export interface WatchedQueue {
  /** The adapter's name. */
  readonly adapter: string;
  readonly direction: 'transmit' | 'receive';
  readonly id: number;
  readonly block: QueueBlock;
}

/** The watch of one queue, from start to stop. */
export class QueueWatch {
  readonly #options: WatchOptions;
  readonly #packets: Ring;
  readonly #fragments: Ring;
  readonly #edge: Ring;
  readonly #transmits: boolean;
  readonly #number: number;
  #times: ContextTimes | undefined;
  /** First packet and first descriptor that the sink was not told of: transmit only. */
  #packetSeen = 0;
  #descriptorSeen = 0;

  /**
   * @param queue - which
   * @param options - stopwatch and sink
   */
  constructor(queue: WatchedQueue, options: WatchOptions) {
    const { adapter, direction, id, block } = queue;
    const { rings, edge } = block;
    this.#options = options;
    this.#packets = rings.packets;
    this.#fragments = rings.fragments;
    this.#edge = edge;
    this.#transmits = direction === 'transmit';
    const describe = (index: number) => describePacket(block, index);
    this.#number = options.sink?.openQueue({ adapter, direction, id, rings, edge, describe }) ?? 0;
  }

  /**
   * @param callbacks - the driver's side
   * @param times - of the context that the queue is polled in
   * @returns the same, measured
   */
  inFrontOf(callbacks: PacketQueueCallbacks, times: ContextTimes | undefined): PacketQueueCallbacks {
    this.#times = times;
    return {
      start: () => {
        this.#measure(TracedCallback.start, () => callbacks.start?.());
      },
      advance: () => {
        this.#advance(callbacks);
      },
      setNotificationEnabled: (enabled) => {
        this.#measure(TracedCallback.setNotificationEnabled, () => {
          callbacks.setNotificationEnabled(enabled);
        });
      },
      cancel: () => {
        this.#measure(TracedCallback.cancel, () => {
          callbacks.cancel();
        });
      },
      stop: () => {
        this.#measure(TracedCallback.stop, () => callbacks.stop?.());
      },
      destroy: () => callbacks.destroy?.(),
    };
  }

  #measure(which: number, call: () => void): void {
    const { now, stopwatch, histograms, sink } = this.#options;
    const time = now();
    const start = stopwatch();
    try {
      call();
    } finally {
      const duration = stopwatch() - start;
      if (histograms) this.#times?.callback.record(duration);
      sink?.callback(this.#number, which, time, duration);
    }
  }

  #advance(callbacks: PacketQueueCallbacks): void {
    const { now, sink } = this.#options;
    const posting = this.#transmits ? this.#packets : this.#fragments;
    const next = posting.nextIndex;
    const first = this.#packets.beginIndex;
    this.#measure(TracedCallback.advance, () => {
      callbacks.advance();
    });
    if (sink === undefined) return;
    const posted = (posting.nextIndex - next) & posting.mask;
    if (posted > 0) sink.doorbell(this.#number, now(), posted);
    const returned = (this.#packets.beginIndex - first) & this.#packets.mask;
    if (!this.#transmits && returned > 0) sink.atDriver(this.#number, now(), first, returned);
  }

  /** A transmit queue has placed what the protocol submitted. */
  placed(): void {
    const { now, sink } = this.#options;
    if (sink === undefined) return;
    const descriptors = (this.#edge.nextIndex - this.#descriptorSeen) & this.#edge.mask;
    if (descriptors > 0) sink.atEdge(this.#number, now(), this.#descriptorSeen, descriptors);
    this.#descriptorSeen = this.#edge.nextIndex;
    const packets = (this.#packets.endIndex - this.#packetSeen) & this.#packets.mask;
    if (packets > 0) sink.atDriver(this.#number, now(), this.#packetSeen, packets);
    this.#packetSeen = this.#packets.endIndex;
  }

  /**
   * A receive queue is about to show frames.
   *
   * @param first - index of the first descriptor
   * @param count - descriptors
   */
  shown(first: number, count: number): void {
    const { now, sink } = this.#options;
    sink?.atEdge(this.#number, now(), first, count);
  }

  /** The driver says that its device has something. */
  interrupt(): void {
    const { now, sink } = this.#options;
    sink?.interrupt(this.#number, now());
  }

  /** The queue has stopped: its rings go. */
  close(): void {
    this.#options.sink?.closeQueue(this.#number);
  }
}
