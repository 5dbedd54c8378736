/*
 * The example of the repository's README, as a reader would paste it: it type-checks under the house's rules and prints
 * what its comments say.
 */

import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import ts from 'typescript';
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
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

test('the README has an example of about twenty lines', () => {
  const statements = example.split('\n').filter((line) => line.trim() !== '' && !line.startsWith('import'));
  expect(statements.length).toBeGreaterThan(15);
  expect(statements.length).toBeLessThan(30);
});

test('it type-checks', () => {
  const { options } = ts.parseJsonConfigFileContent({ extends: '../tsconfig.json' }, ts.sys, folder);
  const program = ts.createProgram([`${folder}/example.ts`], options);
  // What it imports is checked where it stands; here are the types alone that the example sees of it.
  const source = program.getSourceFile(`${folder}/example.ts`);
  const found = [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)];
  expect(found.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'))).toEqual([]);
});

test('it prints what it says', async () => {
  const { stdout } = await run(
    process.execPath,
    ['--import', 'tsx', '--conditions=@netcx/source', `${folder}/example.ts`],
    {
      cwd: `${app}../..`,
    },
  );
  expect(stdout).toBe('1 frame of 64 bytes, where the NIC wrote it\n');
});
