/*
 * Cases about offloads, whoever does them: what a protocol asks for comes out of the cable byte for byte, whether the NIC
 * does it, or the framework because the NIC cannot. Kinds of traffic that neither has are left out; a case without any is
 * skipped.
 */

import { notStrictEqual, ok } from 'node:assert/strict';
import { FrameDescriptor } from '@netcx/adapter/edge';
import { i32 } from '@netcx/dma/memory';
import { expectBytes, expectFrames } from '../expectations.ts';
import { padded } from '../frames.ts';
import type { DriverCase } from './driver-case.ts';
import type { DriverRig } from './driver-rig.ts';
import { headerEnds, ipFrame, segmentsOf, withChecksums, withSeed, type IpShape } from './ip-frames.ts';
import type { Part } from './sender.ts';
import { deliverAll, exchange, whenThereIsRoom } from './traffic.ts';

/** Kinds of traffic, by the names of the adapter's switches. */
const KINDS = {
  tcpIPv4: { ip: 4, protocol: 'tcp' },
  tcpIPv6: { ip: 6, protocol: 'tcp' },
  udpIPv4: { ip: 4, protocol: 'udp' },
  udpIPv6: { ip: 6, protocol: 'udp' },
} as const;
type Kind = keyof typeof KINDS;
const KIND_NAMES = Object.keys(KINDS) as Kind[];
const EVERY_KIND = { tcpIPv4: true, tcpIPv6: true, udpIPv4: true, udpIPv6: true };

/** What RxChecksumEvaluation says of a layer: the two bits of layer 4 in a descriptor's checksum byte. */
const LAYER_4_SHIFT = 4;
const VALID = 1;

/** Turns on what can be, of one offload; ends the case when nothing can. */
async function turnOn(rig: DriverRig, offload: 'txChecksum' | 'rxChecksum' | 'gso' | 'rsc'): Promise<readonly Kind[]> {
  const { offloads } = rig.adapter;
  const kinds = KIND_NAMES.filter((kind) => offloads.available[offload][kind]);
  if (kinds.length === 0) rig.context.skip(`neither NIC nor adapter has ${offload}`);
  const change = Object.fromEntries(kinds.map((kind) => [kind, EVERY_KIND[kind]]));
  const ipv4 = 'ipv4' in offloads.available[offload] && offloads.available[offload].ipv4 ? { ipv4: true } : {};
  await rig.clock.drive(offloads.enable({ [offload]: { ...change, ...ipv4 } }));
  return kinds;
}

/** Cuts bytes at places; each part in memory of the protocol's own. */
const cutAt = (bytes: Uint8Array, places: readonly number[]): Part[] =>
  [0, ...places].map((begin, index) => ({ bytes: bytes.slice(begin, places[index]), from: 'own', offset: 0 }));

async function insertsChecksumsWhereverAFrameIsCut(rig: DriverRig): Promise<void> {
  await rig.start();
  const kinds = await turnOn(rig, 'txChecksum');
  const { random } = rig;
  let number = 0;
  for (const kind of kinds) {
    for (const options of kind.startsWith('tcp') ? [0, 12, 40] : [0]) {
      const shape: IpShape = { ...KINDS[kind], options, payload: 33 };
      const { payload } = headerEnds(shape);
      if (payload + shape.payload > rig.longest) continue;
      for (let place = 1; place <= payload + 1; place++) {
        const frame = withSeed(ipFrame(shape, ++number), shape, true);
        // Two parts, and now and then a third.
        const second = random.between(place + 1, frame.length - 1);
        const places = place % 3 === 0 && second > place ? [place, second] : [place];
        whenThereIsRoom(rig, () => rig.sender.write(cutAt(frame, places), { checksums: shape.ip }));
        rig.onWire.expect(padded(withChecksums(frame.slice(), shape)));
      }
    }
  }
  rig.settle();
}

/** Payloads of frames that are to be cut, in segments: fewer than one, one, one and a byte, some, many. */
const SEGMENT_COUNTS = [0.5, 1, 1.01, 2, 3.7, 12];
/** FIN, PSH, ACK, ECE and CWR, in combinations that a stream has. */
const FLAGS = [0x10, 0x18, 0x11, 0x19, 0xd8];

