/*
 * Cases about the link: what the adapter says of it, and what becomes of frames when the cable is pulled.
 */

import { ok } from 'node:assert/strict';
import { MICROSECOND, MILLISECOND, SECOND } from '@netcx/clock';
import { expectEqual } from '../expectations.ts';
import { waitFor } from '../virtual-time.ts';
import type { DriverCase } from './driver-case.ts';
import type { DriverRig } from './driver-rig.ts';
import { exchange } from './traffic.ts';

const PATIENCE = { limit: 30 * SECOND, step: MILLISECOND };

function pull(rig: DriverRig): void {
  rig.peer.plug(false);
  waitFor(rig.clock, 'the adapter hears that the cable is out', () => !rig.adapter.linkState.connected, PATIENCE);
}

function plugIn(rig: DriverRig): void {
  rig.peer.plug(true);
  waitFor(rig.clock, 'the adapter hears that the cable is in', () => rig.adapter.linkState.connected, PATIENCE);
}

async function reportsItsLink(rig: DriverRig): Promise<void> {
  const expected: boolean[] = [];
  await rig.start();
  expected.push(true);
  const { txLinkSpeed, rxLinkSpeed } = rig.adapter.linkState;
  ok(txLinkSpeed > 0 && rxLinkSpeed > 0, 'a link that is up has a speed');
  for (let round = 0; round < 5; round++) {
    exchange(rig, 5);
    rig.settle();
    pull(rig);
    rig.clock.advance(rig.random.below(100 * MILLISECOND));
    plugIn(rig);
    expected.push(false, true);
    expectEqual(rig.linkChanges, expected, 'the protocol is told of each change of the link, once');
  }
  exchange(rig, 5);
}

async function survivesPulledCables(rig: DriverRig): Promise<void> {
  await rig.start();
  const { frames, random, sender } = rig;
  const submit = (count: number): void => {
    for (let index = 0; index < count; index++) {
      const bytes = frames.make(rig.randomLength(400));
      if (!sender.write([{ bytes, from: 'buffer', offset: 0 }])) break;
      rig.onWire.expect(bytes, true);
    }
    sender.flush();
  };
  for (let round = 0; round < Math.max(3, Math.round(15 * rig.context.effort)); round++) {
    submit(rig.ringSize);
    const burst = Array.from({ length: 30 }, () => frames.make(rig.randomLength(400)));
    for (const frame of burst) rig.atProtocol.expect(frame, true);
    rig.peer.send(burst);
    rig.clock.advance(random.below(200 * MICROSECOND));
    pull(rig);
    submit(10);
    rig.clock.advance(random.below(50 * MILLISECOND));
    plugIn(rig);
    exchange(rig, 3);
    rig.settle();
  }
}

async function waitsForItsCable(rig: DriverRig): Promise<void> {
  rig.peer.plug(false);
  await rig.startWithoutLink();
  rig.clock.advance(2 * SECOND);
  ok(!rig.adapter.linkState.connected, 'without a cable there is no link');
  expectEqual(rig.linkChanges, [], 'without a cable the protocol is told of no link');
  plugIn(rig);
  exchange(rig, 5);
}

/** Cases about the link. */
export const LINK_CASES: readonly DriverCase[] = [
  { name: 'reports when its link goes and comes, once each', run: reportsItsLink },
  { name: 'starts without a cable, and passes frames once it is in', run: waitsForItsCable },
  { name: 'neither alters nor doubles frames when the cable is pulled, and completes all', run: survivesPulledCables },
];
