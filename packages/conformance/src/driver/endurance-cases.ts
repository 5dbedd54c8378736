/*
 * Cases that take long: indices that wrap around thousands of times, wake-ups from every length of rest, and random
 * traffic of all kinds. `effort` makes them longer.
 */

import { strictEqual } from 'node:assert/strict';
import { MICROSECOND, MILLISECOND } from '@netcx/clock';
import { wait, waitFor } from '../virtual-time.ts';
import type { DriverCase } from './driver-case.ts';
import type { DriverRig } from './driver-rig.ts';
import { deliverAll, exchange, sendAll, sendOn, sendParts } from './traffic.ts';

/** Frames each way: more than the 32,768 after which a signed 16-bit index is negative. */
const WRAPPING_FRAMES = 41_000;
const WAKE_UPS = 1500;
const STEPS = 1500;

async function wrapsAround(rig: DriverRig): Promise<void> {
  await rig.start();
  const { frames, random, sender } = rig;
  const total = Math.ceil(WRAPPING_FRAMES * rig.context.effort);
  const window = Math.max(1, rig.ringSize >>> 1);
  const most = Math.max(1, Math.min(32, window));
  const make = (): Uint8Array => frames.make(rig.randomLength(160));
  let sent = 0;
  let received = 0;
  let idle = 0;
  while ((sent < total || received < total) && idle < 10_000) {
    const before = sent + received;
    for (let left = random.below(most + 1); left > 0 && sent < total && sender.pending < window; left--) {
      const bytes = make();
      if (!sender.write([{ bytes, from: 'buffer', offset: 0 }])) break;
      rig.onWire.expect(bytes);
      sent++;
    }
    sender.flush();
    const room = Math.min(total - received, window - rig.atProtocol.pending);
    const burst = Array.from({ length: Math.min(random.below(most + 1), Math.max(0, room)) }, make);
    for (const frame of burst) rig.atProtocol.expect(frame);
    rig.peer.send(burst);
    received += burst.length;
    rig.clock.advance(random.below(20 * MICROSECOND));
    idle = sent + received === before ? idle + 1 : 0;
  }
  rig.settle();
  rig.onWire.verify();
  rig.atProtocol.verify();
  strictEqual(sent, total, `frames sent before the transmit queue stood still`);
  strictEqual(received, total, `frames received before the receive queue stood still`);
}

async function wakesUp(rig: DriverRig): Promise<void> {
  await rig.start();
  const { frames, random, sender } = rig;
  const rests = Math.ceil(WAKE_UPS * rig.context.effort);
  for (let round = 0; round < rests; round++) {
    const rest = random.below(round % 10 === 0 ? 5 * MILLISECOND : 120 * MICROSECOND);
    rig.clock.advance(rest);
    const what = random.below(3);
    if (what !== 0) sendAll(rig, [frames.make(rig.randomLength(300))]);
    if (what === 2) rig.clock.advance(random.below(10 * MICROSECOND));
    if (what !== 1) deliverAll(rig, [frames.make(rig.randomLength(300))]);
    const done = (): boolean => rig.onWire.pending <= 0 && rig.atProtocol.pending <= 0 && sender.pending === 0;
    const kind = ['received', 'sent', 'sent and another received'][what] ?? '';
    waitFor(rig.clock, `after ${rest} ns of rest a frame is ${kind}, and completes`, done, { step: 2 * MICROSECOND });
  }
}

/** One step of random traffic. */
const STEP_KINDS: readonly ((rig: DriverRig) => void)[] = [
  (rig) => sendAll(rig, randomFrames(rig, 20)),
  (rig) => sendAll(rig, randomFrames(rig, 5), { from: 'own', offset: rig.random.below(64) }),
  (rig) => deliverAll(rig, randomFrames(rig, 20)),
  (rig) => exchange(rig, 1),
  (rig) => {
    const bytes = rig.frames.make(rig.randomLength());
    const middle = rig.random.below(bytes.length);
    const parts = [bytes.subarray(0, middle), bytes.subarray(middle)];
    sendParts(
      rig,
      parts.map((part) => ({ bytes: part, from: rig.random.pick(['buffer', 'own']), offset: 0 })),
    );
  },
  (rig) => {
    const bytes = rig.frames.make(rig.random.pick([0, rig.longest + 1]));
    rig.sender.write([{ bytes, from: 'own', offset: 0 }]);
  },
  (rig) => {
    rig.receiver.holds = true;
    deliverAll(rig, randomFrames(rig, 5));
    rig.receiver.holds = false;
    sendOn(rig);
  },
  (rig) => {
    rig.sender.flush();
    rig.clock.advance(rig.random.below(300 * MICROSECOND));
  },
  (rig) => {
    rig.sender.flush();
    wait(rig.clock, () => rig.sender.pending === 0);
  },
];

function randomFrames(rig: DriverRig, most: number): readonly Uint8Array[] {
  const longest = rig.random.chance(0.2) ? rig.longest : 300;
  const count = rig.random.between(1, most);
  return Array.from({ length: count }, () => rig.frames.make(rig.randomLength(longest)));
}

async function carriesRandomTraffic(rig: DriverRig): Promise<void> {
  await rig.start();
  const steps = Math.ceil(STEPS * rig.context.effort);
  for (let step = 0; step < steps; step++) rig.random.pick(STEP_KINDS)(rig);
}

/** Cases that take long. */
export const ENDURANCE_CASES: readonly DriverCase[] = [
  { name: 'wraps around its rings: 41,000 frames each way', run: wrapsAround },
  { name: 'wakes up after any length of rest', run: wakesUp },
  { name: 'carries random traffic of all kinds', run: carriesRandomTraffic },
];
