/*
 * Cases about what goes beside a frame: its 802.1Q tag, its hash, the time at which it came. Who puts it there, NIC or
 * framework, is not looked at; what neither has is skipped. Hashes are judged by a Toeplitz that goes bit by bit.
 */

import { ok, strictEqual } from 'node:assert/strict';
import { ReceiveScalingHashType, ReceiveScalingProtocolType } from '@netcx/adapter';
import { FrameDescriptor } from '@netcx/adapter/edge';
import { MICROSECOND, MILLISECOND } from '@netcx/clock';
import { i32 } from '@netcx/dma/memory';
import { expectFrames } from '../expectations.ts';
import { padded, SHORTEST_FRAME } from '../frames.ts';
import type { DriverCase } from './driver-case.ts';
import type { DriverRig } from './driver-rig.ts';
import { headerEnds, ipFrame, withChecksums, type IpShape } from './ip-frames.ts';
import { deliverAll, exchange, sendAll, whenThereIsRoom } from './traffic.ts';

const ADDRESS_BYTES = 12;
const TAG_BYTES = 4;
/** Priority and VLAN as they stand on the wire: none, the least, the greatest, and some. */
const TAGS = [0x0000, 0x0001, 0x2064, 0x6fff, 0xe000, 0xefff];

/** A frame with a tag in it, as IEEE 802.1Q has it. */
function tagged(bytes: Uint8Array, tag: number): Uint8Array {
  const addresses = bytes.subarray(0, ADDRESS_BYTES);
  return Uint8Array.of(...addresses, 0x81, 0, tag >>> 8, tag & 0xff, ...bytes.subarray(ADDRESS_BYTES));
}

/** Turns tags on where somebody has them; ends the case where nobody does. */
async function turnTagsOn(rig: DriverRig): Promise<void> {
  const { offloads } = rig.adapter;
  const { priority, vlan } = offloads.available.ieee8021qTag;
  if (!priority || !vlan) rig.context.skip('neither NIC nor adapter puts tags in');
  await rig.clock.drive(offloads.enable({ ieee8021qTag: { priority, vlan } }));
}

async function putsTagsIn(rig: DriverRig): Promise<void> {
  await rig.start();
  await turnTagsOn(rig);
  for (const tag of TAGS) {
    for (const length of [SHORTEST_FRAME - TAG_BYTES, SHORTEST_FRAME, 61, rig.randomLength(rig.longest - TAG_BYTES)]) {
      const bytes = rig.frames.make(Math.min(length, rig.longest - TAG_BYTES));
      const from = rig.random.pick(['buffer', 'own'] as const);
      whenThereIsRoom(rig, () => rig.sender.write([{ bytes, from, offset: 0 }], { tag }));
      rig.onWire.expect(padded(tagged(bytes, tag)));
      sendAll(rig, [rig.frames.make(rig.randomLength())]); // one without, which stays so
    }
  }
  rig.settle();
}

async function losesNoTag(rig: DriverRig): Promise<void> {
  await rig.start();
  const { receiver } = rig;
  const shown: Buffer[] = [];
  let tagging = 0;
  let tag = 0;
  receiver.look = (d) => {
    tagging = FrameDescriptor.tagging.get(i32, d);
    tag = FrameDescriptor.tag.get(i32, d);
  };
  receiver.instead = (bytes) => {
    shown.push(Buffer.from(tagging === 0 ? bytes : tagged(bytes, tag)));
  };
  const round = (): void => {
    const sent: Buffer[] = [];
    shown.length = 0;
    // A tag of nothing but zeros says nothing, and may as well not be there.
    for (const one of TAGS.filter((tag) => tag !== 0)) {
      const frames = [tagged(rig.frames.make(rig.randomLength(rig.longest - TAG_BYTES)), one), rig.frames.make(100)];
      sent.push(...frames.map((frame) => Buffer.from(frame)));
      rig.peer.send(frames);
      rig.clock.advance(MILLISECOND);
    }
    expectFrames(shown, sent, 'frames that came, with the tags that they came with');
  };
  round();
  const { priority, vlan } = rig.adapter.offloads.available.ieee8021qTag;
  if (priority && vlan) {
    await rig.clock.drive(rig.adapter.offloads.enable({ ieee8021qTag: { priority, vlan } }));
    round();
  }
  receiver.instead = undefined;
  receiver.look = undefined;
  exchange(rig, 2);
}

/** The hash by which receive-side scaling spreads frames, bit by bit: a window of the key for each bit that is set. */
function toeplitz(key: Uint8Array, input: readonly number[]): number {
  const bit = (at: number): number => ((key[at >>> 3] ?? 0) >>> (7 - (at & 7))) & 1;
  let hash = 0;
  for (const [index, byte] of input.entries()) {
    for (let place = 0; place < 8; place++) {
      if (((byte >>> (7 - place)) & 1) === 0) continue;
      let window = 0;
      for (let at = 0; at < 32; at++) window = (window << 1) | bit(index * 8 + place + at);
      hash ^= window;
    }
  }
  return hash >>> 0;
}

