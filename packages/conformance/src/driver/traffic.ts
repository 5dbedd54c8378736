/*
 * Traffic in both directions, at a pace at which nothing may be lost: the sender waits for room, the peer sends bursts
 * that any NIC takes and waits until they were shown.
 */

import { MICROSECOND } from '@netcx/clock';
import { padded, SHORTEST_FRAME } from '../frames.ts';
import { wait, waitFor } from '../virtual-time.ts';
import type { DriverRig } from './driver-rig.ts';
import type { Part, PartPlace } from './sender.ts';

/** Most frames and bytes that the peer sends at once when none may be lost. */
const BURST_FRAMES = 32;
const BURST_BYTES = 16 * 1024;

/** Where most frames lie before they are sent. */
const IN_BUFFER: PartPlace = { from: 'buffer', offset: 0 };

/**
 * Sends one frame and expects it on the wire; waits while there is no room.
 *
 * @param rig - where
 * @param parts - the frame
 */
export function sendParts(rig: DriverRig, parts: readonly Part[]): void {
  whenThereIsRoom(rig, () => rig.sender.write(parts));
  rig.onWire.expect(padded(join(parts)));
}

/**
 * Sends frames on that were received, in the buffers they came in, and expects them on the wire.
 *
 * @param rig - where
 */
export function sendOn(rig: DriverRig): void {
  for (const { bytes, parts } of rig.receiver.held.splice(0)) {
    whenThereIsRoom(rig, () => rig.sender.writeReceived(parts));
    rig.onWire.expect(padded(bytes));
  }
}

/**
 * Writes a frame, and waits while there is no room for it.
 *
 * @param rig - where
 * @param write - writes it; false when there is no room now
 */
export function whenThereIsRoom(rig: DriverRig, write: () => boolean): void {
  waitFor(rig.clock, 'there is room to send again', () => {
    if (write()) return true;
    rig.sender.flush();
    return false;
  });
}

/** The frame that parts make. */
function join(parts: readonly Part[]): Uint8Array {
  const [first] = parts;
  if (parts.length === 1 && first !== undefined) return first.bytes;
  return Uint8Array.from(Buffer.concat(parts.map(({ bytes }) => bytes)));
}

/**
 * Sends frames and expects them on the wire, in order; waits while there is no room.
 *
 * @param rig - where
 * @param frames - each of a length that the driver sends
 * @param place - where they lie before
 */
export function sendAll(rig: DriverRig, frames: readonly Uint8Array[], place: PartPlace = IN_BUFFER): void {
  for (const bytes of frames) sendParts(rig, [{ bytes, ...place }]);
  rig.sender.flush();
}

/**
 * Has the peer send frames, in bursts that no NIC may lose anything of, and waits until all were shown.
 *
 * @param rig - where
 * @param frames - each of a length that the driver receives, 60 bytes or more
 */
export function deliverAll(rig: DriverRig, frames: readonly Uint8Array[]): void {
  const most = Math.max(1, Math.min(BURST_FRAMES, rig.ringSize >>> 1));
  let next = 0;
  while (next < frames.length) {
    const burst: Uint8Array[] = [];
    let bytes = 0;
    for (let frame = frames[next]; frame !== undefined && burst.length < most; frame = frames[next]) {
      if (burst.length > 0 && bytes + frame.length > BURST_BYTES) break;
      burst.push(frame);
      bytes += frame.length;
      next++;
    }
    for (const frame of burst) rig.atProtocol.expect(frame);
    rig.peer.send(burst);
    // One that is lost stays pending; there is no point in waiting for it again and again.
    if (!wait(rig.clock, () => rig.atProtocol.pending <= 0, { step: 5 * MICROSECOND })) return;
  }
}

/**
 * A frame each way, from rest: whether it is shown, and seen.
 *
 * @param rig - where
 * @param count - how many times
 */
export function exchange(rig: DriverRig, count: number): void {
  for (let index = 0; index < count; index++) {
    sendAll(rig, [rig.frames.make(rig.randomLength())]);
    deliverAll(rig, [rig.frames.make(rig.randomLength())]);
  }
}

/**
 * Lengths that between them find every boundary: all up to the usual longest frame, and beyond it those around powers of
 * two, the longest ones, and some at random.
 *
 * @param rig - decides the longest
 * @returns lengths in bytes, from 60 up, ascending
 */
export function lengthsToTry(rig: DriverRig): readonly number[] {
  const { longest, random } = rig;
  const lengths = new Set<number>();
  for (let length = SHORTEST_FRAME; length <= Math.min(longest, 1518); length++) lengths.add(length);
  for (let power = 2048; power <= longest; power *= 2) for (let near = -4; near <= 4; near++) lengths.add(power + near);
  for (let length = longest - 16; length <= longest; length++) lengths.add(length);
  for (let index = 0; index < 200; index++) lengths.add(random.between(SHORTEST_FRAME, longest));
  return [...lengths].filter((length) => length >= SHORTEST_FRAME && length <= longest).sort((a, b) => a - b);
}
