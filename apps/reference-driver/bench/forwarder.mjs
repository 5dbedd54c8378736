/*
 * The protocol of the benchmarks: every received frame goes back out on the same queue, unseen as through a bridge, or shown and
 * submitted again, its descriptors moved as they are.
 */

import * as edge from '@netcx/adapter/edge';
import { copy } from '@netcx/dma/copy';

const { FRAME_DESCRIPTOR_BYTES } = edge;
const WORDS = FRAME_DESCRIPTOR_BYTES / 4;

export class Forwarder {
  constructor(adapter, unseen = false) {
    this.adapter = adapter;
    this.unseen = unseen;
    // Where the frames of each receive queue go. The queues are new after each start of the adapter, and their edges with them.
    this.sources = [];
    this.targets = [];
  }

  redirect(receiveEdge) {
    if (!this.unseen) return undefined;
    const { id } = receiveEdge;
    if (this.sources[id] !== receiveEdge) {
      this.sources[id] = receiveEdge;
      this.targets[id] = this.adapter.transmitQueues[id].edge;
    }
    return this.targets[id];
  }

  receive(receiveEdge, count) {
    const transmitEdge = this.adapter.transmitQueues[receiveEdge.id].edge;
    const from = receiveEdge.ring;
    const to = transmitEdge.ring;
    // Without checksum offload nothing in a received descriptor could be taken for a wish. A run ends where a ring wraps.
    for (let done = 0; done < count;) {
      const source = (from.beginIndex + done) & from.mask;
      const target = (to.endIndex + done) & to.mask;
      const run = Math.min(count - done, from.elements - source, to.elements - target);
      copy((to.base + target * WORDS) << 2, (from.base + source * WORDS) << 2, run * FRAME_DESCRIPTOR_BYTES);
      done += run;
    }
    receiveEdge.complete(count);
    transmitEdge.submit(count);
  }
}
