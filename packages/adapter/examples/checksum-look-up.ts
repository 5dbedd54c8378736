/*
 * The packet-descriptor document's example of the data path: while a driver programs its NIC, it looks into each packet's
 * checksum extension at the offset that it stored when the queue was created, and finds what the NIC shall compute.
 * Run it with: npx tsx --conditions=@netcx/source examples/checksum-look-up.ts
 */

import { NetAdapter, RxCapabilities, TxCapabilities, type PacketQueueCallbacks, type TxQueue } from '@netcx/adapter';
import { FrameDescriptor } from '@netcx/adapter/edge';
import { VirtualClock } from '@netcx/clock';
import { i32 } from '@netcx/dma/memory';
import { Checksum, TxChecksumAction } from '@netcx/extensions';

/** A transmit queue whose NIC is a line of text for each packet. */
function createQueue(queue: TxQueue): PacketQueueCallbacks {
  const checksumOffset = queue.extension(Checksum).offset;
  const { packets, fragments } = queue.rings;
  return {
    advance() {
      for (let left = packets.postCount, index = packets.nextIndex; left > 0; left--) {
        const packet = packets.at(index);
        const layer3 = Checksum.layer3.get(i32, packet, checksumOffset);
        const layer4 = Checksum.layer4.get(i32, packet, checksumOffset);
        // Do work with the checksum info.
        const wanted = [
          ...(layer3 === TxChecksumAction.Required ? ['IPv4'] : []),
          ...(layer4 === TxChecksumAction.Required ? ['TCP or UDP'] : []),
        ];
        console.log(`packet ${index}: compute ${wanted.join(' and ') || 'nothing'}`);
        index = (index + 1) & packets.mask;
      }
      fragments.complete(fragments.driverCount);
      packets.complete(packets.driverCount);
    },
    setNotificationEnabled: () => undefined,
    cancel: () => undefined,
  };
}

const clock = new VirtualClock();
const adapter = new NetAdapter({
  name: 'nic',
  clock,
  queues: { transmit: 1, receive: 0 },
  callbacks: { createTxQueue: (init) => void init.create(createQueue), createRxQueue: () => undefined },
});
adapter.setDatapathCapabilities(TxCapabilities.withoutDma(1), RxCapabilities.systemManaged(1514, 1));
adapter.setLinkLayerCapabilities(1e9);
adapter.setLinkLayerMtuSize(1500);
adapter.setPermanentLinkLayerAddress(Uint8Array.of(2, 0, 0, 0, 0, 1));
adapter.setOffloadCapabilities({ txChecksum: { ipv4: true, tcp: true, udp: true, layer4HeaderOffsetLimit: 0 } });
adapter.start();

// A protocol sends three frames, and wishes something else for each.
const { edge } = adapter.transmitQueues[0]!;
const { Passthrough, Required } = TxChecksumAction;
[Passthrough, Required << 4, (Required << 2) | (Required << 4)].forEach((wish, index) => {
  const frame = edge.ring.at(edge.ring.endIndex + index);
  const buffer = edge.pool.take();
  FrameDescriptor.address.set(i32, frame, edge.pool.address(buffer));
  FrameDescriptor.lengthAndFlags.set(i32, frame, 60);
  FrameDescriptor.buffer.set(i32, frame, buffer);
  FrameDescriptor.checksum.set(i32, frame, wish);
});
edge.submit(3);
clock.run();
await clock.drive(adapter.stop());
