/*
 * The stages of a frame's way through a driver, by name, as they can be told from outside: what has been handed over, what has
 * come out, what has completed. A driver or a NIC that has no such moment, as a software NIC that sends at once, says so.
 */

import { MILLISECOND } from '@netcx/clock';
import type { DriverRig } from './driver-rig.ts';

/** Nanoseconds between two looks while a moment is sought. */
const LOOK = 20;
/** Nanoseconds within which any moment comes. */
const PATIENCE = 3_000_000;
/** Length of the frames that are on their way. */
const LENGTH = 400;

/** A moment in which something happens to the driver. */
export interface Stage {
  /** Where the frames are, after "with frames that". */
  readonly name: string;
  /**
   * Brings frames there.
   *
   * @param rig - started, with its link up and nothing on its way
   * @param act - called in that moment, once
   * @returns false when there is no such moment; `act` was not called then
   */
  reach(rig: DriverRig, act: () => void): boolean;
}

/**
 * Hands frames to the driver, none of which needs to get through.
 *
 * @returns how many there was room for
 */
function hand(rig: DriverRig, most: number): number {
  let count = 0;
  for (; count < most; count++) {
    const bytes = rig.frames.make(Math.min(LENGTH, rig.longest));
    if (!rig.sender.write([{ bytes, from: 'buffer', offset: 0 }])) break;
    rig.onWire.expect(bytes, true);
  }
  rig.sender.flush();
  return count;
}

/** Has the peer send frames, none of which needs to get through. */
function deliver(rig: DriverRig, count: number): void {
  const burst = Array.from({ length: count }, () => rig.frames.make(Math.min(LENGTH, rig.longest)));
  for (const bytes of burst) rig.atProtocol.expect(bytes, true);
  rig.peer.send(burst);
}

/** Moves time by the smallest steps until something is so, unless something else is before. */
function seek(rig: DriverRig, wanted: () => boolean, missed: () => boolean = () => false): boolean {
  const end = rig.clock.now() + PATIENCE;
  while (!wanted()) {
    if (missed() || rig.clock.now() >= end) return false;
    rig.clock.advance(LOOK);
  }
  return true;
}

/** Nanoseconds from a moment until something is so, tried with frames that get through; 0 when it is so at once. */
function timeUntil(rig: DriverRig, begin: () => unknown, done: () => boolean): number {
  const start = rig.clock.now();
  begin();
  seek(rig, done);
  const time = rig.clock.now() - start;
  rig.settle();
  return time;
}

/** Half of what the smallest ring holds. */
const some = (rig: DriverRig): number => Math.max(2, Math.min(16, rig.ringSize >>> 1));

/** Acts if a moment came. */
function actIf(came: boolean, act: () => void): boolean {
  if (came) act();
  return came;
}

/** The moments of frames that are sent. */
export const TRANSMIT_STAGES: readonly Stage[] = [
  {
    name: 'wait for a place in its ring',
    reach(rig, act) {
      hand(rig, 4 * rig.ringSize); // until nothing fits: no time passes, so nothing leaves at the other end
      return actIf(rig.sender.pending > 0, act);
    },
  },
  {
    name: 'were posted, and cannot leave',
    reach(rig, act) {
      rig.peer.plug(false);
      seek(rig, () => !rig.adapter.linkState.connected);
      hand(rig, some(rig));
      rig.clock.advance(MILLISECOND);
      const came = actIf(rig.sender.pending > 0, act);
      rig.peer.plug(true);
      return came;
    },
  },
  {
    name: 'have left in part',
    reach(rig, act) {
      const before = rig.onWire.arrived;
      const count = hand(rig, 4 * rig.ringSize);
      const arrived = (): number => rig.onWire.arrived - before;
      return actIf(seek(rig, () => arrived() > 0) && arrived() < count, act);
    },
  },
  {
    name: 'are on the wire',
    reach(rig, act) {
      const before = (): number => rig.onWire.arrived;
      let seen = before();
      const time = timeUntil(
        rig,
        () => hand(rig, 1),
        () => before() > seen,
      );
      if (time <= LOOK) return false;
      seen = before();
      hand(rig, 1);
      rig.clock.advance(time - LOOK);
      return actIf(before() === seen, act);
    },
  },
  {
    name: 'are about to complete',
    reach(rig, act) {
      const time = timeUntil(
        rig,
        () => hand(rig, 1),
        () => rig.sender.pending === 0,
      );
      hand(rig, 1);
      rig.clock.advance(Math.max(0, time - LOOK));
      return actIf(rig.sender.pending > 0, act);
    },
  },
  {
    name: 'have all completed',
    reach(rig, act) {
      hand(rig, some(rig));
      return actIf(
        seek(rig, () => rig.sender.pending === 0),
        act,
      );
    },
  },
];

/** The moments of frames that are received. */
export const RECEIVE_STAGES: readonly Stage[] = [
  { name: 'have not been sent yet', reach: (_rig, act) => actIf(true, act) },
  {
    name: 'are on the cable towards it',
    reach(rig, act) {
      deliver(rig, some(rig));
      return actIf(true, act);
    },
  },
  {
    name: 'are received, and have not been shown',
    reach(rig, act) {
      const shown = (): number => rig.atProtocol.arrived;
      let seen = shown();
      const time = timeUntil(
        rig,
        () => deliver(rig, 1),
        () => shown() > seen,
      );
      if (time <= LOOK) return false;
      seen = shown();
      deliver(rig, 1);
      rig.clock.advance(time - LOOK);
      return actIf(shown() === seen, act);
    },
  },
  {
    name: 'are being shown',
    reach(rig, act) {
      let acted = false;
      rig.receiver.look = () => {
        if (!acted) act();
        acted = true;
      };
      deliver(rig, some(rig));
      seek(rig, () => acted);
      rig.receiver.look = undefined;
      return acted;
    },
  },
  {
    name: 'were shown',
    reach(rig, act) {
      const before = rig.atProtocol.arrived;
      const count = some(rig);
      deliver(rig, count);
      return actIf(
        seek(rig, () => rig.atProtocol.arrived === before + count),
        act,
      );
    },
  },
];
