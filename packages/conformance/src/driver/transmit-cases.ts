/*
 * Cases about sending: every length, every way in which a frame may lie in memory, more frames than the rings hold, and
 * frames that cannot be sent.
 */

import { ok, strictEqual } from 'node:assert/strict';
import { HEADER_BYTES, SHORTEST_FRAME, type FrameMaker } from '../frames.ts';
import { waitFor } from '../virtual-time.ts';
import type { DriverCase } from './driver-case.ts';
import type { DriverRig } from './driver-rig.ts';
import type { Part } from './sender.ts';
import { deliverAll, exchange, lengthsToTry, sendAll, sendOn, sendParts, whenThereIsRoom } from './traffic.ts';

/** Most parts that a frame is cut into. */
const MOST_PARTS = 24;
/** Alignments that are tried, in bytes behind a boundary. */
const OFFSETS = 64;

async function sendsEveryLength(rig: DriverRig): Promise<void> {
  await rig.start();
  sendAll(
    rig,
    lengthsToTry(rig).map((length) => rig.frames.make(length)),
  );
}

async function padsShortFrames(rig: DriverRig): Promise<void> {
  await rig.start();
  for (let length = HEADER_BYTES; length < SHORTEST_FRAME; length++) {
    // A long frame in between: what is left of it must not show in the padding.
    sendAll(rig, [rig.frames.make(length), rig.frames.make(rig.longest)]);
  }
}

async function refusesWhatCannotBeSent(rig: DriverRig): Promise<void> {
  await rig.start();
  const before = rig.adapter.statistics().transmit.dropped;
  const refuse = (parts: readonly Part[]): void => {
    whenThereIsRoom(rig, () => rig.sender.write(parts));
  };
  const own = (length: number): Part => ({ bytes: rig.frames.make(length), from: 'own', offset: 0 });
  const half = Math.ceil((rig.longest + 1) / 2);
  const tooLong = [[own(rig.longest + 1)], [own(rig.longest + 1000)], [own(half), own(half)]];
  const empty = [[own(0)], [own(0), own(0)]];
  const rounds = 10;
  for (let round = 0; round < rounds; round++) {
    for (const parts of [...tooLong, ...empty]) {
      refuse(parts);
      sendAll(rig, [rig.frames.make(rig.longest), rig.frames.make(SHORTEST_FRAME)]);
    }
  }
  // Several in a row, and a queue that holds nothing else.
  for (const parts of [...empty, ...tooLong]) refuse(parts);
  rig.settle();
  const { dropped } = rig.adapter.statistics().transmit;
  strictEqual(dropped.empty - before.empty, (rounds + 1) * empty.length, 'frames without bytes that were counted');
  strictEqual(dropped.tooLong - before.tooLong, (rounds + 1) * tooLong.length, 'frames too long that were counted');
}

async function holdsBackWhatDoesNotFit(rig: DriverRig): Promise<void> {
  await rig.start();
  const { sender } = rig;
  const total = 4 * rig.ringSize;
  let sent = 0;
  let full = 0;
  while (sent < total) {
    const bytes = rig.frames.make(rig.randomLength(128));
    const part: Part = { bytes, from: sent % 2 === 0 ? 'buffer' : 'own', offset: 0 };
    if (sender.write([part])) {
      rig.onWire.expect(bytes);
      sent++;
      continue;
    }
    full++;
    sender.flush();
    const { completed } = sender;
    waitFor(rig.clock, 'a full transmit ring drains', () => sender.completed > completed);
  }
  sender.flush();
  ok(full > 0, `${total} frames at once never filled a ring of ${rig.ringSize}`);
}

/** Cuts a frame at random places into parts, some of them without bytes. */
function cut(rig: DriverRig, bytes: Uint8Array, count: number): readonly Part[] {
  const { random } = rig;
  const places = Array.from({ length: count - 1 }, () => random.below(bytes.length + 1)).sort((a, b) => a - b);
  const bounds = [0, ...places, bytes.length];
  return bounds.slice(1).map((end, index) => {
    const part = bytes.subarray(bounds[index], end);
    // A buffer holds the longest frame, and perhaps no more.
    const offset = random.below(Math.min(OFFSETS, rig.longest - part.length + 1));
    return { bytes: part, from: random.pick(['buffer', 'own']), offset };
  });
}

