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
// Inside the app, so that the app and its dependencies are found by name; nothing is left behind.
const folder = `${app}.readme-example`;
const readme = readFileSync(`${app}../../README.md`, 'utf8');
const example = /```ts\n([\s\S]*?)```/.exec(readme)?.[1] ?? '';

beforeAll(() => {
  mkdirSync(folder, { recursive: true });
  writeFileSync(`${folder}/example.ts`, example);
  const options = { extends: '../tsconfig.json', compilerOptions: { noEmit: true }, include: ['example.ts'] };
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
  const { stdout } = await run(
    process.execPath,
    ['--import', 'tsx', '--conditions=@netcx/source', `${folder}/example.ts`],
    {
      cwd: `${app}../..`,
    },
  );
  expect(stdout).toBe('1 frame of 64 bytes, where the NIC wrote it\n');
});
