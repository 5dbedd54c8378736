/*
 * What it costs to send a frame from where it lies: in a pool's buffer, in the protocol's own memory without an IOMMU, mapped for
 * each transfer, mapped once and kept, and copied. The driver completes whatever it is given, so what is measured is the
 * framework. Each way runs in processes of its own, in alternated rounds, on the built packages.
 * Run from the package's folder after a build: npx tsx bench/mapping.bench.ts [rounds]
 */

import { spawnSync } from 'node:child_process';
import { argv, execArgv, execPath, hrtime } from 'node:process';
import { fileURLToPath } from 'node:url';
import { dmaCapabilities, NetAdapter, RxCapabilities, TxCapabilities, type TxQueue } from '@netcx/adapter';
import { FrameDescriptor } from '@netcx/adapter/edge';
import { VirtualClock } from '@netcx/clock';
import { DmaEnabler, hostPages, IdentityMap, Iommu, type DmaDomain } from '@netcx/dma';
import { i32 } from '@netcx/dma/memory';

const BURST = 32;
const SLOT = 2048;

interface Way {
  readonly domain: () => DmaDomain;
  readonly bouncePolicy?: 'always';
  readonly idleMappings?: number;
  /** Whether frames lie in buffers of the queue's pool. */
  readonly pooled?: boolean;
}

const ways: Readonly<Record<string, Way>> = {
  'pool buffer, IOMMU': { domain: () => new Iommu(), pooled: true },
  'own memory, no IOMMU': { domain: () => new IdentityMap() },
  'own memory, mappings kept': { domain: () => new Iommu(), idleMappings: 64 },
  'own memory, mapped each time': { domain: () => new Iommu() },
  'own memory, copied': { domain: () => new Iommu(), bouncePolicy: 'always' },
};

const finishAtOnce = ({ rings: { packets, fragments } }: TxQueue) => ({
  advance: () => {
    fragments.complete(fragments.driverCount);
    packets.complete(packets.driverCount);
  },
  setNotificationEnabled: () => undefined,
  cancel: () => undefined,
});

/** Sends bursts of frames on two adapters in turns; returns nanoseconds a frame, the median of 31 samples. */
function measure(way: Way, bytes: number): number {
  const clock = new VirtualClock();
  const own = hostPages.allocate(BURST * SLOT, { owner: 'the protocol’s own' });
  const edges = ['one', 'two'].map((name) => {
    const adapter = new NetAdapter({
      name,
      clock,
      queues: { transmit: 1, receive: 0 },
      callbacks: { createTxQueue: (init) => void init.create(finishAtOnce), createRxQueue: () => undefined },
      bouncePolicy: way.bouncePolicy ?? 'ifNeeded',
      idleMappings: way.idleMappings ?? 0,
    });
    const dma = dmaCapabilities(new DmaEnabler(way.domain(), { addressWidth: 64, version: 3 }));
    adapter.setDatapathCapabilities(TxCapabilities.forDma(dma, 1), RxCapabilities.systemManagedDma(dma, 2048, 1));
    adapter.setLinkLayerCapabilities(1e9);
    adapter.setLinkLayerMtuSize(1500);
    adapter.setPermanentLinkLayerAddress(Uint8Array.of(2, 0, 0, 0, 0, 1));
    adapter.start();
    return adapter.transmitQueues[0]!.edge;
  });
  const burst = (edge: (typeof edges)[number]): void => {
    for (let index = 0; index < BURST; index++) {
      const d = edge.ring.at(edge.ring.endIndex + index);
      const buffer = way.pooled === true ? edge.pool.take() : 0;
      FrameDescriptor.address.set(i32, d, buffer === 0 ? own + index * SLOT : edge.pool.address(buffer));
      FrameDescriptor.lengthAndFlags.set(i32, d, bytes);
      FrameDescriptor.buffer.set(i32, d, buffer);
    }
    edge.submit(BURST);
    clock.run();
  };
  const rounds = (count: number): void => {
    for (let round = 0; round < count; round++) burst(edges[round & 1]!);
  };
  rounds(4000);
  const samples = Array.from({ length: 31 }, () => {
    const start = hrtime.bigint();
    rounds(400);
    return Number(hrtime.bigint() - start) / (400 * BURST);
  });
  return samples.toSorted((a, b) => a - b)[15]!;
}

/** Runs this file once more, for one way. */
function measureInChild(way: string, bytes: number): number {
  const child = spawnSync(execPath, [...execArgv, fileURLToPath(import.meta.url), way, String(bytes)], {
    encoding: 'utf8',
  });
  if (child.status !== 0) throw new Error(child.stderr);
  return Number(child.stdout);
}

const asked = ways[argv[2] ?? ''];
if (asked !== undefined) {
  console.log(measure(asked, Number(argv[3])));
} else {
  const sizes = [64, 1500];
  const found = Object.keys(ways).flatMap((way) => sizes.map((bytes) => ({ way, bytes, ns: [] as number[] })));
  for (let round = 0; round < Number(argv[2] ?? 5); round++)
    for (const { way, bytes, ns } of found) ns.push(measureInChild(way, bytes));
  console.log('one frame through the transmit path, ns: median (min..max), and times a pool buffer');
  for (const { way, bytes, ns } of found) {
    const sorted = ns.toSorted((a, b) => a - b);
    const median = sorted[sorted.length >> 1]!;
    const pooled = found.find((other) => other.bytes === bytes)!.ns.toSorted((a, b) => a - b)[sorted.length >> 1]!;
    const range = `(${sorted[0]!.toFixed(1)}..${sorted.at(-1)!.toFixed(1)})`;
    console.log(
      `${way.padEnd(30)} ${String(bytes).padStart(5)} B ${median.toFixed(1).padStart(8)} ${range.padEnd(18)} ${(median / pooled).toFixed(2).padStart(6)}`,
    );
  }
}
