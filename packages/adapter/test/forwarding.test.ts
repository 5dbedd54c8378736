/*
 * A protocol that sends what it receives, in the very buffers: they come back to the receive queue from a transmit queue's
 * completions, which must wake it, whichever adapter that is.
 */

import type { RingSizing } from '@netcx/buffers';
import { hostPages } from '@netcx/dma';
import { i32 } from '@netcx/dma/memory';
import { expect, it } from 'vitest';
import { FrameDescriptor, type Protocol, type ReceiveEdge } from '../src/edge/index.ts';
import { buildFakeMachine, type FakeMachine } from './fake-machine.ts';
import { pattern } from './frames.ts';

/** Sends every frame on through another adapter's first queue. */
class Forwarder implements Protocol {
  readonly #to: FakeMachine;

  constructor(to: FakeMachine) {
    this.#to = to;
  }

  receive(edge: ReceiveEdge, count: number): void {
    const target = this.#to.adapter.transmitQueues[0]!.edge;
    const most = Math.min(count, target.room);
    for (let index = 0; index < most; index++) {
      const from = edge.ring.at(edge.ring.beginIndex + index);
      const to = target.ring.at(target.ring.endIndex + index);
      i32.copyWithin(to, from, from + edge.ring.stride);
      FrameDescriptor.checksum.set(i32, to, 0);
    }
    if (most < count) throw new Error('the transmit ring is too small for this test');
    edge.complete(most);
    target.submit(most);
  }
}

const granted = (elements: number, buffers: number) => {
  const size = (value: number) => ({ asked: 0, granted: value, reason: 'the test says so' });
  return { packets: size(elements), fragments: size(elements), buffers: size(buffers) };
};
// Every buffer of the receive queue may wait in the transmit ring at once: then the NIC has none.
const sizing: RingSizing = () => ({ transmit: granted(64, 64), receive: granted(16, 8) });

it.each(['the same adapter', 'another adapter'])('gets its buffers back from %s', async (which) => {
  const taken = hostPages.bytesTaken;
  const from = buildFakeMachine({ name: 'from', sizing });
  const to = which === 'the same adapter' ? from : buildFakeMachine({ name: 'to', clock: from.clock, sizing });
  const { clock } = from;
  from.adapter.detachProtocol();
  from.adapter.attachProtocol(new Forwarder(to));
  for (const machine of new Set([from, to])) machine.adapter.start();
  clock.run();
  const frames = Array.from({ length: 40 }, (_, seed) => Buffer.from(pattern(60 + seed, seed)));
  from.rx[0]!.arrive(...frames.map((bytes) => ({ bytes })));
  clock.run();
  expect([to.tx[0]!.outstanding, from.rx[0]!.buffers, from.rx[0]!.waiting]).toEqual([8, 0, 32]);
  for (let round = 0; round < 40; round++) {
    expect(to.tx[0]!.outstanding).toBe(Math.min(8, 40 - round));
    to.tx[0]!.finish();
    clock.run();
  }
  expect(to.tx[0]!.frames).toEqual(frames);
  expect([from.rx[0]!.buffers, from.adapter.statistics().buffers['from rx 0']!.nic]).toEqual([8, 8]);
  // Another adapter's NIC is behind an IOMMU of its own: each buffer is mapped for it while it has the frame.
  expect(to.adapter.statistics().transmit).toMatchObject({ packets: 40, bounced: 0, mapped: to === from ? 0 : 40 });
  for (const machine of new Set([from, to])) await machine.stop();
  expect([...from.rx, ...from.tx, ...to.tx].flatMap(({ violations }) => violations)).toEqual([]);
  expect(hostPages.bytesTaken).toBe(taken);
});
