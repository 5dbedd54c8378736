/*
 * What 4096 queues of 256 packets and 512 fragments take: without extensions, with some and with all, in each mode, and as
 * an object for each packet and fragment. Rings are really made, so that the pages they touch are counted too.
 * Run from the package's folder after a build: npx tsx bench/memory.bench.ts
 */

import { spawnSync } from 'node:child_process';
import { argv, execArgv, execPath, memoryUsage } from 'node:process';
import { fileURLToPath } from 'node:url';
import { hostPages } from '@netcx/dma';
import {
  Checksum,
  describeExtension,
  LogicalAddress,
  planElement,
  RX_EXTENSIONS,
  Rsc,
  TX_EXTENSIONS,
  VirtualAddress,
  type Extension,
  type Level,
  type PlanMode,
} from '@netcx/extensions';
import { RingCollection } from '@netcx/rings';

const QUEUES = 4096;
const PACKETS = 256;
const FRAGMENTS = 512;

const of = (level: Level, extensions: readonly Extension[]): Extension[] =>
  extensions.filter((extension) => describeExtension(extension).level === level);

/** The latest of each name: a queue lays out no other. */
const latest = (extensions: readonly Extension[]): Extension[] => [
  ...new Map(extensions.map((extension) => [describeExtension(extension).name, extension])).values(),
];

interface Case {
  readonly title: string;
  readonly extensions: readonly Extension[];
  readonly mode: PlanMode;
}

// prettier-ignore
const CASES: readonly Case[] = [
  { title: 'no extension',                           mode: 'packed', extensions: [] },
  { title: 'checksum and both addresses',            mode: 'packed', extensions: [Checksum, VirtualAddress, LogicalAddress] },
  { title: '  in the order of NetAdapterCx',         mode: 'cx',     extensions: [Checksum, VirtualAddress, LogicalAddress] },
  { title: 'everything transmit can use',            mode: 'packed', extensions: TX_EXTENSIONS },
  { title: 'everything receive can use',             mode: 'packed', extensions: latest([...RX_EXTENSIONS, Rsc]) },
  { title: '  in the order of NetAdapterCx',         mode: 'cx',     extensions: latest([...RX_EXTENSIONS, Rsc]) },
  { title: '  in the order of XDP',                  mode: 'xdp',    extensions: latest([...RX_EXTENSIONS, Rsc]) },
];

const megabytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MiB`.padStart(11);

function optionsOf({ extensions, mode }: Case) {
  const packet = { level: 'packet', coreSize: 12, coreAlignment: 4, extensions: of('packet', extensions) } as const;
  const fragment = {
    level: 'fragment',
    coreSize: 8,
    coreAlignment: 8,
    extensions: of('fragment', extensions),
  } as const;
  const packetStride = planElement({ ...packet, mode }).stride;
  const fragmentStride = planElement({ ...fragment, mode }).stride;
  return { name: 'bench', packets: PACKETS, fragments: FRAGMENTS, packetStride, fragmentStride };
}

/** How much the process grows when the queues of a case are made, or the same as objects. */
function grow(which: string): number {
  const before = memoryUsage().rss;
  const one = CASES[Number(which)];
  if (one !== undefined) {
    const options = optionsOf(one);
    const bytes = RingCollection.bytes(options);
    const block = hostPages.allocate(Math.ceil(bytes / 64) * 64 * QUEUES);
    for (let queue = 0; queue < QUEUES; queue++)
      RingCollection.create(block + queue * Math.ceil(bytes / 64) * 64, options);
    return memoryUsage().rss - before;
  }
  const queues = Array.from({ length: QUEUES }, () => ({
    packets: Array.from({ length: PACKETS }, (_, index) => ({
      fragmentIndex: index,
      fragmentCount: 1,
      layout: 0,
      flags: 0,
    })),
    fragments: Array.from({ length: FRAGMENTS }, () => ({ validLength: 0, capacity: 2048, offset: 0, flags: 0 })),
  }));
  return memoryUsage().rss - before - (queues.length - QUEUES);
}

const [, , asked] = argv;
if (asked !== undefined) {
  console.log(grow(asked));
} else {
  const growth = (which: string): number => {
    const child = spawnSync(execPath, [...execArgv, fileURLToPath(import.meta.url), which], { encoding: 'utf8' });
    return child.status === 0 ? Number(child.stdout) : NaN;
  };
  console.log(`${QUEUES} queues of ${PACKETS} packets and ${FRAGMENTS} fragments`);
  console.log(`${''.padEnd(34)} packet fragment       rings   process grows`);
  for (const [index, one] of CASES.entries()) {
    const options = optionsOf(one);
    const strides = `${String(options.packetStride).padStart(5)} B ${String(options.fragmentStride).padStart(6)} B`;
    const total = Math.ceil(RingCollection.bytes(options) / 64) * 64 * QUEUES;
    const grown = megabytes(growth(`${index}`));
    console.log(`${one.title.padEnd(34)} ${strides} ${megabytes(total)}     ${grown}`);
  }
  const objects = megabytes(growth('objects'));
  console.log(`${'an object each, no extension'.padEnd(34)} ${''.padStart(16)} ${''.padStart(11)}     ${objects}`);
}
