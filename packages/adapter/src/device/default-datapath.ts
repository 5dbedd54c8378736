/*
 * The data path of an adapter whose driver brings none, as lightweight adapters have: every frame to send is completed at
 * once, and nothing is received; what was posted for receiving comes back ignored when the queue is cancelled. Follows
 * reference netadaptercx §5.2.
 */

import { i32 as m } from '@netcx/dma/memory';
import { Packet, type RingCollection } from '@netcx/rings';
import type { PacketQueueCallbacks } from '../packet-queue.ts';
import type { AdapterCallbacks } from '../queue-creation.ts';
import { violation } from '../verifier/violation.ts';

/** Both callbacks of the default data path. */
export const DEFAULT_DATAPATH: AdapterCallbacks = {
  createTxQueue: (init) => void init.create(({ rings }) => completesAtOnce(rings)),
  createRxQueue: (init) => void init.create(({ rings }) => receivesNothing(rings)),
};

function completesAtOnce({ packets, fragments }: RingCollection): PacketQueueCallbacks {
  return {
    advance: () => {
      fragments.complete(fragments.driverCount);
      packets.complete(packets.driverCount);
    },
    setNotificationEnabled: () => undefined,
    cancel: () => undefined,
  };
}

function receivesNothing({ packets, fragments }: RingCollection): PacketQueueCallbacks {
  return {
    advance: () => undefined,
    setNotificationEnabled: () => undefined,
    cancel: () => {
      for (let index = packets.beginIndex; index !== packets.endIndex; index = (index + 1) & packets.mask)
        Packet.ignore.set(m, packets.at(index), 1);
      fragments.complete(fragments.driverCount);
      packets.complete(packets.driverCount);
    },
  };
}

/**
 * @param adapter - the adapter's name, for messages
 * @param callbacks - what its driver brings: both, or nothing
 * @throws ViolationError 0x26 `INVALID_DATAPATH_CALLBACKS` when one is missing
 */
export function checkCallbacks(adapter: string, callbacks: Partial<AdapterCallbacks> | undefined): void {
  if (callbacks === undefined) return;
  for (const field of ['createTxQueue', 'createRxQueue'] as const) {
    if (typeof callbacks[field] !== 'function')
      throw violation(0x26, `${adapter}: ${field} is missing; expected both callbacks, or none`, {
        object: adapter,
        field,
        expected: 'a function',
        found: callbacks[field],
      });
  }
}