async function hashesRight(rig: DriverRig): Promise<void> {
  await rig.start();
  const { receiveScaling } = rig.adapter;
  const capabilities = receiveScaling.capabilities ?? rig.context.skip('the NIC hashes nothing');
  const { ipv4, ipv6, tcp } = ReceiveScalingProtocolType;
  const key = Uint8Array.from({ length: 40 }, () => rig.random.below(256));
  receiveScaling.enable({
    hashTypes: ReceiveScalingHashType.toeplitz,
    protocolTypes: capabilities.protocolTypes & (ipv4 | ipv6 | tcp),
    key,
  });
  const queues = new Map<number, number>();
  let [type, hash, queue] = [0, 0, 0];
  let shown = 0;
  rig.receiver.look = (d, edge) => {
    [type, hash, queue] = [FrameDescriptor.hashType.get(i32, d), FrameDescriptor.hash.get(i32, d), edge.id];
    shown++;
  };
  for (let number = 0; number < 120; number++) {
    const shape: IpShape = { ip: number % 2 === 0 ? 4 : 6, protocol: number % 3 === 0 ? 'udp' : 'tcp', payload: 40 };
    const frame = ipFrame(shape, number);
    const { layer3, layer4 } = headerEnds(shape);
    const addresses = shape.ip === 4 ? layer3 + 12 : layer3 + 8;
    frame[addresses + 3] = rig.random.below(8); // some flows come again
    frame[layer4 + 1] = rig.random.below(4);
    withChecksums(frame, shape);
    deliverAll(rig, [frame]);
    strictEqual(shown, number + 1, 'frames shown');
    if (type === 0) continue; // to say nothing is always allowed
    const end = addresses + (shape.ip === 4 ? 8 : 32);
    const byAddress = toeplitz(key, [...frame.subarray(addresses, end)]);
    const byPort = toeplitz(key, [...frame.subarray(addresses, end), ...frame.subarray(layer4, layer4 + 4)]);
    const right = shape.protocol === 'tcp' ? [byPort, byAddress] : [byAddress];
    ok(
      right.includes(hash >>> 0),
      `a hash of ${hash >>> 0} over ${shape.protocol}, IPv${shape.ip}; expected ${right.join(' or ')}`,
    );
    strictEqual(queue, queues.get(hash) ?? queue, 'the queue of frames with the same hash');
    queues.set(hash, queue);
  }
  rig.receiver.look = undefined;
  if (rig.adapter.receiveQueues.length > 1)
    ok(new Set(queues.values()).size > 1, 'frames are spread over several queues');
}

/** An event of the Precision Time Protocol, version 2, straight in Ethernet: what every NIC with stamps stamps. */
function timeEvent(rig: DriverRig): Uint8Array {
  const bytes = rig.frames.make(SHORTEST_FRAME + 4, { etherType: 0x88f7 });
  // The header's first bytes take the place of those that tell frames apart: others do.
  bytes.copyWithin(20, 14, 18);
  bytes.set([0x00, 0x02], 14);
  return bytes;
}

async function stampsInOrder(rig: DriverRig): Promise<void> {
  await rig.start();
  if (rig.adapter.receiveQueues.every(({ edge }) => edge.times === 0)) rig.context.skip('nobody stamps frames');
  const stamps: { readonly stamp: number; readonly sent: number }[] = [];
  let sent = 0;
  rig.receiver.look = (_d, _edge, stamp) => {
    if (stamp !== 0) stamps.push({ stamp, sent });
  };
  for (let number = 0; number < 20; number++) {
    rig.clock.advance(rig.random.between(20 * MICROSECOND, 3 * MILLISECOND));
    sent = rig.clock.now();
    deliverAll(rig, [timeEvent(rig)]);
    deliverAll(rig, [rig.frames.make(rig.randomLength(200))]);
  }
  rig.receiver.look = undefined;
  const [first] = stamps;
  ok(first !== undefined, 'not one frame was stamped, though the adapter has stamps');
  for (const { stamp, sent: at } of stamps) {
    const off = stamp - first.stamp - (at - first.sent);
    ok(Math.abs(off) < 2 * MICROSECOND, `a stamp is ${off} ns away from the time that has passed since the first one`);
  }
}

/** Cases about what goes beside frames. */
export const METADATA_CASES: readonly DriverCase[] = [
  { name: 'puts tags in, as they stand on the wire, and into no other frame', run: putsTagsIn },
  { name: 'loses no tag of a frame that came with one', run: losesNoTag },
  { name: 'gives right hashes or none, and frames of one hash to one queue', run: hashesRight },
  { name: 'stamps frames with times that pass as time does', run: stampsInOrder },
];