async function sendsFramesOfSeveralParts(rig: DriverRig): Promise<void> {
  await rig.start();
  const most = Math.min(MOST_PARTS, rig.ringSize >>> 1);
  const inBuffers = (parts: readonly Part[]): Part[] => parts.map((part) => ({ ...part, from: 'buffer' }));
  for (let count = 2; count <= most; count++) {
    for (const length of [SHORTEST_FRAME, 61, rig.randomLength(), rig.longest]) {
      sendParts(rig, cut(rig, rig.frames.make(length), count));
      sendParts(rig, inBuffers(cut(rig, rig.frames.make(length), count)));
      sendAll(rig, [rig.frames.make(SHORTEST_FRAME)]);
    }
  }
}

async function sendsFromAnyAlignment(rig: DriverRig): Promise<void> {
  await rig.start();
  for (let offset = 0; offset < OFFSETS; offset++) {
    for (const length of [SHORTEST_FRAME, 61, 62, 63, rig.randomLength(), rig.longest]) {
      sendAll(rig, [rig.frames.make(length)], { from: 'own', offset });
      // A buffer holds the longest frame, and perhaps no more.
      const inBuffer = Math.min(length, rig.longest - offset);
      if (inBuffer >= SHORTEST_FRAME) sendAll(rig, [rig.frames.make(inBuffer)], { from: 'buffer', offset });
    }
  }
}

async function sendsOnWhatItReceived(rig: DriverRig): Promise<void> {
  await rig.start();
  const { receiver, sender } = rig;
  for (let round = 0; round < 50; round++) {
    receiver.holds = true;
    const lengths = Array.from({ length: 3 }, () => rig.randomLength());
    deliverAll(
      rig,
      lengths.map((length) => rig.frames.make(length)),
    );
    sendOn(rig);
    sender.flush();
    receiver.holds = false;
    exchange(rig, 1);
  }
}

/** Bytes of the frames that follow. */
const UNSOUND_BYTES = 128;

/** Frames that look like IP and are not sound: what is in them is none of the NIC's business. */
function unsoundFrames(frames: FrameMaker): readonly Uint8Array[] {
  const ipv4 = (protocol: number, totalLength: number): Uint8Array => {
    const frame = frames.make(UNSOUND_BYTES, { etherType: 0x0800 });
    const number = frame.slice(16, 18); // from the frame's number: keeps it different from the others
    frame.set([0x45, 0, totalLength >>> 8, totalLength & 0xff, ...number, 0, 0, 64, protocol, 0xde, 0xad], 14);
    frame.set([10, 0, 0, 1, 10, 0, 0, 2, 0x12, 0x34, 0x56, 0x78, 0, 94, 0xbe, 0xef], 26);
    return frame;
  };
  return [
    ipv4(17, 114), // wrong checksums
    ipv4(6, 114),
    ipv4(17, 60_000), // longer than the frame
    ipv4(17, 3), // shorter than its own header
    ipv4(132, 114), // SCTP
    frames.make(UNSOUND_BYTES, { etherType: 0x0800 }), // version 0
    frames.make(UNSOUND_BYTES, { etherType: 0x86dd }),
    frames.make(UNSOUND_BYTES, { etherType: 0x8100 }), // a VLAN tag, and then nonsense
    frames.make(UNSOUND_BYTES, { etherType: 0x0026 }), // a length, as in IEEE 802.3
    frames.make(UNSOUND_BYTES, { etherType: 0x8808 }), // MAC control, to everybody
  ];
}

async function leavesContentsAlone(rig: DriverRig): Promise<void> {
  await rig.start();
  if (rig.longest < UNSOUND_BYTES) rig.context.skip(`frames of ${UNSOUND_BYTES} bytes are too long for the driver`);
  for (let round = 0; round < 10; round++) {
    sendAll(rig, unsoundFrames(rig.frames));
    deliverAll(rig, unsoundFrames(rig.frames));
  }
}

/** Cases about sending. */
export const TRANSMIT_CASES: readonly DriverCase[] = [
  { name: 'sends frames of every length up to the longest, byte for byte', run: sendsEveryLength },
  { name: "pads frames below Ethernet's minimum with zeros", run: padsShortFrames },
  {
    name: 'completes frames that are empty or too long, unsent, and sends what lies between',
    run: refusesWhatCannotBeSent,
  },
  { name: 'holds back a burst larger than its ring, and keeps its order', run: holdsBackWhatDoesNotFit },
  { name: 'sends frames of several parts', run: sendsFramesOfSeveralParts },
  { name: 'sends frames from any alignment and from any memory', run: sendsFromAnyAlignment },
  { name: 'sends on what it received, in the buffer it came in', run: sendsOnWhatItReceived },
  { name: 'leaves frames alone that look like IP and are not sound', run: leavesContentsAlone },
];
