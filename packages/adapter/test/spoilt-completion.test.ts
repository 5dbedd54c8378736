/*
 * A driver that writes into the packets which it gives back. Frames that were placed in one part each complete as such,
 * whatever it wrote: the framework knows what it has placed, and asks nobody.
 */

import { hostPages, IdentityMap } from '@netcx/dma';
import { i32 } from '@netcx/dma/memory';
import { Packet } from '@netcx/rings';
import { expect, it } from 'vitest';
import { buildFakeMachine } from './fake-machine.ts';
import { filled, pattern, submitFrame } from './frames.ts';

it.each([0, 2, 3, 0xffff])('frames of one part complete, though %d fragments are said', async (fragments) => {
  const taken = hostPages.bytesTaken;
  const machine = buildFakeMachine({ reach: new IdentityMap() });
  const { adapter, clock, tx, recorder } = machine;
  adapter.start();
  clock.run();
  const queue = adapter.transmitQueues[0]!;
  const { edge } = queue;
  const before = edge.pool.free;
  for (let frame = 0; frame < 4; frame++) submitFrame(edge, [filled(edge.pool, pattern(100, frame))], frame);
  clock.run();
  expect(tx[0]!.outstanding).toBe(4);
  const { packets } = queue.rings;
  for (let packet = 0; packet < 4; packet++)
    Packet.fragmentCount.set(i32, packets.at(packets.beginIndex + packet), fragments);
  tx[0]!.finishAll();
  clock.run();
  expect(recorder.sentContexts).toEqual([0, 1, 2, 3]);
  expect([edge.pool.free, queue.rings.fragments.reapCount, queue.rings.packets.reapCount]).toEqual([before, 0, 0]);
  await machine.stop();
  expect(hostPages.bytesTaken).toBe(taken);
});
