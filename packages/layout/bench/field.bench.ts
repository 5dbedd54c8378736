/*
 * What a declared field costs beside hand-written shifts: the same work on a batch of 1024 structs, both ways, for each
 * shape of field. Each pair runs in processes of its own, in turns, on the built package; the ratio is of the medians.
 * Run from the package's folder after a build: npx tsx bench/field.bench.ts [rounds]
 */

import { spawnSync } from 'node:child_process';
import { argv, execArgv, execPath, hrtime } from 'node:process';
import { fileURLToPath } from 'node:url';
import * as layout from '@netcx/layout';

// Re-bound, as in every hot module: V8 folds a module's own constants and never an import.
const { bits, defineStruct, u16, u32, u64, u8 } = layout;
const m = new Int32Array(new WebAssembly.Memory({ initial: 16, maximum: 16, shared: true }).buffer);

const BATCH = 1024;
const WORDS = 4;

const Word = defineStruct('Word', 16, { field: u32(4) });
const Half = defineStruct('Half', 16, { field: u16(6) });
const Byte = defineStruct('Byte', 16, { field: u8(5) });
const Run = defineStruct('Run', 16, { field: bits(u32(8), 25, 4) });
const Across = defineStruct('Across', 16, { field: bits(u64(0), 51, 26) });
const Wide = defineStruct('Wide', 16, { field: u64(8) });

type Work = () => number;

// Each body reads the field, adds it up, and writes it back changed: the accessors' way and by hand.
const pairs: Readonly<Record<string, readonly [declared: Work, byHand: Work]>> = {
  u32: [
    () => {
      let sum = 0;
      for (let i = 0; i < BATCH; i++) {
        const at = (i * WORDS) | 0;
        const value = Word.field.get(m, at) | 0;
        sum = (sum + value) | 0;
        Word.field.set(m, at, value ^ i);
      }
      return sum;
    },
    () => {
      let sum = 0;
      for (let i = 0; i < BATCH; i++) {
        const at = (i * WORDS) | 0;
        const value = m[(at + 1) | 0]! | 0;
        sum = (sum + value) | 0;
        m[(at + 1) | 0] = value ^ i;
      }
      return sum;
    },
  ],
  u16: [
    () => {
      let sum = 0;
      for (let i = 0; i < BATCH; i++) {
        const at = (i * WORDS) | 0;
        const value = Half.field.get(m, at);
        sum = (sum + value) | 0;
        Half.field.set(m, at, value ^ i);
      }
      return sum;
    },
    () => {
      let sum = 0;
      for (let i = 0; i < BATCH; i++) {
        const at = (i * WORDS) | 0;
        const value = (m[(at + 1) | 0]! >>> 16) & 0xffff;
        sum = (sum + value) | 0;
        m[(at + 1) | 0] = (m[(at + 1) | 0]! & 0x0000_ffff) | (((value ^ i) & 0xffff) << 16);
      }
      return sum;
    },
  ],
  u8: [
    () => {
      let sum = 0;
      for (let i = 0; i < BATCH; i++) {
        const at = (i * WORDS) | 0;
        const value = Byte.field.get(m, at);
        sum = (sum + value) | 0;
        Byte.field.set(m, at, value ^ i);
      }
      return sum;
    },
    () => {
      let sum = 0;
      for (let i = 0; i < BATCH; i++) {
        const at = (i * WORDS) | 0;
        const value = (m[(at + 1) | 0]! >>> 8) & 0xff;
        sum = (sum + value) | 0;
        m[(at + 1) | 0] = (m[(at + 1) | 0]! & ~0xff00) | (((value ^ i) & 0xff) << 8);
      }
      return sum;
    },
  ],
  'bits 25:4': [
    () => {
      let sum = 0;
      for (let i = 0; i < BATCH; i++) {
        const at = (i * WORDS) | 0;
        const value = Run.field.get(m, at);
        sum = (sum + value) | 0;
        Run.field.set(m, at, value ^ i);
      }
      return sum;
    },
    () => {
      let sum = 0;
      for (let i = 0; i < BATCH; i++) {
        const at = (i * WORDS) | 0;
        const value = (m[(at + 2) | 0]! >>> 4) & 0x3f_ffff;
        sum = (sum + value) | 0;
        m[(at + 2) | 0] = (m[(at + 2) | 0]! & ~0x3ff_fff0) | (((value ^ i) & 0x3f_ffff) << 4);
      }
      return sum;
    },
  ],
  'bits 51:26': [
    () => {
      let sum = 0;
      for (let i = 0; i < BATCH; i++) {
        const at = (i * WORDS) | 0;
        const value = Across.field.get(m, at) | 0;
        sum = (sum + value) | 0;
        Across.field.set(m, at, value ^ i);
      }
      return sum;
    },
    () => {
      let sum = 0;
      for (let i = 0; i < BATCH; i++) {
        const at = (i * WORDS) | 0;
        const value = (m[at]! >>> 26) | ((m[(at + 1) | 0]! & 0xf_ffff) << 6);
        sum = (sum + value) | 0;
        const next = value ^ i;
        m[at] = (m[at]! & 0x3ff_ffff) | (next << 26);
        m[(at + 1) | 0] = (m[(at + 1) | 0]! & ~0xf_ffff) | ((next >>> 6) & 0xf_ffff);
      }
      return sum;
    },
  ],
  'u64 by halves': [
    () => {
      let sum = 0;
      for (let i = 0; i < BATCH; i++) {
        const at = (i * WORDS) | 0;
        const low = Wide.field.low.get(m, at) | 0;
        const high = Wide.field.high.get(m, at) | 0;
        sum = (sum + low + high) | 0;
        Wide.field.low.set(m, at, low ^ i);
        Wide.field.high.set(m, at, high ^ i);
      }
      return sum;
    },
    () => {
      let sum = 0;
      for (let i = 0; i < BATCH; i++) {
        const at = (i * WORDS) | 0;
        const low = m[(at + 2) | 0]! | 0;
        const high = m[(at + 3) | 0]! | 0;
        sum = (sum + low + high) | 0;
        m[(at + 2) | 0] = low ^ i;
        m[(at + 3) | 0] = high ^ i;
      }
      return sum;
    },
  ],
};