async function cutsFramesIntoSegments(rig: DriverRig): Promise<void> {
  await rig.start();
  await turnOn(rig, 'txChecksum');
  const kinds = await turnOn(rig, 'gso');
  const mostParts = Math.max(1, rig.ringSize >>> 1);
  let number = 0;
  for (const kind of kinds) {
    for (const [index, count] of SEGMENT_COUNTS.entries()) {
      const options = kind.startsWith('tcp') ? [0, 12, 20, 40][index % 4] : 0;
      const headers = headerEnds({ ...KINDS[kind], options: options ?? 0, payload: 0 }).payload;
      for (const size of [100, 536, rig.longest - headers]) {
        const most = Math.min(60_000, mostParts * rig.longest) - headers;
        const payload = Math.min(most, Math.ceil(size * count));
        const shape: IpShape = {
          ...KINDS[kind],
          options: options ?? 0,
          payload,
          flags: FLAGS[index % FLAGS.length] ?? 0x10,
          sequence: 0xffff_ff00, // goes past the end of the numbers
        };
        if (size < 1 || payload < 1 || headers + size > rig.longest) continue;
        number += 20; // identifications of segments stay apart from those of other frames
        const frame = withSeed(ipFrame(shape, number), shape, false);
        const places = Array.from(
          { length: Math.ceil(frame.length / rig.longest) - 1 },
          (_, cut) => (cut + 1) * rig.longest,
        );
        const write = (): boolean => rig.sender.write(cutAt(frame, places), { checksums: shape.ip, segmentSize: size });
        whenThereIsRoom(rig, write);
        for (const segment of segmentsOf(frame, shape, size)) rig.onWire.expect(padded(segment));
      }
    }
    rig.settle();
    rig.onWire.verify();
  }
  exchange(rig, 3);
}

async function callsNoWrongChecksumRight(rig: DriverRig): Promise<void> {
  await rig.start();
  const kinds = await turnOn(rig, 'rxChecksum');
  const verdicts: number[] = [];
  rig.receiver.look = (d) => verdicts.push((FrameDescriptor.checksum.get(i32, d) >>> LAYER_4_SHIFT) & 3);
  let number = 0;
  for (let round = 0; round < 10; round++) {
    for (const kind of kinds) {
      const shape: IpShape = { ...KINDS[kind], payload: 60 + round };
      const right = withChecksums(ipFrame(shape, ++number), shape);
      const wrong = withChecksums(ipFrame(shape, ++number), shape);
      const at = headerEnds(shape).payload + rig.random.below(shape.payload);
      wrong[at] = (wrong[at] ?? 0) ^ (1 << rig.random.below(8));
      verdicts.length = 0;
      deliverAll(rig, [right]);
      deliverAll(rig, [wrong]);
      // That nothing was said is always allowed.
      ok(verdicts.length === 2, 'a frame with a checksum was not shown, or shown as two');
      notStrictEqual(verdicts[1], VALID, `a wrong checksum (${kind}) is called right`);
    }
  }
}

/** A stream's bytes out of the frames that were shown: each frame's payload at its sequence number. */
function payloadOf(frame: Uint8Array, shape: IpShape): { readonly sequence: number; readonly bytes: Uint8Array } {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.length);
  const { layer3, layer4, payload } = headerEnds(shape);
  const end = shape.ip === 4 ? layer3 + view.getUint16(layer3 + 2) : layer4 + view.getUint16(layer3 + 4);
  ok(end <= frame.length, `a frame of ${frame.length} bytes says that it ends at ${end}`);
  return { sequence: view.getUint32(layer4 + 4), bytes: frame.slice(payload, end) };
}

