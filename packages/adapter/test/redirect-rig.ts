/*
 * Adapters whose frames are redirected, and adapters that they leave by, all on one clock and in one domain; and what holds whatever
 * they are put through.
 */

import { BufferError } from '@netcx/buffers';
import { VirtualClock } from '@netcx/clock';
import { IdentityMap } from '@netcx/dma';
import { i32 } from '@netcx/dma/memory';
import { expect } from 'vitest';
import { FrameDescriptor, type ReceiveEdge, type TransmitEdge } from '../src/edge/index.ts';
import { buildFakeMachine, Recorder, type FakeMachine } from './fake-machine.ts';
import { pattern } from './frames.ts';

/** Redirects when it is told to. */
export class Redirector extends Recorder {
  to: FakeMachine | undefined;

  redirect(_edge: ReceiveEdge): TransmitEdge | undefined {
    return this.to?.adapter.transmitQueues[0]?.edge;
  }
}

/** Some whose frames go on, and two that they go to. */
export interface Rig {
  readonly from: readonly FakeMachine[];
  readonly to: readonly FakeMachine[];
  readonly redirectors: readonly Redirector[];
}

/** Elements of each ring. */
export const RING = 64;

/** Everybody, started. */
export function build(buffers = 2 * RING, from = 2, sending = RING, receiving = RING): Rig {
  const reach = new IdentityMap();
  const clock = new VirtualClock();
  const common = { clock, packets: receiving, fragments: receiving, buffers, mtu: 1400, reach };
  const to = ['to 0', 'to 1'].map((name) =>
    buildFakeMachine({ ...common, name, packets: sending, fragments: sending }),
  );
  const sources = Array.from({ length: from }, (_, index) => buildFakeMachine({ name: `from ${index}`, ...common }));
  const redirectors = sources.map(({ adapter }) => {
    const redirector = new Redirector();
    adapter.detachProtocol();
    adapter.attachProtocol(redirector);
    return redirector;
  });
  for (const machine of [...sources, ...to]) machine.adapter.start();
  clock.run();
  return { from: sources, to, redirectors };
}

/** Stops everybody; drivers have seen nothing that must not be. */
export async function close({ from, to }: Rig): Promise<void> {
  for (const machine of [...from, ...to]) await machine.stop();
  const drivers = [...from, ...to].flatMap(({ rx, tx }) => [...rx, ...tx]);
  expect(drivers.flatMap(({ violations }) => violations)).toEqual([]);
}

/** Sends what is on its way, and stops everybody. */
export async function finish(rig: Rig): Promise<void> {
  for (let left = 40; left > 0; left--) {
    for (const { tx } of rig.to) tx[0]!.finishAll();
    rig.to[0]!.clock.run();
  }
  for (const index of rig.from.keys()) expectEachOnce(rig, index);
  expectCounted(rig);
  await close(rig);
}

/** What the transmit queues counted is what left. */
export function expectCounted({ to }: Rig): void {
  for (const { adapter, tx } of to) {
    const { traffic } = adapter.statistics().queues.find(({ direction }) => direction === 'transmit')!;
    const all = [traffic.unicast, traffic.multicast, traffic.broadcast];
    const { frames } = tx[0]!;
    expect(all.reduce((sum, { packets }) => sum + packets, 0)).toBe(frames.length);
    expect(all.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(frames.reduce((sum, { length }) => sum + length, 0));
  }
}

/** Stops a machine whose buffers may lie in the others' rings: then it stays, to be stopped once more. */
export async function stopAround(machine: FakeMachine, others: readonly FakeMachine[]): Promise<void> {
  for (let left = 3; ; left--) {
    const stopping = machine.adapter.stop();
    for (const { tx } of others) tx[0]!.finishAll();
    try {
      await machine.clock.drive(stopping);
      return;
    } catch (error) {
      if (left === 0 || !(error instanceof BufferError) || error.code !== 'STILL_HELD') throw error;
    }
    for (const { tx } of others) tx[0]!.finishAll();
    machine.clock.run();
  }
}

/** A frame that tells whose it is, and its number. */
export function numbered(source: number, number: number, length: number, group = false): Uint8Array {
  const bytes = pattern(length, number + source);
  bytes[0] = group ? 1 : 2;
  bytes.set([source, number & 0xff, number >>> 8], 12);
  return bytes;
}

export const numberOf = (bytes: Uint8Array): number => bytes[13]! | (bytes[14]! << 8);

/** Each buffer of a receive queue's pool that is out is in exactly one place. */
export function expectEachOnce({ from, to, redirectors }: Rig, source: number): void {
  const queue = from[source]!.adapter.receiveQueues[0];
  const pool = queue?.pool;
  if (queue === undefined || pool === undefined) return;
  const { ring } = queue.edge;
  const shown = Array.from({ length: ring.driverCount }, (_, index) =>
    FrameDescriptor.buffer.get(i32, ring.at(ring.beginIndex + index)),
  );
  const sending = to.flatMap(({ adapter }) => [...(adapter.transmitQueues[0]?.translator.heldBuffers() ?? [])]);
  const out = [...queue.translator.heldBuffers(), ...sending, ...shown, ...redirectors[source]!.kept];
  const own = out.filter((buffer) => pool.isHeld(buffer));
  expect(new Set(own).size).toBe(own.length);
  expect(own.length).toBe(pool.inUse);
}
