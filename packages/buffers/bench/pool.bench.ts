/*
 * Taking a buffer and giving it back, beside a pool of objects: what one would write first. 32 are out at a time, as in a
 * burst. Each way runs in processes of its own, in turns, on the built package; the ratio is of the medians.
 * Run from the package's folder after a build: npx tsx bench/pool.bench.ts [rounds]
 */

import { spawnSync } from 'node:child_process';
import { argv, execArgv, execPath, hrtime } from 'node:process';
import { fileURLToPath } from 'node:url';
import * as buffers from '@netcx/buffers';

// Re-bound, as in every hot module: V8 folds a module's own constants and never an import.
const { BufferPool, releaseBuffer } = buffers;

const BATCH = 1024;
const BURST = 32;

type Work = () => number;

const pools = () => [0, 1].map((index) => new BufferPool({ name: `pool ${index}`, count: 256, capacity: 2048 }));

/** `pool.release`, which checks whose buffer it is, or `releaseBuffer`, which does not. */
function poolWay(checked: boolean): () => Work {
  return () => {
    const made = pools(); // two alive, as in any machine
    const out = new Int32Array(BURST);
    let turn = 0;
    return () => {
      const pool = made[(turn ^= 1)]!;
      let sum = 0;
      for (let done = 0; done < BATCH; done += BURST) {
        for (let index = 0; index < BURST; index++) out[index] = pool.take();
        for (let index = 0; index < BURST; index++) {
          const handle = out[index]!;
          sum = (sum + handle) | 0;
          if (checked) pool.release(handle);
          else releaseBuffer(handle);
        }
      }
      return sum;
    };
  };
}

interface ObjectBuffer {
  readonly bytes: Uint8Array;
  references: number;
  held: boolean;
}

function objectWay(): Work {
  const made = [0, 1].map(() =>
    Array.from({ length: 256 }, (): ObjectBuffer => ({ bytes: new Uint8Array(2048), references: 0, held: false })),
  );
  let turn = 0;
  return () => {
    const free = made[(turn ^= 1)]!;
    let sum = 0;
    for (let done = 0; done < BATCH; done += BURST) {
      const out: ObjectBuffer[] = [];
      for (let index = 0; index < BURST; index++) {
        const buffer = free.pop()!;
        buffer.references = 1;
        buffer.held = true;
        out.push(buffer);
      }
      for (const buffer of out) {
        sum = (sum + buffer.bytes.length) | 0;
        buffer.references--;
        if (buffer.references > 0) continue;
        buffer.held = false;
        free.push(buffer);
      }
    }
    return sum;
  };
}

const ways: Readonly<Record<string, () => Work>> = {
  'take, release': poolWay(true),
  'take, releaseBuffer': poolWay(false),
  'pool of objects': objectWay,
};

const median = (values: number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? NaN;

/** Nanoseconds for one buffer out and back, the median of 31 samples after a warm-up. */
function measure(work: Work): number {
  let sum = 0;
  for (let batch = 0; batch < 2_000; batch++) sum = (sum + work()) | 0;
  const samples = Array.from({ length: 31 }, () => {
    const start = hrtime.bigint();
    for (let batch = 0; batch < 200; batch++) sum = (sum + work()) | 0;
    return Number(hrtime.bigint() - start) / (200 * BATCH);
  });
  return sum === 0 ? NaN : median(samples);
}

/** Runs this file once more, for one way. */
function measureInChild(way: string): number {
  const child = spawnSync(execPath, [...execArgv, fileURLToPath(import.meta.url), way], { encoding: 'utf8' });
  if (child.status !== 0) throw new Error(child.stderr);
  return Number(child.stdout);
}

const asked = ways[argv[2] ?? ''];
if (asked !== undefined) {
  console.log(measure(asked()));
} else {
  const times = Object.keys(ways).map((way) => ({ way, ns: [] as number[] }));
  for (let round = 0; round < Number(argv[2] ?? 5); round++)
    for (const { way, ns } of times) ns.push(measureInChild(way));
  const objects = median(times.at(-1)!.ns);
  console.log('one buffer out and back, ns, and that of objects in terms of it');
  for (const { way, ns } of times)
    console.log(
      `${way.padEnd(20)} ${median(ns).toFixed(2).padStart(7)} ${(objects / median(ns)).toFixed(2).padStart(7)}`,
    );
}
