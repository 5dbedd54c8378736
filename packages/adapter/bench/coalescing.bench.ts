/*
 * What software does to a received segment costs: straight; with headers found; with checksums of 1448 bytes validated; with
 * segments coalesced whose checksums the NIC found valid, and whose checksums software looks at. The driver writes headers of
 * one or eight flows into the buffers, bursts of 32, as a NIC would; the protocol releases everything. Processes in turns, on
 * the built packages. Run from the package's folder after a build: npx tsx bench/coalescing.bench.ts [rounds]
 */

import { spawnSync } from 'node:child_process';
import { argv, cpuUsage, execArgv, execPath } from 'node:process';
import { fileURLToPath } from 'node:url';
import * as adapters from '@netcx/adapter';
import * as edges from '@netcx/adapter/edge';
import * as buffers from '@netcx/buffers';
import { VirtualClock } from '@netcx/clock';
import * as dma from '@netcx/dma';
import * as memory from '@netcx/dma/memory';
import * as extensions from '@netcx/extensions';
import * as rings from '@netcx/rings';

// Re-bound, as in every hot module: V8 folds a module's own constants and never an import.
const { i32: m, u8 } = memory;
const { FrameDescriptor } = edges;
const { Fragment, Layer2Type, Packet } = rings;
const { Checksum, VirtualAddress } = extensions;
const { dmaCapabilities, NetAdapter, RxCapabilities, TxCapabilities } = adapters;
const { releaseBuffer } = buffers;

const BATCH = 1024;
const BURST = 32;
const PAYLOAD = 1448;
const HEADERS = 54;
const BOTH_VALID = 0b01_01_00;

/** Headers of TCP over IPv4 over Ethernet, with everything but port, sequence number and checksum. */
const template = Uint8Array.from([
  ...[2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0],
  ...[0x45, 0, (40 + PAYLOAD) >> 8, (40 + PAYLOAD) & 255, 0, 1, 0x40, 0, 64, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2],
  ...[0, 0, 0, 80, 0, 0, 0, 0, 0, 0, 0, 1, 0x50, 16, 1, 0, 0, 0, 0, 0],
]);
const half = (at: number): number => (template[at]! << 8) | template[at + 1]!;
const fold = (sum: number): number =>
  ((sum & 0xffff) + (sum >>> 16) + (((sum & 0xffff) + (sum >>> 16)) >>> 16)) & 0xffff;
let headerSum = 0;
for (let at = 14; at < 34; at += 2) headerSum += half(at);
template.set([(0xffff - fold(headerSum)) >> 8, (0xffff - fold(headerSum)) & 255], 24);
let segmentSum = 6 + 20 + PAYLOAD; // the payload is zeros
for (let at = 26; at < 54; at += 2) segmentSum += half(at);
const STATIC_SUM = segmentSum;

/** Receives segments of some flows in turns. */
class SegmentRx implements adapters.PacketQueueCallbacks {
  wanted = 0;
  readonly #queue: adapters.RxQueue;
  readonly #virtual: number;
  readonly #checksum: number;
  readonly #said: number;
  readonly #flows: number;
  readonly #sequences = new Int32Array(8);
  #turn = 0;

  constructor(queue: adapters.RxQueue, said: number, flows: number) {
    this.#queue = queue;
    this.#virtual = queue.extension(VirtualAddress).offset;
    this.#checksum = queue.extension(Checksum).offset;
    this.#said = said;
    this.#flows = flows;
  }

  receive(count: number): void {
    this.wanted += count;
    this.#queue.notifyMoreReceivedPacketsAvailable();
  }

  advance(): void {
    const { packets, fragments } = this.#queue.rings;
    const count = Math.min(this.wanted, BURST, fragments.driverCount, packets.driverCount) | 0;
    for (let index = 0; index < count; index++) {
      const p = packets.at(packets.beginIndex + index);
      const fragment = (fragments.beginIndex + index) & fragments.mask;
      const f = fragments.at(fragment);
      this.#write(VirtualAddress.hostOffset.get(m, f, this.#virtual));
      Fragment.validLength.set(m, f, HEADERS + PAYLOAD);
      Packet.fragmentIndex.set(m, p, fragment);
      Packet.countAndLayoutLow.set(m, p, 1 | (14 << 16));
      Packet.layoutHigh.set(m, p, Layer2Type.Ethernet << 8);
      Checksum.whole.set(m, p, this.#checksum, this.#said);
    }
    this.wanted -= count;
    fragments.complete(count);
    packets.complete(count);
  }

  #write(at: number): void {
    const flow = (this.#turn = (this.#turn + 1) % this.#flows);
    const sequence = this.#sequences[flow]!;
    this.#sequences[flow] = sequence + PAYLOAD;
    for (let index = 0; index < HEADERS; index++) u8[at + index] = template[index]!;
    const checksum = 0xffff - fold(STATIC_SUM + flow + (sequence >>> 16) + (sequence & 0xffff));
    u8[at + 35] = flow;
    u8[at + 38] = sequence >>> 24;
    u8[at + 39] = sequence >>> 16;
    u8[at + 40] = sequence >>> 8;
    u8[at + 41] = sequence;
    u8[at + 50] = checksum >>> 8;
    u8[at + 51] = checksum;
  }

  setNotificationEnabled(): void {
    // It says when it has something, asked or not.
  }

  cancel(): void {
    const { packets, fragments } = this.#queue.rings;
    this.wanted = 0;
    fragments.complete(fragments.driverCount);
    packets.complete(packets.driverCount);
  }
}

/** Releases what it is shown, and counts the frames. */
class Taker implements edges.Protocol {
  frames = 0;
  invalid = 0;

