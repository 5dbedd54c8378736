/*
 * Frames that one adapter receives and another one sends: what was coalesced on the way in is cut on the way out, by the
 * framework's own segmentation, and nobody behind can tell that there was anything in between.
 */

import { hostPages } from '@netcx/dma';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { forwardFrame, type Protocol, type ReceiveEdge } from '../src/edge/index.ts';
import type { ReceiveOffloads } from '../src/index.ts';
import { flows } from './coalescing-rig.ts';
import { seeded } from './conservation.ts';
import { buildFakeMachine, type FakeMachine } from './fake-machine.ts';
import { pattern } from './frames.ts';
import { buildStreams, randomFrame } from './random-streams.ts';
import { tcpFrame } from './wire-frames.ts';

/** Sends every frame on through another adapter. */
class Forwarder implements Protocol {
  /** How many descriptors each frame took. */
  readonly parts: number[] = [];
  readonly #to: FakeMachine;

  constructor(to: FakeMachine) {
    this.#to = to;
  }

  receive(edge: ReceiveEdge, count: number): void {
    const target = this.#to.adapter.transmitQueues[0]!.edge;
    let done = 0;
    while (done < count) {
      const parts = forwardFrame(edge.ring, edge.ring.beginIndex + done, target.ring, target.ring.endIndex);
      target.submit(parts);
      this.parts.push(parts);
      done += parts;
    }
    edge.complete(done);
  }
}

async function forward(frames: readonly Uint8Array[], coalescingFor: ReceiveOffloads['coalescingFor']) {
  const taken = hostPages.bytesTaken;
  const sizes = { packets: 256, fragments: 512, buffers: 256, mtu: 3500, maximumFrameSize: 4096 };
  const from = buildFakeMachine({ name: 'from', ...sizes });
  const to = buildFakeMachine({ name: 'to', clock: from.clock, ...sizes });
  const all = { tcpIPv4: true, tcpIPv6: true, udpIPv4: true, udpIPv6: true };
  const forwarder = new Forwarder(to);
  from.adapter.detachProtocol();
  from.adapter.attachProtocol(forwarder);
  from.adapter.offloads.receive.coalescingFor = coalescingFor;
  for (const machine of [from, to]) machine.adapter.start();
  void from.adapter.offloads.enable({ rsc: { ...all, tcpTimestampOption: true } });
  void to.adapter.offloads.enable({ gso: all });
  from.clock.run();
  from.rx[0]!.arrive(...frames.map((bytes) => ({ bytes })));
  for (let round = 0; round < 40; round++) {
    from.clock.run();
    to.tx[0]!.finishAll();
  }
  from.clock.run();
  const sent = to.tx[0]!.frames.map((bytes) => new Uint8Array(bytes));
  const { rsc } = from.adapter.statistics().receive.offloads;
  for (const machine of [from, to]) await machine.stop();
  expect([...from.rx, ...to.tx].flatMap(({ violations }) => violations)).toEqual([]);
  expect(hostPages.bytesTaken).toBe(taken);
  return { sent, rsc, parts: forwarder.parts };
}

const segments = (sizes: readonly number[]): Uint8Array[] => {
  let sequence = 1;
  return sizes.map((size, index) => {
    const frame = tcpFrame(pattern(size, index), { tcp: { sequence }, ipv4: { identification: index } });
    sequence += size;
    return frame;
  });
};

it('sends the segments that came, although it handles one frame', async () => {
  const frames = segments([1448, 1448, 1448, 1448, 7]);
  const { sent, rsc, parts } = await forward(frames, 'forwarding');
  expect(sent).toEqual(frames);
  expect(rsc).toMatchObject({ segments: 5, events: 1 });
  expect(parts).toEqual([5]);
});

it('sends as many segments as came, of even sizes, where they were coalesced for a receiver', async () => {
  const frames = segments([1000, 10, 500]);
  const { sent } = await forward(frames, 'receiving');
  expect(sent.map(({ length }) => length - 54)).toEqual([504, 504, 502]);
  const payload = (all: readonly Uint8Array[]): Buffer => Buffer.concat(all.map((frame) => frame.subarray(54)));
  expect(payload(sent)).toEqual(payload(frames));
});

it('sends what it received, each flow in order, whatever that is', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(randomFrame, { maxLength: 40, size: 'max' }), async (ones) => {
      const { frames } = buildStreams(ones.map((one) => ({ ...one, trailer: 0, cuts: [] })));
      const { sent } = await forward(frames, 'forwarding');
      expect(flows(sent)).toEqual(flows(frames));
    }),
    seeded('forwarding', 8),
  );
});
