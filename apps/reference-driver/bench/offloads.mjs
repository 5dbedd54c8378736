/*
 * The whole path with the model's offloads on: receive-side scaling over 16 queues by the hash of addresses and ports,
 * checksums of IPv4 and UDP looked at on the way in and inserted on the way out. Two adapters, frames of 64 bytes, bursts of 32
 * of one flow each: in each round one for every queue, so that each poll finds a whole burst and no queue falls asleep, as with
 * a wire that always has frames: `node bench/offloads.mjs`. `node bench/offloads.mjs single` has one burst a round, for one
 * queue after the other, which is woken by an interrupt and sleeps again. The protocol does what one that forwards must: it
 * looks at the headers, believes what the NIC found, and hands over frames with the fields in the state that the NIC wants.
 * What leaves is compared with what came, all bytes. Prints one JSON object.
 */

import { ReceiveScalingHashType, ReceiveScalingProtocolType, Toeplitz } from '@netcx/adapter';
import * as edge from '@netcx/adapter/edge';
import { HostBridge } from '@netcx/bus';
import { MILLISECOND, VirtualClock } from '@netcx/clock';
import { IdentityMap } from '@netcx/dma';
import * as memory from '@netcx/dma/memory';
import { RxChecksumEvaluation, TxChecksumAction } from '@netcx/extensions';
import * as wire from '@netcx/hardware/wire';
import { Nic82576 } from '@netcx/nic-82576';
import { ReferenceDriver } from '@netcx/reference-driver';
import * as rings from '@netcx/rings';
import { takeTime } from '@tooling/bench/timing';

const { i32: m, u8 } = memory;
const { FrameDescriptor } = edge;
const { i32: w, u8: w8, allocateWire, Frame, FRAME_HEADER_BYTES } = wire;
const { Layer2Type, Layer3Type, Layer4Type } = rings;

const ADAPTERS = 2;
const QUEUES = 16;
const BURST = 32;
/** Bursts that come in a round. */
const AT_ONCE = process.argv[2] === 'single' ? 1 : QUEUES;
const FRAME_BYTES = 64;
const SLOT = FRAME_HEADER_BYTES + FRAME_BYTES;
const OUT_BYTES = 1 << 20;
const WARM_UP = 4_000_000;
const BLOCK = 32_768;
const PATIENCE = 10_000;

const ETHERNET = 14;
const IPV4 = 20;
const UDP_CHECKSUM = ETHERNET + IPV4 + 6;
const LAYOUT = ETHERNET | (IPV4 << 7) | (8 << 16) | (Layer2Type.Ethernet << 24) | (Layer3Type.IPv4NoOptions << 28) | 0;
const BOTH_VALID = (RxChecksumEvaluation.Valid << 2) | (RxChecksumEvaluation.Valid << 4);
const BOTH_REQUIRED = (TxChecksumAction.Required << 2) | (TxChecksumAction.Required << 4);
const WISHES = Layer4Type.Udp | (BOTH_REQUIRED << 8);
const KEY = Uint8Array.from({ length: 40 }, (_, index) => (index * 73 + 41) & 255);

