/*
 * What a receive translator is told of its queue and its buffers, and what it counts. Every packet that a driver gives back is
 * counted exactly once: as shown, or by the reason for which it was dropped.
 */

import type { BufferPool } from '@netcx/buffers';
import type { Ring, RingCollection } from '@netcx/rings';
import type { RxMetadata } from './receive-offload/rx-metadata.ts';
import type { Recycler } from './redirect/recycler.ts';
import type { RxSource } from './rx-source.ts';

/** What became of received packets, and why. All in packets, except bytes. */
export interface RxTranslatorCounters {
  /** Packets shown to the protocol. */
  packets: number;
  /** Bytes in them. */
  bytes: number;
  /** Packets that the driver said to ignore. */
  ignored: number;
  /** Packets dropped because a fragment did not lie inside its buffer, or none was there. */
  invalid: number;
  /** Packets dropped because no protocol was there to take them. */
  unclaimed: number;
}

/** The rings of a queue and the buffers in them: what supplies them and what shows them work with the same. */
export interface RxQueueBuffers {
  readonly rings: RingCollection;
  /** Buffers that the NIC reaches; none where the driver brings its own. */
  readonly pool: BufferPool | undefined;
  /** Attaches buffers in another way than the straight line does, which takes the pool's as they are. */
  readonly source: RxSource | undefined;
  /** Host offset of one word for each fragment element: the buffer attached to it. */
  readonly shadow: number;
  /** Where buffers come back to whose frames went on unseen; none where no frame does. */
  readonly recycler: Recycler | undefined;
}

/** How a translator reaches its queue. */
export interface RxTranslatorOptions extends RxQueueBuffers {
  readonly receive: Ring;
  /** Byte offset of the checksum extension in this queue's packets; 0 = absent. */
  readonly checksum: number;
  /** Carries what else a driver says of a packet; left out where elements have no room for more. */
  readonly metadata?: RxMetadata | undefined;
}
