/*
 * What it costs to reach extensions in a loop: a transmit queue's post of 128 packets, five extension fields a packet,
 * with two layouts alive (checksum at byte 12 and at byte 13), beside objects with a map of extensions each. Each shape runs in processes of its own, in turns, on the
 * built packages; the figures are the median and the range of each shape's processes.
 * Run from the package's folder after a build: npx tsx bench/extension.bench.ts [rounds]
 */

import { spawnSync } from 'node:child_process';
import { argv, execArgv, execPath, hrtime } from 'node:process';
import { fileURLToPath } from 'node:url';
import * as layout from '@netcx/layout';
import * as extensions from '@netcx/extensions';

// Re-bound, as in every hot module: V8 folds a module's own constants and never an import.
const { bits, defineStruct, u16, u32, u8 } = layout;
const { Checksum, Gso, TxChecksumAction, defineExtension, planElement } = extensions;
const m = new Int32Array(new WebAssembly.Memory({ initial: 16, maximum: 16, shared: true }).buffer);

const Packet = defineStruct('Packet', 12, { fragmentIndex: u32(0), fragmentCount: u16(4) });
const Descriptor = defineStruct('Descriptor', 16, { first: u32(0), count: u32(4), layer3: u32(8), rest: u32(12) });
/** The extension as a struct at byte 12: what hand-written shifts with literal offsets cost. */
const Literal = defineStruct('Literal', 20, {
  mark: bits(u32(12), 1, 0),
  layer3: bits(u32(12), 3, 2),
  layer4: bits(u32(12), 5, 4),
  mss: bits(u32(16), 19, 0),
});

const STRIDE = 5;
const MASK = 127;
const DESCRIPTORS = 4096;

interface Queue {
  post(): void;
}

class LiteralQueue implements Queue {
  post(): void {
    for (let index = 0; index <= MASK; index++) {
      const p = (index * STRIDE) | 0;
      const d = (DESCRIPTORS + (index << 2)) | 0;
      Descriptor.first.set(m, d, Packet.fragmentIndex.get(m, p));
      Descriptor.count.set(m, d, Packet.fragmentCount.get(m, p));
      Descriptor.layer3.set(m, d, Literal.layer3.get(m, p) === TxChecksumAction.Required ? 1 : 0);
      const layer4 = Literal.layer4.get(m, p) === TxChecksumAction.Required ? 2 : 0;
      Descriptor.rest.set(m, d, layer4 | (Literal.mss.get(m, p) << 2));
      Literal.mark.set(m, p, index);
    }
  }
}

class OffsetQueue implements Queue {
  readonly #checksum;
  readonly #gso;

  constructor(plan: extensions.ElementPlan) {
    this.#checksum = plan.extension(Checksum);
    this.#gso = plan.extension(Gso);
  }

  post(): void {
    const checksum = this.#checksum.offset | 0;
    const gso = this.#gso.offset | 0;
    for (let index = 0; index <= MASK; index++) {
      const p = (index * STRIDE) | 0;
      const d = (DESCRIPTORS + (index << 2)) | 0;
      Descriptor.first.set(m, d, Packet.fragmentIndex.get(m, p));
      Descriptor.count.set(m, d, Packet.fragmentCount.get(m, p));
      Descriptor.layer3.set(m, d, Checksum.layer3.get(m, p, checksum) === TxChecksumAction.Required ? 1 : 0);
      const layer4 = Checksum.layer4.get(m, p, checksum) === TxChecksumAction.Required ? 2 : 0;
      Descriptor.rest.set(m, d, layer4 | (Gso.mss.get(m, p, gso) << 2));
      Checksum.layer2.set(m, p, checksum, index);
    }
  }
}

class HandleQueue implements Queue {
  readonly #checksum;
  readonly #gso;

  constructor(plan: extensions.ElementPlan) {
    this.#checksum = plan.extension(Checksum);
    this.#gso = plan.extension(Gso);
  }

