/*
 * Cases about a NIC that sleeps, and one that is reset under its running adapter, where a driver offers that. What the protocol
 * sees is the same each time: nothing while it sleeps, each frame completed once, and a NIC that is as good as new.
 */

import { ok, rejects, strictEqual } from 'node:assert/strict';
import { MICROSECOND, MILLISECOND } from '@netcx/clock';
import { SHORTEST_FRAME } from '../frames.ts';
import { waitFor } from '../virtual-time.ts';
import type { DriverCase } from './driver-case.ts';
import type { DriverRig } from './driver-rig.ts';
import { exchange } from './traffic.ts';

const WAKE_ON_LAN = [0x08, 0x42];
const REPETITIONS = 16;

/** What wakes a host: six bytes of ones, and its address sixteen times, to everybody. */
function magicPacket(address: Uint8Array): Uint8Array {
  const source = [2, 0, 0, 0, 0, 0xfe];
  const turns = Array.from({ length: REPETITIONS }, () => [...address]).flat();
  return Uint8Array.of(
    ...new Uint8Array(6).fill(0xff),
    ...source,
    ...WAKE_ON_LAN,
    ...new Uint8Array(6).fill(0xff),
    ...turns,
  );
}

async function sleepsAndWakes(rig: DriverRig): Promise<void> {
  const power = rig.power ?? rig.context.skip('the machine has no way to let the NIC sleep');
  for (let night = 0; night < 3; night++) {
    await rig.start();
    exchange(rig, 3);
    rig.settle();
    await rig.sleep();
    rig.clock.advance(50 * MILLISECOND);
    const calls = power.wakeCalls();
    const mine = rig.adapter.linkLayerAddress;
    const another = mine.map((byte, index) => (index === 5 ? byte ^ 1 : byte));
    rig.peer.send([rig.frames.make(SHORTEST_FRAME), rig.frames.make(rig.longest), magicPacket(another)]);
    rig.clock.advance(10 * MILLISECOND);
    strictEqual(power.wakeCalls(), calls, 'calls to wake up by frames that are no call');
    rig.peer.send([magicPacket(mine)]);
    waitFor(rig.clock, 'a magic packet wakes the host', () => power.wakeCalls() > calls);
    strictEqual(power.wakeCalls(), calls + 1, 'calls to wake up by one magic packet');
    await rig.start();
    exchange(rig, 3);
    rig.settle();
    await rig.stop();
    rig.verifyHoldings();
  }
}

/** Fills both directions with frames, none of which needs to get through. */
function busy(rig: DriverRig): void {
  for (let index = 0; index < rig.ringSize; index++) {
    const bytes = rig.frames.make(rig.randomLength(600));
    if (!rig.sender.write([{ bytes, from: 'buffer', offset: 0 }])) break;
    rig.onWire.expect(bytes, true);
  }
  rig.sender.flush();
  const burst = Array.from({ length: 20 }, () => rig.frames.make(rig.randomLength(600)));
  for (const bytes of burst) rig.atProtocol.expect(bytes, true);
  rig.peer.send(burst);
}

async function isResetAtWork(rig: DriverRig): Promise<void> {
  rig.requireReset();
  await rig.start();
  for (let round = 0; round < 4; round++) {
    exchange(rig, 2);
    busy(rig);
    rig.clock.advance(rig.random.below(50 * MICROSECOND));
    await rig.reset();
    waitFor(rig.clock, 'what was on its way completes', () => rig.sender.pending === 0);
    waitFor(rig.clock, 'the link comes back after a reset', () => rig.adapter.linkState.connected, {
      limit: 5000 * MILLISECOND,
    });
    rig.clock.advance(20 * MILLISECOND);
    rig.verify();
    rig.onWire.expire();
    rig.atProtocol.expire();
  }
  exchange(rig, 3);
}

async function losesItsNicInReset(rig: DriverRig): Promise<void> {
  rig.requireRemoval();
  rig.requireReset();
  await rig.start();
  exchange(rig, 2);
  busy(rig);
  rig.clock.alarm(() => rig.remove()).after(rig.random.below(3 * MILLISECOND));
  await rig.reset().catch((error: unknown) => ok(error instanceof Error)); // that it fails is right, and that it does not
  rig.clock.advance(50 * MILLISECOND);
  ok(!rig.adapter.linkState.connected, 'without a NIC there is no link');
  await rig.stop();
  rig.verify();
  rig.verifyHoldings();
  await rejects(rig.startWithoutLink(), 'a driver cannot start without its NIC');
}

/** Cases about sleep and reset. */
export const POWER_CASES: readonly DriverCase[] = [
  {
    name: 'sleeps in silence, wakes its host for a magic packet of its own alone, and is as before',
    run: sleepsAndWakes,
  },
  { name: 'carries frames again after it was reset at work', run: isResetAtWork },
  { name: 'stops after its NIC was pulled out while it was reset', run: losesItsNicInReset },
];
