/*
 * Cases about receiving: every length, who frames are for, more than the rings and the protocol hold, and frames that
 * are no good.
 */

import { ok } from 'node:assert/strict';
import { MICROSECOND, MILLISECOND } from '@netcx/clock';
import { FRAME_BAD_FCS } from '@netcx/hardware/wire';
import { SHORTEST_FRAME } from '../frames.ts';
import { wait } from '../virtual-time.ts';
import type { DriverCase } from './driver-case.ts';
import type { DriverRig } from './driver-rig.ts';
import { deliverAll, exchange, lengthsToTry, sendAll } from './traffic.ts';

async function receivesEveryLength(rig: DriverRig): Promise<void> {
  await rig.start();
  deliverAll(
    rig,
    lengthsToTry(rig).map((length) => rig.frames.make(length)),
  );
}

async function receivesWhatIsForIt(rig: DriverRig): Promise<void> {
  await rig.start();
  const destination = rig.adapter.linkLayerAddress;
  const lengths = Array.from({ length: 100 }, () => rig.randomLength());
  deliverAll(
    rig,
    lengths.map((length, index) => rig.frames.make(length, index % 2 === 0 ? { destination } : {})),
  );
}

/** Sends more than can be taken: what comes is in order and unaltered. */
function flood(rig: DriverRig, count: number): void {
  const frames = Array.from({ length: count }, () => rig.frames.make(rig.randomLength(200)));
  for (const frame of frames) rig.atProtocol.expect(frame, true);
  rig.peer.send(frames);
  wait(rig.clock, () => rig.peer.waiting === 0, { step: 100 * MICROSECOND });
  rig.clock.advance(20 * MILLISECOND);
}

async function survivesFloods(rig: DriverRig): Promise<void> {
  await rig.start();
  for (let round = 0; round < 3; round++) {
    const before = rig.atProtocol.arrived;
    flood(rig, 4 * rig.ringSize);
    ok(rig.atProtocol.arrived > before, 'of a burst larger than the ring some frames come');
    exchange(rig, 20);
  }
}

async function goesOnOnceBuffersAreBack(rig: DriverRig): Promise<void> {
  await rig.start();
  const { receiver } = rig;
  const pools = Object.values(rig.adapter.statistics().buffers);
  const buffers = pools.reduce((sum, pool) => sum + pool.count, 0);
  for (let round = 0; round < 3; round++) {
    receiver.holds = true;
    for (let sent = 0; sent < buffers + rig.ringSize; sent += 16) flood(rig, 16);
    // Nothing can be received now; sending is another matter.
    sendAll(rig, [rig.frames.make(rig.longest), rig.frames.make(SHORTEST_FRAME)]);
    rig.settle();
    receiver.letGo();
    rig.clock.advance(10 * MILLISECOND);
    const many = Array.from({ length: 2 * rig.ringSize }, () => rig.frames.make(rig.randomLength(200)));
    deliverAll(rig, many);
  }
}

async function dropsWhatIsNoGood(rig: DriverRig): Promise<void> {
  await rig.start();
  for (let round = 0; round < 20; round++) {
    const { frames } = rig;
    rig.peer.send([frames.make(SHORTEST_FRAME), frames.make(rig.longest)], FRAME_BAD_FCS);
    // Whether a NIC takes these is its own choice; what it shows of them is whole.
    const odd = [1, 13, 59, rig.longest + 1, rig.longest + 5, rig.longest + 100, 2 * rig.longest, 16_000];
    const oddFrames = odd.map((length) => frames.make(length));
    for (const frame of oddFrames) rig.atProtocol.expect(frame, true);
    rig.peer.send(oddFrames);
    rig.clock.advance(5 * MILLISECOND);
    deliverAll(rig, [frames.make(SHORTEST_FRAME), frames.make(rig.longest), frames.make(SHORTEST_FRAME)]);
  }
}

async function receivesInSmallBuffers(rig: DriverRig): Promise<void> {
  const withdraw = rig.adapter.stateNeeds({ name: 'conformance', takesParts: true });
  try {
    await rig.start();
    const capacity = rig.adapter.receiveQueues[0]?.bufferCapacity ?? 0;
    const lengths = new Set([SHORTEST_FRAME, rig.longest]);
    // A frame that just fills its buffers, and those around it; where a driver brings its own, any.
    for (let end = capacity; capacity > 0 && end <= rig.longest; end += capacity)
      for (let near = -3; near <= 3; near++) lengths.add(end + near);
    for (let index = 0; index < 60; index++) lengths.add(rig.randomLength());
    const possible = [...lengths].filter((length) => length >= SHORTEST_FRAME && length <= rig.longest);
    deliverAll(
      rig,
      possible.map((length) => rig.frames.make(length)),
    );
    rig.settle();
    rig.verify();
    await rig.stop();
  } finally {
    withdraw();
  }
  await rig.start();
  exchange(rig, 5);
}

/** Cases about receiving. */
export const RECEIVE_CASES: readonly DriverCase[] = [
  { name: 'shows frames of every length up to the longest, byte for byte', run: receivesEveryLength },
  { name: 'shows frames to a protocol that takes them in parts, and in one piece again', run: receivesInSmallBuffers },
  { name: 'shows frames to its own address and to everybody', run: receivesWhatIsForIt },
  { name: 'keeps order in a burst larger than its ring, and goes on behind it', run: survivesFloods },
  { name: 'goes on once a protocol that held every buffer lets them go', run: goesOnOnceBuffersAreBack },
  { name: 'shows no frame that is damaged, and goes on behind it', run: dropsWhatIsNoGood },
];
