/*
 * What the framework itself costs a packet: adapters on drivers without a NIC, which give back at once whatever they are
 * handed. Transmit: a protocol submits buffers and gets them back. Receive: the driver describes a frame in each buffer, the
 * protocol releases it. Forward: the protocol sends what it receives. Beside it the two rings alone, with the same fields
 * written and read by hand; and the same three under the verifier. Two adapters alive, bursts of 32, processes in turns, on the built
 * packages.
 * Run from the package's folder after a build: npx tsx bench/framework.bench.ts [rounds]
 */

import { spawnSync } from 'node:child_process';
import { argv, execArgv, execPath, hrtime } from 'node:process';
import { fileURLToPath } from 'node:url';
import * as adapters from '@netcx/adapter';
import * as edges from '@netcx/adapter/edge';
import * as buffers from '@netcx/buffers';
import { VirtualClock } from '@netcx/clock';
import * as dma from '@netcx/dma';
import * as memory from '@netcx/dma/memory';
import * as rings from '@netcx/rings';

// Re-bound, as in every hot module: V8 folds a module's own constants and never an import.
const { i32: m } = memory;
const { FrameDescriptor } = edges;
const { Fragment, Layer2Type, Packet, RingCollection } = rings;
const { dmaCapabilities, NetAdapter, RxCapabilities, TxCapabilities } = adapters;
const { BufferEntry, releaseBuffer } = buffers;

const BATCH = 1024;
const BURST = 32;
const LENGTH = 60;
const LAYOUT_LOW = 1 | (14 << 16);
const LAYOUT_HIGH = Layer2Type.Ethernet << 8;

/** Gives back whatever it is handed. */
class InstantTx implements adapters.PacketQueueCallbacks {
  readonly #packets: rings.Ring;
  readonly #fragments: rings.Ring;

  constructor(queue: adapters.TxQueue) {
    this.#packets = queue.rings.packets;
    this.#fragments = queue.rings.fragments;
  }

  advance(): void {
    this.#fragments.complete(this.#fragments.driverCount);
    this.#packets.complete(this.#packets.driverCount);
  }

  setNotificationEnabled(): void {
    // It never has anything to say.
  }

  cancel(): void {
    this.advance();
  }
}

/** Receives as many frames as it is told to. */
class InstantRx implements adapters.PacketQueueCallbacks {
  /** Frames that it shall still receive. */
  wanted = 0;
  readonly #queue: adapters.RxQueue;
  readonly #packets: rings.Ring;
  readonly #fragments: rings.Ring;

  constructor(queue: adapters.RxQueue) {
    this.#queue = queue;
    this.#packets = queue.rings.packets;
    this.#fragments = queue.rings.fragments;
  }

  receive(count: number): void {
    this.wanted += count;
    this.#queue.notifyMoreReceivedPacketsAvailable();
  }

