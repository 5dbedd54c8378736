/*
 * Cases about a NIC that is pulled out, at each stage of its driver's life. Whatever the driver was doing, it ends it, gives
 * everything back, and does not start again.
 */

import { rejects } from 'node:assert/strict';
import { MICROSECOND, MILLISECOND } from '@netcx/clock';
import type { DriverCase } from './driver-case.ts';
import type { DriverRig } from './driver-rig.ts';
import { exchange } from './traffic.ts';

/** Once it is gone there is no start, and nothing is left of the one that was tried. */
async function cannotStart(rig: DriverRig): Promise<void> {
  await rejects(rig.startWithoutLink(), 'a driver cannot start without its NIC');
  rig.verifyHoldings();
}

async function beforeItStarts(rig: DriverRig): Promise<void> {
  rig.remove();
  await cannotStart(rig);
}

/** Pulls the NIC out from inside the machine's time, whatever goes on then. */
function removeIn(rig: DriverRig, nanoseconds: number): void {
  rig.clock
    .alarm(() => {
      rig.remove();
    })
    .after(nanoseconds);
}

async function whileItStarts(rig: DriverRig): Promise<void> {
  rig.requireRemoval();
  removeIn(rig, rig.random.below(rig.random.pick([10 * MICROSECOND, MILLISECOND, 30 * MILLISECOND])));
  const started = await rig.startWithoutLink().then(
    () => true,
    () => false,
  );
  rig.clock.advance(50 * MILLISECOND);
  if (started) await rig.stop();
  rig.verifyHoldings();
  await cannotStart(rig);
}

async function whileItStops(rig: DriverRig): Promise<void> {
  rig.requireRemoval();
  await rig.start();
  exchange(rig, 3);
  rig.settle();
  const { frames, sender } = rig;
  for (let index = 0; index < rig.ringSize; index++) {
    const bytes = frames.make(rig.randomLength(600));
    if (!sender.write([{ bytes, from: 'buffer', offset: 0 }])) break;
    rig.onWire.expect(bytes, true);
  }
  sender.flush();
  removeIn(rig, rig.random.below(200 * MICROSECOND));
  rig.clock.advance(rig.random.below(20 * MICROSECOND));
  await rig.stop();
  rig.clock.advance(MILLISECOND);
  rig.verifyHoldings();
  await cannotStart(rig);
}

/** Cases about removal, besides that of a NIC at work. */
export const REMOVAL_CASES: readonly DriverCase[] = [
  { name: 'does not start when its NIC was pulled out before', run: beforeItStarts },
  { name: 'leaves nothing behind when its NIC is pulled out while it starts', run: whileItStarts },
  { name: 'stops when its NIC is pulled out while it stops', run: whileItStops },
];