  post(): void {
    const checksum = this.#checksum;
    const gso = this.#gso;
    for (let index = 0; index <= MASK; index++) {
      const p = (index * STRIDE) | 0;
      const d = (DESCRIPTORS + (index << 2)) | 0;
      Descriptor.first.set(m, d, Packet.fragmentIndex.get(m, p));
      Descriptor.count.set(m, d, Packet.fragmentCount.get(m, p));
      Descriptor.layer3.set(m, d, checksum.layer3.get(m, p) === TxChecksumAction.Required ? 1 : 0);
      const layer4 = checksum.layer4.get(m, p) === TxChecksumAction.Required ? 2 : 0;
      Descriptor.rest.set(m, d, layer4 | (gso.mss.get(m, p) << 2));
      checksum.layer2.set(m, p, index);
    }
  }
}

/** What one would write first: an object a packet, with its extensions in a map. */
class ObjectQueue implements Queue {
  readonly #packets = Array.from({ length: MASK + 1 }, (_, index) => ({
    fragmentIndex: index,
    fragmentCount: 1,
    extensions: new Map<string, Record<string, number>>([
      ['checksum', { layer2: 0, layer3: index & 3, layer4: (index >> 2) & 3 }],
      ['gso', { mss: index }],
    ]),
  }));

  post(): void {
    for (let index = 0; index <= MASK; index++) {
      const packet = this.#packets[index]!;
      const checksum = packet.extensions.get('checksum');
      const gso = packet.extensions.get('gso');
      if (checksum === undefined || gso === undefined) continue;
      const d = (DESCRIPTORS + (index << 2)) | 0;
      Descriptor.first.set(m, d, packet.fragmentIndex);
      Descriptor.count.set(m, d, packet.fragmentCount);
      Descriptor.layer3.set(m, d, checksum['layer3'] === TxChecksumAction.Required ? 1 : 0);
      const layer4 = checksum['layer4'] === TxChecksumAction.Required ? 2 : 0;
      Descriptor.rest.set(m, d, layer4 | (gso['mss']! << 2));
      checksum['layer2'] = index;
    }
  }
}

const shapes: Readonly<Record<string, new (plan: extensions.ElementPlan) => Queue>> = {
  literal: LiteralQueue,
  offset: OffsetQueue,
  handle: HandleQueue,
  objects: ObjectQueue,
};

const Shade = defineExtension({
  name: 'bench_shade',
  version: 1,
  size: 1,
  alignment: 1,
  level: 'packet',
  fields: { shade: u8(0) },
});

/** Nanoseconds a packet, the median of 15 samples after a warm-up. */
function measure(shape: new (plan: extensions.ElementPlan) => Queue): number {
  const core = { level: 'packet', coreSize: 12, coreAlignment: 4, mode: 'cx' } as const;
  const plain = planElement({ ...core, extensions: [Checksum, Gso] });
  const shaded = planElement({ ...core, extensions: [Shade, Checksum, Gso] });
  const queues = Array.from({ length: 32 }, (_, index) => new shape(index % 2 === 0 ? plain : shaded));
  for (let word = 0; word < DESCRIPTORS; word++) m[word] = Math.imul(word, 2_654_435_761);
  const run = (bursts: number): void => {
    for (let burst = 0; burst < bursts; burst++) queues[burst % queues.length]?.post();
  };
  run(20_000);
  const samples = Array.from({ length: 15 }, () => {
    const start = hrtime.bigint();
    run(2_000);
    return Number(hrtime.bigint() - start) / (2_000 * (MASK + 1));
  });
  return median(samples);
}

const median = (values: number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? NaN;

/** Runs this file once more, for one shape. */
function measureInChild(shape: string): number {
  const child = spawnSync(execPath, [...execArgv, fileURLToPath(import.meta.url), shape], { encoding: 'utf8' });
  if (child.status !== 0) throw new Error(child.stderr);
  return Number(child.stdout);
}

const asked = shapes[argv[2] ?? ''];
if (asked !== undefined) {
  console.log(measure(asked));
} else {
  const results = new Map(Object.keys(shapes).map((shape) => [shape, [] as number[]]));
  for (let round = 0; round < Number(argv[2] ?? 6); round++) {
    for (const [shape, values] of results) values.push(measureInChild(shape));
  }
  const literal = median(results.get('literal') ?? []);
  for (const [shape, values] of results) {
    const range = `${Math.min(...values).toFixed(2)}..${Math.max(...values).toFixed(2)}`;
    const ratio = (median(values) / literal).toFixed(2);
    console.log(`${shape.padEnd(8)} ${median(values).toFixed(2)} ns a packet (${range}), ${ratio} of literal`);
  }
}