  advance(): void {
    const packetBase = this.#packets.base | 0;
    const packetStride = this.#packets.stride | 0;
    const packetMask = this.#packets.mask | 0;
    const fragmentBase = this.#fragments.base | 0;
    const fragmentStride = this.#fragments.stride | 0;
    const fragmentMask = this.#fragments.mask | 0;
    const count = Math.min(this.wanted, BURST, this.#fragments.driverCount, this.#packets.driverCount) | 0;
    let packet = this.#packets.beginIndex | 0;
    let fragment = this.#fragments.beginIndex | 0;
    for (let index = 0; index < count; index++) {
      const p = (packetBase + Math.imul(packet, packetStride)) | 0;
      const f = (fragmentBase + Math.imul(fragment, fragmentStride)) | 0;
      Fragment.validLength.set(m, f, LENGTH);
      Fragment.offset.set(m, f, 0);
      Packet.fragmentIndex.set(m, p, fragment);
      Packet.countAndLayoutLow.set(m, p, LAYOUT_LOW);
      Packet.layoutHigh.set(m, p, LAYOUT_HIGH);
      packet = (packet + 1) & packetMask;
      fragment = (fragment + 1) & fragmentMask;
    }
    this.wanted -= count;
    this.#fragments.complete(count);
    this.#packets.complete(count);
  }

  setNotificationEnabled(): void {
    // It says when it has something, asked or not.
  }

  cancel(): void {
    this.wanted = 0;
    this.#fragments.complete(this.#fragments.driverCount);
    this.#packets.complete(this.#packets.driverCount);
  }
}

/** A started adapter on such a driver. */
interface Machine {
  readonly adapter: adapters.NetAdapter;
  readonly rx: InstantRx;
}

function buildMachine(clock: VirtualClock, name: string, forwards: boolean, verifier: boolean): Machine {
  const receivers: InstantRx[] = [];
  const adapter = new NetAdapter({
    name,
    clock,
    verifier,
    callbacks: {
      createTxQueue: (init) => void init.create((queue) => new InstantTx(queue)),
      createRxQueue: (init) => void init.create((queue) => (receivers[0] = new InstantRx(queue))),
    },
  });
  const enabler = new dma.DmaEnabler(new dma.IdentityMap(), { addressWidth: 64, version: 3 });
  const capabilities = dmaCapabilities(enabler);
  const wishes = { fragmentRingNumberOfElementsHint: 256 };
  adapter.setDatapathCapabilities(
    TxCapabilities.forDma(capabilities, 1, wishes),
    RxCapabilities.systemManagedDma(capabilities, 1536, 1, wishes),
  );
  adapter.setLinkLayerCapabilities(1e9);
  adapter.setLinkLayerMtuSize(1500);
  adapter.setPermanentLinkLayerAddress(Uint8Array.of(2, 0, 0, 0, 0, 1));
  adapter.attachProtocol(new Taker(adapter, forwards));
  adapter.start();
  return { adapter, rx: receivers[0]! };
}

/** Takes what it is shown: releases it, or sends it on. */
class Taker implements edges.Protocol {
  readonly #adapter: adapters.NetAdapter;
  readonly #forwards: boolean;

  constructor(adapter: adapters.NetAdapter, forwards: boolean) {
    this.#adapter = adapter;
    this.#forwards = forwards;
  }

  receive(edge: edges.ReceiveEdge, count: number): void {
    if (this.#forwards) this.#forward(edge, count);
    else this.#release(edge, count);
    edge.complete(count);
  }

  #release(edge: edges.ReceiveEdge, count: number): void {
    const base = edge.ring.base | 0;
    const mask = edge.ring.mask | 0;
    let index = edge.ring.beginIndex | 0;
    for (let done = 0; done < count; done++) {
      releaseBuffer(FrameDescriptor.buffer.get(m, (base + (index << 3)) | 0) | 0);
      index = (index + 1) & mask;
    }
  }

  #forward(edge: edges.ReceiveEdge, count: number): void {
    const target = this.#adapter.transmitQueues[0]!.edge;
    const fromBase = edge.ring.base | 0;
    const fromMask = edge.ring.mask | 0;
    const toBase = target.ring.base | 0;
    const toMask = target.ring.mask | 0;
    let from = edge.ring.beginIndex | 0;
    let to = target.ring.endIndex | 0;
    for (let done = 0; done < count; done++) {
      const source = (fromBase + (from << 3)) | 0;
      const sink = (toBase + (to << 3)) | 0;
      for (let word = 0; word < 8; word++) m[(sink + word) | 0] = m[(source + word) | 0]!;
      from = (from + 1) & fromMask;
      to = (to + 1) & toMask;
    }
    target.submit(count);
  }
}

type Work = () => void;

/** Submits a burst of frames, each in a buffer of the queue's pool. */
function submitBurst({ adapter }: Machine): void {
  const { edge } = adapter.transmitQueues[0]!;
  const base = edge.ring.base | 0;
  const mask = edge.ring.mask | 0;
  let index = edge.ring.endIndex | 0;
  for (let count = 0; count < BURST; count++) {
    const d = (base + (index << 3)) | 0;
    const buffer = edge.pool.take();
    FrameDescriptor.address.set(m, d, BufferEntry.address.get(m, buffer));
    FrameDescriptor.lengthAndFlags.set(m, d, LENGTH);
    FrameDescriptor.buffer.set(m, d, buffer);
    FrameDescriptor.layout.set(m, d, 14);
    index = (index + 1) & mask;
  }
  edge.submit(BURST);
}

