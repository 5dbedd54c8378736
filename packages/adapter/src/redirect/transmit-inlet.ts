/*
 * What a transmit queue offers to receive queues whose frames are redirected to it: where its rings are, when there is room,
 * and how it is woken. A protocol only ever names the queue's edge; an edge that no queue stands behind has no inlet.
 */

import type { TransmitEdge } from '../edge/transmit-edge.ts';
import type { RedirectTarget } from './redirection.ts';

/** A transmit queue, as frames that are redirected reach it. */
export interface TransmitInlet {
  /** Its rings; `undefined` where each frame needs a closer look, so that none may go straight there. */
  readonly redirectTarget: RedirectTarget | undefined;
  /** Number of the DMA domain whose buffers its NIC reaches as they are. */
  readonly redirectDomain: number;
  /** There is something to send. */
  wake(): void;
  /**
   * Asks for one call once frames have completed.
   *
   * @param notify - wakes whoever waits
   */
  awaitRoom(notify: () => void): void;
}

const inlets = new WeakMap<TransmitEdge, TransmitInlet>();

/**
 * @param edge - a transmit queue's
 * @param inlet - the way in
 */
export function offerInlet(edge: TransmitEdge, inlet: TransmitInlet): void {
  inlets.set(edge, inlet);
}

/**
 * @param edge - a transmit queue's
 * @returns its inlet; `undefined` for an edge of something else
 */
export const inletOf = (edge: TransmitEdge): TransmitInlet | undefined => inlets.get(edge);
