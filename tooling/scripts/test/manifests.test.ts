// What every package.json must say, so that each package is published in the same shape.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { listPackages, readManifest } from '../lib/packages.js';
import { root } from '../lib/paths.js';

const packages = listPackages();
const versions = new Set(packages.map(({ manifest }) => manifest.version));

it('has one version', () => {
  expect([...versions]).toHaveLength(1);
});

describe.each(packages)('$folder', ({ path, manifest, entries }) => {
  it('states what every package states', () => {
    expect(manifest).toMatchObject({
      license: 'MIT',
      type: 'module',
      sideEffects: false,
      engines: { node: '>=20.19' },
      scripts: { build: 'tsc -p tsconfig.build.json', typecheck: 'tsc -p tsconfig.json', lint: 'eslint .' },
    });
    expect(manifest.files).toEqual(expect.arrayContaining(['dist', 'src']));
    expect(existsSync(join(path, 'README.md'))).toBe(true);
  });

  it('exports its source first, then types, then the module', () => {
    for (const { subpath, types } of entries) {
      const source = types.replace('./dist/', './src/').replace(/\.d\.ts$/, '.ts');
      const target = manifest.exports?.[subpath];
      expect(JSON.stringify(target)).toBe(
        JSON.stringify({ '@netcx/source': source, types, default: types.replace(/\.d\.ts$/, '.js') }),
      );
      expect(existsSync(join(path, source))).toBe(true);
    }
    expect(manifest.exports?.['./package.json']).toBe('./package.json');
  });
});

describe.each(['.', ...listPackages(['packages', 'apps', 'tooling']).map(({ folder }) => folder)])('%s', (folder) => {
  it('takes every version from the catalog or the workspace', () => {
    const { dependencies, devDependencies } = readManifest(join(root, folder));
    for (const [name, version] of Object.entries({ ...dependencies, ...devDependencies })) {
      expect(`${name} ${version}`).toMatch(/ (?:catalog:|workspace:[*^])$/);
    }
  });
});

describe('the root', () => {
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>;
  };

  it.each(Object.entries(scripts))('npm run %s comes to a command that exists', (_, script) => {
    const [, command = ''] = /^node tooling\/scripts\/run\.js ([\w:]+)$/.exec(script) ?? [];
    expect(existsSync(join(root, 'tooling', 'scripts', 'commands', `${command.replace(':', '-')}.js`))).toBe(true);
  });
});