/** The sum of 16-bit words, as the Internet checksum wants it (RFC 1071). */
function sumOf(bytes) {
  let sum = 0;
  for (let at = 0; at < bytes.length; at += 2) sum += (bytes[at] << 8) | (bytes[at + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return sum;
}

/** A frame of a flow, with both checksums right. */
function frameOf(destination, port, number) {
  const frame = Uint8Array.from({ length: FRAME_BYTES }, (_, byte) => (byte * 7 + number * 13) & 255);
  const half = (at, value) => frame.set([value >>> 8, value & 255], at);
  const udpBytes = FRAME_BYTES - ETHERNET - IPV4;
  frame.set([...destination, 2, 0, 0, 0, 0, 99, 8, 0, 0x45, 0]);
  half(16, FRAME_BYTES - ETHERNET);
  frame.set([0, number, 0x40, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2], 18);
  half(24, ~sumOf(frame.subarray(14, 34)) & 0xffff);
  half(34, port);
  half(36, 4242);
  half(38, udpBytes);
  half(UDP_CHECKSUM, 0);
  const pseudo = Uint8Array.of(...frame.subarray(26, 34), 0, 17, 0, udpBytes);
  half(UDP_CHECKSUM, ~sumOf(Uint8Array.of(...pseudo, ...frame.subarray(34))) & 0xffff || 0xffff);
  return frame;
}

/** A source port for each queue, by the hash of its flow. */
function portsOf() {
  const hash = new Toeplitz(KEY);
  const ports = [];
  for (let port = 1024; ports.filter(Boolean).length < QUEUES; port++) {
    const input = Uint8Array.of(10, 0, 0, 1, 10, 0, 0, 2, port >>> 8, port & 255, 4242 >>> 8, 4242 & 255);
    ports[hash.hash(input) & 127 & (QUEUES - 1)] ??= port;
  }
  return ports;
}

class Forwarder {
  constructor(adapter) {
    this.adapter = adapter;
    this.queues = new Set();
  }

  receive(receiveEdge, count) {
    const transmitEdge = this.adapter.transmitQueues[receiveEdge.id].edge;
    this.queues.add(receiveEdge.id);
    const from = receiveEdge.ring;
    const to = transmitEdge.ring;
    for (let index = 0; index < count; index++) {
      const d = from.at(from.beginIndex + index) | 0;
      const e = to.at(to.endIndex + index) | 0;
      const address = FrameDescriptor.address.get(m, d) | 0;
      const found = FrameDescriptor.checksum.get(m, d) | 0;
      const headers = (u8[address + 12] << 8) | u8[address + 13] | (u8[address + 14] << 16) | (u8[address + 23] << 24);
      if (found !== BOTH_VALID || headers !== 0x1145_0800) throw new Error(`a frame with findings ${found}`);
      // IPv4's field is 0, UDP's the sum of the pseudo header: addresses, protocol, length.
      const sum =
        (((u8[address + 26] + u8[address + 28] + u8[address + 30] + u8[address + 32] + u8[address + 38]) << 8) +
          u8[address + 27] +
          u8[address + 29] +
          u8[address + 31] +
          u8[address + 33] +
          u8[address + 39] +
          17) |
        0;
      const seed = (sum & 0xffff) + (sum >>> 16);
      u8[address + 24] = u8[address + 25] = 0;
      u8[address + UDP_CHECKSUM] = seed >>> 8;
      u8[address + UDP_CHECKSUM + 1] = seed;
      FrameDescriptor.address.set(m, e, address);
      FrameDescriptor.lengthAndFlags.set(m, e, FrameDescriptor.length.get(m, d));
      FrameDescriptor.buffer.set(m, e, FrameDescriptor.buffer.get(m, d));
      FrameDescriptor.layout.set(m, e, LAYOUT);
      FrameDescriptor.layer4AndChecksum.set(m, e, WISHES);
      FrameDescriptor.segmentation.set(m, e, 0);
    }
    receiveEdge.complete(count);
    transmitEdge.submit(count);
  }
}

/** The end of a link that has a burst of each flow ready, and counts what leaves. */
class FlowEnd {
  up = true;
  speed = 1000;
  duplex = 'full';
  partnerAbilities = 0;
  available = OUT_BYTES;
  frames = 0;
  injected = 0;
  idle = 0;
  partner = undefined;

  constructor(destination, ports) {
    this.out = allocateWire(OUT_BYTES);
    this.bursts = ports.map((port) => {
      const start = allocateWire(SLOT * BURST);
      for (let index = 0; index < BURST; index++) {
        const at = start + index * SLOT;
        Frame.length.set(w, at >> 2, FRAME_BYTES);
        Frame.status.set(w, at >> 2, 0);
        w8.set(frameOf(destination, port, index), at + FRAME_HEADER_BYTES);
      }
      return start;
    });
  }

  attach(partner) {
    this.partner = partner;
    partner.changed(true);
  }

  enable() {
    // Always up: there is no transceiver to switch on.
  }

  reserve() {
    return this.out;
  }

  commit(frames) {
    this.frames += frames;
  }

  inject() {
    this.partner.receive(this.bursts[(this.injected / BURST) % QUEUES], BURST);
    this.injected += BURST;
  }

  /** The last burst that left is one of those that went in, all bytes. */
  verify() {
    const same = (burst) => {
      for (let byte = 0; byte < SLOT * BURST; byte++)
        if (byte % SLOT >= FRAME_HEADER_BYTES && w8[this.out + byte] !== w8[burst + byte]) return false;
      return true;
    };
    if (!this.bursts.some(same)) throw new Error('the last burst is none of those that came');
  }
}

const clock = new VirtualClock({ seed: 1 });
const bridge = new HostBridge(clock);
const stations = [];
for (let index = 0; index < ADAPTERS; index++) {
  const macAddress = Uint8Array.of(2, 0, 0, 0, 0, index + 1);
  const end = new FlowEnd(macAddress, portsOf());
  const nic = new Nic82576({ clock, macAddress, link: end, name: `nic ${index}` });
  const slot = bridge.attach(nic, { dma: new IdentityMap() });
  const driver = new ReferenceDriver(slot, clock, { queues: QUEUES, interruptInterval: 0, name: `adapter ${index}` });
  const forwarder = new Forwarder(driver.adapter);
  driver.adapter.attachProtocol(forwarder);
  stations.push({ end, driver, forwarder });
}
await clock.drive(Promise.all(stations.map(({ driver }) => driver.start())));
clock.advance(100 * MILLISECOND);
const { ipv4, udp } = ReceiveScalingProtocolType;
for (const { driver } of stations)
  driver.adapter.receiveScaling.enable({
    ...{ hashTypes: ReceiveScalingHashType.toeplitz, protocolTypes: ipv4 | udp, key: KEY },
    table: Array.from({ length: 128 }, (_, entry) => entry % QUEUES),
  });

let target = 0;
for (const station of stations) {
  const { end } = station;
  station.alarm = clock.alarm(() => {
    if (end.injected >= target) return;
    if (end.injected - end.frames <= 3 * AT_ONCE * BURST) {
      for (let burst = 0; burst < AT_ONCE; burst++) end.inject();
      end.idle = 0;
    } else if (++end.idle > PATIENCE)
      throw new Error(`${end.frames} of ${end.injected} frames left, and nothing moves`);
    station.alarm.soon();
  });
}

function run(packets) {
  target += Math.ceil(packets / ADAPTERS / BURST) * BURST;
  for (const { alarm } of stations) alarm.soon();
  clock.run();
  for (const { end } of stations) {
    if (end.frames !== end.injected) throw new Error(`${end.frames} of ${end.injected} frames left`);
  }
}

run(WARM_UP);
for (const { forwarder } of stations)
  if (forwarder.queues.size !== QUEUES) throw new Error(`frames came by ${forwarder.queues.size} queues only`);
const timing = takeTime(() => {
  run(BLOCK);
  return BLOCK;
});
for (const { end } of stations) end.verify();
console.log(JSON.stringify(timing));
