// The whole configuration, on files that lie on disk: what must fail fails, with the message a developer would read.
import { ESLint } from 'eslint';
import { beforeAll, expect, it } from 'vitest';
import config from '../index.js';
import { workspace } from './rule-tester.ts';

/** File below the fixtures' workspace to the messages of our own rules (and the length limit) on it. */
const found = new Map<string, string[]>();

beforeAll(async () => {
  const eslint = new ESLint({ cwd: workspace, overrideConfigFile: true, overrideConfig: config });
  for (const { filePath, messages } of await eslint.lintFiles(['packages', 'apps'])) {
    const own = messages.filter(({ ruleId }) => ruleId === null || ruleId.startsWith('netcx/'));
    found.set(
      filePath.slice(workspace.length),
      own.map(({ ruleId, message }) => `${ruleId ?? 'fatal'}: ${message}`),
    );
  }
});

it.each([
  ['packages/rings/src/peeks-at-device.ts', ['must not import @netcx/hardware', 'must not import @netcx/nic-82576']],
  ['packages/rings/test/peeks-at-device.test.ts', ['must not import ../../hardware/src/index.ts']],
  ['packages/nic-99999/src/peeks-at-driver.ts', ['must not import @netcx/rings']],
  ['packages/nic-99999/src/registers/reaches-out.ts', ['imports only @netcx/layout']],
  ['packages/clock/src/reaches-up.ts', ['must not import @netcx/rings']],
  ['apps/toy-driver/src/reaches-device.ts', ['must not import @netcx/nic-99999']],
  [
    'packages/rings/src/hot-import-in-loop.ts',
    ['imports values as `import * as name`', "'memory' is an import", "'i32' is an import"],
  ],
  [
    'packages/rings/src/hot-view-in-field.ts',
    [
      "Field '#view' holds a view",
      "Parameter 'view: Int32Array' holds",
      'must not hold an object literal',
      "'caught' is a view",
    ],
  ],
])('%s fails', (file, expected) => {
  const messages = found.get(file) ?? [];
  expect(messages).toHaveLength(expected.length);
  for (const [at, part] of expected.entries()) expect(messages[at]).toContain(part);
});

it.each([
  'packages/nic-99999/src/index.ts',
  'packages/nic-99999/src/registers/index.ts',
  'apps/toy-driver/src/machine.ts',
  'apps/toy-driver/src/driver.ts',
  'apps/toy-driver/test/machine.test.ts',
  'packages/rings/src/hot-and-right.ts',
])('%s passes', (file) => {
  expect(found.get(file)).toEqual([]);
});

it('limits a file to 400 lines', async () => {
  const eslint = new ESLint({ cwd: workspace, overrideConfigFile: true, overrideConfig: config });
  const lint = async (lines: number): Promise<(string | null)[]> => {
    const filePath = `${workspace}packages/rings/src/text.ts`;
    const [result] = await eslint.lintText('// A line.\n'.repeat(lines - 1) + 'export {};\n', { filePath });
    return result?.messages.map(({ ruleId }) => ruleId) ?? [];
  };
  expect(await lint(400)).toEqual([]);
  expect(await lint(401)).toEqual(['max-lines']);
});
