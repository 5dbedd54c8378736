/*
 * Cases about a driver that is stopped, or loses its NIC, in each moment of a frame's way: none is left to chance. Whatever
 * the moment, each frame completes once, everything comes back, and the next life is as the first.
 */

import { rejects } from 'node:assert/strict';
import { MILLISECOND } from '@netcx/clock';
import { u8 } from '@netcx/dma/memory';
import { expectFrames } from '../expectations.ts';
import type { DriverCase } from './driver-case.ts';
import type { DriverRig } from './driver-rig.ts';
import { RECEIVE_STAGES, TRANSMIT_STAGES, type Stage } from './stages.ts';
import { deliverAll, exchange } from './traffic.ts';

const FRAMES_HELD = 3;

/** Started, and everything that a first frame needs was there once. */
async function atRest(rig: DriverRig): Promise<void> {
  await rig.start();
  exchange(rig, 2);
  rig.settle();
  rig.verify(); // a stage that is not reached is no fault, but for a driver that gets nothing through
}

/** What is left of the last life is gone. */
function forget(rig: DriverRig): void {
  rig.clock.advance(20 * MILLISECOND);
  rig.verify();
  rig.onWire.expire();
  rig.atProtocol.expire();
}

const stopsAt = (stage: Stage) => async (rig: DriverRig) => {
  await atRest(rig);
  if (!stage.reach(rig, () => rig.beginStop())) rig.context.skip(`no frames of this driver ${stage.name}`);
  await rig.stop();
  rig.verify();
  rig.verifyHoldings();
  forget(rig);
  await rig.start();
  exchange(rig, 3);
};

const losesItsNicAt = (stage: Stage) => async (rig: DriverRig) => {
  rig.requireRemoval();
  await atRest(rig);
  if (!stage.reach(rig, () => rig.remove())) rig.context.skip(`no frames of this driver ${stage.name}`);
  rig.clock.advance(50 * MILLISECOND);
  await rig.stop();
  rig.verify();
  rig.verifyHoldings();
  await rejects(rig.startWithoutLink(), 'a driver cannot start without its NIC');
  rig.verifyHoldings();
};

async function losesItsNicAtRest(rig: DriverRig): Promise<void> {
  rig.requireRemoval();
  await atRest(rig);
  rig.clock.advance(100 * MILLISECOND);
  rig.remove();
  rig.clock.advance(50 * MILLISECOND);
  await rig.stop();
  rig.verifyHoldings();
}

async function leavesHeldFramesAlone(rig: DriverRig): Promise<void> {
  await atRest(rig);
  const { receiver } = rig;
  receiver.holds = true;
  deliverAll(
    rig,
    Array.from({ length: Math.min(FRAMES_HELD, rig.ringSize - 1) }, () => rig.frames.make(rig.randomLength())),
  );
  const before = receiver.held.map(({ bytes }) => Buffer.from(bytes));
  await rejects(rig.stop(), { code: 'STILL_HELD' }, 'a stop while the protocol holds buffers');
  rig.peer.send([rig.frames.make(rig.longest)]); // nothing of this may get into a buffer
  rig.clock.advance(MILLISECOND);
  const after = receiver.held.map(({ parts }) =>
    Buffer.concat(parts.map(({ address, length }) => u8.subarray(address, address + length))),
  );
  expectFrames(after, before, 'frames that the protocol holds while the driver stops');
  receiver.letGo();
  await rig.stop();
  rig.verifyHoldings();
  forget(rig);
  await rig.start();
  exchange(rig, 3);
}

const EVERY_STAGE = [...TRANSMIT_STAGES, ...RECEIVE_STAGES];

/** Cases about stopping and removal at each stage. */
export const STAGE_CASES: readonly DriverCase[] = [
  ...EVERY_STAGE.map((stage) => ({ name: `stops with frames that ${stage.name}`, run: stopsAt(stage) })),
  { name: 'stops once a protocol that holds frames lets them go, and touches none before', run: leavesHeldFramesAlone },
  { name: 'loses its NIC at rest', run: losesItsNicAtRest },
  ...EVERY_STAGE.map((stage) => ({ name: `loses its NIC with frames that ${stage.name}`, run: losesItsNicAt(stage) })),
];
