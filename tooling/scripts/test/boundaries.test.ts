// turbo's own half of the layer check, on a small workspace that breaks each of its rules.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { root } from '../lib/paths.js';

let workspace = '';

/** Writes a workspace of packages `a` and `b` and lets turbo judge it. */
function judge(files: Record<string, string>): { status: number | null; output: string } {
  workspace = mkdtempSync(join(tmpdir(), 'netcx-boundaries-'));
  const manifest = (name: string, dependencies: object = {}): string =>
    JSON.stringify({ name, version: '1.0.0', type: 'module', exports: './index.js', dependencies });
  const all: Record<string, string> = {
    'package.json': JSON.stringify({ name: 'all', private: true, packageManager: 'pnpm@12.21.0' }),
    'pnpm-workspace.yaml': 'packages: [packages/*]\n',
    'turbo.json': JSON.stringify({ tasks: {} }),
    'packages/a/package.json': manifest('a', { b: 'workspace:^' }),
    'packages/a/index.js': "import 'b';\n",
    'packages/b/package.json': manifest('b'),
    'packages/b/index.js': 'export {};\n',
    ...files,
  };
  for (const [file, text] of Object.entries(all)) {
    mkdirSync(dirname(join(workspace, file)), { recursive: true });
    writeFileSync(join(workspace, file), text);
  }
  mkdirSync(join(workspace, 'packages/a/node_modules'));
  symlinkSync('../../b', join(workspace, 'packages/a/node_modules/b'));
  spawnSync('git', ['init', '--quiet'], { cwd: workspace });
  const turbo = join(root, 'node_modules', '.bin', 'turbo');
  const { status, stdout, stderr } = spawnSync(turbo, ['boundaries', '--no-color'], {
    cwd: workspace,
    encoding: 'utf8',
    env: { ...process.env, TURBO_TELEMETRY_DISABLED: '1' },
  });
  return { status, output: stdout + stderr };
}

afterEach(() => {
  rmSync(workspace, { recursive: true });
});

it('passes what is declared', () => {
  expect(judge({})).toMatchObject({ status: 0 });
});

it('rejects an import that is not declared', () => {
  const { status, output } = judge({ 'packages/b/index.js': "import 'a';\n" });
  expect(output).toContain('because it is not a dependency');
  expect(status).not.toBe(0);
});

it('rejects an import out of the package', () => {
  const { status, output } = judge({ 'packages/a/index.js': "import '../b/index.js';\n" });
  expect(output).toContain('leaves the package');
  expect(status).not.toBe(0);
});

it('rejects a cycle', () => {
  const b = JSON.stringify({ name: 'b', version: '1.0.0', type: 'module', dependencies: { a: 'workspace:^' } });
  const { status, output } = judge({ 'packages/b/package.json': b });
  expect(output).toMatch(/circular/i);
  expect(status).not.toBe(0);
});
