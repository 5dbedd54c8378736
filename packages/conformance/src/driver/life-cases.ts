/*
 * Cases about a driver's life: starting, stopping, and starting again, at any moment and in any state, without leaving
 * anything behind.
 */

import { ok, rejects } from 'node:assert/strict';
import { MICROSECOND, MILLISECOND, SECOND } from '@netcx/clock';
import { SHORTEST_FRAME } from '../frames.ts';
import { waitFor } from '../virtual-time.ts';
import type { DriverCase } from './driver-case.ts';
import type { DriverRig } from './driver-rig.ts';
import { exchange } from './traffic.ts';

/** Fills the transmit ring and has the peer send a burst, none of which needs to get through. */
function fillBothDirections(rig: DriverRig): void {
  const { sender, frames, random } = rig;
  for (let index = 0; index < rig.ringSize; index++) {
    const bytes = frames.make(rig.randomLength(600));
    if (!sender.write([{ bytes, from: random.pick(['buffer', 'own']), offset: 0 }])) break;
    rig.onWire.expect(bytes, true);
  }
  sender.flush();
  const burst = Array.from({ length: 40 }, () => frames.make(rig.randomLength(600)));
  for (const frame of burst) rig.atProtocol.expect(frame, true);
  rig.peer.send(burst);
}

/** Lets what is on the cable leave it; nothing of it may turn up in the driver's next life. */
function forget(rig: DriverRig): void {
  rig.clock.advance(20 * MILLISECOND);
  rig.verify();
  rig.onWire.expire();
  rig.atProtocol.expire();
}

async function passesFrames(rig: DriverRig): Promise<void> {
  await rig.start();
  exchange(rig, 3);
}

async function startsAgain(rig: DriverRig): Promise<void> {
  for (let life = 0; life < 5; life++) {
    await rig.start();
    exchange(rig, 20);
    rig.settle();
    rig.verify();
    await rig.stop();
    rig.clock.advance(rig.random.below(SECOND));
  }
}

async function stopsBeforeItsLinkIsUp(rig: DriverRig): Promise<void> {
  rig.peer.plug(false);
  for (const pause of [0, MILLISECOND, 100 * MILLISECOND]) {
    await rig.startWithoutLink();
    rig.clock.advance(pause);
    await rig.stop();
    rig.verifyHoldings();
  }
  rig.peer.plug(true);
  await rig.start();
  exchange(rig, 3);
}

async function givesMemoryBack(rig: DriverRig): Promise<void> {
  for (let life = 0; life < 3; life++) {
    await rig.start();
    exchange(rig, 10);
    rig.settle();
    await rig.stop();
    rig.verifyHoldings();
  }
}

async function stopsWithFramesInFlight(rig: DriverRig): Promise<void> {
  const lives = Math.max(3, Math.round(20 * rig.context.effort));
  for (let life = 0; life < lives; life++) {
    await rig.start();
    exchange(rig, 1);
    fillBothDirections(rig);
    rig.clock.advance(rig.random.below(300 * MICROSECOND));
    await rig.stop();
    rig.verify();
    rig.verifyHoldings();
    forget(rig);
  }
  await rig.start();
  exchange(rig, 5);
}

async function stopsWhileItsLinkIsDown(rig: DriverRig): Promise<void> {
  await rig.start();
  exchange(rig, 3);
  rig.settle();
  rig.peer.plug(false);
  waitFor(rig.clock, 'the adapter hears that the cable is out', () => !rig.adapter.linkState.connected);
  fillBothDirections(rig);
  rig.clock.advance(MILLISECOND);
  await rig.stop();
  rig.verify();
  rig.verifyHoldings();
  forget(rig);
  rig.peer.plug(true);
  await rig.start();
  exchange(rig, 3);
}

async function stopsWithoutItsNic(rig: DriverRig): Promise<void> {
  await rig.start();
  exchange(rig, 3);
  rig.settle();
  fillBothDirections(rig);
  rig.clock.advance(rig.random.below(100 * MICROSECOND));
  rig.remove();
  waitFor(rig.clock, 'the adapter hears that the NIC is gone', () => !rig.adapter.linkState.connected);
  // The protocol does not know yet.
  fillBothDirections(rig);
  rig.clock.advance(50 * MILLISECOND);
  await rig.stop();
  rig.verify();
  rig.verifyHoldings();
  await rejects(rig.startWithoutLink(), 'a driver cannot start without its NIC');
  rig.verifyHoldings();
}

async function callsNobodyAfterStop(rig: DriverRig): Promise<void> {
  await rig.start();
  exchange(rig, 5);
  rig.settle();
  await rig.stop();
  const told = rig.linkChanges.length;
  for (let round = 0; round < 20; round++) {
    rig.peer.send([rig.frames.make(SHORTEST_FRAME), rig.frames.make(rig.longest)]);
    rig.peer.plug(round % 3 !== 0);
    rig.clock.advance(50 * MILLISECOND);
  }
  rig.peer.plug(true);
  ok(rig.linkChanges.length === told, 'linkChanged was called though the driver had stopped');
}

/** Cases about starting and stopping. */
export const LIFE_CASES: readonly DriverCase[] = [
  { name: 'starts, passes a frame each way, and stops', run: passesFrames },
  { name: 'starts again after each stop as if for the first time', run: startsAgain },
  { name: 'stops before its link was ever up', run: stopsBeforeItsLinkIsUp },
  { name: 'gives back at stop the host memory and mappings that start took', run: givesMemoryBack },
  { name: 'stops with frames in flight both ways, each completed once', run: stopsWithFramesInFlight },
  { name: 'stops while its link is down and its rings are full', run: stopsWhileItsLinkIsDown },
  { name: 'stops after its NIC was pulled out, and does not start without it', run: stopsWithoutItsNic },
  { name: 'calls nobody and reaches no memory after it has stopped', run: callsNobodyAfterStop },
];