const median = (values: number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? NaN;

/** Nanoseconds a struct, the median of 31 samples after a warm-up; and the sum, so that both ways can be compared. */
function measure(work: Work): { ns: number; sum: number } {
  for (let word = 0; word < BATCH * WORDS; word++) m[word] = Math.imul(word, 2_654_435_761);
  let sum = 0;
  for (let batch = 0; batch < 3_000; batch++) sum = (sum + work()) | 0;
  const samples = Array.from({ length: 31 }, () => {
    const start = hrtime.bigint();
    for (let batch = 0; batch < 200; batch++) sum = (sum + work()) | 0;
    return Number(hrtime.bigint() - start) / (200 * BATCH);
  });
  return { ns: median(samples), sum };
}

/** Runs this file once more, for one way of one shape. */
function measureInChild(shape: string, way: number): { ns: number; sum: number } {
  const child = spawnSync(execPath, [...execArgv, fileURLToPath(import.meta.url), shape, String(way)], {
    encoding: 'utf8',
  });
  if (child.status !== 0) throw new Error(child.stderr);
  return JSON.parse(child.stdout) as { ns: number; sum: number };
}

const asked = pairs[argv[2] ?? ''];
if (asked !== undefined) {
  const work = asked[argv[3] === '1' ? 1 : 0];
  console.log(JSON.stringify(measure(work)));
} else {
  console.log('shape           declared   by hand   ratio   (ns to read, add up and write back one field)');
  for (const shape of Object.keys(pairs)) {
    const times: [number[], number[]] = [[], []];
    for (let round = 0; round < Number(argv[2] ?? 5); round++) {
      const declared = measureInChild(shape, 0);
      const byHand = measureInChild(shape, 1);
      if (declared.sum !== byHand.sum) throw new Error(`${shape}: the two ways differ`);
      times[0].push(declared.ns);
      times[1].push(byHand.ns);
    }
    const [declared, byHand] = [median(times[0]), median(times[1])];
    const ratio = (declared / byHand).toFixed(2);
    console.log(
      `${shape.padEnd(13)} ${declared.toFixed(3).padStart(10)} ${byHand.toFixed(3).padStart(9)} ${ratio.padStart(7)}`,
    );
  }
}