  receive(edge: edges.ReceiveEdge, count: number): void {
    const base = edge.ring.base | 0;
    const mask = edge.ring.mask | 0;
    let index = edge.ring.beginIndex | 0;
    for (let done = 0; done < count; done++) {
      const d = (base + (index << 3)) | 0;
      if ((FrameDescriptor.checksum.get(m, d) & 0b10_10_00) !== 0) this.invalid++;
      if (FrameDescriptor.more.get(m, d) === 0) this.frames++;
      releaseBuffer(FrameDescriptor.buffer.get(m, d) | 0);
      index = (index + 1) & mask;
    }
    edge.complete(count);
  }
}

interface Way {
  /** What the driver says of checksums. */
  readonly said: number;
  readonly flows: number;
  readonly enable: (adapter: adapters.NetAdapter) => unknown;
}

const coalesce = (adapter: adapters.NetAdapter): unknown => adapter.offloads.enable({ rsc: { tcpIPv4: true } });

// prettier-ignore
const ways: Readonly<Record<string, Way>> = {
  'straight':                      { said: BOTH_VALID, flows: 1, enable: () => undefined },
  'headers found':                 { said: BOTH_VALID, flows: 1, enable: ({ offloads }) => (offloads.receive.findsLayouts = true) },
  'checksums validated':           { said: 0, flows: 1, enable: ({ offloads }) => offloads.enable({ rxChecksum: { ipv4: true, tcpIPv4: true } }) },
  'coalesced, 1 flow':             { said: BOTH_VALID, flows: 1, enable: coalesce },
  'coalesced, 8 flows':            { said: BOTH_VALID, flows: 8, enable: coalesce },
  'coalesced, checksums looked at': { said: 0, flows: 1, enable: coalesce },
};

function build(clock: VirtualClock, name: string, { said, flows, enable }: Way) {
  const receivers: SegmentRx[] = [];
  const adapter = new NetAdapter({
    name,
    clock,
    queues: { transmit: 0, receive: 1 },
    callbacks: {
      createTxQueue: () => undefined,
      createRxQueue: (init) => void init.create((queue) => (receivers[0] = new SegmentRx(queue, said, flows))),
    },
  });
  const capabilities = dmaCapabilities(new dma.DmaEnabler(new dma.IdentityMap(), { addressWidth: 64, version: 3 }));
  const wishes = { fragmentRingNumberOfElementsHint: 256 };
  adapter.setDatapathCapabilities(
    TxCapabilities.forDma(capabilities, 1, wishes),
    RxCapabilities.systemManagedDma(capabilities, 1536, 1, wishes),
  );
  adapter.setLinkLayerCapabilities(1e9);
  adapter.setLinkLayerMtuSize(1500);
  adapter.setPermanentLinkLayerAddress(Uint8Array.of(2, 0, 0, 0, 0, 1));
  adapter.setOffloadCapabilities({ rxChecksum: { ipv4: true, tcp: true, udp: true } });
  const taker = new Taker();
  adapter.attachProtocol(taker);
  adapter.start();
  enable(adapter);
  return { taker, rx: receivers[0]! };
}

/** Two machines in turns, a batch each time. */
function onMachines(way: Way): () => void {
  const clock = new VirtualClock();
  const machines = ['a', 'b'].map((name) => build(clock, name, way));
  clock.run();
  let turn = 0;
  return () => {
    const { rx, taker } = machines[(turn ^= 1)]!;
    const before = taker.frames;
    for (let done = 0; done < BATCH; done += BURST) {
      rx.receive(BURST);
      clock.run();
    }
    const frames = taker.frames - before;
    const expected = way.enable === coalesce ? (BATCH / BURST) * way.flows : BATCH;
    if (frames !== expected || taker.invalid > 0) throw new Error(`${frames} frames, expected ${expected}`);
  };
}

const median = (values: number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? NaN;

/** Nanoseconds of processor time a segment, the median of 31 samples after a warm-up: others may use the machine, too. */
function measure(work: () => void): number {
  for (let batch = 0; batch < 500; batch++) work();
  const samples = Array.from({ length: 31 }, () => {
    const start = cpuUsage().user;
    for (let batch = 0; batch < 20; batch++) work();
    return ((cpuUsage().user - start) * 1000) / (20 * BATCH);
  });
  return median(samples);
}

/** Runs this file once more, for one way. */
function measureInChild(way: string): number {
  const child = spawnSync(execPath, [...execArgv, fileURLToPath(import.meta.url), way], { encoding: 'utf8' });
  if (child.status !== 0) throw new Error(child.stderr);
  return Number(child.stdout);
}

const asked = ways[argv[2] ?? ''];
if (asked !== undefined) {
  console.log(measure(onMachines(asked)));
} else {
  const times = Object.keys(ways).map((way) => ({ way, ns: [] as number[] }));
  for (let round = 0; round < Number(argv[2] ?? 3); round++) {
    for (const { way, ns } of times) ns.push(measureInChild(way));
  }
  console.log('ns a segment of 1448 bytes, the driver that writes its headers included');
  for (const { way, ns } of times) console.log(`${way.padEnd(32)} ${median(ns).toFixed(0).padStart(6)}`);
}
