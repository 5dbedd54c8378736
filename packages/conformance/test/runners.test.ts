/* Both runners report the same verdicts, each in a process of its own, as a third party sees them. */

import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { runCase, runCases, type ConformanceCase } from '../src/index.ts';

const source = (name: string): string => new URL(`../src/${name}`, import.meta.url).href;
const vitestProgram = fileURLToPath(new URL('../node_modules/vitest/vitest.mjs', import.meta.url));
const packageFolder = fileURLToPath(new URL('..', import.meta.url));

/** Three cases, as text: they are run elsewhere. */
const CASES = `[
  { name: 'is right', run: async () => undefined },
  { name: 'is wrong', run: async ({ seed }) => { throw new Error('the sky is ' + seed); } },
  { name: 'is absent', run: async ({ skip }) => skip('there is no sky') },
]`;

/** Runs Node; what it wrote, whatever its exit code. */
function node(args: readonly string[], folder: string): Promise<string> {
  const { NODE_OPTIONS: _options, NODE_TEST_CONTEXT: _context, ...env } = process.env;
  return new Promise((resolve) => {
    execFile(process.execPath, args, { cwd: folder, env: { ...env, NETCX_SEED: '7' } }, (_error, output, errors) => {
      resolve(output === '' ? errors : output);
    });
  });
}

it("registers with Node's test runner", async () => {
  const program = `import { register } from '${source('node.ts')}'; register('the sky', ${CASES});`;
  const args = [
    '--import',
    'tsx',
    '--conditions=@netcx/source',
    '--test-reporter=tap',
    '--input-type=module',
    '-e',
    program,
  ];
  const report = await node(args, packageFolder);
  expect(report).toMatch(/\n {4}ok 1 - is right\n/);
  expect(report).toMatch(/\n {4}not ok 2 - is wrong\n/);
  expect(report).toContain('Error: the sky is 7 [NETCX_SEED=7 replays it]');
  expect(report).toMatch(/\n {4}ok 3 - is absent # SKIP there is no sky\n/);
});

it('registers with vitest', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'netcx-runners-'));
  try {
    const program = `import { register } from '${source('vitest.ts')}'; register('the sky', ${CASES});`;
    await writeFile(join(folder, 'sky.test.mjs'), program);
    const args = [vitestProgram, 'run', '--root', folder, '--reporter=json'];
    const report = JSON.parse(await node(args, packageFolder)) as {
      testResults: { assertionResults: { fullName: string; status: string; failureMessages: string[] }[] }[];
    };
    const results = report.testResults.flatMap(({ assertionResults }) => assertionResults);
    expect(results.map(({ fullName, status }) => [fullName, status])).toEqual([
      ['the sky is right', 'passed'],
      ['the sky is wrong', 'failed'],
      ['the sky is absent', 'skipped'],
    ]);
    expect(results[1]?.failureMessages[0]).toContain('Error: the sky is 7 [NETCX_SEED=7 replays it]');
  } finally {
    await rm(folder, { recursive: true });
  }
});

it('runs without a runner', async () => {
  const told: unknown[] = [];
  const after = (act: () => void): Promise<void> => Promise.resolve().then(act);
  const cases: readonly ConformanceCase[] = [
    { name: 'is right', run: ({ seed, effort }) => after(() => told.push(seed, effort)) },
    { name: 'is wrong', run: () => Promise.reject(new TypeError('no')) },
    {
      name: 'throws what is no error',
      run: () =>
        after(() => {
          throw 'nothing'; // eslint-disable-line @typescript-eslint/only-throw-error -- others do
        }),
    },
    { name: 'is absent', run: ({ skip }) => after(() => skip('nowhere')) },
  ];
  const verdicts = await runCases(cases, { seed: 5, effort: 0.5 });
  expect(told).toEqual([5, 0.5]);
  expect(verdicts.map(({ name, verdict }) => [name, verdict])).toEqual([
    ['is right', 'passed'],
    ['is wrong', 'failed'],
    ['throws what is no error', 'failed'],
    ['is absent', 'skipped'],
  ]);
  expect(verdicts[1]).toMatchObject({
    error: { message: 'TypeError: no [NETCX_SEED=5 replays it]', cause: new TypeError('no') },
  });
  expect(verdicts[2]).toMatchObject({ error: { message: 'nothing [NETCX_SEED=5 replays it]' } });
  expect(verdicts[3]).toEqual({ name: 'is absent', verdict: 'skipped', why: 'nowhere' });
});

it('refuses a seed that is none before anything runs', async () => {
  const verdict = await runCase({ name: 'x', run: () => Promise.resolve() }, { seed: Number.NaN });
  expect(verdict).toMatchObject({
    verdict: 'failed',
    error: { message: expect.stringContaining('a seed is a whole number') as string },
  });
});
