/*
 * Copies inside host memory: the kernel, the loop over 64-bit words (called, and written inside the caller's loop), and
 * what typed arrays bring along. Frames of each size, between buffers of 2048 bytes, on the built package, one process.
 * Run from the package's folder after a build: npx tsx bench/copy.bench.ts
 */

import { hrtime } from 'node:process';
import * as dma from '@netcx/dma';
import * as copies from '@netcx/dma/copy';
import * as memory from '@netcx/dma/memory';

// Re-bound, as in every hot module: V8 folds a module's own constants and never an import.
const { copy, copyByWords } = copies;
const { u8, u64 } = memory;

const SLOTS = 256;
const SLOT = 2048;
const from = dma.hostPages.allocate(SLOTS * SLOT, { owner: 'bench' });
const to = dma.hostPages.allocate(SLOTS * SLOT, { owner: 'bench' });

type Batch = (bytes: number) => void;

const ways: Readonly<Record<string, Batch>> = {
  kernel: (bytes) => {
    for (let slot = 0; slot < SLOTS; slot++) copy((to + slot * SLOT) | 0, (from + slot * SLOT) | 0, bytes);
  },
  'words, called': (bytes) => {
    for (let slot = 0; slot < SLOTS; slot++) copyByWords((to + slot * SLOT) | 0, (from + slot * SLOT) | 0, bytes);
  },
  'words, in the loop': (bytes) => {
    for (let slot = 0; slot < SLOTS; slot++) {
      const target = (to + slot * SLOT) >> 3;
      const source = (from + slot * SLOT) >> 3;
      for (let word = 0; word < bytes >> 3; word++) u64[(target + word) | 0] = u64[(source + word) | 0]!;
    }
  },
  copyWithin: (bytes) => {
    for (let slot = 0; slot < SLOTS; slot++) {
      const source = (from + slot * SLOT) | 0;
      u8.copyWithin((to + slot * SLOT) | 0, source, source + bytes);
    }
  },
};

const median = (values: number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? NaN;

function measure(batch: Batch, bytes: number): number {
  const rounds = Math.ceil(400_000 / (SLOTS * (1 + bytes / 256)));
  for (let round = 0; round < rounds; round++) batch(bytes);
  const samples = Array.from({ length: 9 }, () => {
    const start = hrtime.bigint();
    for (let round = 0; round < rounds; round++) batch(bytes);
    return Number(hrtime.bigint() - start) / (rounds * SLOTS);
  });
  return median(samples);
}

const names = Object.keys(ways);
console.log(['ns a copy'.padEnd(12), ...names.map((name) => name.padStart(19))].join(''));
for (const bytes of [64, 128, 256, 512, 1024, 1512]) {
  const cells = Object.values(ways).map((batch) => measure(batch, bytes).toFixed(1).padStart(19));
  console.log(`${bytes} bytes`.padEnd(12) + cells.join(''));
}
