/*
 * Who watches an adapter at work: told of each round of polling, each call to the driver, and each burst of packets, in
 * integers. Frames and packets stay where they are: whoever wants to see one looks through the queue it was told of, before
 * it returns. Costs nothing when there is none.
 */

import type { RingCollection, Ring } from '@netcx/rings';
import type { DescribedPacket } from './described-packet.ts';

/** The driver's callbacks, as `TraceSink.callback` numbers them. */
export const TracedCallback = { start: 0, advance: 1, setNotificationEnabled: 2, cancel: 3, stop: 4 } as const;

/** A queue that is watched. */
export interface TracedQueue {
  /** The adapter's name. */
  readonly adapter: string;
  readonly direction: 'transmit' | 'receive';
  readonly id: number;
  /** Between framework and driver. */
  readonly rings: RingCollection;
  /** Between framework and protocol: `FrameDescriptor` elements. */
  readonly edge: Ring;
  /**
   * @param index - of a packet in `rings.packets`
   * @returns where its bytes lie, and what its descriptor and extensions say, in words
   */
  describe(index: number): DescribedPacket;
}

/** Told of everything that an adapter does. Times are nanoseconds of the adapter's clock, durations of its stopwatch. */
export interface TraceSink {
  /**
   * @param adapter - its name
   * @param context - the execution context's
   * @returns the context's number, from 0 on
   */
  openContext(adapter: string, context: string): number;
  /**
   * @param queue - good until it is closed
   * @returns the queue's number, from 0 on
   */
  openQueue(queue: TracedQueue): number;
  /**
   * @param queue - its number; its rings are gone when this has returned
   */
  closeQueue(queue: number): void;
  /**
   * A round of polling is over.
   *
   * @param context - its number
   * @param time - when it began
   * @param duration - how long it took
   * @param work - how many packets moved; 0 = it found nothing to do
   */
  poll(context: number, time: number, duration: number, work: number): void;
  /**
   * A callback of the driver has returned.
   *
   * @param queue - whose
   * @param which - of `TracedCallback`
   * @param time - when it was called
   * @param duration - how long it took
   */
  callback(queue: number, which: number, time: number, duration: number): void;
  /**
   * The driver says that its device has something.
   *
   * @param queue - which
   * @param time - when
   */
  interrupt(queue: number, time: number): void;
  /**
   * The driver has posted to its device.
   *
   * @param queue - which
   * @param time - when
   * @param count - packets (transmit) or fragments (receive)
   */
  doorbell(queue: number, time: number, count: number): void;
  /**
   * Frames went from the protocol to the adapter, or are about to be shown to the protocol.
   *
   * @param queue - which
   * @param time - when
   * @param first - index of the first descriptor in the queue's edge
   * @param count - descriptors: whole frames
   */
  atEdge(queue: number, time: number, first: number, count: number): void;
  /**
   * Packets are about to be handed to the driver, or came from it.
   *
   * @param queue - which
   * @param time - when
   * @param first - index of the first in the queue's packet ring
   * @param count - packets
   */
  atDriver(queue: number, time: number, first: number, count: number): void;
}
