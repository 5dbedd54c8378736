/*
 * The example of the repository's README, as a reader would paste it: it type-checks under the house's rules and prints
 * what its comments say.
 */

import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';

const run = promisify(execFile);
const app = fileURLToPath(new URL('..', import.meta.url));
// Inside the app, so that its dependencies are found; nothing is left behind.
const folder = `${app}node_modules/.readme-example`;
const readme = readFileSync(`${app}../../README.md`, 'utf8');
const example = /```ts\n([\s\S]*?)```/.exec(readme)?.[1] ?? '';

beforeAll(() => {
  mkdirSync(folder, { recursive: true });
  writeFileSync(`${folder}/example.mts`, example);
  const options = { extends: '../../tsconfig.json', compilerOptions: { noEmit: true }, include: ['example.mts'] };
  writeFileSync(`${folder}/tsconfig.json`, JSON.stringify(options));
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

test('the README has an example of about twenty lines', () => {
  const statements = example.split('\n').filter((line) => line.trim() !== '' && !line.startsWith('import'));
  expect(statements.length).toBeGreaterThan(15);
  expect(statements.length).toBeLessThan(30);
});

test('it type-checks', { timeout: 120_000 }, async () => {
  await run(process.execPath, [fileURLToPath(import.meta.resolve('typescript/lib/tsc.js')), '-p', folder]);
});

test('it prints what it says', { timeout: 60_000 }, async () => {
  const { stdout } = await run(process.execPath, ['--import', 'tsx', '--conditions=@netcx/source', `${folder}/example.mts`], {
    cwd: `${app}../..`,
  });
  expect(stdout).toBe('1 frame of 64 bytes, where the NIC wrote it\n');
});
