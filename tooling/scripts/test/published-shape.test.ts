// The checks of tarballs find what is wrong with one: made here with npm, good and broken.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { checkTypes, lintTarballs } from '../check/published-shape.js';
import type { Package } from '../lib/packages.js';
import { must } from '../lib/process.js';

const folder = mkdtempSync(join(tmpdir(), 'netcx-shape-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const good = {
  'dist/index.js': 'export const one = 1;\n',
  'dist/index.d.ts': 'export declare const one = 1;\n',
};

/** Packs a package of these files, and checks its tarball. */
async function check(name: string, files: Record<string, string>): Promise<{ lint: string[]; types: string[] }> {
  const path = join(folder, name);
  const exports = { '.': { types: './dist/index.d.ts', default: './dist/index.js' } };
  const manifest = { name, version: '1.0.0', type: 'module', license: 'MIT', files: ['dist'], exports };
  for (const [file, text] of Object.entries({ ...files, 'package.json': JSON.stringify(manifest) })) {
    mkdirSync(dirname(join(path, file)), { recursive: true });
    writeFileSync(join(path, file), text);
  }
  await must('npm', ['pack', '--pack-destination', folder, '--loglevel=error'], { cwd: path });
  const owner: Package = {
    folder: name,
    path,
    manifest,
    entries: [{ subpath: '.', specifier: name, types: './dist/index.d.ts' }],
  };
  return { lint: await lintTarballs([owner], folder), types: await checkTypes([owner], folder) };
}

describe('a tarball', () => {
  it('passes when it holds what it promises', async () => {
    expect(await check('good', good)).toEqual({ lint: [], types: [] });
  });

  it('fails without the module that it exports', async () => {
    const { lint } = await check('no-module', { 'dist/index.d.ts': good['dist/index.d.ts'] });
    expect(lint.join()).toContain('no-module: pkg.exports["."].default is ./dist/index.js but the file does not exist');
  });

  it('fails without the types that it exports', async () => {
    const { types } = await check('no-types', { 'dist/index.js': good['dist/index.js'] });
    expect(types.join()).toContain('no-types');
  });

  it('fails when its types say more than its module has', async () => {
    const { types } = await check('wrong-types', {
      'dist/index.js': 'module.exports = 1;\n',
      'dist/index.d.ts': "import one from './missing';\nexport default one;\n",
    });
    expect(types.join()).toContain('InternalResolutionError');
  });
});