/** Two machines in turns, a batch each time. */
function onMachines(forwards: boolean, burst: (machine: Machine) => void, verifier = false): Work {
  const clock = new VirtualClock();
  const machines = ['a', 'b'].map((name) => buildMachine(clock, name, forwards, verifier));
  clock.run();
  let turn = 0;
  return () => {
    const machine = machines[(turn ^= 1)]!;
    for (let done = 0; done < BATCH; done += BURST) {
      burst(machine);
      clock.run();
    }
    const moved =
      machine.adapter.transmitQueues[0]!.translator.counters.packets +
      machine.adapter.receiveQueues[0]!.translator.counters.packets;
    if (moved < BATCH) throw new Error('not every frame went through');
  };
}

/** The rings alone: the fields that a frame has on its way, written by one side and read by the other. */
function ringsAlone(): Work {
  const options = { name: 'bare', packets: 256, fragments: 256, packetStride: 12, fragmentStride: 24 };
  const made = [0, 1].map(() => RingCollection.create(dma.hostPages.allocate(RingCollection.bytes(options)), options));
  let turn = 0;
  let sum = 0;
  return () => {
    const { packets, fragments } = made[(turn ^= 1)]!;
    for (let done = 0; done < BATCH; done += BURST) {
      let index = packets.endIndex | 0;
      for (let count = 0; count < BURST; count++) {
        const p = (packets.base + Math.imul(index, 3)) | 0;
        const f = (fragments.base + Math.imul(index, 6)) | 0;
        Fragment.whole.low.set(m, f, LENGTH);
        Fragment.whole.high.set(m, f, LENGTH);
        m[(f + 2) | 0] = index;
        m[(f + 4) | 0] = index;
        m[(f + 5) | 0] = 0;
        Packet.fragmentIndex.set(m, p, index);
        Packet.countAndLayoutLow.set(m, p, LAYOUT_LOW);
        Packet.layoutHigh.set(m, p, LAYOUT_HIGH);
        index = (index + 1) & 255;
      }
      fragments.publish(BURST);
      packets.publish(BURST);
      fragments.complete(fragments.driverCount);
      packets.complete(packets.driverCount);
      index = packets.processedIndex | 0;
      for (let count = 0; count < BURST; count++) {
        const p = (packets.base + Math.imul(index, 3)) | 0;
        const f = (fragments.base + Math.imul(index, 6)) | 0;
        sum = (sum + Packet.countAndLayoutLow.get(m, p) + Fragment.validLength.get(m, f) + m[(f + 4) | 0]!) | 0;
        index = (index + 1) & 255;
      }
      packets.reap(BURST);
      fragments.reap(BURST);
    }
    if (sum === 1) throw new Error('nothing was read');
  };
}

const receiveBurst = ({ rx }: Machine): void => {
  rx.receive(BURST);
};

/** What is measured, and by how much fewer batches: the verifier looks at every field, before and after. */
const ways: Readonly<Record<string, { readonly make: () => Work; readonly fewer?: number }>> = {
  'rings alone': { make: ringsAlone },
  transmit: { make: () => onMachines(false, submitBurst) },
  receive: { make: () => onMachines(false, receiveBurst) },
  forward: { make: () => onMachines(true, receiveBurst) },
  'transmit, verified': { make: () => onMachines(false, submitBurst, true), fewer: 20 },
  'receive, verified': { make: () => onMachines(false, receiveBurst, true), fewer: 20 },
  'forward, verified': { make: () => onMachines(true, receiveBurst, true), fewer: 20 },
};

const median = (values: number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? NaN;

/** Nanoseconds a packet, the median of 31 samples after a warm-up. */
function measure(work: Work, fewer = 1): number {
  for (let batch = 0; batch < 3_000 / fewer; batch++) work();
  const samples = Array.from({ length: 31 }, () => {
    const start = hrtime.bigint();
    for (let batch = 0; batch < 100 / fewer; batch++) work();
    return (Number(hrtime.bigint() - start) * fewer) / (100 * BATCH);
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
  console.log(measure(asked.make(), asked.fewer));
} else {
  const times = Object.keys(ways).map((way) => ({ way, ns: [] as number[] }));
  for (let round = 0; round < Number(argv[2] ?? 5); round++) {
    for (const { way, ns } of times) ns.push(measureInChild(way));
  }
  const bare = median(times[0]!.ns);
  console.log('ns a packet, and in terms of the rings alone');
  for (const { way, ns } of times) {
    console.log(`${way.padEnd(18)} ${median(ns).toFixed(2).padStart(7)} ${(median(ns) / bare).toFixed(2).padStart(7)}`);
  }
}
