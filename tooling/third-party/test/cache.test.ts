// A part of the cache is complete or it is not there.
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { Workshop, completeRecord } from '../fetch/cache.js';

let cache = '';
beforeEach(() => {
  cache = mkdtempSync(join(tmpdir(), 'netcx-cache-'));
});
afterEach(() => {
  rmSync(cache, { recursive: true });
});

async function makePart(recipe: string): Promise<void> {
  const workshop = new Workshop(cache);
  try {
    await workshop.make('part', recipe, (folder) => {
      mkdirSync(join(folder, 'sub'));
      writeFileSync(join(folder, 'sub/file'), 'twelve bytes');
      return Promise.resolve(['package_1.0_amd64']);
    });
  } finally {
    workshop.close();
  }
}

it('knows a part that is whole, and where it came from', async () => {
  await makePart('one');
  expect(completeRecord(join(cache, 'part'), 'one')).toEqual({
    recipe: 'one',
    origin: ['package_1.0_amd64'],
    files: [['sub/file', 12]],
  });
  expect(readdirSync(cache)).toEqual(['part']);
});

it('does not take a part for whole when it is absent, of another recipe, cut off, or lacks a file', async () => {
  const part = join(cache, 'part');
  expect(completeRecord(part, 'one')).toBeUndefined();
  await makePart('one');
  expect(completeRecord(part, 'two')).toBeUndefined();
  truncateSync(join(part, 'sub/file'), 5);
  expect(completeRecord(part, 'one')).toBeUndefined();
  rmSync(join(part, 'sub/file'));
  expect(completeRecord(part, 'one')).toBeUndefined();
  await makePart('one');
  expect(completeRecord(part, 'one')).toBeDefined();
  truncateSync(join(part, 'complete.json'), 10);
  expect(completeRecord(part, 'one')).toBeUndefined();
});

it('keeps the old part until the new one is whole, and leaves nothing of one that failed', async () => {
  await makePart('one');
  const workshop = new Workshop(cache);
  const failing = workshop.make('part', 'two', () => Promise.reject(new Error('no network')));
  await expect(failing).rejects.toThrow('no network');
  workshop.close();
  expect(completeRecord(join(cache, 'part'), 'one')).toBeDefined();
  expect(readdirSync(cache)).toEqual(['part']);
});

it('removes what a killed run left behind, and only that', () => {
  const dead = join(cache, '.work-4194305'); // no process has this number: it is above the kernel's limit
  const alive = join(cache, `.work-${process.ppid}`);
  mkdirSync(dead);
  mkdirSync(alive);
  new Workshop(cache).close();
  expect([existsSync(dead), existsSync(alive)]).toEqual([false, true]);
});
