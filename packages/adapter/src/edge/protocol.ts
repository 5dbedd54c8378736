/*
 * What stands above an adapter: a bridge, a TAP, a test. It is called once for a burst, never for a frame, and never from
 * inside one of its own calls.
 */

import type { ProtocolNeeds } from '@netcx/buffers';
import type { ReceiveEdge } from './receive-edge.ts';
import type { TransmitEdge } from './transmit-edge.ts';

/** A protocol, as its adapter calls it. */
export interface Protocol {
  /** What it needs of buffers: stated when it is attached, served from the adapter's next start on. */
  readonly needs?: ProtocolNeeds;
  /**
   * Frames have come in: the descriptors of `edge.ring` from `beginIndex` on.
   *
   * @param edge - the queue that they came by
   * @param count - how many descriptors are new
   */
  receive(edge: ReceiveEdge, count: number): void;
  /**
   * Frames were sent, or given up: the first `count` descriptors of `edge.ring` from `processedIndex` on. They may be
   * looked at until this returns.
   *
   * @param edge - the queue that sent them
   * @param count - how many descriptors have completed
   */
  sent?(edge: TransmitEdge, count: number): void;
  /**
   * @param up - whether the link passes frames now
   */
  linkChanged?(up: boolean): void;
}
