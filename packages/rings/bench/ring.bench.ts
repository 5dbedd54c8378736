/*
 * A hand-off through a ring and back, beside what one would write first: a ring of references to objects, a new one for
 * each packet. Both sides write and read the same three fields, in bursts of 32. Each way runs in processes of its own, in
 * turns, on the built package; the ratio is of the medians.
 * Run from the package's folder after a build: npx tsx bench/ring.bench.ts [rounds]
 */

import { spawnSync } from 'node:child_process';
import { argv, execArgv, execPath, hrtime } from 'node:process';
import { fileURLToPath } from 'node:url';
import { hostPages } from '@netcx/dma';
import * as memory from '@netcx/dma/memory';
import * as rings from '@netcx/rings';

// Re-bound, as in every hot module: V8 folds a module's own constants and never an import.
const { i32: m } = memory;
const { Packet, Ring } = rings;

const BATCH = 1024;
const BURST = 32;

type Work = () => number;

function ringWay(): Work {
  const options = { name: 'bench', elements: 256, stride: 16 };
  // Two rings alive, as in any machine, so that nothing is folded that could not be folded there.
  const made = [0, 1].map(() => Ring.create(hostPages.allocate(Ring.bytes(options)), options));
  let turn = 0;
  return () => {
    const ring = made[(turn ^= 1)]!;
    const { base, stride, mask } = ring;
    let sum = 0;
    for (let done = 0; done < BATCH; done += BURST) {
      let index = ring.endIndex | 0;
      for (let count = 0; count < BURST; count++) {
        const p = (base + Math.imul(index, stride)) | 0;
        Packet.fragmentIndex.set(m, p, index);
        Packet.countAndLayoutLow.set(m, p, 1);
        Packet.layoutHigh.set(m, p, done);
        index = (index + 1) & mask;
      }
      ring.publish(BURST);
      index = ring.nextIndex | 0;
      const posted = ring.postCount | 0;
      for (let count = 0; count < posted; count++) {
        const p = (base + Math.imul(index, stride)) | 0;
        sum =
          (sum + Packet.fragmentIndex.get(m, p) + Packet.countAndLayoutLow.get(m, p) + Packet.layoutHigh.get(m, p)) | 0;
        index = (index + 1) & mask;
      }
      ring.post(posted);
      ring.complete(ring.drainCount);
      ring.reap(ring.reapCount);
    }
    return sum;
  };
}

interface ObjectPacket {
  readonly fragmentIndex: number;
  readonly fragmentCount: number;
  readonly layout: number;
}

/** A ring of references, and a new object for each packet. */
class ObjectRing {
  readonly #slots = new Array<ObjectPacket | undefined>(256).fill(undefined);
  #head = 0;
  #tail = 0;

  push(packet: ObjectPacket): void {
    this.#slots[this.#tail] = packet;
    this.#tail = (this.#tail + 1) & 255;
  }

  shift(): ObjectPacket | undefined {
    if (this.#head === this.#tail) return undefined;
    const packet = this.#slots[this.#head];
    this.#slots[this.#head] = undefined;
    this.#head = (this.#head + 1) & 255;
    return packet;
  }
}

function objectWay(): Work {
  const made = [0, 1].map(() => ({ toDriver: new ObjectRing(), back: new ObjectRing(), index: 0 }));
  let turn = 0;
  return () => {
    const queue = made[(turn ^= 1)]!;
    let sum = 0;
    for (let done = 0; done < BATCH; done += BURST) {
      for (let count = 0; count < BURST; count++) {
        queue.toDriver.push({ fragmentIndex: queue.index, fragmentCount: 1, layout: done });
        queue.index = (queue.index + 1) & 255;
      }
      for (let packet = queue.toDriver.shift(); packet !== undefined; packet = queue.toDriver.shift()) {
        sum = (sum + packet.fragmentIndex + packet.fragmentCount + packet.layout) | 0;
        queue.back.push(packet);
      }
      while (queue.back.shift() !== undefined);
    }
    return sum;
  };
}

const ways: Readonly<Record<string, () => Work>> = { ring: ringWay, objects: objectWay };

const median = (values: number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? NaN;

/** Nanoseconds a packet, the median of 31 samples after a warm-up; and the sum, so that both ways can be compared. */
function measure(work: Work): { ns: number; sum: number } {
  let sum = 0;
  for (let batch = 0; batch < 2_000; batch++) sum = (sum + work()) | 0;
  const samples = Array.from({ length: 31 }, () => {
    const start = hrtime.bigint();
    for (let batch = 0; batch < 200; batch++) sum = (sum + work()) | 0;
    return Number(hrtime.bigint() - start) / (200 * BATCH);
  });
  return { ns: median(samples), sum };
}

/** Runs this file once more, for one way. */
function measureInChild(way: string): { ns: number; sum: number } {
  const child = spawnSync(execPath, [...execArgv, fileURLToPath(import.meta.url), way], { encoding: 'utf8' });
  if (child.status !== 0) throw new Error(child.stderr);
  return JSON.parse(child.stdout) as { ns: number; sum: number };
}

const asked = ways[argv[2] ?? ''];
if (asked !== undefined) {
  console.log(JSON.stringify(measure(asked())));
} else {
  const times: Record<string, number[]> = { ring: [], objects: [] };
  for (let round = 0; round < Number(argv[2] ?? 5); round++) {
    const [ring, objects] = [measureInChild('ring'), measureInChild('objects')];
    if (ring.sum !== objects.sum) throw new Error('the two ways differ');
    times['ring']!.push(ring.ns);
    times['objects']!.push(objects.ns);
  }
  const [ring, objects] = [median(times['ring']!), median(times['objects']!)];
  console.log('to the driver and back, ns a packet (bursts of 32)');
  console.log(`ring of descriptors   ${ring.toFixed(2).padStart(7)}`);
  console.log(`ring of objects       ${objects.toFixed(2).padStart(7)}`);
  console.log(`objects / ring        ${(objects / ring).toFixed(2).padStart(7)}`);
}
