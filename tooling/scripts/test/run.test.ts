// The two entries that people and machines call: the root scripts' run.js, and .ci/run.
import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { expect, it } from 'vitest';
import { turboArguments } from '../lib/by-package.js';
import { root } from '../lib/paths.js';

it('lists the commands when asked for one that does not exist', () => {
  const { status, stderr } = spawnSync(process.execPath, ['tooling/scripts/run.js', 'nonsense'], {
    cwd: root,
    encoding: 'utf8',
  });
  expect(status).toBe(2);
  expect(stderr).toContain("Unknown command 'nonsense'");
  expect(stderr).toContain('release:rehearsal');
});

it('knows the command of each root script, and has each command that it lists', () => {
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>;
  };
  const named = Object.values(scripts).map((script) => /^node tooling\/scripts\/run\.js (\S+)$/.exec(script)?.[1]);
  const { stderr } = spawnSync(process.execPath, ['tooling/scripts/run.js'], { cwd: root, encoding: 'utf8' });
  const listed = [...stderr.matchAll(/^ {2}(\S+) /gm)].map(([, name]) => name);
  expect(listed).toEqual(expect.arrayContaining(named));
  for (const name of listed)
    expect(existsSync(join(root, 'tooling/scripts/commands', `${name?.replace(':', '-')}.js`)), name).toBe(true);
});

it('chooses packages by name or by folder, and hands options on', () => {
  expect(turboArguments(['@netcx/dma', 'packages/pcap', '--force'])).toEqual([
    '--filter=@netcx/dma',
    '--filter=./packages/pcap',
    '--force',
  ]);
});

/** Runs a copy of .ci/run whose npm and suites say what a case wants. */
function runAll(npm: string, suites: Record<string, string>): { status: number | null; lines: string[] } {
  const folder = mkdtempSync(join(tmpdir(), 'netcx-ci-'));
  try {
    const program = (file: string, text: string): void => {
      writeFileSync(join(folder, file), `#!/usr/bin/env bash\n${text}\n`);
      chmodSync(join(folder, file), 0o755);
    };
    mkdirSync(join(folder, '.ci'));
    mkdirSync(join(folder, 'bin'));
    mkdirSync(join(folder, 'tooling/ci/suites'), { recursive: true });
    cpSync(join(root, '.ci/run'), join(folder, '.ci/run'));
    program('bin/npm', npm);
    for (const [name, text] of Object.entries(suites)) program(`tooling/ci/suites/${name}.sh`, text);
    const { status, stdout } = spawnSync(join(folder, '.ci/run'), {
      encoding: 'utf8',
      env: { ...process.env, PATH: `${join(folder, 'bin')}${delimiter}${process.env['PATH'] ?? ''}` },
    });
    return { status, lines: stdout.trimEnd().split('\n') };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

it('.ci/run adds up what each suite counted', () => {
  const { status, lines } = runAll('[ "$1" = test ] && echo "100 passed, 0 failed, 2 skipped" || echo rehearsed', {
    counted: 'echo "5 passed, 0 failed, 1 skipped"',
    plain: 'echo fine',
    skipped: 'echo "SKIPPED: no namespaces here"; exit 77',
  });
  // npm test, then `counted`, `plain` and the rehearsal; `skipped` beside the three skipped tests.
  expect(lines.at(-1)).toBe('107 passed, 0 failed, 4 skipped');
  expect(lines.join('\n')).toContain('SKIPPED: no namespaces here');
  expect(status).toBe(0);
});

it.each([
  [
    'a suite that exits with an error',
    'echo "3 passed, 0 failed, 0 skipped"',
    { bad: 'exit 1' },
    '6 passed, 1 failed, 0 skipped',
  ],
  ['counted failures', 'echo "3 passed, 2 failed, 0 skipped"; [ "$1" != test ]', {}, '6 passed, 4 failed, 0 skipped'],
  [
    'an error after a good count',
    'echo "3 passed, 0 failed, 0 skipped"; [ "$1" != test ]',
    {},
    '6 passed, 1 failed, 0 skipped',
  ],
])('.ci/run fails for %s', (_, npm, suites, last) => {
  const { status, lines } = runAll(npm, suites);
  expect(lines.at(-1)).toBe(last);
  expect(status).toBe(1);
});
