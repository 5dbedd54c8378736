/*
 * The packet-descriptor document's example: the callback that creates a transmit queue asks where the extensions of its packets
 * lie, and stores the offsets in the queue's context. They are constant for the queue's life, so nobody asks again.
 * Run it with: npx tsx --conditions=@netcx/source examples/create-queue.ts
 */

import { NetAdapter, RxCapabilities, TxCapabilities, type QueueInit, type TxQueue } from '@netcx/adapter';
import { VirtualClock } from '@netcx/clock';
import { Checksum, Gso, INVALID_OFFSET } from '@netcx/extensions';

/** What the driver keeps for each transmit queue. */
interface QueueContext {
  readonly queueId: number;
  readonly checksumOffset: number;
  readonly gsoOffset: number;
}
const contexts: QueueContext[] = [];

function createTxQueue(init: QueueInit<TxQueue>): void {
  init.create((queue) => {
    contexts[init.id] = {
      queueId: init.id,
      checksumOffset: queue.extension(Checksum).offset,
      gsoOffset: queue.extension(Gso).offset,
    };
    return { advance: () => undefined, setNotificationEnabled: () => undefined, cancel: () => undefined };
  });
}

const clock = new VirtualClock();
const adapter = new NetAdapter({
  name: 'nic',
  clock,
  queues: { transmit: 2, receive: 0 },
  callbacks: { createTxQueue, createRxQueue: () => undefined },
});
adapter.setDatapathCapabilities(TxCapabilities.withoutDma(2), RxCapabilities.systemManaged(1514, 1));
adapter.setLinkLayerCapabilities(1e9);
adapter.setLinkLayerMtuSize(1500);
adapter.setPermanentLinkLayerAddress(Uint8Array.of(2, 0, 0, 0, 0, 1));
// Advertising an offload registers its extension: checksum here, and no segmentation.
adapter.setOffloadCapabilities({ txChecksum: { ipv4: true, tcp: true, udp: true, layer4HeaderOffsetLimit: 0 } });
adapter.start();
for (const { queueId, checksumOffset, gsoOffset } of contexts) {
  console.log(`queue ${queueId}: checksum at byte ${checksumOffset}, segmentation: ${gsoOffset !== INVALID_OFFSET}`);
}
await clock.drive(adapter.stop());
