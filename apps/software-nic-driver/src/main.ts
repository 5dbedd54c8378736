/*
 * The smallest program that uses the driver; read it first. Two software NICs with a wire between them, and a frame that
 * goes from `left` to `right`. `npx tsx --conditions=@netcx/source src/main.ts` runs it from the sources.
 */

import { FrameDescriptor, type Protocol } from '@netcx/adapter/edge';
import { MILLISECOND, VirtualClock } from '@netcx/clock';
import { i32, u8 } from '@netcx/dma/memory';
import { SoftwareNicDriver } from './driver.ts';
import { WireEnd } from './wire.ts';

const clock = new VirtualClock({ seed: 1 });
const wire = WireEnd.pair();
const left = new SoftwareNicDriver({
  name: 'left',
  clock,
  macAddress: Uint8Array.of(2, 0, 0, 0, 0, 1),
  wire: wire.a,
});
const right = new SoftwareNicDriver({
  name: 'right',
  clock,
  macAddress: Uint8Array.of(2, 0, 0, 0, 0, 2),
  wire: wire.b,
});

// What stands above `right`: looks at each frame where the driver put it, and gives the buffer back.
const printer: Protocol = {
  receive(edge, count) {
    for (let index = 0; index < count; index++) {
      const frame = edge.ring.at(edge.ring.beginIndex + index);
      const address = FrameDescriptor.address.get(i32, frame);
      const length = FrameDescriptor.length.get(i32, frame);
      console.log(`${String(length)} bytes: ${new TextDecoder().decode(u8.slice(address + 14, address + length))}`);
      edge.release(FrameDescriptor.buffer.get(i32, frame));
    }
    edge.complete(count);
  },
};
right.adapter.attachProtocol(printer);
left.start();
right.start();

const { edge } = left.adapter.transmitQueues[0]!;
const text = new TextEncoder().encode('A frame from left to right, copied once, into a buffer of the driver’s own.');
const bytes = [...right.adapter.linkLayerAddress, ...left.adapter.linkLayerAddress, 0x88, 0xb5, ...text];
const buffer = edge.pool.take();
u8.set(bytes, edge.pool.address(buffer));
const frame = edge.ring.at(edge.ring.endIndex);
i32.fill(0, frame, frame + edge.ring.stride);
FrameDescriptor.address.set(i32, frame, edge.pool.address(buffer));
FrameDescriptor.length.set(i32, frame, bytes.length);
FrameDescriptor.buffer.set(i32, frame, buffer);
edge.submit(1);
clock.advance(MILLISECOND);

await clock.drive(Promise.all([left.stop(), right.stop()]));
