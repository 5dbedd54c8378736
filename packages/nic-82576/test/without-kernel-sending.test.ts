/*
 * The same sending model without WebAssembly: what is tested of the engine with the kernels is tested once more with the loops
 * in TypeScript, which run where a machine's memory comes from elsewhere. Apart from the receiving one, since the machines of
 * both need more memory than one worker has.
 */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chooseRows, rowKernel, rows, rowsByWords } from '../src/rows.ts';

beforeAll(() => chooseRows(rowsByWords));
afterAll(() => chooseRows(rowKernel!));

it('the loops are what engines use', () => {
  expect(rows()).toBe(rowsByWords);
});

const suites = ['segment-writer', 'segmentation', 'transmit-offloads', 'tx-engine', 'write-back'];

for (const suite of suites) {
  // The query makes it a module of its own, which registers its tests here.
  describe(suite, async () => {
    await import(/* @vite-ignore */ `./${suite}.test.ts?without-kernel`);
  });
}
