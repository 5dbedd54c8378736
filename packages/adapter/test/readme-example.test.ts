/*
 * The README's example, as it stands there: a driver whose NIC sends whatever it is given, at once.
 */

import { VirtualClock } from '@netcx/clock';
import { DmaEnabler, Iommu } from '@netcx/dma';
import { i32, u8 } from '@netcx/dma/memory';
import { expect, it } from 'vitest';
import { FrameDescriptor } from '../src/edge/index.ts';
import { dmaCapabilities, NetAdapter, RxCapabilities, TxCapabilities, type TxQueue } from '../src/index.ts';

it('sends a frame', async () => {
  const sendAtOnce = ({ rings: { packets, fragments } }: TxQueue) => {
    const advance = () => {
      fragments.complete(fragments.driverCount);
      packets.complete(packets.driverCount);
    };
    return { advance, setNotificationEnabled: () => undefined, cancel: () => undefined };
  };
  const clock = new VirtualClock();
  const adapter = new NetAdapter({
    name: 'example',
    clock,
    queues: { transmit: 1, receive: 0 },
    callbacks: { createTxQueue: (init) => void init.create(sendAtOnce), createRxQueue: () => undefined },
  });
  const dma = dmaCapabilities(new DmaEnabler(new Iommu(), { addressWidth: 64, version: 3 }));
  adapter.setDatapathCapabilities(TxCapabilities.forDma(dma, 1), RxCapabilities.systemManagedDma(dma, 1536, 1));
  adapter.setLinkLayerCapabilities(1e9);
  adapter.setLinkLayerMtuSize(1500);
  adapter.setPermanentLinkLayerAddress(Uint8Array.of(2, 0, 0, 0, 0, 1));
  adapter.start();

  const { edge } = adapter.transmitQueues[0]!; // what a protocol sends through
  const buffer = edge.pool.take();
  u8.fill(0xff, edge.pool.address(buffer), edge.pool.address(buffer) + 60);
  const frame = edge.ring.at(edge.ring.endIndex);
  FrameDescriptor.address.set(i32, frame, edge.pool.address(buffer));
  FrameDescriptor.length.set(i32, frame, 60);
  FrameDescriptor.buffer.set(i32, frame, buffer); // goes with the frame, and back to its pool when it is sent
  edge.submit(1);
  clock.run();
  expect(adapter.statistics().transmit.packets).toBe(1);
  await clock.drive(adapter.stop());
});