async function showsStreamsInOrder(rig: DriverRig): Promise<void> {
  await rig.start();
  const kinds = (await turnOn(rig, 'rsc')).filter((kind) => kind.startsWith('tcp'));
  const burst = Math.max(1, Math.min(16, rig.ringSize >>> 1));
  for (const kind of kinds) {
    const headers = headerEnds({ ...KINDS[kind], payload: 0 }).payload;
    for (const size of [20, 100, Math.min(1400, rig.longest - headers)]) {
      let sequence = 0xffff_0000;
      const sent: Uint8Array[] = [];
      const shown: { readonly sequence: number; readonly bytes: Uint8Array }[] = [];
      rig.receiver.instead = (frame) => shown.push(payloadOf(frame, { ...KINDS[kind], payload: 0 }));
      for (let round = 0; round < 6; round++) {
        const frames = Array.from({ length: burst }, (_, index) => {
          const flags = index + 1 === burst ? 0x18 : 0x10;
          const shape: IpShape = { ...KINDS[kind], payload: size, sequence, flags };
          sequence = (sequence + size) >>> 0;
          const frame = withChecksums(ipFrame(shape, round * burst + index + 1), shape);
          sent.push(frame.slice(headers));
          return frame;
        });
        rig.peer.send(frames);
        rig.clock.advance(1_000_000);
      }
      rig.receiver.instead = undefined;
      let expected = 0xffff_0000;
      for (const { sequence: came, bytes } of shown) {
        ok(came === expected, `bytes from ${came} on were shown where ${expected} should have come (${kind})`);
        expected = (expected + bytes.length) >>> 0;
      }
      expectBytes(
        Buffer.concat(shown.map(({ bytes }) => bytes)),
        Buffer.concat(sent),
        `a stream's bytes (${kind}, ${size})`,
      );
    }
  }
}

async function showsDatagramsAsTheyCame(rig: DriverRig): Promise<void> {
  await rig.start();
  const kinds = (await turnOn(rig, 'rsc')).filter((kind) => kind.startsWith('udp'));
  const burst = Math.max(1, Math.min(16, rig.ringSize >>> 1));
  for (const kind of kinds) {
    const headers = headerEnds({ ...KINDS[kind], payload: 0 }).payload;
    for (const size of [40, 100, Math.min(1400, rig.longest - headers)]) {
      const sent: Buffer[] = [];
      const shown: Buffer[] = [];
      let [count, each] = [0, 0];
      rig.receiver.look = (d) => {
        count = FrameDescriptor.coalesced.get(i32, d);
        each = FrameDescriptor.coalescedDetail.get(i32, d);
      };
      rig.receiver.instead = (frame) => {
        const bytes = Buffer.from(payloadOf(frame, { ...KINDS[kind], payload: 0 }).bytes);
        // Several in one say how long each is; the last one may be shorter.
        if (count <= 1) shown.push(bytes);
        else
          for (let at = 0, left = count; left > 0; at += each, left--)
            shown.push(bytes.subarray(at, left === 1 ? bytes.length : at + each));
      };
      for (let round = 0; round < 4; round++) {
        const frames = Array.from({ length: burst }, (_, index) => {
          const shape: IpShape = { ...KINDS[kind], payload: index + 1 === burst ? Math.ceil(size / 2) : size };
          const frame = withChecksums(ipFrame(shape, round * burst + index + 1), shape);
          sent.push(Buffer.from(frame.slice(headers)));
          return frame;
        });
        rig.peer.send(frames);
        rig.clock.advance(1_000_000);
      }
      rig.receiver.instead = undefined;
      rig.receiver.look = undefined;
      expectFrames(shown, sent, `datagrams (${kind}, ${size})`);
    }
  }
}

/** Cases about offloads. */
export const OFFLOAD_CASES: readonly DriverCase[] = [
  { name: 'inserts checksums, wherever among its headers a frame is cut', run: insertsChecksumsWhereverAFrameIsCut },
  { name: 'cuts frames into segments of every shape', run: cutsFramesIntoSegments },
  { name: 'calls no wrong checksum right', run: callsNoWrongChecksumRight },
  { name: 'shows the bytes of a stream in order, coalesced or not', run: showsStreamsInOrder },
  { name: 'shows datagrams each as it came, coalesced or not', run: showsDatagramsAsTheyCame },
];
