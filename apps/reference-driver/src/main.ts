/*
 * The smallest program that uses the driver; read it first. It builds a machine of two NICs with a cable between them,
 * starts a driver on each, sends three frames from a to b, and prints what arrives. `npx tsx --conditions=@netcx/source
 * src/main.ts` runs it from the sources. Nothing happens but in virtual time: `clock` decides when.
 */

import { FrameDescriptor, type Protocol } from '@netcx/adapter/edge';
import { MICROSECOND, MILLISECOND, VirtualClock } from '@netcx/clock';
import { i32, u8 } from '@netcx/dma/memory';
import { buildMachine } from './machine.ts';

const clock = new VirtualClock({ seed: 1 });
const machine = buildMachine(clock);
const { a, b } = machine;

// What stands above b: shown each burst of frames where the NIC wrote them, it gives the buffers back.
const printer: Protocol = {
  receive(edge, count) {
    for (let index = 0; index < count; index++) {
      const frame = edge.ring.at(edge.ring.beginIndex + index);
      const address = FrameDescriptor.address.get(i32, frame);
      const length = FrameDescriptor.length.get(i32, frame);
      const payload = u8.slice(address + 14, address + length);
      const text = new TextDecoder().decode(payload).replace(/\0+$/, '');
      console.log(`${(clock.now() / MICROSECOND).toFixed(1)} us: ${String(length)} bytes: ${text}`);
      edge.release(FrameDescriptor.buffer.get(i32, frame));
    }
    edge.complete(count);
  },
};

b.driver.adapter.attachProtocol(printer);
await clock.drive(Promise.all([a.driver.start(), b.driver.start()]));
while (!a.driver.adapter.linkState.connected) clock.advance(MILLISECOND);

// What stands above a: fills buffers that the NIC reaches, describes them, and submits them together.
const edge = a.driver.adapter.transmitQueues[0]!.edge;
const header = [...b.driver.adapter.linkLayerAddress, ...a.driver.adapter.linkLayerAddress, 0x88, 0xb5];
const messages = [
  'Hello.',
  'The frame before this one was short, so the NIC padded it.',
  `This one is ${'long, '.repeat(20)}long.`,
];
messages.forEach((text, index) => {
  const bytes = Uint8Array.of(...header, ...new TextEncoder().encode(text));
  const buffer = edge.pool.take();
  const address = edge.pool.address(buffer);
  u8.set(bytes, address);
  const frame = edge.ring.at(edge.ring.endIndex + index);
  i32.fill(0, frame, frame + edge.ring.stride);
  FrameDescriptor.address.set(i32, frame, address);
  FrameDescriptor.length.set(i32, frame, bytes.length);
  FrameDescriptor.buffer.set(i32, frame, buffer);
});
edge.submit(messages.length);
clock.advance(MILLISECOND);

const { transmit } = a.driver.adapter.statistics();
console.log(`a sent ${String(transmit.packets)} frames with ${String(transmit.bytes)} bytes`);
await clock.drive(Promise.all([a.driver.stop(), b.driver.stop()]));
machine.close();
